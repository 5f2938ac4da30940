"""The records of what happens in the service, and which of them have one cause.

Records hold message contents: they are for an inspector on this machine, never for a log.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Literal

from yarl import URL

from local_azure.meter.counters import Meter, drop_oldest_half
from local_azure.observations import Publisher, StorageObservation, without_one
from local_azure.webpubsub.messages import ClientMessage, DataMessage

log = logging.getLogger(__name__)

MAX_REQUEST_IDS = 1000

CORRELATION_ID: ContextVar[str] = ContextVar("webpubsub_correlation", default="")
"""The id that all effects of one cause share; a cause is a client's frame, a handshake or a REST call."""


@dataclass(slots=True, kw_only=True)
class _Record:
    """When it happened (seconds since the epoch), and the id that it shares with its cause.

    Nobody changes a record. It is not frozen, because making a frozen one takes three times as long, and several are
    made for each message.
    """

    at: float = field(default_factory=time.time)
    correlation_id: str = field(default_factory=CORRELATION_ID.get)


@dataclass(slots=True)
class ConnectionOpened(_Record):
    """A connection was accepted (or recovered, after its socket was lost)."""

    hub: str
    connection_id: str
    user_id: str | None
    protocol: str | None
    recovered: bool


@dataclass(slots=True)
class HandshakeReceived(_Record):
    """A client asks for a new connection; its token was accepted. `ConnectionOpened` or `HandshakeRefused` follows.

    They have the same correlation id. `claims` are those of the token, `query` has no token. Comes with
    `each_receiver` only.
    """

    hub: str
    user_id: str | None
    subprotocols: tuple[str, ...]
    claims: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]


@dataclass(slots=True)
class HandshakeRefused(_Record):
    """A client's handshake was answered with this status instead of 101; `reason` may be empty."""

    hub: str
    status: int
    reason: str


@dataclass(slots=True)
class ClientLeft(_Record):
    """A client closed its socket with this code, or its socket was lost (1006), before the service closed it.

    Comes with `each_receiver` only.
    """

    hub: str
    connection_id: str
    user_id: str | None
    code: int


@dataclass(slots=True)
class ConnectionDetached(_Record):
    """A reliable connection lost its socket and waits for its client to recover it."""

    hub: str
    connection_id: str
    user_id: str | None


@dataclass(slots=True)
class ConnectionEnded(_Record):
    """A logical connection has ended; `disconnected` is sent at this moment."""

    hub: str
    connection_id: str
    user_id: str | None
    reason: str


@dataclass(slots=True)
class FrameReceived(_Record):
    """A client's frame was received; `message` is None when it is invalid."""

    hub: str
    connection_id: str
    user_id: str | None
    frame: str | bytes
    message: ClientMessage | None


@dataclass(slots=True)
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


@lru_cache(1000)
def group_audience(group: str) -> Audience:
    """Return the audience of a group's messages."""
    return Audience("group", group)


@dataclass(slots=True)
class MessagePublished(_Record):
    """A data message will now be queued for its receivers; there may be none. Comes with `each_receiver` only."""

    hub: str
    message: DataMessage
    audience: Audience = UNKNOWN_AUDIENCE


@dataclass(slots=True)
class MessageDelivered(_Record):
    """A data message was queued for a connection, or stored until its recovery; `size` is the frame's, in bytes.

    Comes with `each_receiver` only.
    """

    hub: str
    connection_id: str
    user_id: str | None
    message: DataMessage
    size: int


@dataclass(slots=True)
class MessageFannedOut(_Record):
    """A data message was queued for all its receivers; `receivers` are the connection and the user of the first ones.

    `began` is in seconds since the epoch, `size` is the last frame's, in bytes.
    """

    hub: str
    message: DataMessage
    receivers: tuple[tuple[str, str | None], ...]
    receiver_count: int
    size: int
    began: float
    audience: Audience = UNKNOWN_AUDIENCE


@dataclass(slots=True)
class WebhookSent(_Record):
    """An attempt to send an event to its handler begins; `WebhookCalled` with the same ids and attempt ends it.

    `headers` are without Host and Content-Length.
    """

    hub: str
    connection_id: str
    user_id: str | None
    event: str
    event_id: int | None
    request_id: str | None
    handler: str
    attempt: int
    body: bytes | None
    method: str = "POST"
    url: URL | None = None
    headers: Mapping[str, str] | None = None


@dataclass(slots=True)
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
    answer_headers: Mapping[str, str] | None = None


@dataclass(slots=True)
class RestCalled(_Record):
    """A REST call was answered; `request_id` is the caller's `x-ms-client-request-id`.

    `query`, and `target`, which is path and query, are as they came. A body is None where there is none, and where it
    was not read.
    """

    method: str
    path: str
    query: str
    status: int
    milliseconds: float
    request_id: str | None
    error_code: str | None
    origin: str = ""
    target: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    answer_headers: Mapping[str, str] | None = None
    answer: bytes | None = None


@dataclass(slots=True)
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
    | MessageFannedOut
    | WebhookSent
    | WebhookCalled
    | RestCalled
    | FaultTriggered
    | StorageObservation
)


class Observations(Publisher[Observation]):
    """Publishes records, and knows which requests have one cause. `meter` counts, also without a subscriber.

    `follows_receivers` says whether a subscriber wants a record for each receiver of a message. A message to 1,000
    receivers is one record for the others.
    """

    __slots__ = ("_correlation_ids", "_receiver_subscribers", "_traces", "follows_receivers", "meter")

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter()
        self._correlation_ids: dict[str, str] = {}
        self._receiver_subscribers: tuple[Callable[[Observation], None], ...] = ()
        self._traces = count(1)
        self.follows_receivers = False

    def subscribe(self, subscriber: Callable[[Observation], None], *, each_receiver: bool = True) -> Callable[[], None]:
        """Call the subscriber with each record from now on; return the function that ends the subscription.

        Without `each_receiver` it gets no record of a single receiver of a message: no `MessagePublished`, no
        `MessageDelivered`, and no `FrameSent` of a message. It gets no `HandshakeReceived` and no `ClientLeft` either.
        """
        if each_receiver:
            self._receiver_subscribers += (subscriber,)
            self.follows_receivers = True
        end = super().subscribe(subscriber)

        def unsubscribe() -> None:
            end()
            if each_receiver:
                self._receiver_subscribers = without_one(self._receiver_subscribers, subscriber)
            self.follows_receivers = bool(self._receiver_subscribers)

        return unsubscribe

    def publish_of_receiver(self, record: Observation) -> None:
        """Call the subscribers that want a record for each receiver."""
        for subscriber in self._receiver_subscribers:
            try:
                subscriber(record)
            except Exception:
                log.exception("a subscriber failed")

    def start_trace(self, request_id: str | None = None) -> None:
        """Set a new correlation id in the current context; do nothing while there is no subscriber.

        A REST call with the request id of an event gets the event's correlation id: an application that passes
        `x-ms-client-request-id` on makes its calls traceable to their cause.
        """
        if self.active:
            CORRELATION_ID.set(self.find_correlation_id(request_id) or str(next(self._traces)))

    def link_request_id(self, request_id: str) -> None:
        """Store that an event with this request id was sent under the current correlation id."""
        self._correlation_ids[request_id] = CORRELATION_ID.get()
        if len(self._correlation_ids) > MAX_REQUEST_IDS:
            drop_oldest_half(self._correlation_ids)

    def find_correlation_id(self, request_id: str | None) -> str:
        """Return the correlation id of the event with this request id; empty when no such event is known."""
        return self._correlation_ids.get(request_id or "", "")
