"""What the line of the log says of one event or one request over HTTP: always the same few fields, never a text."""

from dataclasses import dataclass

from chat.trace_context import TraceContext

MAX_EVENT_LENGTH = 64
"""Clients choose the names of events."""


@dataclass(slots=True)
class CallRecord:
    """What is known so far of a call that is being handled; None is unknown.

    `began` is in seconds of a monotonic clock. `room` is the room that the event is about, `message` the id of the
    message that it sends or changes, and `seq` the number of the entry of the log that it appended.
    """

    event: str
    began: float
    trace: TraceContext
    user: str | None = None
    connection: str | None = None
    room: str | None = None
    message: str | None = None
    seq: int | None = None
    code: str | None = None
    status: int | None = None

    def fields(self, now: float) -> dict[str, object]:
        """Return the fields of the line without those that are unknown; `ms` is the time in the handler until `now`."""
        fields: dict[str, object] = {
            "event": self.event[:MAX_EVENT_LENGTH],
            "room": self.room,
            "user": self.user,
            "connection": self.connection,
            "message": self.message,
            "seq": self.seq,
            "status": self.status,
            "code": self.code,
            "ms": round((now - self.began) * 1000, 1),
            "traceparent": str(self.trace),
        }
        return {name: value for name, value in fields.items() if value is not None}
