"""`json.webpubsub.azure.v1` and `json.reliable.webpubsub.azure.v1`: one JSON object in each text frame.

JSON payloads are copied between frames as text, so numbers, spaces and key order stay as the sender wrote them.
"""

import binascii
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import NamedTuple

from local_azure.json_depth import check_depth
from local_azure.webpubsub.json_text import VERBATIM
from local_azure.webpubsub.messages import (
    NO_METADATA,
    Ack,
    CancelInvocation,
    ClientMessage,
    Connected,
    DataMessage,
    DataType,
    Disconnected,
    GroupMessage,
    Invoke,
    InvokeResponse,
    JoinGroup,
    LeaveGroup,
    Payload,
    Ping,
    Pong,
    SendEvent,
    SendToGroup,
    SequenceAck,
    ServerMessage,
    ServiceMessage,
)
from local_azure.webpubsub.metadata import checked_metadata
from local_azure.webpubsub.names import is_event_name, is_group_name, is_unicode
from local_azure.webpubsub.protocols.codec import (
    INVALID_PAYLOAD,
    MAX_TTL_SECONDS,
    UNSUPPORTED_DATA,
    Frame,
    InvalidFrame,
    is_protobuf_any,
)

WRONG_FRAME_KIND = "The JSON subprotocol requires text messages."
INVALID_MESSAGE = "The client message is not a valid JSON protocol message."

MAX_UINT64 = 2**64 - 1


class JsonCodec:
    """The codec of the JSON subprotocols; they differ in that reliable messages carry a sequence id."""

    invalid_message = INVALID_MESSAGE

    def __init__(self, name: str, *, reliable: bool) -> None:
        self.name = name
        self.reliable = reliable

    def decode(self, frame: Frame) -> ClientMessage:
        """Return the client's message; raises `InvalidFrame` with 1003 or 1007."""
        if not isinstance(frame, str):
            raise InvalidFrame(UNSUPPORTED_DATA, WRONG_FRAME_KIND)
        try:
            members = _members(check_depth(frame))
            return _DECODERS[members["type"].string().lower()](members)
        except (_InvalidMessage, KeyError, ValueError, StopIteration):
            # json, depth, base64, UTF-8 and metadata checks raise ValueError; a JSON scanner also raises StopIteration
            # for a missing value.
            raise InvalidFrame(INVALID_PAYLOAD, INVALID_MESSAGE) from None

    def encode(self, message: ServiceMessage, sequence_id: int | None = None) -> str:
        """Return the text frame for a message."""
        text = _encode(message)
        return text if sequence_id is None else self.add_sequence_id(text, sequence_id)

    def add_sequence_id(self, frame: Frame, sequence_id: int) -> str:
        """Return the message frame with its sequence id."""
        return f'{str(frame)[:-1]},"sequenceId":{sequence_id}}}'


# --- from a client -----------------------------------------------------------


class _InvalidMessage(Exception):
    """The text is JSON but violates a rule of the subprotocol."""


class _Value(NamedTuple):
    """A property's value, and its text as the client wrote it; a number's value is its text."""

    value: object
    text: str

    def string(self) -> str:
        if not self.text.startswith('"') or not isinstance(self.value, str):
            raise _InvalidMessage
        return self.value


_Members = Mapping[object, _Value]


# The function that `raw_decode` calls; `raw_decode` would add a call and an exception handler for each value.
_scan: Callable[[str, int], tuple[object, int]] = VERBATIM.scan_once  # type: ignore[attr-defined]
_pairs = json.JSONDecoder(object_pairs_hook=tuple, parse_int=float).decode
_opening = re.compile(r"[ \t\n\r]*\{[ \t\n\r]*").match
_colon = re.compile(r"[ \t\n\r]*:[ \t\n\r]*").match
_separator = re.compile(r"[ \t\n\r]*(?:(,)|\})[ \t\n\r]*").match
_UNSIGNED = re.compile(r"[0-9]{1,20}")


def _members(text: str) -> _Members:
    """Return the properties of the frame's object, at least one; of repeated ones the last counts."""
    members: dict[object, _Value] = {}
    mark = _opening(text)
    while mark is not None:
        if text[mark.end() : mark.end() + 1] != '"':
            break
        key, position = _scan(text, mark.end())
        mark = _colon(text, position)
        if mark is None:
            break
        value, position = _scan(text, mark.end())
        members[key] = _Value(value, text[mark.end() : position])
        mark = _separator(text, position)
        if mark is not None and not mark[1]:
            if mark.end() == len(text):
                return members
            break
    raise _InvalidMessage


def _unsigned(value: _Value, limit: int) -> int:
    if not _UNSIGNED.fullmatch(value.text) or int(value.text) > limit:
        raise _InvalidMessage
    return int(value.text)


def _present(members: _Members, name: str) -> _Value | None:
    """Return an optional property; `null` counts as absent."""
    value = members.get(name)
    return None if value is None or value.text == "null" else value


def _ack_id(members: _Members) -> int | None:
    value = _present(members, "ackId")
    return None if value is None else _unsigned(value, MAX_UINT64)


def _group(members: _Members) -> str:
    group = members["group"].string()
    if not is_group_name(group):
        raise _InvalidMessage
    return group


def _event(members: _Members) -> str:
    event = members["event"].string()
    if not is_event_name(event):
        raise _InvalidMessage
    return event


