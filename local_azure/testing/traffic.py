"""What a service published and which events it sent, kept for the test that uses it.

The service adds records in its thread; the test reads and waits in another.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from local_azure.testing.published_messages import PublishedMessage, read_message
from local_azure.testing.sent_events import SentEvent, begin_attempt, end_attempt, read_event
from local_azure.webpubsub.observations import MessageFannedOut, Observation, WebhookCalled, WebhookSent

MAX_RECORDS = 10_000

T = TypeVar("T")


class Traffic:
    """The newest 10,000 messages and as many events."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._messages: deque[PublishedMessage] = deque(maxlen=MAX_RECORDS)
        self._events: dict[tuple[str, str, int], SentEvent] = {}

    def add(self, record: Observation) -> None:
        """Keep a record, if it is of a message or an event; called for each record of the service."""
        if isinstance(record, MessageFannedOut):
            with self._changed:
                self._messages.append(read_message(record))
                self._changed.notify_all()
        elif isinstance(record, WebhookSent | WebhookCalled) and record.event_id is not None:
            with self._changed:
                self._add_event((record.connection_id, record.event, record.event_id), record)
                self._changed.notify_all()

    def messages(self) -> Sequence[PublishedMessage]:
        """Return the messages, oldest first."""
        with self._changed:
            return tuple(self._messages)

    def events(self) -> Sequence[SentEvent]:
        """Return the events in the order in which they were sent first."""
        with self._changed:
            return tuple(self._events.values())

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._messages.clear()
            self._events.clear()

    def wait_for(self, find: Callable[[], Sequence[T]], count: int, timeout: float) -> Sequence[T] | None:
        """Return what `find` finds as soon as it is `count` or more; None after `timeout` seconds."""
        with self._changed:
            # The condition's lock can be taken again by this thread: `find` reads through the methods above.
            found: Sequence[T] = ()

            def is_complete() -> bool:
                nonlocal found
                found = find()
                return len(found) >= count

            return found if self._changed.wait_for(is_complete, timeout) else None

    def _add_event(self, key: tuple[str, str, int], record: WebhookSent | WebhookCalled) -> None:
        event = self._events.get(key)
        if isinstance(record, WebhookCalled):
            if event is not None:  # else it was sent before the records were cleared
                self._events[key] = end_attempt(event, record)
        elif event is not None:
            self._events[key] = begin_attempt(event)
        else:
            self._events[key] = read_event(record, key[2])
            if len(self._events) > MAX_RECORDS:
                del self._events[next(iter(self._events))]
