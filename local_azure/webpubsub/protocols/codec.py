"""What every subprotocol can do: turn frames into messages and messages into frames."""

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


class Protocol(typing.Protocol):
    """A subprotocol; its objects keep no state and are shared by all connections that speak it."""

    name: str
    reliable: bool

    def decode(self, frame: Frame) -> ClientMessage:
        """Return what the client says; raises `InvalidFrame`, and nothing else, whatever the frame holds."""

    def encode(self, message: ServiceMessage, sequence_id: int | None = None) -> Frame | None:
        """Return the frame for a message, or None when this subprotocol has no frame for it.

        Group and server messages always have one. Only they are numbered, and only on reliable connections.
        """

    def number(self, frame: Frame, sequence_id: int) -> Frame:
        """Return a frame that `encode` made of a group or server message, with the sequence id put into it.

        Much cheaper than to encode again: for reliable receivers encode once and number for each.
        """
