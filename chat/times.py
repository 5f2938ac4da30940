"""Times as the chat counts and writes them: milliseconds since 1970 (UTC)."""

from datetime import UTC, datetime


def milliseconds(time: datetime) -> int:
    """Return milliseconds since 1970 (UTC)."""
    return round(time.timestamp() * 1000)


def timestamp(time: int) -> str:
    """Return milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    # Without the offset; `strftime` costs half as much again.
    return f"{datetime.fromtimestamp(time // 1000, UTC).isoformat()[:19]}.{time % 1000:03}Z"
