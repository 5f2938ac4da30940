"""Frames of a WebSocket client (RFC 6455) as bytes: no socket here.

Only what a client of a chat needs: text messages, ping and pong, the end. No extension is offered, so none is taken.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum

MAX_MESSAGE_BYTES = 4 << 20
MASK_BYTES = 4
# Lengths up to this one stand in the second byte; the next two values of it announce 2 or 8 bytes with the length.
SHORT_LENGTH = 125
TWO_BYTES, EIGHT_BYTES = 126, 127
NO_STATUS = 1005


class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class ProtocolError(Exception):
    """The server sent what RFC 6455 forbids."""


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message; a close has its code in `code` (1005 where the server gave none), its reason in `payload`."""

    opcode: Opcode
    payload: bytes
    code: int = 0


def encode_frame(opcode: Opcode, payload: bytes, mask: bytes) -> bytes:
    """Return one whole message as a client sends it; `mask` is MASK_BYTES random bytes."""
    length = len(payload)
    first = 0x80 | opcode
    if length <= SHORT_LENGTH:
        head = struct.pack("!BB", first, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", first, 0x80 | TWO_BYTES, length)
    else:
        head = struct.pack("!BBQ", first, 0x80 | EIGHT_BYTES, length)
    return head + mask + apply_mask(payload, mask)


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """Return the payload with each byte changed by the mask; twice is as before."""
    repeated = mask * (len(payload) // MASK_BYTES + 1)
    whole = int.from_bytes(payload) ^ int.from_bytes(repeated[: len(payload)])
    return whole.to_bytes(len(payload))


def encode_close(code: int, mask: bytes) -> bytes:
    """Return the frame that ends a connection."""
    return encode_frame(Opcode.CLOSE, struct.pack("!H", code), mask)


@dataclass(slots=True)
class MessageReader:
    """Turns the bytes that a server sends into messages, however they are cut."""

    buffer: bytearray = field(default_factory=bytearray)
    parts: list[bytes] = field(default_factory=list)
    opcode: Opcode | None = None

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are whole with these bytes, in their order; raises ProtocolError."""
        self.buffer += data
        messages: list[Message] = []
        while (frame := self._take_frame()) is not None:
            if (message := self._add_frame(*frame)) is not None:
                messages.append(message)
        return messages

    def _take_frame(self) -> tuple[bool, Opcode, bytes] | None:
        """Return whether the next frame is final, its opcode and its payload; None while it is not whole."""
        if len(self.buffer) < 2:
            return None
        first, second = self.buffer[0], self.buffer[1]
        opcode = read_opcode(first)
        if second & 0x80:
            raise ProtocolError("a frame of the server is masked")
        length, start = second & 0x7F, 2
        if opcode >= Opcode.CLOSE and (length > SHORT_LENGTH or not first & 0x80):
            raise ProtocolError("a control frame is longer than 125 bytes, or not whole")
        if length >= TWO_BYTES:
            start = 4 if length == TWO_BYTES else 10
            if len(self.buffer) < start:
                return None
            length = int.from_bytes(self.buffer[2:start])
        if length + sum(map(len, self.parts)) > MAX_MESSAGE_BYTES:
            raise ProtocolError(f"a message is longer than {MAX_MESSAGE_BYTES} bytes, the limit here")
        if len(self.buffer) < start + length:
            return None
        payload = bytes(self.buffer[start : start + length])
        del self.buffer[: start + length]
        return bool(first & 0x80), opcode, payload

    def _add_frame(self, is_final: bool, opcode: Opcode, payload: bytes) -> Message | None:
        """Return the message that a frame completes."""
        if opcode is Opcode.CLOSE:
            return close_message(payload)
        if opcode >= Opcode.CLOSE:
            return Message(opcode, payload)
        if (opcode is Opcode.CONTINUATION) != (self.opcode is not None):
            raise ProtocolError("a message begins before the last one ended, or continues one that never began")
        self.opcode = self.opcode or opcode
        self.parts.append(payload)
        if not is_final:
            return None
        message = Message(self.opcode, b"".join(self.parts))
        self.opcode, self.parts = None, []
        return message


def read_opcode(first: int) -> Opcode:
    """Return the opcode of a frame by its first byte; raises ProtocolError."""
    if first & 0x70:
        raise ProtocolError("a frame has a reserved bit, and no extension was agreed on")
    try:
        return Opcode(first & 0x0F)
    except ValueError:
        raise ProtocolError(f"a frame has the opcode {first & 0x0F}, which RFC 6455 does not define") from None


def close_message(payload: bytes) -> Message:
    """Return the message of a close frame; raises ProtocolError."""
    if len(payload) == 1:
        raise ProtocolError("a close frame has one byte, where a code has two")
    code = int.from_bytes(payload[:2]) if payload else NO_STATUS
    return Message(Opcode.CLOSE, payload[2:], code)
