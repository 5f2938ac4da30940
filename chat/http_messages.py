"""HTTP/1.1 as bytes (RFC 9112): the request that is sent, and the answer read from the pieces that are received.

The reader is strict: an answer whose end two readers could see at different places is refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_CHUNK_LINE_BYTES = 4096
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_METHOD = re.compile(r"[A-Z]+")
_TARGET = re.compile(r"/[!-~]*")
_HEAD = re.compile(
    r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\0]*)?\r\n"
    rf"((?:{_NAME}:[^\r\n\0]*\r\n)*)\r\n"
)
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[^\r\n\0]*)?")
_HEAD_END, _LINE_END = b"\r\n\r\n", b"\r\n"
_WITHOUT_BODY = (204, 304)


class InvalidAnswer(ValueError):
    """What was received is not one complete answer of HTTP/1.1; the text says why."""


class Headers(Mapping[str, str]):
    """The fields of an answer; their names are matched in any case, repeated ones are joined with a comma."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, str]) -> None:
        """The names in `values` are lower case."""
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer; the names of headers are matched in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def encode_request(method: str, target: str, host: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """Return a request whose answer is read with `AnswerReader`; `target` is the path with its query.

    Raises ValueError for what would not be one request: a line break in a header, a blank in the target, and for HEAD,
    whose answer announces a body that does not come.
    """
    if not _METHOD.fullmatch(method) or method == "HEAD" or not _TARGET.fullmatch(target):
        raise ValueError(f"the request line cannot be sent: {method[:16]!r} {target[:256]!r}")
    length = "" if body is None and method == "GET" else f"Content-Length: {len(body or b'')}\r\n"
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if fields.count("\n") != len(headers) or fields.count("\r") != len(headers) or "\0" in fields:
        raise ValueError("a header has a line break or a null character")
    # Named, because some servers refuse a request without it; and a compressed answer could not be read.
    own = f"Host: {host}\r\nUser-Agent: chat\r\nAccept-Encoding: identity\r\n"
    return f"{method} {target} HTTP/1.1\r\n{own}{fields}{length}\r\n".encode() + (body or b"")


class AnswerReader:
    """Reads the answer to one request; interim answers (1xx) before it are dropped.

    `may_reuse` says, once the answer is complete, whether its connection can carry another request.
    """

    __slots__ = ("_body", "_head", "_received", "may_reuse")

    def __init__(self) -> None:
        self.may_reuse = False
        self._received = b""
        self._head: _Head | None = None
        self._body: _SizedBody | _ChunkedBody | None = None

    def feed(self, data: bytes) -> HttpAnswer | None:
        """Return the answer once it is complete. Raises InvalidAnswer; then nothing more can be read."""
        if self._head is None:
            received = self._received + data if self._received else data
            self._head, data = _read_head(received)
            if self._head is None:
                self._received = data
                return None
            if len(data) == self._head.length:  # mostly the whole answer comes at once
                self.may_reuse = self._head.keeps_alive
                return HttpAnswer(self._head.status, self._head.headers, data)
            self._body = _ChunkedBody() if self._head.is_chunked else _SizedBody(self._head.length)
        assert self._body is not None
        if not self._body.feed(data):
            return None
        self.may_reuse = self._head.keeps_alive and not self._body.has_excess
        return HttpAnswer(self._head.status, self._head.headers, bytes(self._body.content))

    def finish(self) -> HttpAnswer:
        """Return the answer that the end of the connection completes; raises InvalidAnswer when it ends too early."""
        if self._head is None or self._body is None or self._head.is_chunked or self._head.length is not None:
            raise InvalidAnswer("the connection ended before the answer did")
        return HttpAnswer(self._head.status, self._head.headers, bytes(self._body.content))


@dataclass(slots=True)
class _Head:
    """Status and headers; `length` is the body's, None for chunks and for a body that ends with the connection."""

    status: int
    headers: Headers
    length: int | None
    is_chunked: bool
    keeps_alive: bool


def _read_head(received: bytes) -> tuple[_Head | None, bytes]:
    """Return the head of the answer and what follows it; without a head what was received, interim answers removed."""
    while True:
        end = received.find(_HEAD_END) + len(_HEAD_END)
        if end < len(_HEAD_END) and len(received) < MAX_HEAD_BYTES:
            return None, received
        if end < len(_HEAD_END) or end > MAX_HEAD_BYTES:
            raise InvalidAnswer(f"the headers of the answer have more than {MAX_HEAD_BYTES} bytes")
        head = _parse_head(received[:end].decode("latin-1"))
        received = received[end:]
        if head.status >= 200:
            return head, received


def _parse_head(text: str) -> _Head:
    found = _HEAD.fullmatch(text)
    if found is None:
        raise InvalidAnswer("the status line or a header of the answer is not valid")
    minor, status, headers = found[1], int(found[2]), _read_fields(found[3])
    if status == 101:
        raise InvalidAnswer("the answer changes the protocol")
    encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
    options = headers.get("connection")
    is_chunked = encoding is not None
    if encoding is not None and (encoding.lower() != "chunked" or length is not None or minor == "0"):
        raise InvalidAnswer("the length of the answer is ambiguous")
    if length is not None and not _LENGTH.fullmatch(length):
        raise InvalidAnswer(f"the length of the answer is {length[:32]!r}")
    size = None if length is None else _checked_size(int(length))
    if status < 200 or status in _WITHOUT_BODY:
        size, is_chunked = 0, False
    closes = options is not None and "close" in [option.strip() for option in options.lower().split(",")]
    keeps_alive = minor == "1" and not closes and (is_chunked or size is not None)
    return _Head(status, Headers(headers), size, is_chunked, keeps_alive)


def _read_fields(fields: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in fields.split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        key, value = name.lower(), value.strip(" \t")
        values[key] = f"{values[key]}, {value}" if key in values else value
    return values


class _SizedBody:
    """A body of a known length, or with None one that has no end of its own."""

    def __init__(self, length: int | None) -> None:
        self.content = bytearray()
        self.has_excess = False
        self._length = length

    def feed(self, data: bytes) -> bool:
        """Return whether the body is complete; `has_excess` is set when more than the body came."""
        self.content += data
        if self._length is None:
            _checked_size(len(self.content))
            return False
        self.has_excess = len(self.content) > self._length
        del self.content[self._length :]
        return len(self.content) == self._length


class _ChunkedBody:
    """A body in chunks, each with its size before it; the last has the size 0, and lines that are ignored follow it."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.has_excess = False
        self._received = bytearray()
        self._is_at_end = False

    def feed(self, data: bytes) -> bool:
        """Return whether the body is complete; `has_excess` is set when more than the body came."""
        self._received += data
        at = 0
        while (end := self._received.find(_LINE_END, at)) >= 0:
            line, following = bytes(self._received[at:end]), end + len(_LINE_END)
            if len(line) > MAX_CHUNK_LINE_BYTES:
                break
            if self._is_at_end:
                at = following
                if not line:
                    self.has_excess = at < len(self._received)
                    return True
                continue
            size = _chunk_size(line)
            _checked_size(len(self.content) + size)
            if size == 0:
                self._is_at_end, at = True, following
                continue
            if len(self._received) < following + size + len(_LINE_END):
                break
            self.content += self._received[following : following + size]
            at = following + size + len(_LINE_END)
            if self._received[at - len(_LINE_END) : at] != _LINE_END:
                raise InvalidAnswer("a chunk of the answer has another size than was said")
        else:
            end = len(self._received)
        if end - at > MAX_CHUNK_LINE_BYTES:
            raise InvalidAnswer(f"a line between the chunks of the answer has more than {MAX_CHUNK_LINE_BYTES} bytes")
        del self._received[:at]
        return False


def _chunk_size(line: bytes) -> int:
    found = _CHUNK_LINE.fullmatch(line)
    if found is None:
        raise InvalidAnswer("the size of a chunk of the answer is not valid")
    return int(found[1], 16)


def _checked_size(size: int) -> int:
    if size > MAX_BODY_BYTES:
        raise InvalidAnswer(f"the answer has {size} bytes or more, the limit is {MAX_BODY_BYTES}")
    return size
