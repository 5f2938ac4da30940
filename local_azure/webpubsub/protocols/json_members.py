"""The properties of a client's JSON frame: how its object is read, and what each property may hold.

Values keep the text that the client wrote, so numbers, spaces and key order of a payload stay as they are.
"""

import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local_azure.webpubsub.json_text import VERBATIM
from local_azure.webpubsub.messages import NO_METADATA, DataType, Payload
from local_azure.webpubsub.metadata import checked_metadata
from local_azure.webpubsub.names import is_event_name, is_group_name
from local_azure.webpubsub.protocols.codec import MAX_TTL_SECONDS, is_protobuf_any

MAX_UINT64 = 2**64 - 1


class InvalidMessage(Exception):
    """The text is JSON but violates a rule of the subprotocol."""


class Value(NamedTuple):
    """A property's value, and its text as the client wrote it; a number's value is its text."""

    value: object
    text: str

    def string(self) -> str:
        """Return the text of a JSON string; raises `InvalidMessage` for any other value."""
        if not self.text.startswith('"') or not isinstance(self.value, str):
            raise InvalidMessage
        return self.value


Members = Mapping[object, Value]


# The function that `raw_decode` calls; `raw_decode` would add a call and an exception handler for each value.
_scan: Callable[[str, int], tuple[object, int]] = VERBATIM.scan_once  # type: ignore[attr-defined]
_pairs = json.JSONDecoder(object_pairs_hook=tuple, parse_int=float).decode
_SPACE = r"[ \t\n\r]*"
_NAME = rf'{_SPACE}("(?:[^"\\\x00-\x1f]++|\\.)*+"){_SPACE}:{_SPACE}'
_first_name = re.compile(rf"{_SPACE}\{{{_NAME}").match
_next_name = re.compile(rf"{_SPACE},{_NAME}").match
_end = re.compile(rf"{_SPACE}\}}{_SPACE}").fullmatch
_UNSIGNED = re.compile(r"[0-9]{1,20}")


def read_members(text: str) -> Members:
    """Return the properties of the object, at least one; of repeated ones the last counts.

    Raises `InvalidMessage`, `ValueError` or `StopIteration` when the text is not an object.
    """
    members: dict[object, Value] = {}
    end = 0
    mark = _first_name(text)
    while mark is not None:
        name, start = mark[1], mark.end()
        value, end = _scan(text, start)
        members[_scan(name, 0)[0] if "\\" in name else name[1:-1]] = Value(value, text[start:end])
        mark = _next_name(text, end)
    if not members or not _end(text, end):
        raise InvalidMessage
    return members


def unsigned(value: Value, limit: int = MAX_UINT64) -> int:
    """Return a whole number from 0 to the limit."""
    if not _UNSIGNED.fullmatch(value.text) or int(value.text) > limit:
        raise InvalidMessage
    return int(value.text)


def optional(members: Members, name: str) -> Value | None:
    """Return an optional property; `null` counts as absent."""
    value = members.get(name)
    return None if value is None or value.text == "null" else value


def ack_id(members: Members) -> int | None:
    """Return the ack id that the client gave, or None."""
    value = optional(members, "ackId")
    return None if value is None else unsigned(value)


def group_name(members: Members) -> str:
    """Return the group, which the frame must name."""
    group = members["group"].string()
    if not is_group_name(group):
        raise InvalidMessage
    return group


def event_name(members: Members) -> str:
    """Return the event's name, which the frame must have."""
    event = members["event"].string()
    if not is_event_name(event):
        raise InvalidMessage
    return event


def payload_of(members: Members) -> Payload:
    """Return the payload with its metadata; metadata alone go with an empty text."""
    metadata = metadata_of(members)
    data_type = DataType(members["dataType"].string().lower()) if "dataType" in members else DataType.JSON
    if "data" in members:
        return Payload(data_type, data_of(data_type, members["data"]), metadata)
    if optional(members, "metadata") is not None:
        return Payload(DataType.TEXT, b"", metadata)
    raise InvalidMessage


def metadata_of(members: Members) -> Mapping[str, str]:
    """Return the metadata, `NO_METADATA` where there are none; raises `ValueError` for a key or value out of bounds."""
    value = optional(members, "metadata")
    if value is None:
        return NO_METADATA
    if not value.text.startswith("{"):
        raise InvalidMessage
    return checked_metadata(_pairs(value.text))


def data_of(data_type: DataType, data: Value) -> bytes:
    """Return the bytes of a payload; raises `InvalidMessage` or `ValueError` when they do not fit its type."""
    if data_type is DataType.TEXT:
        return data.string().encode()
    if data_type is DataType.JSON:
        if data.text == "null":
            raise InvalidMessage
        return data.text.encode()
    content = binascii.a2b_base64(data.string(), strict_mode=True)
    if data_type is DataType.PROTOBUF and not is_protobuf_any(content):
        raise InvalidMessage
    return content


def ttl_seconds(members: Members) -> int:
    """Return the time to live; 0 is none."""
    value = optional(members, "ttlSeconds")
    return 0 if value is None else unsigned(value, MAX_TTL_SECONDS)


def no_echo(members: Members) -> bool:
    """Return whether the message is not for its sender."""
    value = members.get("noEcho")
    if value is not None and value.text not in ("true", "false"):
        raise InvalidMessage
    return value is not None and value.text == "true"
