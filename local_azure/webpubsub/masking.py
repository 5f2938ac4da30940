"""A client must mask what it sends (RFC 6455, section 5.1). aiohttp takes frames without a mask as well; the cloud,
and the official emulator, close with 1002, and a client that works here has to work there.

Who does not mask does not mask its first frame either, so only that one is looked at.
"""

from typing import Any

_NO_FRAME = b"\xff\xff"  # with bits that must be zero: aiohttp refuses it, with 1002


class FirstFrame:
    """Stands in front of aiohttp's parser until the first frame has shown whether its client masks."""

    __slots__ = ("_held", "_parser", "_protocol")

    def __init__(self, protocol: Any, parser: Any) -> None:
        """Both are aiohttp's: the connection's protocol, and the parser to which it gives what it receives."""
        self._protocol = protocol
        self._parser = parser
        self._held = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass the data on; in place of a frame without a mask, one that nobody can mistake for valid."""
        held = self._held = self._held + bytes(data)
        if len(held) < 2:
            return False, b""
        self._protocol._payload_parser = self._parser
        is_masked = bool(held[1] & 0x80)
        result: tuple[bool, bytes] = self._parser.feed_data(held if is_masked else _NO_FRAME)
        return result

    def feed_eof(self) -> None:
        """Tell the parser that nothing more will come."""
        self._parser.feed_eof()
