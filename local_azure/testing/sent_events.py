"""The events that were sent to event handlers, as a test reads them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from local_azure.testing.contents import Content
from local_azure.webpubsub.observations import WebhookCalled, WebhookSent

USER_EVENT_PREFIX = "azure.webpubsub.user."


@dataclass(frozen=True, slots=True, repr=False)
class SentEvent(Content):
    """One event of one connection.

    `name` is like `connect` or `message`; `id` is unique in its connection. `attempts` is how often it was sent. As
    long as no attempt has ended, `status` and `failure` are None and `milliseconds` is 0; `failure` says why there was
    no answer to the last attempt. `answer` is the body of the handler's answer. `at` is the first attempt's time, in
    UTC.
    """

    name: str
    is_system: bool
    hub: str
    user: str | None
    connection_id: str
    id: int
    data: bytes
    handler: str
    at: datetime
    attempts: int = 1
    status: int | None = None
    failure: str | None = None
    milliseconds: float = 0.0
    answer: bytes | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the last attempt has ended, with an answer or without."""
        return self.status is not None or self.failure is not None

    def __repr__(self) -> str:
        attempts = "" if self.attempts == 1 else f" at attempt {self.attempts}"
        outcome = f"answered {self.status}" if self.failure is None else self.failure
        if not self.is_answered:
            outcome = "not yet answered"
        return f"<event {self.name!r} of user {self.user!r} in hub {self.hub!r}: {outcome}{attempts}>"


def read_event(record: WebhookSent, event_id: int) -> SentEvent:
    """Return the event whose first attempt begins."""
    return SentEvent(
        name=record.event.split(".", 3)[-1],
        is_system=not record.event.startswith(USER_EVENT_PREFIX),
        hub=record.hub,
        user=record.user_id,
        connection_id=record.connection_id,
        id=event_id,
        data=record.body or b"",
        handler=record.handler,
        at=datetime.fromtimestamp(record.at, UTC),
    )


def begin_attempt(event: SentEvent) -> SentEvent:
    """Return the event while it is sent once more."""
    return replace(event, attempts=event.attempts + 1, status=None, failure=None, answer=None)


def end_attempt(event: SentEvent, record: WebhookCalled) -> SentEvent:
    """Return the event with the outcome of its last attempt."""
    return replace(
        event,
        status=record.status,
        failure=record.failure,
        milliseconds=record.milliseconds,
        answer=record.answer,
    )
