"""`protobuf.webpubsub.azure.v1` and its reliable form: one protobuf message in each binary frame."""

from google.protobuf.message import DecodeError

from local_azure.webpubsub.messages import (
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
from local_azure.webpubsub.metadata import InvalidMetadata
from local_azure.webpubsub.names import is_event_name
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from local_azure.webpubsub.protocols.codec import (
    INVALID_PAYLOAD,
    MAX_TTL_SECONDS,
    UNSUPPORTED_DATA,
    Frame,
    InvalidFrame,
)
from local_azure.webpubsub.protocols.protobuf_payloads import (
    InvalidMessage,
    group_name,
    message_data,
    metadata_entries,
    metadata_of,
    payload_of,
)
from local_azure.webpubsub.protocols.protobuf_streams import (
    decode_data,
    decode_end,
    decode_start,
    encode_answer,
    encode_part,
)

# The official emulator uses the plain subprotocol's name on reliable connections too.
WRONG_FRAME_KIND = "The protobuf.webpubsub.azure.v1 subprotocol requires binary messages."
INVALID_MESSAGE = "The client message is not a valid protobuf.webpubsub.azure.v1 protocol message."


class ProtobufCodec:
    """The codec of the protobuf subprotocols; they differ in that reliable messages carry a sequence id."""

    invalid_message = INVALID_MESSAGE

    def __init__(self, name: str, *, reliable: bool, streams: bool = True) -> None:
        """Without `streams`, a frame of a stream is an invalid message."""
        self.name = name
        self.reliable = reliable
        self._streams = streams

    def decode(self, frame: Frame) -> ClientMessage:
        """Return the client's message; raises `InvalidFrame` with 1003 or 1007."""
        if isinstance(frame, str):
            raise InvalidFrame(UNSUPPORTED_DATA, WRONG_FRAME_KIND)
        try:
            return _decode(pb.UpstreamMessage.FromString(frame), streams=self._streams)
        except (DecodeError, InvalidMessage, InvalidMetadata):
            raise InvalidFrame(INVALID_PAYLOAD, INVALID_MESSAGE) from None

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


# --- from a client -----------------------------------------------------------


def _decode(upstream: pb.UpstreamMessage, *, streams: bool) -> ClientMessage:
    match upstream.WhichOneof("message"):
        case "send_to_group_message":
            return _decode_send(upstream.send_to_group_message, streams=streams)
        case "event_message":
            return _decode_event(upstream.event_message)
        case "join_group_message":
            return JoinGroup(group_name(upstream.join_group_message.group), _ack_id(upstream.join_group_message))
        case "leave_group_message":
            return LeaveGroup(group_name(upstream.leave_group_message.group), _ack_id(upstream.leave_group_message))
        case "sequence_ack_message":
            return SequenceAck(upstream.sequence_ack_message.sequence_id)
        case "ping_message":
            return Ping()
        case "invoke_event_message":
            return _decode_invoke(upstream.invoke_event_message)
        case "cancel_invocation_message":
            return CancelInvocation(_invocation_id(upstream.cancel_invocation_message.invocation_id))
        case "stream_data_message" if streams:
            return decode_data(upstream.stream_data_message)
        case "stream_end_message" if streams:
            return decode_end(upstream.stream_end_message)
        case _:
            raise InvalidMessage


def _decode_send(send: pb.SendToGroupMessage, *, streams: bool) -> SendToGroup | StartStream:
    starts_stream = send.HasField("stream")
    if send.ttl_seconds > MAX_TTL_SECONDS or (starts_stream and not streams):
        raise InvalidMessage
    if starts_stream:
        return decode_start(send)
    return SendToGroup(group_name(send.group), payload_of(send), send.no_echo, _ack_id(send), send.ttl_seconds)


def _decode_event(event: pb.EventMessage) -> SendEvent:
    if not is_event_name(event.event) or event.HasField("stream"):
        raise InvalidMessage
    return SendEvent(event.event, payload_of(event), _ack_id(event))


def _decode_invoke(invoke: pb.InvokeEventMessage) -> Invoke:
    if not is_event_name(invoke.event) or invoke.HasField("stream"):
        raise InvalidMessage
    has_data = invoke.HasField("data")
    payload = payload_of(invoke) if has_data else Payload(DataType.TEXT, b"", metadata_of(invoke.metadata))
    return Invoke(_invocation_id(invoke.invocation_id), invoke.event, payload)


def _invocation_id(text: str) -> str:
    if not text:
        raise InvalidMessage
    return text


def _ack_id(
    message: pb.SendToGroupMessage | pb.EventMessage | pb.JoinGroupMessage | pb.LeaveGroupMessage,
) -> int | None:
    return message.ack_id if message.HasField("ack_id") else None


# --- to a client -------------------------------------------------------------


def _encode(message: ServiceMessage) -> pb.DownstreamMessage:
    match message:
        case GroupMessage() | ServerMessage():
            return pb.DownstreamMessage(data_message=_data_message(message))
        case Ack():
            return pb.DownstreamMessage(ack_message=_ack_message(message))
        case InvokeResponse():
            return pb.DownstreamMessage(invoke_response_message=_invoke_response_message(message))
        case StreamAck() | StreamNack() | StreamClosed():
            return encode_answer(message)
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
        data=None if response.payload is None else message_data(response.payload),
        metadata=metadata_entries(response.metadata),
    )


def _data_message(message: DataMessage) -> pb.DataMessage:
    """Return the message, without the sender's user id: the schema has no field for it."""
    in_group = message if isinstance(message, GroupMessage) else None
    data = pb.DataMessage(
        group=None if in_group is None else in_group.group,
        data=message_data(message.payload),
        metadata=metadata_entries(message.payload.metadata),
        stream=None if in_group is None or in_group.stream is None else encode_part(in_group.stream),
    )
    # `from` is a keyword and cannot be written as an attribute or an argument.
    setattr(data, "from", "server" if in_group is None else "group")
    return data