def _payload(members: _Members) -> Payload:
    if "stream" in members:
        # Streaming is documented for the service; the official emulator refuses it in the same way.
        raise _InvalidMessage
    metadata = _metadata(members)
    data_type = DataType(members["dataType"].string().lower()) if "dataType" in members else DataType.JSON
    if "data" in members:
        return Payload(data_type, _data(data_type, members["data"]), metadata)
    if _present(members, "metadata") is not None:
        return Payload(DataType.TEXT, b"", metadata)
    raise _InvalidMessage


def _metadata(members: _Members) -> Mapping[str, str]:
    value = _present(members, "metadata")
    if value is None:
        return NO_METADATA
    if not value.text.startswith("{"):
        raise _InvalidMessage
    return checked_metadata(_pairs(value.text))


def _data(data_type: DataType, data: _Value) -> bytes:
    if data_type is DataType.TEXT:
        return data.string().encode()
    if data_type is DataType.JSON:
        if data.text == "null":
            raise _InvalidMessage
        return data.text.encode()
    content = binascii.a2b_base64(data.string(), strict_mode=True)
    if data_type is DataType.PROTOBUF and not is_protobuf_any(content):
        raise _InvalidMessage
    return content


def _no_echo(members: _Members) -> bool:
    value = members.get("noEcho")
    if value is not None and value.text not in ("true", "false"):
        raise _InvalidMessage
    return value is not None and value.text == "true"


def _decode_send(members: _Members) -> SendToGroup:
    value = _present(members, "ttlSeconds")
    ttl_seconds = 0 if value is None else _unsigned(value, MAX_TTL_SECONDS)
    return SendToGroup(_group(members), _payload(members), _no_echo(members), _ack_id(members), ttl_seconds)


def _invocation_id(members: _Members) -> str:
    invocation_id = members["invocationId"].string()
    if not invocation_id or not is_unicode(invocation_id):
        raise _InvalidMessage
    return invocation_id


def _decode_invoke(members: _Members) -> Invoke:
    if members["target"].string().lower() != "event":
        raise _InvalidMessage
    has_payload = not members.keys().isdisjoint(("data", "dataType", "stream"))
    payload = _payload(members) if has_payload else Payload(DataType.TEXT, b"", _metadata(members))
    return Invoke(_invocation_id(members), _event(members), payload)


_DECODERS: Mapping[str, Callable[[_Members], ClientMessage]] = {
    "joingroup": lambda members: JoinGroup(_group(members), _ack_id(members)),
    "leavegroup": lambda members: LeaveGroup(_group(members), _ack_id(members)),
    "sendtogroup": _decode_send,
    "event": lambda members: SendEvent(_event(members), _payload(members), _ack_id(members)),
    "sequenceack": lambda members: SequenceAck(_unsigned(members["sequenceId"], MAX_UINT64)),
    "ping": lambda members: Ping(),
    "invoke": _decode_invoke,
    "cancelinvocation": lambda members: CancelInvocation(_invocation_id(members)),
}

# --- to a client -------------------------------------------------------------


def _encode(message: ServiceMessage) -> str:
    match message:
        case GroupMessage() | ServerMessage():
            return _encode_data(message)
        case Ack():
            return _encode_ack(message)
        case InvokeResponse():
            return _encode_invoke_response(message)
        case Pong():
            return '{"type":"pong"}'
        case Disconnected():
            return _system(event="disconnected", message=message.message)
        case Connected():
            token = {"reconnectionToken": message.reconnection_token} if message.reconnection_token else {}
            return _system(event="connected", userId=message.user_id, connectionId=message.connection_id, **token)


def _encode_ack(ack: Ack) -> str:
    if ack.error is None:
        return f'{{"type":"ack","ackId":{ack.ack_id},"success":true}}'
    error = _compact({"name": ack.error.name, "message": ack.error.message})
    return f'{{"type":"ack","ackId":{ack.ack_id},"success":false,"error":{error}}}'


def _encode_invoke_response(response: InvokeResponse) -> str:
    """Return the answer; one without a payload has no `dataType`, for which the JavaScript client would wait."""
    head = f'{{"type":"invokeResponse","invocationId":{encode_basestring(response.invocation_id)}'
    metadata = f',"metadata":{_compact(response.metadata)}' if response.metadata else ""
    if response.error is not None:
        error = _compact({"name": response.error.name, "message": response.error.message})
        return f'{head},"success":false,"error":{error}}}'
    payload = response.payload
    data = "" if payload is None else f',"dataType":"{payload.data_type}","data":{_data_text(payload)}'
    return f'{head},"success":true{data}{metadata}}}'


def _system(**properties: str | None) -> str:
    return _compact({"type": "system", **properties})


def _compact(value: Mapping[str, str | None]) -> str:
    return json.dumps(dict(value), separators=(",", ":"), ensure_ascii=False)


def _encode_data(message: DataMessage) -> str:
    payload = message.payload
    head = '{"type":"message","from":"server"'
    if isinstance(message, GroupMessage):
        sender = "null" if message.from_user_id is None else encode_basestring(message.from_user_id)
        head = f'{{"type":"message","from":"group","group":{encode_basestring(message.group)},"fromUserId":{sender}'
    metadata = f',"metadata":{_compact(payload.metadata)}' if payload.metadata is not NO_METADATA else ""
    return f'{head},"dataType":"{payload.data_type}","data":{_data_text(payload)}{metadata}}}'


def _data_text(payload: Payload) -> str:
    if payload.data_type is DataType.JSON:
        return payload.data.decode()
    if payload.data_type is DataType.TEXT:
        return encode_basestring(payload.data.decode())
    return f'"{b64encode(payload.data).decode()}"'
