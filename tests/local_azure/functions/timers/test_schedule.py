"""Schedules in time: TimeSpans, settings, and clocks that are put forward and back."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure.functions.timers.schedule import (
    ScheduleError,
    next_occurrences,
    parse_schedule,
    parse_time_span,
    read_zone,
)

BERLIN = {"WEBSITE_TIME_ZONE": "Europe/Berlin"}
UTC_SETTING = {"WEBSITE_TIME_ZONE": "UTC"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(text: str, start: str, count: int, zone: dict[str, str] = BERLIN) -> list[str]:
    """Return the next occurrences as local times with their offsets."""
    moments = next_occurrences(parse_schedule(text, zone), utc(start), count)
    return [moment.strftime("%d %H:%M%z") for moment in moments]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:05:00", timedelta(minutes=5)),
        ("10:30", timedelta(hours=10, minutes=30)),
        ("23:59:59.5", timedelta(hours=23, minutes=59, seconds=59.5)),
        ("1.00:00:00", timedelta(days=1)),
        ("1.12:00", timedelta(days=1.5)),
        ("25:00:00:00", timedelta(days=25)),
        ("24:00:00", timedelta(days=24)),
        ("5", timedelta(days=5)),
        (" 00:00:01 ", timedelta(seconds=1)),
        ("-00:00:01", timedelta(seconds=-1)),
        ("00:60:00", None),
        ("24:00", None),
        ("1.5", None),
        ("5.5:1:1:1", None),
        ("00:00:00.12345678", None),
        ("99999999999", None),
        ("five minutes", None),
        ("", None),
    ],
)
def test_h091_a_time_span_is_read_as_dot_net_reads_it(text: str, expected: timedelta | None) -> None:
    assert parse_time_span(text) == expected


def test_h091_a_time_span_passes_between_two_runs_whatever_the_clock_shows() -> None:
    schedule = parse_schedule("01:00:00", BERLIN)

    assert times("01:00:00", "2026-03-29T00:30:00", 3) == ["29 01:30+0000", "29 02:30+0000", "29 03:30+0000"]
    assert (str(schedule), schedule.adjusts_for_dst, schedule.is_monitored) == ("Constant: 01:00:00", False, True)
    assert not parse_schedule("00:00:59", {}).is_monitored
    assert str(parse_schedule("2.00:00:00.5", {})) == "Constant: 2.00:00:00.5000000"


def test_h092_a_setting_may_hold_the_schedule() -> None:
    values = {"Cron": "0 0 9 * * *", "Section__Key": "00:10:00", "Hour": "7", **UTC_SETTING}

    assert str(parse_schedule("%CRON%", values)) == "Cron: '0 0 9 * * *'"
    assert str(parse_schedule("%Section:Key%", values)) == "Constant: 00:10:00"
    assert str(parse_schedule("0 0 %hour% * * *", values)) == "Cron: '0 0 7 * * *'"


@pytest.mark.parametrize(
    ("text", "values", "reason"),
    [
        ("%Missing%", {}, "the schedule '%Missing%' names the setting Missing, which is not set"),
        ("often", {}, "the schedule 'often' is neither an NCRONTAB expression nor a TimeSpan"),
        ("0 99 * * * *", {}, "the minute must be from 0 to 59, not 99"),
        ("", {}, "the schedule '' is neither"),
        ("00:00:00", {}, "must be longer than zero"),
        ("-00:05:00", {}, "must be longer than zero"),
        ("0 * * * * *", {"WEBSITE_TIME_ZONE": "Mars/Olympus"}, "such as Europe/Berlin, not 'Mars/Olympus'"),
        ("0 * * * * *", {"WEBSITE_TIME_ZONE": "../etc/passwd"}, "not '../etc/passwd'"),
    ],
)
def test_h100_a_schedule_that_cannot_be_used_says_why(text: str, values: dict[str, str], reason: str) -> None:
    with pytest.raises(ScheduleError) as refused:
        parse_schedule(text, values)

    assert reason in str(refused.value)


def test_h102_the_zone_is_that_of_the_setting() -> None:
    assert times("0 0 9 * * *", "2026-01-01T00:00:00", 1) == ["01 09:00+0100"]
    assert times("0 0 9 * * *", "2026-07-01T00:00:00", 1) == ["01 09:00+0200"]
    assert times("0 0 9 * * *", "2026-07-01T00:00:00", 1, UTC_SETTING) == ["01 09:00+0000"]
    assert read_zone({}) is None


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


ZONES = [pytest.param(BERLIN, id="by the setting"), pytest.param({}, id="by the machine")]


@pytest.mark.usefixtures("machine_in_berlin")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        # 29 March 2026: the clock goes from 02:00 to 03:00.
        ("0 30 2 * * *", "2026-03-28T00:00:00", ["28 02:30+0100", "29 03:30+0200", "30 02:30+0200"]),
        ("0 0,30 * * * *", "2026-03-29T00:00:00", ["29 01:30+0100", "29 03:00+0200", "29 03:30+0200"]),
        # 25 October 2026: the clock goes from 03:00 to 02:00. A single time is run once, an interval in both hours.
        ("0 30 2 * * *", "2026-10-24T12:00:00", ["25 02:30+0200", "26 02:30+0100"]),
        ("0 30 2 * * *", "2026-10-25T01:10:00", ["26 02:30+0100", "27 02:30+0100"]),
        ("0 0 3 * * *", "2026-10-24T12:00:00", ["25 03:00+0100", "26 03:00+0100"]),
        (
            "0 */30 * * * *",
            "2026-10-24T23:45:00",
            ["25 02:00+0200", "25 02:30+0200", "25 02:00+0100", "25 02:30+0100", "25 03:00+0100"],
        ),
    ],
)
def test_h102_a_clock_that_is_changed_skips_and_repeats_as_in_the_real_host(
    zone: dict[str, str], text: str, start: str, expected: list[str]
) -> None:
    assert times(text, start, len(expected), zone) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["0 */7 * * * *", "0 0 */5 * * *", "30 15 2 * * *", "0 30 1-3 * * *", "*/45 * * * *", "03:00:00"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]),
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2026-12-31")),
)
def test_every_occurrence_is_later_than_the_one_before(text: str, zone: str, start: datetime) -> None:
    moment = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    schedule = parse_schedule(text, {"WEBSITE_TIME_ZONE": zone})

    found = [moment, *next_occurrences(schedule, moment, 20)]

    assert [later - earlier > timedelta(0) for earlier, later in pairwise(found)] == [True] * 20
