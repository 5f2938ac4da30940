"""What every subprotocol does: decode frames to messages and encode messages to frames."""

import typing

from local_azure.webpubsub.messages import ClientMessage, ServiceMessage

Frame = str | bytes
"""A text frame or a binary frame."""

UNSUPPORTED_DATA = 1003
INVALID_PAYLOAD = 1007

MAX_TTL_SECONDS = 300


class InvalidFrame(Exception):
    """A frame that ends its connection with this close code and reason."""

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(reason)
        self.close_code = close_code
        self.reason = reason


class Codec(typing.Protocol):
    """Encodes and decodes one subprotocol; it has no state, so all connections that use the subprotocol share it."""

    name: str
    reliable: bool
    invalid_message: str
    """The reason of a close with 1007."""

    def decode(self, frame: Frame) -> ClientMessage:
        """Return the client's message; raises `InvalidFrame`, and nothing else, whatever the frame holds."""

    def encode(self, message: ServiceMessage, sequence_id: int | None = None) -> Frame | None:
        """Return the frame for a message, or None when this subprotocol has no frame for it.

        Group and server messages always have one, but for the end of a stream. Only they have sequence ids, and only
        on reliable connections.
        """

    def add_sequence_id(self, frame: Frame, sequence_id: int) -> Frame:
        """Return a frame that `encode` made of a group or server message, with the sequence id put into it.

        Much faster than encoding again: a message is encoded once, and numbered for each reliable receiver.
        """


def is_protobuf_any(data: bytes) -> bool:
    """Return whether the bytes are a `google.protobuf.Any` that a protobuf receiver could read."""
    # Imported on first use: only services whose clients exchange protobuf payloads need the library.
    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import DecodeError

    try:
        Any.FromString(data)
    except DecodeError:
        return False
    return True
