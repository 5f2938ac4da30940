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
        fields: dict[str, object] = {"event": self.event}
        if self.room is not None:
            fields["room"] = self.room
        if self.user is not None:
            fields["user"] = self.user
        if self.connection is not None:
            fields["connection"] = self.connection
        if self.message is not None:
            fields["message"] = self.message
        if self.seq is not None:
            fields["seq"] = self.seq
        if self.status is not None:
            fields["status"] = self.status
        if self.code is not None:
            fields["code"] = self.code
        fields["ms"] = round((now - self.began) * 1000, 1)
        fields["traceparent"] = str(self.trace)
        return fields
