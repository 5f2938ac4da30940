import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.load.frames import TEXT, FrameReader, client_frame

CONTENTS = st.lists(st.binary(max_size=300) | st.binary(min_size=65_530, max_size=65_600), max_size=4)


def server_frame(content: bytes) -> bytes:
    """Return a text frame as a server sends it: without a mask, its length in 7, 16 or 64 bits."""
    length = len(content)
    if length < 126:
        return bytes([0x81, length]) + content
    if length < 65_536:
        return bytes([0x81, 126]) + length.to_bytes(2, "big") + content
    return bytes([0x81, 127]) + length.to_bytes(8, "big") + content


@given(CONTENTS, st.lists(st.integers(1, 70_000), min_size=1))
def test_frames_are_read_whatever_pieces_they_come_in(contents: list[bytes], sizes: list[int]) -> None:
    stream, reader, read, place, step = b"".join(map(server_frame, contents)), FrameReader(), [], 0, 0
    while place < len(stream):
        size = sizes[step % len(sizes)] + len(stream) // 200
        read += list(reader.read(stream[place : place + size]))
        place, step = place + size, step + 1

    assert read == [(TEXT, content) for content in contents]


def test_a_frame_that_comes_byte_by_byte_is_read_once() -> None:
    reader, stream = FrameReader(), server_frame(b"x" * 200)

    read = [frame for byte in stream for frame in reader.read(bytes([byte]))]

    assert read == [(TEXT, b"x" * 200)]


@pytest.mark.parametrize(
    ("length", "head"),
    [(0, "8180"), (125, "81fd"), (126, "81fe007e"), (65_535, "81feffff")],
)
def test_a_client_frame_says_its_length_and_a_mask_of_zeros(length: int, head: str) -> None:
    assert client_frame(b"a" * length) == bytes.fromhex(head) + bytes(4) + b"a" * length
