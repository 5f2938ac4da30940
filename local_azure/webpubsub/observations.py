"""The records of what happens in the service, and which of them have one cause.

Records hold message contents: they are for an inspector on this machine, never for a log.
"""

import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from local_azure.meter.counters import Meter
from local_azure.observations import Publisher, StorageObservation
from local_azure.webpubsub.messages import ClientMessage, DataMessage

MAX_REQUEST_IDS = 1000

CORRELATION_ID: ContextVar[str] = ContextVar("webpubsub_correlation", default="")
"""The id that all effects of one cause share; a cause is a client's frame, a handshake or a REST call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """When it happened (seconds since the epoch), and the id that it shares with its cause."""

    at: float = field(default_factory=time.time)
    correlation_id: str = field(default_factory=CORRELATION_ID.get)


@dataclass(frozen=True, slots=True)
class ConnectionOpened(_Record):
    """A connection was accepted (or recovered, after its socket was lost)."""

    hub: str
    connection_id: str
    user_id: str | None
    protocol: str | None
    recovered: bool


@dataclass(frozen=True, slots=True)
class HandshakeReceived(_Record):
    """A client asks for a new connection; its token was accepted. `ConnectionOpened` or `HandshakeRefused` follows.

    They have the same correlation id. `claims` are those of the token, `query` has no token.
    """

    hub: str
    user_id: str | None
    subprotocols: tuple[str, ...]
    claims: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class HandshakeRefused(_Record):
    """A client's handshake was answered with this status instead of 101; `reason` may be empty."""

    hub: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class ClientLeft(_Record):
    """A client closed its socket with this code, or its socket was lost (1006), before the service closed it."""

    hub: str
    connection_id: str
    user_id: str | None
    code: int


@dataclass(frozen=True, slots=True)
class ConnectionDetached(_Record):
    """A reliable connection lost its socket and waits for its client to recover it."""

    hub: str
    connection_id: str
    user_id: str | None


@dataclass(frozen=True, slots=True)
class ConnectionEnded(_Record):
    """A logical connection has ended; `disconnected` is sent at this moment."""

    hub: str
    connection_id: str
    user_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class FrameReceived(_Record):
    """A client's frame was received; `message` is None when it is invalid."""

    hub: str
    connection_id: str
    user_id: str | None
    frame: str | bytes
    message: ClientMessage | None


@dataclass(frozen=True, slots=True)
class FrameSent(_Record):
    """A WebSocket frame was queued for a client; `frame` is the encoded frame with its header."""

    hub: str
    connection_id: str
    user_id: str | None
    frame: bytes


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a message is for: all connections of the hub, or the group, user or connection of this name."""

    kind: Literal["all", "group", "user", "connection", "unknown"]
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}" if self.name else self.kind


UNKNOWN_AUDIENCE = Audience("unknown")


@dataclass(frozen=True, slots=True)
class MessagePublished(_Record):
    """A data message will now be queued for its receivers; there may be none."""

    hub: str
    message: DataMessage
    audience: Audience = UNKNOWN_AUDIENCE


@dataclass(frozen=True, slots=True)
class MessageDelivered(_Record):
    """A data message was queued for a connection, or stored until its recovery; `size` is the frame's, in bytes."""

    hub: str
    connection_id: str
    user_id: str | None
    message: DataMessage
    size: int


@dataclass(frozen=True, slots=True)
class WebhookSent(_Record):
    """An attempt to send an event to its handler begins; `WebhookCalled` with the same ids and attempt ends it."""

    hub: str
    connection_id: str
    user_id: str | None
    event: str
    event_id: int | None
    request_id: str | None
    handler: str
    attempt: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class WebhookCalled(_Record):
    """One attempt to send an event to its handler; without an answer `status` is None and `failure` says why."""

    hub: str
    connection_id: str
    user_id: str | None
    event: str
    event_id: int | None
    request_id: str | None
    handler: str
    attempt: int
    status: int | None
    milliseconds: float
    failure: str | None
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class RestCalled(_Record):
    """A REST call was answered; `request_id` is the caller's `x-ms-client-request-id`."""

    method: str
    path: str
    query: str
    status: int
    milliseconds: float
    request_id: str | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class FaultTriggered(_Record):
    """A fault was triggered: `fault` is its line of text, `target` names what it disturbed (an event, an operation)."""

    hub: str
    connection_id: str | None
    user_id: str | None
    fault: str
    target: str


Observation = (
    ConnectionOpened
    | HandshakeReceived
    | HandshakeRefused
    | ClientLeft
    | ConnectionDetached
    | ConnectionEnded
    | FrameReceived
    | FrameSent
    | MessagePublished
    | MessageDelivered
    | WebhookSent
    | WebhookCalled
    | RestCalled
    | FaultTriggered
    | StorageObservation
)


class Observations(Publisher[Observation]):
    """Publishes records, and knows which requests have one cause. `meter` counts, also without a subscriber."""

    __slots__ = ("_correlation_ids", "meter")

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter()
        self._correlation_ids: dict[str, str] = {}

    def start_trace(self, request_id: str | None = None) -> None:
        """Set a new correlation id in the current context; do nothing while there is no subscriber.

        A REST call with the request id of an event gets the event's correlation id: an application that passes
        `x-ms-client-request-id` on makes its calls traceable to their cause.
        """
        if self.active:
            CORRELATION_ID.set(self.find_correlation_id(request_id) or uuid4().hex)

    def link_request_id(self, request_id: str) -> None:
        """Store that an event with this request id was sent under the current correlation id."""
        self._correlation_ids[request_id] = CORRELATION_ID.get()
        if len(self._correlation_ids) > MAX_REQUEST_IDS:
            del self._correlation_ids[next(iter(self._correlation_ids))]

    def find_correlation_id(self, request_id: str | None) -> str:
        """Return the correlation id of the event with this request id; empty when no such event is known."""
        return self._correlation_ids.get(request_id or "", "")
