"""What is a line of a room? A message with its quote and its time, as it is published and stored.

Times are milliseconds since 1970 (UTC).
"""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Quote:
    """The message being answered, and one line of it as the sender quoted it."""

    id: str
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a room, as its sender wrote it; `sent_at` is milliseconds since 1970 (UTC)."""

    id: str
    room: str
    sender: str
    text: str
    sent_at: int
    client_id: str | None = None
    reply_to: Quote | None = None


def milliseconds(time: datetime) -> int:
    """Return milliseconds since 1970 (UTC)."""
    return round(time.timestamp() * 1000)


def message_time(event_time: datetime, now: int, previous: int) -> int:
    """Return a message's time, in milliseconds since 1970 (UTC).

    `ce-time` counts whole seconds. Our clock (`now`) refines it within that second. One connection's messages stay in
    the order in which it sent them: each is later than its `previous` one.
    """
    time = milliseconds(event_time)
    if event_time.microsecond == 0:
        time = min(max(time, now), time + 999)
    return max(time, previous + 1)


def timestamp(time: int) -> str:
    """Return milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time % 1000:03}Z"
