"""Points in time as the service writes them: in steps of 100 nanoseconds (ticks), as text, and as ETags.

A tick count is relative to 1970-01-01 UTC, so that it fits a 64-bit integer and is negative before that day.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from urllib.parse import unquote

TICKS_PER_SECOND = 10_000_000
_TICKS_PER_MICROSECOND = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(?:Z|([+-])(\d\d):(\d\d))?", re.ASCII
)
_ETAG = re.compile(r"W/\"datetime'([^']*)'\"")

OLDEST_YEAR = 1601


class InvalidTime(ValueError):
    """A text that is no point in time."""


class TimeOutOfRange(ValueError):
    """A point in time before the year 1601, which cannot be stored."""


def parse_datetime(text: str) -> int:
    """Return the ticks of an ISO 8601 text with at most 7 digits of a second; without an offset it is UTC.

    Raises `InvalidTime`, or `TimeOutOfRange` for a year that the service does not store.
    """
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise InvalidTime(f"{text[:40]!r} is no date and time")
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    if year < OLDEST_YEAR:
        raise TimeOutOfRange(f"the year is {year}, the first that can be stored is {OLDEST_YEAR}")
    fraction = int((match[7] or "").ljust(7, "0"))
    try:
        zone = _zone(match[8], int(match[9] or 0), int(match[10] or 0))
        moment = datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=zone)
    except ValueError as error:
        raise InvalidTime(f"{text[:40]!r} is no date and time: {error}") from None
    return (moment - _EPOCH) // _MICROSECOND * _TICKS_PER_MICROSECOND + fraction


# Cached: an answer has each time twice, and the entities of a transaction have the same.
@lru_cache(maxsize=1024)
def format_datetime(ticks: int) -> str:
    """Return the time as UTC text; zeros at the end of the fraction are dropped, as the service does."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    text = _format_second(seconds)
    return f"{text}.{f'{fraction:07}'.rstrip('0')}Z" if fraction else f"{text}Z"


@lru_cache(maxsize=64)
def _format_second(seconds: int) -> str:
    # isoformat ends with the offset +00:00.
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


@lru_cache(maxsize=1024)
def format_etag(ticks: int) -> str:
    """Return the ETag of an entity that was written at this time."""
    return f"W/\"datetime'{format_datetime(ticks).replace(':', '%3A')}'\""


def parse_etag(text: str) -> int:
    """Return the ticks that an ETag of this service holds; raises `InvalidTime`."""
    match = _ETAG.fullmatch(text)
    if match is None:
        raise InvalidTime(f"{text[:60]!r} is no ETag of a table entity")
    try:
        return parse_datetime(unquote(match[1]))
    except TimeOutOfRange as error:
        raise InvalidTime(str(error)) from None


def _zone(sign: str | None, hours: int, minutes: int) -> timezone:
    if sign is None:
        return UTC
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
