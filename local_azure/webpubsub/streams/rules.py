"""The rules of streams, for one publisher: which parts are published, what it is answered, when a stream ends.

Nothing here sends or waits. Each method returns what has to be done, in order; `now` is in monotonic seconds.
The rules come from the client protocol specification, section 3.6. What it leaves open, and what was decided here, is
in docs/local-azure/newest-protocol.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from local_azure.webpubsub.messages import (
    NO_METADATA,
    AckError,
    DataType,
    EndStream,
    GroupMessage,
    Payload,
    StartStream,
    StreamAck,
    StreamAnswer,
    StreamClosed,
    StreamData,
    StreamError,
    StreamNack,
    StreamPart,
)

FIRST_NUMBER = 1
MAX_STREAM_ID_CHARACTERS = 1024
MAX_IDLE_MILLISECONDS = 2**32 - 1

BAD_REQUEST = "BadRequest"
FORBIDDEN = "Forbidden"
NOT_FOUND = "StreamNotFound"
IDLE_TIMEOUT = "IdleTimeout"
INVALID_NUMBER = "InvalidSequenceId"
CANCELLED = "Cancelled"

NO_DATA = Payload(DataType.TEXT, b"")
"""The payload of a message that only ends a stream: the JavaScript client 1.1 fails where the text is missing."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Send the message to the members of its group; not to the publisher itself when `no_echo` is true."""

    message: GroupMessage
    no_echo: bool
    ttl_seconds: int


Effect = Publish | StreamAnswer


@dataclass(slots=True)
class _Stream:
    """An open stream: what its start says, the number that comes next, and when it was last heard of."""

    start: StartStream
    from_user_id: str | None
    idle_seconds: float
    heard_at: float
    next_number: int = FIRST_NUMBER

    @property
    def expires_at(self) -> float:
        return self.heard_at + self.idle_seconds

    def publish(self, payload: Payload, *, is_last: bool = False, error: StreamError | None = None) -> Publish:
        """Return the message with the next number, which is used up by it."""
        start = self.start
        part = StreamPart(start.stream_id, self.next_number, is_last, error)
        self.next_number += 1
        message = GroupMessage(start.group, _with_metadata(payload, start.metadata), self.from_user_id, part)
        return Publish(message, start.no_echo, start.ttl_seconds)

    def publish_end(self, error: StreamError | None) -> Publish:
        """Return the last message."""
        return self.publish(NO_DATA, is_last=True, error=error)


class PublisherStreams:
    """The open streams of one publisher, by their ids."""

    def __init__(
        self,
        user_id: str | None,
        may_send: Callable[[str], bool],
        *,
        max_open: int,
        default_idle_seconds: float,
    ) -> None:
        """`may_send` says whether the publisher may send to a group, now; at most `max_open` streams are open."""
        self._user_id = user_id
        self._may_send = may_send
        self._max_open = max_open
        self._default_idle_seconds = default_idle_seconds
        self._streams: dict[str, _Stream] = {}

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def next_expiry(self) -> float | None:
        """When the first of the streams will have been silent for too long; None while there is no stream."""
        return min((stream.expires_at for stream in self._streams.values()), default=None)

    def start(self, request: StartStream, now: float) -> list[Effect]:
        """Open a stream, or refuse it; a refusal changes nothing, also where its id is that of an open stream."""
        error = self._start_error(request)
        if error is not None:
            return [StreamClosed(request.stream_id, error)]
        asked = request.idle_milliseconds
        idle_seconds = self._default_idle_seconds if asked is None else asked / 1000
        self._streams[request.stream_id] = _Stream(request, self._user_id, idle_seconds, now)
        return [StreamAck(request.stream_id, FIRST_NUMBER)]

    def receive_data(self, request: StreamData, now: float) -> list[Effect]:
        """Publish the part that is expected; acknowledge one that was sent before, ask again after a gap.

        The permission is checked for each part: one that was revoked ends the stream.
        """
        stream_id = request.stream_id
        stream = self._streams.get(stream_id)
        if stream is None:
            return [_not_found(stream_id)]
        if not self._may_send(stream.start.group):
            return self._close(stream_id, FORBIDDEN, _no_permission(stream.start.group))
        stream.heard_at = now
        if request.number is None or request.payload is None:
            return []
        if request.number > stream.next_number:
            message = f"The number is {request.number}, expected is {stream.next_number}."
            return [StreamNack(stream_id, stream.next_number, AckError(INVALID_NUMBER, message))]
        published: list[Effect] = [stream.publish(request.payload)] if request.number == stream.next_number else []
        return [*published, StreamAck(stream_id, stream.next_number)]

    def end(self, request: EndStream) -> list[Effect]:
        """End a stream as its publisher wants it."""
        stream = self._streams.pop(request.stream_id, None)
        if stream is None:
            return [_not_found(request.stream_id)]
        return [stream.publish_end(request.error), StreamClosed(request.stream_id)]

    def expire(self, now: float) -> list[Effect]:
        """End the streams that have been silent for too long, in the order of their times."""
        silent = sorted((stream.expires_at, key) for key, stream in self._streams.items() if stream.expires_at <= now)
        effects: list[Effect] = []
        for _, stream_id in silent:
            milliseconds = self._streams[stream_id].idle_seconds * 1000
            message = f"Nothing was sent to the stream for {milliseconds:.0f} milliseconds."
            effects += self._close(stream_id, IDLE_TIMEOUT, message)
        return effects

    def cancel(self) -> list[Effect]:
        """End all streams because their publisher has gone; nobody is left to be answered."""
        error = StreamError(CANCELLED, "The connection of the publisher ended.")
        effects: list[Effect] = [stream.publish_end(error) for stream in self._streams.values()]
        self._streams.clear()
        return effects

    def _start_error(self, request: StartStream) -> AckError | None:
        size = len(request.stream_id)
        idle = request.idle_milliseconds
        if not 0 < size <= MAX_STREAM_ID_CHARACTERS:
            return AckError(
                BAD_REQUEST, f"streamId has {size} characters; 1 to {MAX_STREAM_ID_CHARACTERS} are allowed."
            )
        if idle is not None and not 0 < idle <= MAX_IDLE_MILLISECONDS:
            return AckError(BAD_REQUEST, f"idleTimeoutMs is {idle}; 1 to {MAX_IDLE_MILLISECONDS} are allowed.")
        if request.has_payload:
            return AckError(BAD_REQUEST, "The start of a stream has no data and no dataType.")
        if not self._may_send(request.group):
            return AckError(FORBIDDEN, _no_permission(request.group))
        if request.stream_id in self._streams:
            return AckError(BAD_REQUEST, "A stream with this streamId is open.")
        if len(self._streams) >= self._max_open:
            return AckError(BAD_REQUEST, f"{self._max_open} streams are open; a connection may not have more.")
        return None

    def _close(self, stream_id: str, name: str, message: str) -> list[Effect]:
        stream = self._streams.pop(stream_id)
        return [stream.publish_end(StreamError(name, message)), StreamClosed(stream_id, AckError(name, message))]


def _not_found(stream_id: str) -> StreamClosed:
    return StreamClosed(stream_id, AckError(NOT_FOUND, "No stream with this streamId is open."))


def _no_permission(group: str) -> str:
    return f"The client does not have permission to send to group '{group}'."


def _with_metadata(payload: Payload, metadata: Mapping[str, str]) -> Payload:
    return payload if metadata is NO_METADATA else replace(payload, metadata=metadata)
