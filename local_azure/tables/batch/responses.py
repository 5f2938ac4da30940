"""The answer to a `$batch` request: one part for each operation, or one part for the operation that failed."""

from collections.abc import Sequence
from http import HTTPStatus

from local_azure.tables.messages import Response

_PART_HEADERS = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_ALWAYS = "X-Content-Type-Options: nosniff\r\nCache-Control: no-cache"
_FIRST_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n{_ALWAYS}" for status in HTTPStatus}


def change_set_response(parts: Sequence[Response], identifier: str) -> Response:
    """Return the answer to a change set; `identifier` makes its boundaries unique."""
    boundary = f"changesetresponse_{identifier}"
    begin_part = f"--{boundary}\r\n".encode() + _PART_HEADERS
    content = b"".join([begin_part + _http_message(part) for part in parts]) + f"--{boundary}--\r\n".encode()
    headers = f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
    return _batch_response(headers.encode() + content, identifier)


def query_response(response: Response, identifier: str) -> Response:
    """Return the answer to a batch that holds one query."""
    return _batch_response(_PART_HEADERS + _http_message(response), identifier)


def _batch_response(content: bytes, identifier: str) -> Response:
    boundary = f"batchresponse_{identifier}"
    body = f"--{boundary}\r\n".encode() + content + f"--{boundary}--\r\n".encode()
    return Response(202, {"Content-Type": f"multipart/mixed; boundary={boundary}"}, body)


def _http_message(response: Response) -> bytes:
    lines = "\r\n".join([_FIRST_LINES[response.status], *map(": ".join, response.headers.items())])
    return f"{lines}\r\n\r\n".encode() + response.body + b"\r\n"
