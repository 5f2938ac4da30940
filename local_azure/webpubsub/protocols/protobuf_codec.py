"""`protobuf.webpubsub.azure.v1` and its reliable form: one protobuf message in each binary frame."""

from collections.abc import Iterable, Mapping
from typing import NoReturn

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from local_azure.webpubsub.json_text import is_json
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
from local_azure.webpubsub.metadata import InvalidMetadata, checked_metadata
from local_azure.webpubsub.names import is_event_name, is_group_name
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from local_azure.webpubsub.protocols.codec import (
    INVALID_PAYLOAD,
    MAX_TTL_SECONDS,
    UNSUPPORTED_DATA,
    Frame,
    InvalidFrame,
)

# The official emulator uses the plain subprotocol's name on reliable connections too.
WRONG_FRAME_KIND = "The protobuf.webpubsub.azure.v1 subprotocol requires binary messages."
INVALID_MESSAGE = "The client message is not a valid protobuf.webpubsub.azure.v1 protocol message."


class ProtobufCodec:
    """The codec of the protobuf subprotocols; they differ in that reliable messages carry a sequence id."""

    invalid_message = INVALID_MESSAGE

    def __init__(self, name: str, *, reliable: bool) -> None:
        self.name = name
        self.reliable = reliable

    def decode(self, frame: Frame) -> ClientMessage:
        """Return the client's message; raises `InvalidFrame` with 1003 or 1007."""
        if isinstance(frame, str):
            raise InvalidFrame(UNSUPPORTED_DATA, WRONG_FRAME_KIND)
        try:
            return _decode(pb.UpstreamMessage.FromString(frame))
        except (DecodeError, InvalidMetadata):
            _refuse()

    def encode(self, message: ServiceMessage, sequence_id: int | None = None) -> bytes:
        """Return the binary frame for a message."""
        downstream = _encode(message)
        if sequence_id is not None:
            downstream.data_message.sequence_id = sequence_id
        return downstream.SerializeToString()

    def add_sequence_id(self, frame: Frame, sequence_id: int) -> bytes:
        """Return the message frame with its sequence id."""
        assert isinstance(frame, bytes)
        downstream = pb.DownstreamMessage.FromString(frame)
        downstream.data_message.sequence_id = sequence_id
        return downstream.SerializeToString()


def _refuse() -> NoReturn:
    raise InvalidFrame(INVALID_PAYLOAD, INVALID_MESSAGE) from None


# --- from a client -----------------------------------------------------------


def _decode(upstream: pb.UpstreamMessage) -> ClientMessage:
    match upstream.WhichOneof("message"):
        case "send_to_group_message":
            return _decode_send(upstream.send_to_group_message)
        case "event_message":
            return _decode_event(upstream.event_message)
        case "join_group_message":
            return JoinGroup(_group(upstream.join_group_message.group), _ack_id(upstream.join_group_message))
        case "leave_group_message":
            return LeaveGroup(_group(upstream.leave_group_message.group), _ack_id(upstream.leave_group_message))
        case "sequence_ack_message":
            return SequenceAck(upstream.sequence_ack_message.sequence_id)
        case "ping_message":
            return Ping()
        case "invoke_event_message":
            return _decode_invoke(upstream.invoke_event_message)
        case "cancel_invocation_message":
            return CancelInvocation(_invocation_id(upstream.cancel_invocation_message.invocation_id))
        case _:
            _refuse()


def _decode_send(send: pb.SendToGroupMessage) -> SendToGroup:
    if send.ttl_seconds > MAX_TTL_SECONDS:
        _refuse()
    return SendToGroup(_group(send.group), _payload(send), send.no_echo, _ack_id(send), send.ttl_seconds)


def _decode_event(event: pb.EventMessage) -> SendEvent:
    if not is_event_name(event.event):
        _refuse()
    return SendEvent(event.event, _payload(event), _ack_id(event))


def _decode_invoke(invoke: pb.InvokeEventMessage) -> Invoke:
    if not is_event_name(invoke.event):
        _refuse()
    has_payload = invoke.HasField("data") or invoke.HasField("stream")
    payload = _payload(invoke) if has_payload else Payload(DataType.TEXT, b"", _metadata(invoke.metadata))
    return Invoke(_invocation_id(invoke.invocation_id), invoke.event, payload)


def _invocation_id(text: str) -> str:
    if not text:
        _refuse()
    return text


def _group(name: str) -> str:
    if not is_group_name(name):
        _refuse()
    return name


def _ack_id(
    message: pb.SendToGroupMessage | pb.EventMessage | pb.JoinGroupMessage | pb.LeaveGroupMessage,
) -> int | None:
    return message.ack_id if message.HasField("ack_id") else None


