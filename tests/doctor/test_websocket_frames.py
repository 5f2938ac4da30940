"""Frames as bytes: every length, every cut, every mask; and what RFC 6455 forbids."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.websocket_frames import (
    MAX_MESSAGE_BYTES,
    NO_STATUS,
    Message,
    MessageReader,
    Opcode,
    ProtocolError,
    apply_mask,
    encode_close,
    encode_frame,
)

MASK = b"\x12\x34\x56\x78"
EDGES = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537]
texts = st.text().map(str.encode)


def server_frame(opcode: int, payload: bytes, *, final: bool = True, length_bytes: int | None = None) -> bytes:
    """Return a frame as a server sends it: without a mask. Written apart from the client's code."""
    size = (
        length_bytes if length_bytes is not None else (0 if len(payload) < 126 else 2 if len(payload) < 65_536 else 8)
    )
    lengths = {0: struct.pack("!B", len(payload)) if size == 0 else b"", 2: b"\x7e", 8: b"\x7f"}
    length = lengths[size] + (b"" if size == 0 else len(payload).to_bytes(size))
    return bytes([opcode | (0x80 if final else 0)]) + length + payload


@pytest.mark.parametrize("length", EDGES)
def test_a_text_of_any_length_is_masked_and_its_length_stands_in_the_shortest_form(length: int) -> None:
    payload = bytes(number % 251 for number in range(length))

    frame = encode_frame(Opcode.TEXT, payload, MASK)

    head = 2 if length < 126 else 4 if length < 65_536 else 10
    assert frame[0] == 0x81
    assert frame[1] & 0x80
    assert frame[1] & 0x7F == (length if length < 126 else 126 if length < 65_536 else 127)
    assert int.from_bytes(frame[2:head]) == (length if length >= 126 else 0)
    assert frame[head : head + 4] == MASK
    unmasked = bytes(byte ^ MASK[position % 4] for position, byte in enumerate(frame[head + 4 :]))
    assert unmasked == payload


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_a_mask_applied_twice_changes_nothing(payload: bytes, mask: bytes) -> None:
    assert apply_mask(apply_mask(payload, mask), mask) == payload


@pytest.mark.parametrize("length", EDGES)
def test_a_message_of_any_length_is_read(length: int) -> None:
    payload = b"x" * length

    assert MessageReader().feed(server_frame(Opcode.TEXT, payload)) == [Message(Opcode.TEXT, payload)]


@given(st.lists(texts, min_size=1, max_size=4), st.data())
def test_messages_are_the_same_however_their_bytes_are_cut(payloads: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(server_frame(Opcode.TEXT, payload) for payload in payloads)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    reader = MessageReader()

    read: list[Message] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        read += reader.feed(stream[start:end])

    assert read == [Message(Opcode.TEXT, payload) for payload in payloads]


@given(st.lists(texts, min_size=2, max_size=5), st.binary(max_size=125))
def test_a_message_in_fragments_is_put_together_with_a_ping_between_them(parts: list[bytes], ping: bytes) -> None:
    first, *others = parts
    frames = server_frame(Opcode.TEXT, first, final=False) + server_frame(Opcode.PING, ping)
    for position, part in enumerate(others):
        frames += server_frame(Opcode.CONTINUATION, part, final=position == len(others) - 1)

    assert MessageReader().feed(frames) == [Message(Opcode.PING, ping), Message(Opcode.TEXT, b"".join(parts))]


def test_a_close_has_its_code_and_reason_or_the_code_for_none() -> None:
    assert MessageReader().feed(server_frame(Opcode.CLOSE, b"\x03\xf3bye")) == [Message(Opcode.CLOSE, b"bye", 1011)]
    assert MessageReader().feed(server_frame(Opcode.CLOSE, b"")) == [Message(Opcode.CLOSE, b"", NO_STATUS)]
    assert apply_mask(encode_close(1000, MASK)[6:], MASK) == b"\x03\xe8"


FORBIDDEN = {
    "a masked frame": b"\x81\x81" + MASK + b"x",
    "a reserved bit": b"\xc1\x01x",
    "an unknown opcode": b"\x83\x00",
    "a long ping": server_frame(Opcode.PING, b"x" * 126),
    "a ping in fragments": server_frame(Opcode.PING, b"", final=False),
    "a continuation of nothing": server_frame(Opcode.CONTINUATION, b"x"),
    "a message within a message": server_frame(Opcode.TEXT, b"a", final=False) + server_frame(Opcode.TEXT, b"b"),
    "a close with one byte": server_frame(Opcode.CLOSE, b"x"),
    "a message without end": b"\x81\x7f" + (MAX_MESSAGE_BYTES + 1).to_bytes(8),
}


@pytest.mark.parametrize("data", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_what_the_protocol_forbids_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        MessageReader().feed(data)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_messages_or_refused(data: bytes) -> None:
    try:
        messages = MessageReader().feed(data)
    except ProtocolError:
        return
    assert sum(len(message.payload) for message in messages) <= len(data)
