"""Counters of what Azure bills, by the cause: a client's message, a handshake, a call of the app.

Plain whole numbers. The path of a message adds to them; nothing else is done there.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, fields
from itertools import islice
from typing import TYPE_CHECKING, Any

from local_azure.meter.billing import MESSAGE_BYTES, rounded_messages

if TYPE_CHECKING:
    from local_azure.meter.prices import Prices

MAX_CAUSES = 200
MAX_REQUEST_IDS = 10_000

OTHER = "other"
CONNECTING = "a client connects"
LEAVING = "a client leaves"
RECOVERING = "a client recovers its connection"
APP_CALL = "the app calls by itself"
VALIDATING = "the app is asked whether it accepts events"

Cause = str | type
"""An event's name is `event …`; any other message of a client is its class."""

CAUSE: ContextVar[Cause] = ContextVar("billing_cause", default=OTHER)
"""What brings about what happens in the current context."""

# An instance of Flex Consumption is billed for so long at least.
LEAST_BILLED_SECONDS = 1.0


@dataclass(slots=True)
class Usage:
    """What one cause has brought about. `count` is how often it happened.

    Bytes are those of the payloads. Messages are those that are billed: `frame_messages` and `webhook_messages` are the
    sums of deliveries that are each rounded up to 2 KB.
    """

    count: int = 0
    frames: int = 0
    frame_bytes: int = 0
    frame_messages: int = 0
    webhooks: int = 0
    webhook_bytes: int = 0
    webhook_messages: int = 0
    rest_calls: int = 0
    storage_calls: int = 0

    def add_frames(self, frames: int, size: int, messages: int) -> None:
        """Count frames to clients, with the bytes and the billed messages of all of them."""
        self.frames += frames
        self.frame_bytes += size
        self.frame_messages += messages

    def add_frame(self, frame: bytes) -> None:
        """Count one WebSocket frame to a client."""
        size = payload_size(frame)
        self.add_frames(1, size, messages_of(size))

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*(getattr(self, name) + getattr(other, name) for name in COUNTER_NAMES))


COUNTER_NAMES = tuple(field.name for field in fields(Usage))


class ConnectionTime:
    """How many connections are open, the most that were, and the seconds of all together."""

    __slots__ = ("_changed_at", "_seconds", "open", "peak")

    def __init__(self) -> None:
        self.open = 0
        self.peak = 0
        self._seconds = 0.0
        self._changed_at = 0.0

    def change(self, by: int, now: float) -> None:
        """Count a connection that begins (1) or ends (-1); `now` is in monotonic seconds."""
        self._seconds += self.open * (now - self._changed_at)
        self._changed_at = now
        self.open += by
        self.peak = max(self.peak, self.open)

    def seconds(self, now: float) -> float:
        """Return the seconds of all connections until now."""
        return self._seconds + self.open * (now - self._changed_at)


class BusyTime:
    """For how long one instance of the app is billed: while it handles events, a second at least each time."""

    __slots__ = ("_began", "_billed_until", "_running", "_seconds")

    def __init__(self) -> None:
        self._running = 0
        self._began = 0.0
        self._billed_until = 0.0
        self._seconds = 0.0

    def begin(self, now: float) -> None:
        """Count an event whose handling begins; `now` is in monotonic seconds."""
        if self._running == 0:
            self._began = now
        self._running += 1

    def end(self, now: float) -> None:
        """Count its end."""
        self._running -= 1
        if self._running == 0:
            until = max(now, self._began + LEAST_BILLED_SECONDS)
            self._seconds += max(0.0, until - max(self._began, self._billed_until))
            self._billed_until = max(self._billed_until, until)

    def seconds(self, now: float) -> float:
        """Return the billed seconds until now."""
        return self._seconds + (max(0.0, now - max(self._began, self._billed_until)) if self._running else 0.0)


class Meter:
    """The counters of one service. `prices` are those of the run, None for the examples.

    `has_storage` says whether calls of a storage are counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` returns monotonic seconds."""
        self.clock = clock
        self.began = clock()
        self.causes: dict[Cause, Usage] = {}
        self.connections = ConnectionTime()
        self.busy = BusyTime()
        self.has_storage = False
        self.prices: Prices | None = None
        self._requests: dict[str, Cause] = {}
        self._handled: dict[Cause, int] = {}

    def usage(self, cause: Cause) -> Usage:
        """Return the counters of a cause; when there are very many causes, new ones share a counter."""
        found = self.causes.get(cause)
        if found is None:
            cause = cause if len(self.causes) < MAX_CAUSES else OTHER
            found = self.causes.setdefault(cause, Usage())
        return found

    def current(self) -> Usage:
        """Return the counters of the current cause."""
        return self.usage(CAUSE.get())

    def begin_cause(self, cause: Cause) -> None:
        """Count a cause, and let what happens in this context from now on belong to it."""
        CAUSE.set(cause)
        self.usage(cause).count += 1

    def begin_call(self, request_id: str | None) -> None:
        """Count a REST call of the app, for the cause of the event that it belongs to."""
        cause = self._find_cause(request_id)
        CAUSE.set(cause)
        usage = self.usage(cause)
        usage.rest_calls += 1
        usage.count += cause is APP_CALL

    def count_storage_call(self, request_id: str | None) -> None:
        """Count a call of a storage likewise."""
        self.usage(self._find_cause(request_id)).storage_calls += 1

    def begin_webhook(self, request_id: str | None, size: int) -> Cause:
        """Count an attempt to send an event of so many bytes; return what `end_webhook` is given at its end.

        Without a request id it is no event but the question whether the app accepts events.
        """
        cause = VALIDATING if request_id is None else CAUSE.get()
        usage = self.usage(cause)
        if request_id is None:
            usage.count += 1
        else:
            self._requests[request_id] = cause
            if len(self._requests) > MAX_REQUEST_IDS:
                drop_oldest_half(self._requests)
        usage.webhooks += 1
        usage.webhook_bytes += size
        usage.webhook_messages += messages_of(size)
        self._handled[cause] = self._handled.get(cause, 0) + 1
        self.busy.begin(self.clock())
        return cause

    def end_webhook(self, cause: Cause) -> None:
        """Count the end of the attempt."""
        self.busy.end(self.clock())
        self._handled[cause] -= 1
        if self._handled[cause] == 0:
            del self._handled[cause]

    def total(self) -> Usage:
        """Return the sum of all causes; its `count` is that of the causes together."""
        return sum(self.causes.values(), Usage())

    def _find_cause(self, request_id: str | None) -> Cause:
        """Return the cause of the event with this request id, else the only cause whose events are being handled."""
        if request_id is not None and request_id in self._requests:
            return self._requests[request_id]
        return next(iter(self._handled)) if len(self._handled) == 1 else APP_CALL


def drop_oldest_half(items: dict[str, Any]) -> None:
    """Remove the older half of the items.

    Not one item each time that one is added: a dict looks for its first item among all those that were removed.
    """
    for key in list(islice(items, len(items) // 2)):
        del items[key]


def messages_of(size: int) -> int:
    """Return the billed messages of one delivery."""
    return 1 if size <= MESSAGE_BYTES else rounded_messages(size)


def payload_size(frame: bytes) -> int:
    """Return the bytes of a WebSocket frame without its header."""
    size = len(frame)
    if size < 128:
        return size - 2
    return size - 4 if size < 65_540 else size - 10
