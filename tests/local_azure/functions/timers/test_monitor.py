"""The status of a timer: what is due after a run, and what was missed while nothing ran."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local_azure.functions.timers.monitor import (
    NEVER,
    ScheduleStatus,
    first_status,
    is_past_due,
    status_after_run,
    status_at_start,
)
from local_azure.functions.timers.schedule import parse_schedule

HOURLY = parse_schedule("0 0 * * * *", {"WEBSITE_TIME_ZONE": "UTC"})
DAILY = parse_schedule("0 0 9 * * *", {"WEBSITE_TIME_ZONE": "UTC"})
NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
NEXT = datetime(2026, 5, 1, 13, tzinfo=UTC)


def test_a_new_timer_is_due_at_its_next_time_and_not_before() -> None:
    status = status_at_start(None, HOURLY, NOW)

    assert status == first_status(HOURLY, NOW) == ScheduleStatus(NEVER, NEXT, NOW)
    assert not is_past_due(status, NOW)


@pytest.mark.parametrize(("hours_off", "is_late"), [(0.25, False), (0.75, True), (100, True)])
def test_h094_a_run_that_was_missed_is_past_due_once(hours_off: float, *, is_late: bool) -> None:
    stored = ScheduleStatus(NOW, NEXT, NOW)
    start = NOW + timedelta(hours=hours_off)

    status = status_at_start(stored, HOURLY, start)
    ran = status_after_run(status, HOURLY, start, is_scheduled=False)

    assert status == stored
    assert is_past_due(status, start) is is_late
    assert ran.next is not None
    assert start < ran.next <= start + timedelta(hours=1)
    assert not is_past_due(status_at_start(ran, HOURLY, start), start)


def test_h094_a_timer_that_never_ran_can_be_past_due_as_well() -> None:
    stored = first_status(HOURLY, NOW)
    later = NOW + timedelta(days=1)

    assert is_past_due(status_at_start(stored, HOURLY, later), later)


def test_h096_a_schedule_that_was_changed_is_not_past_due() -> None:
    stored = ScheduleStatus(NOW, NEXT, NOW)
    later = NOW + timedelta(days=2)

    status = status_at_start(stored, DAILY, later)
    soon = status_at_start(stored, DAILY, NOW)

    assert status == ScheduleStatus(NEVER, datetime(2026, 5, 4, 9, tzinfo=UTC), later)
    assert soon == ScheduleStatus(NEVER, datetime(2026, 5, 2, 9, tzinfo=UTC), NOW)
    assert not is_past_due(status, later)


def test_h098_the_next_time_counts_from_the_beginning_of_a_run() -> None:
    status = ScheduleStatus(NEVER, NEXT, NOW)

    ran = status_after_run(status, HOURLY, NEXT + timedelta(seconds=1), is_scheduled=True)

    assert (ran.last, ran.next) == (NEXT + timedelta(seconds=1), NEXT + timedelta(hours=1))


def test_a_run_that_began_a_moment_early_is_not_due_again_at_its_own_time() -> None:
    status = ScheduleStatus(NEVER, NEXT, NOW)
    early = NEXT - timedelta(milliseconds=3)

    assert status_after_run(status, HOURLY, early, is_scheduled=True).next == NEXT + timedelta(hours=1)
    assert status_after_run(status, HOURLY, NOW, is_scheduled=False).next == NEXT


def test_a_schedule_that_ends_has_no_next_time() -> None:
    never = parse_schedule("0 0 0 30 2 *", {"WEBSITE_TIME_ZONE": "UTC"})
    status = status_at_start(None, never, NOW)

    assert status.next is None
    assert not is_past_due(status, NOW)
    assert status_at_start(replace(status, last=NOW), never, NOW).next is None
    assert status.as_json() == {
        "Last": "0001-01-01T00:00:00+00:00",
        "LastUpdated": "2026-05-01T12:30:00+00:00",
        "Next": None,
    }
