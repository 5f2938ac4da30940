"""The frames of streams in the JSON subprotocols."""

from collections.abc import Mapping

from local_azure.webpubsub.json_text import compact_json
from local_azure.webpubsub.messages import (
    USER_ERROR,
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
from local_azure.webpubsub.names import is_unicode
from local_azure.webpubsub.protocols.json_members import (
    InvalidMessage,
    Members,
    Value,
    group_name,
    metadata_of,
    no_echo,
    optional,
    payload_of,
    read_members,
    ttl_seconds,
    unsigned,
)

# --- from a client -----------------------------------------------------------


def decode_start(members: Members, stream: Value) -> StartStream:
    """Return the start of a stream: a `sendToGroup` with this value of `stream`. An ack id has no meaning there."""
    start = read_members(stream.text)
    return StartStream(
        _stream_id(start),
        group_name(members),
        _idle_milliseconds(start),
        no_echo(members),
        ttl_seconds(members),
        metadata_of(members),
        has_payload="data" in members or "dataType" in members,
    )


def decode_data(members: Members) -> StreamData:
    """Return a part of a stream: number, type and data are all there, or none of them."""
    stream_id = _stream_id(members)
    given = [name in members for name in ("streamSequenceId", "dataType", "data")]
    if not any(given):
        return StreamData(stream_id)
    if not all(given):
        raise InvalidMessage
    return StreamData(stream_id, unsigned(members["streamSequenceId"]), payload_of(members))


def decode_end(members: Members) -> EndStream:
    """Return the end of a stream, with the publisher's error if there is one."""
    error = optional(members, "error")
    if error is None:
        return EndStream(_stream_id(members))
    if not isinstance(error.value, dict):
        raise InvalidMessage
    given = read_members(error.text) if error.value else {}
    details = StreamError(USER_ERROR, _text(given, "message"), _text(given, "userErrorCode"))
    return EndStream(_stream_id(members), details)


def _stream_id(members: Members) -> str:
    return _unicode(members["streamId"].string())


def _idle_milliseconds(members: Members) -> int | None:
    """Return a number that may be out of bounds, also below zero: that closes the stream, not the connection."""
    value = optional(members, "idleTimeoutMs")
    if value is None:
        return None
    if value.text.startswith("-"):
        return -unsigned(Value(value.value, value.text[1:]))
    return unsigned(value)


def _text(members: Members, name: str) -> str | None:
    value = optional(members, name)
    return None if value is None else _unicode(value.string())


def _unicode(text: str) -> str:
    if not is_unicode(text):
        raise InvalidMessage
    return text


# --- to a client -------------------------------------------------------------


def encode_part(part: StreamPart) -> str:
    """Return the JSON object that gives a group message its place in a stream."""
    stream: dict[str, object] = {"streamId": part.stream_id, "streamSequenceId": part.number}
    if part.is_last:
        stream["endOfStream"] = True
    if part.error is not None:
        stream["error"] = _without_none(
            name=part.error.name, message=part.error.message, userErrorCode=part.error.user_error_code
        )
    return compact_json(stream)


def encode_answer(answer: StreamAnswer) -> str:
    """Return the frame that answers a publisher."""
    match answer:
        case StreamAck():
            return compact_json(
                {"type": "streamAck", "streamId": answer.stream_id, "expectedSequenceId": answer.expected_number}
            )
        case StreamNack():
            return compact_json(
                {
                    "type": "streamNack",
                    "streamId": answer.stream_id,
                    "expectedSequenceId": answer.expected_number,
                    "name": answer.error.name,
                    "message": answer.error.message,
                }
            )
        case StreamClosed():
            error = None if answer.error is None else {"name": answer.error.name, "message": answer.error.message}
            return compact_json(_without_none(type="streamClosed", streamId=answer.stream_id, error=error))


def _without_none(**properties: object) -> Mapping[str, object]:
    return {name: value for name, value in properties.items() if value is not None}
