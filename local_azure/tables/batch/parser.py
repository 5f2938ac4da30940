"""From the body of a `$batch` request to its operations.

Clients differ: headers in any letter case, no Content-ID and no Content-Length, further blank lines before the first
part and before an operation's body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy

from local_azure.tables.errors import TableError, invalid_input

_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_REQUEST_LINE = re.compile(r"([A-Za-z]+) (\S+) HTTP/\d(?:\.\d)?")
_LINE_END = b"\r\n"
_BLANK_LINE = _LINE_END * 2
_JSON = "application/json"


@dataclass(frozen=True, slots=True, eq=False)
class OperationHead:
    """The request line and the headers of an operation, which ask for JSON.

    `method` is the one that is meant, `url` is as the client wrote it. Operations that begin with the same text share
    one head, so what follows from it can be cached by its identity.
    """

    method: str
    url: str
    headers: Mapping[str, str]


class BatchOperation(NamedTuple):
    """One HTTP request within a batch."""

    head: OperationHead
    body: bytes


@dataclass(frozen=True, slots=True)
class ParsedBatch:
    """The operations of the one change set, or one operation outside of a change set: a query."""

    changes: tuple[BatchOperation, ...] = ()
    query: BatchOperation | None = None


def parse_batch(content_type: str, body: bytes) -> ParsedBatch:
    """Return the operations of a batch.

    Raises `TableError` when the body is malformed, has no operation, more than one change set, or a query beside one.
    """
    change_sets: list[list[BatchOperation]] = []
    queries: list[BatchOperation] = []
    for head, content in _parts(content_type, body):
        part_type = _parse_headers(head).get("Content-Type", "")
        if part_type.lower().startswith("multipart/mixed"):
            change_sets.append([_parse_operation(*part) for part in _parts(part_type, content)])
        else:
            queries.append(_parse_operation(head, content))
    if len(change_sets) + len(queries) != 1:
        raise invalid_input("A batch must hold exactly one change set, or one query and nothing else.")
    if queries:
        if queries[0].head.method != "GET":
            raise invalid_input("A write must be in a change set.")
        return ParsedBatch(query=queries[0])
    [changes] = change_sets
    if not changes:
        raise invalid_input("The change set has no operation.")
    if any(change.head.method == "GET" for change in changes):
        raise invalid_input("A change set must not hold a query.")
    return ParsedBatch(tuple(changes))


def effective_method(method: str, headers: Mapping[str, str]) -> str:
    """Return the method that is meant: a POST may name another one in X-HTTP-Method."""
    named = headers.get("X-HTTP-Method")
    return named.strip().upper() if method == "POST" and named else method.upper()


def _parts(content_type: str, body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of each part of a multipart body, as they are written, and its content."""
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise invalid_input("The Content-Type of a batch must be multipart/mixed with a boundary.")
    delimiter = _LINE_END + b"--" + match[1].encode()
    _, *pieces = (_LINE_END + body).split(delimiter)
    parts: list[tuple[bytes, bytes]] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return parts
        if not piece.startswith(_LINE_END):
            raise _malformed()
        head, _, content = piece.lstrip(_LINE_END).partition(_BLANK_LINE)
        parts.append((head, content))
    raise invalid_input("The body of the batch does not end with its boundary.")


def _parse_operation(part_head: bytes, content: bytes) -> BatchOperation:
    head, _, body = content.lstrip().partition(_BLANK_LINE)
    return BatchOperation(_parse_head(part_head, head), body.strip())


# Cached: all inserts into a table have the same.
@lru_cache(maxsize=256)
def _parse_head(part_head: bytes, head: bytes) -> OperationHead:
    """Return the head of an operation; `part_head` are the headers of the part around it."""
    if not _parse_headers(part_head).get("Content-Type", "").lower().startswith("application/http"):
        raise invalid_input("A part of a batch must have the Content-Type application/http.")
    request_line, _, lines = head.partition(_LINE_END)
    match = _REQUEST_LINE.fullmatch(_decode(request_line).strip())
    if match is None:
        raise _malformed()
    headers = CIMultiDict(_parse_headers(lines))
    # A part is answered in JSON also when it does not ask for it.
    if _JSON not in headers.get("Accept", "").lower():
        headers["Accept"] = _JSON
    return OperationHead(effective_method(match[1], headers), match[2], CIMultiDictProxy(headers))


# Cached: most operations of a client have the same headers.
@lru_cache(maxsize=64)
def _parse_headers(head: bytes) -> CIMultiDictProxy[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for line in _decode(head).split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon and line.strip():
            raise _malformed()
        headers[name.strip()] = value.strip()
    return CIMultiDictProxy(headers)


def _decode(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _malformed() from None


def _malformed() -> TableError:
    return invalid_input("The body of the batch is malformed.")
