"""The messages between clients and the service, independent of the subprotocol.

Codecs convert frames to these values and back; hubs, REST operations and event handlers use the values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

NO_METADATA: Mapping[str, str] = MappingProxyType({})


class DataType(StrEnum):
    """The kind of a payload, as the `dataType` property of the JSON subprotocols names it."""

    TEXT = "text"
    JSON = "json"
    BINARY = "binary"
    PROTOBUF = "protobuf"


@dataclass(frozen=True, slots=True)
class Payload:
    """One message's content.

    `data` is UTF-8 for text, the sender's verbatim JSON text in UTF-8 for json, the bytes themselves for binary, and
    a serialized `google.protobuf.Any` for protobuf. `metadata` is passed on with it everywhere.
    """

    data_type: DataType
    data: bytes
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)


# --- from a client -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """A client asks to become a member of a group."""

    group: str
    ack_id: int | None = None


@dataclass(frozen=True, slots=True)
class LeaveGroup:
    """A client asks to stop being a member of a group."""

    group: str
    ack_id: int | None = None


@dataclass(frozen=True, slots=True)
class SendToGroup:
    """A client publishes to a group; `ttl_seconds` 0 means that the message never expires."""

    group: str
    payload: Payload
    no_echo: bool = False
    ack_id: int | None = None
    ttl_seconds: int = 0


@dataclass(frozen=True, slots=True)
class SendEvent:
    """A client sends a user event for the hub's event handler."""

    event: str
    payload: Payload
    ack_id: int | None = None


@dataclass(frozen=True, slots=True)
class StartStream:
    """A client starts a stream to a group. What is said here counts for each of the stream's messages.

    `idle_milliseconds` is None where the client gives none. `has_payload` is true for a start with data, which is
    refused.
    """

    stream_id: str
    group: str
    idle_milliseconds: int | None = None
    no_echo: bool = False
    ttl_seconds: int = 0
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    has_payload: bool = False


@dataclass(frozen=True, slots=True)
class StreamData:
    """The next part of a client's stream; without number and payload it only says that the stream goes on."""

    stream_id: str
    number: int | None = None
    payload: Payload | None = None


USER_ERROR = "UserError"


@dataclass(frozen=True, slots=True)
class StreamError:
    """Why a stream ended early, as its receivers see it; the publisher's own error is named `UserError`.

    Only that one has a code, and its text and code may be missing.
    """

    name: str
    message: str | None = None
    user_error_code: str | None = None


@dataclass(frozen=True, slots=True)
class EndStream:
    """A client ends its stream, with an error or without."""

    stream_id: str
    error: StreamError | None = None


@dataclass(frozen=True, slots=True)
class SequenceAck:
    """A reliable client has received every message up to and including `sequence_id`."""

    sequence_id: int


@dataclass(frozen=True, slots=True)
class Ping:
    """A client asks for a pong."""


@dataclass(frozen=True, slots=True)
class Invoke:
    """A client asks the hub's event handler and waits for its one answer, which carries the client's id again."""

    invocation_id: str
    event: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CancelInvocation:
    """A client does not wait any more for the answer of this id."""

    invocation_id: str


StreamRequest = StartStream | StreamData | EndStream
ClientMessage = (
    JoinGroup | LeaveGroup | SendToGroup | SendEvent | SequenceAck | Ping | Invoke | CancelInvocation | StreamRequest
)

# --- to a client -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """The first frame of a PubSub connection; only reliable ones have a reconnection token."""

    connection_id: str
    user_id: str | None
    reconnection_token: str | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The last frame before the service closes a PubSub connection."""

    message: str


@dataclass(frozen=True, slots=True)
class AckError:
    """Why a request failed: a name that never changes, and a sentence."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to a request that carried an ack id; success when there is no error."""

    ack_id: int
    error: AckError | None = None


@dataclass(frozen=True, slots=True)
class StreamPart:
    """The place of a group message in a stream: numbers are 1, 2, 3, …; the last one ends the stream."""

    stream_id: str
    number: int
    is_last: bool = False
    error: StreamError | None = None


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """A message published to a group; REST publishes have no `from_user_id`. One of a stream has its place there."""

    group: str
    payload: Payload
    from_user_id: str | None = None
    stream: StreamPart | None = None


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A message from the application: a REST send or an event handler's response."""

    payload: Payload


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""


@dataclass(frozen=True, slots=True)
class InvokeResponse:
    """The answer to an invocation: success when there is no error; a success may have no payload."""

    invocation_id: str
    payload: Payload | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)
    error: AckError | None = None


@dataclass(frozen=True, slots=True)
class StreamAck:
    """The service has every part of a client's stream below this number."""

    stream_id: str
    expected_number: int


@dataclass(frozen=True, slots=True)
class StreamNack:
    """A part was not taken; the client has to send again from the expected number."""

    stream_id: str
    expected_number: int
    error: AckError


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """A client's stream is over; with an error when the client did not end it."""

    stream_id: str
    error: AckError | None = None


StreamAnswer = StreamAck | StreamNack | StreamClosed
DataMessage = GroupMessage | ServerMessage
ServiceMessage = Connected | Disconnected | Ack | DataMessage | Pong | InvokeResponse | StreamAnswer
