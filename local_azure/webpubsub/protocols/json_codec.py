"""`json.webpubsub.azure.v1` and `json.reliable.webpubsub.azure.v1`: one JSON object in each text frame.

JSON payloads are copied between frames as text, so numbers, spaces and key order stay as the sender wrote them.
"""

from base64 import b64encode
from collections.abc import Callable
from json.encoder import encode_basestring

from local_azure.json_depth import check_depth
from local_azure.webpubsub.json_text import compact_json
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
    StartStream,
    StreamAck,
    StreamClosed,
    StreamNack,
)
from local_azure.webpubsub.names import is_unicode
from local_azure.webpubsub.protocols.codec import INVALID_PAYLOAD, UNSUPPORTED_DATA, Frame, InvalidFrame
from local_azure.webpubsub.protocols.json_members import (
    InvalidMessage,
    Members,
    ack_id,
    event_name,
    group_name,
    metadata_of,
    no_echo,
    optional,
    payload_of,
    read_members,
    ttl_seconds,
    unsigned,
)
from local_azure.webpubsub.protocols.json_streams import (
    decode_data,
    decode_end,
    decode_start,
    encode_answer,
    encode_part,
)

WRONG_FRAME_KIND = "The JSON subprotocol requires text messages."
INVALID_MESSAGE = "The client message is not a valid JSON protocol message."


class JsonCodec:
    """The codec of the JSON subprotocols; they differ in that reliable messages carry a sequence id."""

    invalid_message = INVALID_MESSAGE

    def __init__(self, name: str, *, reliable: bool, streams: bool = True) -> None:
        """Without `streams`, frames of streams are what they are to a service that does not know any."""
        self.name = name
        self.reliable = reliable
        self._decoders = _DECODERS | _STREAM_DECODERS if streams else _DECODERS

    def decode(self, frame: Frame) -> ClientMessage:
        """Return the client's message; raises `InvalidFrame` with 1003 or 1007."""
        if not isinstance(frame, str):
            raise InvalidFrame(UNSUPPORTED_DATA, WRONG_FRAME_KIND)
        try:
            members = read_members(check_depth(frame))
            return self._decoders[members["type"].string().lower()](members)
        except (InvalidMessage, KeyError, ValueError, StopIteration):
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


def _decode_send(members: Members) -> SendToGroup:
    payload = payload_of(members)
    return SendToGroup(group_name(members), payload, no_echo(members), ack_id(members), ttl_seconds(members))


def _decode_send_or_start(members: Members) -> SendToGroup | StartStream:
    stream = optional(members, "stream")
    return _decode_send(members) if stream is None else decode_start(members, stream)


def _decode_event(members: Members) -> SendEvent:
    return SendEvent(event_name(members), payload_of(members), ack_id(members))


def _decode_event_without_stream(members: Members) -> SendEvent:
    if optional(members, "stream") is not None:
        raise InvalidMessage  # only streams to groups are documented
    return _decode_event(members)


def _invocation_id(members: Members) -> str:
    invocation_id = members["invocationId"].string()
    if not invocation_id or not is_unicode(invocation_id):
        raise InvalidMessage
    return invocation_id


def _decode_invoke(members: Members) -> Invoke:
    if members["target"].string().lower() != "event" or optional(members, "stream") is not None:
        raise InvalidMessage
    has_payload = not members.keys().isdisjoint(("data", "dataType"))
    payload = payload_of(members) if has_payload else Payload(DataType.TEXT, b"", metadata_of(members))
    return Invoke(_invocation_id(members), event_name(members), payload)


_Decoders = dict[str, Callable[[Members], ClientMessage]]

_DECODERS: _Decoders = {
    "joingroup": lambda members: JoinGroup(group_name(members), ack_id(members)),
    "leavegroup": lambda members: LeaveGroup(group_name(members), ack_id(members)),
    "sendtogroup": _decode_send,
    "event": _decode_event,
    "sequenceack": lambda members: SequenceAck(unsigned(members["sequenceId"])),
    "ping": lambda members: Ping(),
    "invoke": _decode_invoke,
    "cancelinvocation": lambda members: CancelInvocation(_invocation_id(members)),
}

_STREAM_DECODERS: _Decoders = {
    "sendtogroup": _decode_send_or_start,
    "event": _decode_event_without_stream,
    "streamdata": decode_data,
    "streamend": decode_end,
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
        case StreamAck() | StreamNack() | StreamClosed():
            return encode_answer(message)
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
    error = compact_json({"name": ack.error.name, "message": ack.error.message})
    return f'{{"type":"ack","ackId":{ack.ack_id},"success":false,"error":{error}}}'


def _encode_invoke_response(response: InvokeResponse) -> str:
    """Return the answer; one without a payload has no `dataType`, for which the JavaScript client would wait."""
    head = f'{{"type":"invokeResponse","invocationId":{encode_basestring(response.invocation_id)}'
    metadata = f',"metadata":{compact_json(response.metadata)}' if response.metadata else ""
    if response.error is not None:
        error = compact_json({"name": response.error.name, "message": response.error.message})
        return f'{head},"success":false,"error":{error}}}'
    payload = response.payload
    data = "" if payload is None else f',"dataType":"{payload.data_type}","data":{_data_text(payload)}'
    return f'{head},"success":true{data}{metadata}}}'


def _system(**properties: str | None) -> str:
    return compact_json({"type": "system", **properties})


def _encode_data(message: DataMessage) -> str:
    payload = message.payload
    head, tail = '{"type":"message","from":"server"', "}"
    if isinstance(message, GroupMessage):
        sender = "null" if message.from_user_id is None else encode_basestring(message.from_user_id)
        head = f'{{"type":"message","from":"group","group":{encode_basestring(message.group)},"fromUserId":{sender}'
        if message.stream is not None:
            tail = f',"stream":{encode_part(message.stream)}}}'
    metadata = f',"metadata":{compact_json(payload.metadata)}' if payload.metadata is not NO_METADATA else ""
    return f'{head},"dataType":"{payload.data_type}","data":{_data_text(payload)}{metadata}{tail}'


def _data_text(payload: Payload) -> str:
    if payload.data_type is DataType.JSON:
        return payload.data.decode()
    if payload.data_type is DataType.TEXT:
        return encode_basestring(payload.data.decode())
    return f'"{b64encode(payload.data).decode()}"'
