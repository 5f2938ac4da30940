"""Times as the chat counts and writes them: milliseconds since 1970 (UTC)."""

from datetime import UTC, datetime


def milliseconds(time: datetime) -> int:
    """Return milliseconds since 1970 (UTC)."""
    return round(time.timestamp() * 1000)


def timestamp(time: int) -> str:
    """Return milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time % 1000:03}Z"
