"""The answer to a `$batch` request: one part for each operation, or one part for the operation that failed."""

from collections.abc import Sequence
from http import HTTPStatus

from local_azure.tables.messages import Response

_ALWAYS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}


def change_set_response(parts: Sequence[Response], identifier: str) -> Response:
    """Return the answer to a change set; `identifier` makes its boundaries unique."""
    boundary = f"changesetresponse_{identifier}"
    content = b"".join(_part(part, boundary) for part in parts) + f"--{boundary}--\r\n".encode()
    headers = f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n"
    return _batch_response(headers.encode() + content, identifier)


def query_response(response: Response, identifier: str) -> Response:
    """Return the answer to a batch that holds one query."""
    headers = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return _batch_response(headers.encode() + _http_message(response), identifier)


def _batch_response(content: bytes, identifier: str) -> Response:
    boundary = f"batchresponse_{identifier}"
    body = f"--{boundary}\r\n".encode() + content + f"--{boundary}--\r\n".encode()
    return Response(202, {"Content-Type": f"multipart/mixed; boundary={boundary}"}, body)


def _part(response: Response, boundary: str) -> bytes:
    headers = f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return headers.encode() + _http_message(response)


def _http_message(response: Response) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in {**_ALWAYS, **response.headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + response.body + b"\r\n"
