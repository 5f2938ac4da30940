"""Entity group transactions as multipart bodies: writing the request of `$batch`, reading its answer.

The rules are those of "Performing entity group transactions". The boundaries are constant: a line that begins with one
cannot occur in JSON, where line breaks are escaped, nor in a path, where they are percent-encoded. They begin with
`batch_` and `changeset_` because Azurite finds no others.
"""

import re
from collections.abc import Sequence

from chat.table_storage.errors import Failure, parse_failure
from chat.table_storage.operations import Operation, WriteRequest, write_request

MAX_OPERATIONS = 100
CONTENT_TYPE = "multipart/mixed; boundary=batch_chat"
_BEGIN = "--batch_chat\r\nContent-Type: multipart/mixed; boundary=changeset_chat\r\n\r\n"
_END = "--changeset_chat--\r\n\r\n--batch_chat--\r\n"
_PART = "--changeset_chat\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
_ALWAYS = "Accept: application/json\r\nDataServiceVersion: 3.0\r\n"
_HEADERS = {
    "POST": f"{_ALWAYS}Content-Type: application/json\r\nPrefer: return-no-content\r\n",
    "PATCH": f"{_ALWAYS}Content-Type: application/json\r\n",
    "PUT": f"{_ALWAYS}Content-Type: application/json\r\n",
    "DELETE": _ALWAYS,
}
_INNER_BOUNDARY = re.compile(rb'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_ETAG = b"\r\netag:"
_BLANK_LINE = b"\r\n\r\n"


class UnreadableAnswer(ValueError):
    """An answer that is not what the service documents."""


def encode_batch(endpoint: str, table: str, operations: Sequence[Operation]) -> bytes:
    """Return the body of a transaction; the URLs in it are absolute, with the endpoint in front.

    Raises ValueError for no operation, for more than 100, and for an entity that has no JSON form.
    """
    if not 1 <= len(operations) <= MAX_OPERATIONS:
        raise ValueError(f"a transaction has 1 to {MAX_OPERATIONS} operations, not {len(operations)}")
    parts = [_encode_part(endpoint, write_request(table, operation)) for operation in operations]
    return "".join([_BEGIN, *parts, _END]).encode()


def _encode_part(endpoint: str, request: WriteRequest) -> str:
    condition = "" if request.if_match is None else f"If-Match: {request.if_match}\r\n"
    headers = f"{request.method} {endpoint}/{request.path} HTTP/1.1\r\n{_HEADERS[request.method]}{condition}"
    return f"{_PART}{headers}\r\n{request.body}\r\n"


def decode_batch(body: bytes, count: int) -> list[str] | Failure:
    """Return the new etag of each of the `count` operations (empty for a delete), or the failure of one of them.

    Raises UnreadableAnswer.
    """
    boundary = _INNER_BOUNDARY.search(body)
    if boundary is None:
        raise UnreadableAnswer("the answer to a transaction has no change set")
    etags: list[str] = []
    # What is before the first boundary belongs to the outer part, what is behind the last one too.
    for part in body.split(b"--" + boundary[1])[1:]:
        if part.startswith(b"--"):
            break
        status, headers, content = _parse_part(part)
        if status >= 400:
            return parse_failure(status, content)
        etags.append(_etag(headers))
    if len(etags) != count:
        raise UnreadableAnswer(f"a transaction of {count} operations has {len(etags)} answers")
    return etags


def _parse_part(part: bytes) -> tuple[int, bytes, bytes]:
    """Return the status, the headers and the body of the HTTP answer within a part."""
    _, _, answer = part.partition(_BLANK_LINE)
    head, _, content = answer.lstrip(b"\r\n").partition(_BLANK_LINE)
    status = head[9:12]
    if not head.startswith(b"HTTP/1.") or not status.isdigit():
        raise UnreadableAnswer("a part of the answer is no HTTP")
    return int(status), head, content


def _etag(headers: bytes) -> str:
    """Return the value of the ETag header, empty when there is none."""
    at = headers.lower().find(_ETAG)
    if at < 0:
        return ""
    value, _, _ = headers[at + len(_ETAG) :].partition(b"\r\n")
    return value.strip().decode("latin-1")
