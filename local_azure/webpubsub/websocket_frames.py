"""WebSocket frames as a server sends them (RFC 6455, section 5): whole, never masked, never compressed.

A server's frame is the same for every receiver, so a message to a thousand clients is encoded once and the same bytes
are written to a thousand sockets.
"""

import struct

_FINAL_TEXT = 0x81
_FINAL_BINARY = 0x82
_FINAL_CLOSE = 0x88
MAX_CLOSE_REASON_BYTES = 123


def data_frame(payload: str | bytes) -> bytes:
    """Return the frame of a message: a text frame for str, a binary frame for bytes."""
    if isinstance(payload, str):
        return _frame(_FINAL_TEXT, payload.encode())
    return _frame(_FINAL_BINARY, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; a reason longer than 123 bytes of UTF-8 is truncated at a character."""
    text = reason.encode()[:MAX_CLOSE_REASON_BYTES].decode(errors="ignore").encode()
    return _frame(_FINAL_CLOSE, struct.pack("!H", code) + text)


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload
