"""The times of messages: from the event, in the order of the connection, as UTC."""

from datetime import UTC, datetime

from chat.lines import message_time, timestamp
from hypothesis import given
from hypothesis import strategies as st

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_MS = 1_769_860_800_000


@given(st.lists(st.integers(min_value=-5_000, max_value=5_000), min_size=2, max_size=20))
def test_messages_of_one_connection_keep_their_order_whatever_our_clock_shows(drift: list[int]) -> None:
    times, previous = [], 0
    for difference in drift:
        previous = message_time(NOON, NOON_MS + difference, previous)
        times.append(previous)

    assert times == sorted(set(times))
    assert times[0] // 1000 == NOON_MS // 1000


def test_a_precise_event_time_is_taken_as_it_is() -> None:
    assert message_time(NOON.replace(microsecond=250_000), 0, 0) == NOON_MS + 250


def test_a_timestamp_has_milliseconds_and_is_utc() -> None:
    assert timestamp(NOON_MS + 7) == "2026-01-31T12:00:00.007Z"
