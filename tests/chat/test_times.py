"""Times are milliseconds since 1970 (UTC), and are written so that the order of texts is the order of times."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from chat.times import milliseconds, timestamp

NOON_MS = 1_769_860_800_000
LAST_MS = 253_402_300_799_999  # the end of the year 9999


def test_a_time_is_counted_from_1970_in_utc() -> None:
    assert milliseconds(datetime(2026, 1, 31, 12, tzinfo=UTC)) == NOON_MS
    assert milliseconds(datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2)))) == NOON_MS
    assert milliseconds(datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)) == NOON_MS + 250


def test_a_timestamp_has_milliseconds_and_is_utc() -> None:
    assert timestamp(NOON_MS + 7) == "2026-01-31T12:00:00.007Z"


@given(st.integers(0, LAST_MS), st.integers(0, LAST_MS))
def test_timestamps_have_the_order_of_their_times(one: int, other: int) -> None:
    assert (timestamp(one) < timestamp(other)) is (one < other)


@given(st.integers(0, LAST_MS))
def test_a_timestamp_is_the_time_that_it_was_made_from(time: int) -> None:
    assert milliseconds(datetime.fromisoformat(timestamp(time))) == time
