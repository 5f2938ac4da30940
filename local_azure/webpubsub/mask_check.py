"""Closes clients that do not mask their frames with code 1002, as the cloud and the official emulator do.

RFC 6455, section 5.1, requires the mask; aiohttp accepts frames without one. Only a client's first frame is checked: a
client that does not mask does not mask its first frame either.
"""

from typing import Any

_INVALID_FRAME = b"\xff\xff"  # has bits that must be zero: aiohttp refuses it, with 1002


def require_mask(protocol: Any) -> None:
    """Check the next frame that aiohttp's protocol of this connection receives; it must be the client's first."""
    protocol._payload_parser = _FirstFrameCheck(protocol, protocol._payload_parser)


class _FirstFrameCheck:
    """Takes the place of aiohttp's parser until the first frame has shown whether its client masks."""

    __slots__ = ("_buffer", "_parser", "_protocol")

    def __init__(self, protocol: Any, parser: Any) -> None:
        """Both are aiohttp's: the connection's protocol, and the parser to which it gives what it receives."""
        self._protocol = protocol
        self._parser = parser
        self._buffer = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Pass the data to the parser; in place of a frame without a mask, an invalid frame."""
        received = self._buffer = self._buffer + bytes(data)
        if len(received) < 2:
            return False, b""
        self._protocol._payload_parser = self._parser
        is_masked = bool(received[1] & 0x80)
        result: tuple[bool, bytes] = self._parser.feed_data(received if is_masked else _INVALID_FRAME)
        return result

    def feed_eof(self) -> None:
        """Tell the parser that no more data will come."""
        self._parser.feed_eof()