def _payload(message: pb.SendToGroupMessage | pb.EventMessage | pb.InvokeEventMessage) -> Payload:
    if message.HasField("stream"):
        _refuse()
    metadata = _metadata(message.metadata)
    data = message.data
    match data.WhichOneof("data"):
        case "text_data":
            return Payload(DataType.TEXT, data.text_data.encode(), metadata)
        case "binary_data":
            return Payload(DataType.BINARY, data.binary_data, metadata)
        case "protobuf_data":
            return Payload(DataType.PROTOBUF, data.protobuf_data.SerializeToString(), metadata)
        case "json_data":
            return Payload(DataType.JSON, _json(data.json_data), metadata)
        case _ if message.metadata and not message.HasField("data"):
            return Payload(DataType.TEXT, b"", metadata)
        case _:
            _refuse()


def _json(text: str) -> bytes:
    if not is_json(text) or text.strip() == "null":
        _refuse()
    return text.encode()


def _metadata(entries: Iterable[pb.MetadataEntry]) -> Mapping[str, str]:
    pairs = [(entry.key, entry.value) for entry in entries]
    return checked_metadata(pairs) if pairs else NO_METADATA


# --- to a client -------------------------------------------------------------


def _encode(message: ServiceMessage) -> pb.DownstreamMessage:
    match message:
        case GroupMessage() | ServerMessage():
            return pb.DownstreamMessage(data_message=_data_message(message))
        case Ack():
            return pb.DownstreamMessage(ack_message=_ack_message(message))
        case InvokeResponse():
            return pb.DownstreamMessage(invoke_response_message=_invoke_response_message(message))
        case Pong():
            return pb.DownstreamMessage(pong_message=pb.PongMessage())
        case Disconnected():
            disconnected = pb.SystemMessage.DisconnectedMessage(reason=message.message)
            return pb.DownstreamMessage(system_message=pb.SystemMessage(disconnected_message=disconnected))
        case Connected():
            connected = pb.SystemMessage.ConnectedMessage(
                connection_id=message.connection_id,
                user_id=message.user_id or "",
                reconnection_token=message.reconnection_token,
            )
            return pb.DownstreamMessage(system_message=pb.SystemMessage(connected_message=connected))


def _ack_message(ack: Ack) -> pb.AckMessage:
    if ack.error is None:
        return pb.AckMessage(ack_id=ack.ack_id, success=True)
    error = pb.AckMessage.ErrorMessage(name=ack.error.name, message=ack.error.message)
    return pb.AckMessage(ack_id=ack.ack_id, error=error)


def _invoke_response_message(response: InvokeResponse) -> pb.InvokeResponseMessage:
    if response.error is not None:
        error = pb.InvokeResponseMessage.ErrorMessage(name=response.error.name, message=response.error.message)
        return pb.InvokeResponseMessage(invocation_id=response.invocation_id, error=error)
    return pb.InvokeResponseMessage(
        invocation_id=response.invocation_id,
        success=True,
        data=None if response.payload is None else _message_data(response.payload),
        metadata=_metadata_entries(response.metadata),
    )


def _metadata_entries(metadata: Mapping[str, str]) -> list[pb.MetadataEntry]:
    return [pb.MetadataEntry(key=key, value=value) for key, value in metadata.items()]


def _data_message(message: DataMessage) -> pb.DataMessage:
    """Return the message, without the sender's user id: the schema has no field for it."""
    is_group = isinstance(message, GroupMessage)
    data = pb.DataMessage(
        group=message.group if isinstance(message, GroupMessage) else None,
        data=_message_data(message.payload),
        metadata=_metadata_entries(message.payload.metadata),
    )
    # `from` is a keyword and cannot be written as an attribute or an argument.
    setattr(data, "from", "group" if is_group else "server")
    return data


def _message_data(payload: Payload) -> pb.MessageData:
    match payload.data_type:
        case DataType.TEXT:
            return pb.MessageData(text_data=payload.data.decode())
        case DataType.JSON:
            return pb.MessageData(json_data=payload.data.decode())
        case DataType.PROTOBUF:
            return _any_data(payload.data)
        case DataType.BINARY:
            return pb.MessageData(binary_data=payload.data)


def _any_data(data: bytes) -> pb.MessageData:
    """Return the Any, or binary data if an event handler has answered with bytes that are not an Any."""
    try:
        return pb.MessageData(protobuf_data=AnyMessage.FromString(data))
    except DecodeError:
        return pb.MessageData(binary_data=data)
