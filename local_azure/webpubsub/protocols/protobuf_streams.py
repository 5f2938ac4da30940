"""The frames of streams in the protobuf subprotocols."""

from local_azure.webpubsub.messages import (
    USER_ERROR,
    AckError,
    EndStream,
    StartStream,
    StreamAck,
    StreamAnswer,
    StreamClosed,
    StreamData,
    StreamError,
    StreamNack,
    StreamPart,
)
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from local_azure.webpubsub.protocols.protobuf_payloads import InvalidMessage, data_of, group_name, metadata_of

# --- from a client -----------------------------------------------------------


def decode_start(send: pb.SendToGroupMessage) -> StartStream:
    """Return the start of a stream: a message to a group with `stream`. An ack id has no meaning there."""
    stream = send.stream
    return StartStream(
        stream.stream_id,
        group_name(send.group),
        stream.idle_timeout_ms if stream.HasField("idle_timeout_ms") else None,
        send.no_echo,
        send.ttl_seconds,
        metadata_of(send.metadata),
        has_payload=send.HasField("data"),
    )


def decode_data(part: pb.StreamDataMessage) -> StreamData:
    """Return a part of a stream: number and data are both there, or neither."""
    has_number, has_data = part.HasField("stream_sequence_id"), part.HasField("data")
    if has_number != has_data:
        raise InvalidMessage
    if not has_data:
        return StreamData(part.stream_id)
    return StreamData(part.stream_id, part.stream_sequence_id, data_of(part.data))


def decode_end(end: pb.StreamEndMessage) -> EndStream:
    """Return the end of a stream, with the publisher's error if there is one."""
    if not end.HasField("error"):
        return EndStream(end.stream_id)
    message = end.error.message if end.error.HasField("message") else None
    code = end.error.user_error_code if end.error.HasField("user_error_code") else None
    return EndStream(end.stream_id, StreamError(USER_ERROR, message, code))


# --- to a client -------------------------------------------------------------


def encode_part(part: StreamPart) -> pb.DataMessage.StreamPart:
    """Return what gives a group message its place in a stream."""
    return pb.DataMessage.StreamPart(
        stream_id=part.stream_id,
        stream_sequence_id=part.number,
        end_of_stream=True if part.is_last else None,
        error=None if part.error is None else _part_error(part.error),
    )


def _part_error(error: StreamError) -> pb.DataMessage.StreamPart.ErrorMessage:
    return pb.DataMessage.StreamPart.ErrorMessage(
        name=error.name, message=error.message or "", user_error_code=error.user_error_code or ""
    )


def encode_answer(answer: StreamAnswer) -> pb.DownstreamMessage:
    """Return the message that answers a publisher."""
    match answer:
        case StreamAck():
            ack = pb.StreamAckMessage(stream_id=answer.stream_id, expected_sequence_id=answer.expected_number)
            return pb.DownstreamMessage(stream_ack_message=ack)
        case StreamNack():
            nack = pb.StreamNackMessage(
                stream_id=answer.stream_id,
                name=answer.error.name,
                message=answer.error.message,
                expected_sequence_id=answer.expected_number,
            )
            return pb.DownstreamMessage(stream_nack_message=nack)
        case StreamClosed():
            closed = pb.StreamClosedMessage(stream_id=answer.stream_id, error=_closed_error(answer.error))
            return pb.DownstreamMessage(stream_closed_message=closed)


def _closed_error(error: AckError | None) -> pb.StreamClosedMessage.ErrorMessage | None:
    return None if error is None else pb.StreamClosedMessage.ErrorMessage(name=error.name, message=error.message)
