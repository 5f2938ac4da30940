"""What happens inside the service, told to whoever asks: frames, webhook calls, REST calls, deliveries.

Publishers ask `active` first, so that with nobody listening an observation costs one attribute look-up. Records hold
message contents: they are for an inspector on this machine, never for a log.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import uuid4

from local_azure.webpubsub.messages import ClientMessage, DataMessage

log = logging.getLogger(__name__)

MAX_CAUSES = 1000

CORRELATION: ContextVar[str] = ContextVar("webpubsub_correlation", default="")
"""The id that joins what one cause brought about: a client's frame, or a REST call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """When (seconds since the epoch) and as part of what."""

    at: float = field(default_factory=time.time)
    correlation_id: str = field(default_factory=CORRELATION.get)


@dataclass(frozen=True, slots=True)
class Opened(_Stamp):
    """A connection was accepted (or recovered, after its socket was lost)."""

    hub: str
    connection_id: str
    user_id: str | None
    protocol: str | None
    recovered: bool


@dataclass(frozen=True, slots=True)
class HandshakeRefused(_Stamp):
    """A client's handshake was answered with this status instead of 101; `reason` may be empty."""

    hub: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Detached(_Stamp):
    """A reliable connection lost its socket and waits for its client."""

    hub: str
    connection_id: str
    user_id: str | None


@dataclass(frozen=True, slots=True)
class Ended(_Stamp):
    """A logical connection is over; this is when `disconnected` is sent."""

    hub: str
    connection_id: str
    user_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class FrameReceived(_Stamp):
    """A client's frame; `message` is None when it could not be understood."""

    hub: str
    connection_id: str
    user_id: str | None
    frame: str | bytes
    message: ClientMessage | None


@dataclass(frozen=True, slots=True)
class FrameSent(_Stamp):
    """A WebSocket frame was queued for a client, as it is on the wire."""

    hub: str
    connection_id: str
    user_id: str | None
    frame: bytes


@dataclass(frozen=True, slots=True)
class Published(_Stamp):
    """A data message is about to be queued for its receivers, of whom there may be none."""

    hub: str
    message: DataMessage


@dataclass(frozen=True, slots=True)
class Delivered(_Stamp):
    """A data message was queued for a connection (or kept for it); `size` is the frame's, in bytes."""

    hub: str
    connection_id: str
    user_id: str | None
    message: DataMessage
    size: int


@dataclass(frozen=True, slots=True)
class WebhookSent(_Stamp):
    """An attempt to tell an event handler begins; `WebhookCalled` with the same ids and attempt ends it."""

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
class WebhookCalled(_Stamp):
    """One attempt to tell an event handler; `status` is None when there was no answer, then `failure` says why."""

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
class RestCalled(_Stamp):
    """A REST call was answered; `request_id` is the caller's `x-ms-client-request-id`, `error_code` our refusal's."""

    method: str
    path: str
    query: str
    status: int
    milliseconds: float
    request_id: str | None
    error_code: str | None


@dataclass(frozen=True, slots=True)
class FaultStruck(_Stamp):
    """A fault from the switchboard struck: which (its line of text), and what it struck (an event, an operation)."""

    hub: str
    connection_id: str | None
    user_id: str | None
    fault: str
    struck: str


Observation = (
    Opened
    | HandshakeRefused
    | Detached
    | Ended
    | FrameReceived
    | FrameSent
    | Published
    | Delivered
    | WebhookSent
    | WebhookCalled
    | RestCalled
    | FaultStruck
)


class Observations:
    """The place where records are published; subscribers are called at once and must be quick."""

    __slots__ = ("_causes", "_subscribers", "active")

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Observation], None]] = []
        self._causes: dict[str, str] = {}
        self.active = False

    def subscribe(self, subscriber: Callable[[Observation], None]) -> Callable[[], None]:
        """Call the subscriber with each record from now on; returns what ends the subscription."""
        self._subscribers.append(subscriber)
        self.active = True

        def unsubscribe() -> None:
            if subscriber in self._subscribers:
                self._subscribers.remove(subscriber)
            self.active = bool(self._subscribers)

        return unsubscribe

    def publish(self, record: Observation) -> None:
        """Tell every subscriber; one that fails is logged and does not disturb the service."""
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(record)
            except Exception:
                log.exception("a subscriber failed")

    def begin(self, request_id: str | None = None) -> None:
        """Start a new chain of cause and effect in the current context; nothing while nobody listens.

        A REST call whose request id is that of an event joins the event's chain: an application that passes
        `x-ms-client-request-id` on lets its sends be followed back to what caused them.
        """
        if self.active:
            CORRELATION.set(self._causes.get(request_id or "") or uuid4().hex)

    def remember(self, request_id: str) -> None:
        """Remember that the current chain has sent an event with this request id."""
        self._causes[request_id] = CORRELATION.get()
        if len(self._causes) > MAX_CAUSES:
            del self._causes[next(iter(self._causes))]
