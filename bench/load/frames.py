"""WebSocket frames as bytes: what a client sends, and what it is sent in pieces of any size."""

from collections.abc import Iterator

TEXT, PING, PONG = 0x1, 0x9, 0xA
FINAL, MASKED = 0x80, 0x80
NO_MASK = bytes(4)
LONGEST_SHORT = 125
TWO_BYTES, EIGHT_BYTES = 126, 127


def client_frame(content: bytes, opcode: int = TEXT) -> bytes:
    """Return one frame of up to 65,535 bytes, masked with zeros, which leave the content as it is."""
    length = len(content)
    if length <= LONGEST_SHORT:
        head = bytes([FINAL | opcode, MASKED | length])
    else:
        head = bytes([FINAL | opcode, MASKED | TWO_BYTES]) + length.to_bytes(2, "big")
    return head + NO_MASK + content


class FrameReader:
    """Cuts what a server sends, in pieces of any size, into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the opcode and the content of each frame that is complete now."""
        data = self._rest + data
        start = 0
        while (end := _content_end(data, start)) is not None:
            content_start, content_end = end
            if content_end > len(data):
                break
            yield data[start] & 0x0F, data[content_start:content_end]
            start = content_end
        self._rest = data[start:]


def _content_end(data: bytes, start: int) -> tuple[int, int] | None:
    """Return where the content of the frame at `start` begins and ends; None when its length is not there yet."""
    if len(data) < start + 2:
        return None
    length, begins = data[start + 1], start + 2
    if length >= TWO_BYTES:
        begins += 2 if length == TWO_BYTES else 8
        if len(data) < begins:
            return None
        length = int.from_bytes(data[start + 2 : begins], "big")
    return begins, begins + length
