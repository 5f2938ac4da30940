"""Clients without a predefined subprotocol: frames carry payloads and nothing else.

What a frame means is chosen once, by the query of the client's URL (`webpubsub_mode`, `group`, `noEcho`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from local_azure.webpubsub.messages import (
    ClientMessage,
    DataType,
    GroupMessage,
    Payload,
    SendEvent,
    SendToGroup,
    ServerMessage,
    ServiceMessage,
)
from local_azure.webpubsub.names import MAX_GROUP_CHARACTERS, is_group_name
from local_azure.webpubsub.protocols.codec import INVALID_PAYLOAD, Frame, InvalidFrame

EVENT_NAME = "message"
INVALID_MESSAGE = "The client message is not valid UTF-8."


class InvalidRawMode(ValueError):
    """A client URL whose raw mode is refused with status 400 and this text."""


@dataclass(frozen=True, slots=True)
class RawMode:
    """Whether a raw client's frames are published to a group, or are `message` events when `group` is None."""

    group: str | None = None
    no_echo: bool = False


SEND_EVENT = RawMode()


def parse_raw_mode(query: Iterable[tuple[str, str]]) -> RawMode:
    """Return the mode that a client URL's decoded query pairs ask for; raises `InvalidRawMode`.

    Names are compared without regard to letter case, and the last of repeated ones counts. The mode does not make
    the client a member of the group.
    """
    values = {name.lower(): value for name, value in query}
    mode = values.get("webpubsub_mode", "").lower()
    if mode in ("", "sendevent"):
        return SEND_EVENT
    if mode != "sendtogroup":
        raise InvalidRawMode("Invalid webpubsub_mode. Valid modes are sendToGroup and sendEvent.")
    group = values.get("group", "")
    if not is_group_name(group):
        raise InvalidRawMode(f"Invalid group. It must have 1 to {MAX_GROUP_CHARACTERS} characters and not be blank.")
    no_echo = values.get("noecho", "").lower()
    if no_echo not in ("", "true", "false"):
        raise InvalidRawMode("Invalid noEcho. Valid values are true and false.")
    return RawMode(group, no_echo == "true")


class RawCodec:
    """Bare payloads: texts and JSON in text frames, bytes in binary ones."""

    name = "raw"
    reliable = False
    invalid_message = INVALID_MESSAGE

    def __init__(self, mode: RawMode = SEND_EVENT) -> None:
        self.mode = mode

    def decode(self, frame: Frame) -> ClientMessage:
        """Return the event or the group message that a frame means."""
        payload = _payload(frame)
        if self.mode.group is None:
            return SendEvent(EVENT_NAME, payload)
        return SendToGroup(self.mode.group, payload, no_echo=self.mode.no_echo)

    def encode(self, message: ServiceMessage, sequence_id: int | None = None) -> Frame | None:
        """Return a frame with the payload alone; None for all but group and server messages.

        The last message of a stream has no frame either.
        """
        if not isinstance(message, GroupMessage | ServerMessage) or _only_ends_stream(message):
            return None
        payload = message.payload
        return payload.data.decode() if payload.data_type in (DataType.TEXT, DataType.JSON) else payload.data

    def add_sequence_id(self, frame: Frame, sequence_id: int) -> Frame:
        """Return the frame unchanged: a payload alone has no sequence id."""
        return frame


def _only_ends_stream(message: GroupMessage | ServerMessage) -> bool:
    """Return whether the message has no payload of its own; an empty frame would be an empty message."""
    return isinstance(message, GroupMessage) and message.stream is not None and message.stream.is_last


def _payload(frame: Frame) -> Payload:
    if isinstance(frame, bytes):
        return Payload(DataType.BINARY, frame)
    try:
        return Payload(DataType.TEXT, frame.encode())
    except UnicodeEncodeError:
        raise InvalidFrame(INVALID_PAYLOAD, INVALID_MESSAGE) from None
