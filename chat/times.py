"""Times as the chat counts and writes them: milliseconds since 1970 (UTC)."""

from datetime import UTC, datetime
from functools import lru_cache


def milliseconds(time: datetime) -> int:
    """Return milliseconds since 1970 (UTC)."""
    return round(time.timestamp() * 1000)


def timestamp(time: int) -> str:
    """Return milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    return f"{_second_text(time // 1000)}.{time % 1000:03}Z"


# What happens at the same time has the same second.
@lru_cache(maxsize=256)
def _second_text(second: int) -> str:
    # Without the offset; `strftime` costs half as much again.
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]
