"""The wire format of protobuf messages, as far as the subprotocol needs it: varints and length-delimited fields.

It is written by hand so that a mistake in a generated schema of a target cannot hide in the check as well.
"""

from collections.abc import Sequence
from typing import Union

from conformance.expectations import Differs

Value = Union[int, str, bytes, "Message"]
Message = Sequence[tuple[int, Value]]
"""Fields in order, each with its number; a nested message is a sequence again."""


def encode(message: Message) -> bytes:
    """Return the bytes of a message."""
    encoded = bytearray()
    for number, value in message:
        if isinstance(value, int):
            encoded += _varint(number << 3) + _varint(value)
            continue
        data = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else encode(value)
        encoded += _varint(number << 3 | 2) + _varint(len(data)) + data
    return bytes(encoded)


class Fields:
    """A decoded message; raises `Differs` where a field that is asked for is missing or the bytes are no message."""

    def __init__(self, data: bytes) -> None:
        self._values: dict[int, list[int | bytes]] = {}
        position = 0
        while position < len(data):
            tag, position = _read_varint(data, position)
            if tag & 7 == 0:
                value, position = _read_varint(data, position)
                self._values.setdefault(tag >> 3, []).append(value)
            elif tag & 7 == 2:
                size, position = _read_varint(data, position)
                self._values.setdefault(tag >> 3, []).append(data[position : position + size])
                position += size
            else:
                raise Differs("varints and length-delimited fields", f"wire type {tag & 7}")

    def numbers(self) -> list[int]:
        """Return the numbers of the fields that are set, in order."""
        return sorted(self._values)

    def number(self, field: int) -> int:
        """Return a varint, 0 where it is not set."""
        value = self._values.get(field, [0])[-1]
        return value if isinstance(value, int) else 0

    def data(self, field: int) -> bytes:
        """Return the bytes of a field."""
        value = self._values.get(field, [None])[-1]
        if not isinstance(value, bytes):
            raise Differs(f"field {field}", f"fields {self.numbers()}")
        return value

    def text(self, field: int) -> str:
        """Return a field as text."""
        return self.data(field).decode()

    def message(self, field: int) -> "Fields":
        """Return a field as a message."""
        return Fields(self.data(field))


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
        shift += 7
    raise Differs("a whole varint", "the end of the message")
