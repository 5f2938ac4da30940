"""NCRONTAB expressions: what they allow, when they are due next, and which are refused."""

from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure.functions.timers.crontab import CrontabError, parse_crontab

START = datetime.fromisoformat("2026-01-31 12:00:30")


def occurrences(text: str, start: datetime = START, count: int = 3) -> list[str]:
    crontab, found = parse_crontab(text), []
    for _ in range(count):
        following = crontab.next_after(start)
        if following is None:
            break
        start = following
        found.append(following.isoformat(" "))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20 * * * * *", ["2026-01-31 12:00:40", "2026-01-31 12:01:00", "2026-01-31 12:01:20"]),
        ("0 */5 * * * *", ["2026-01-31 12:05:00", "2026-01-31 12:10:00", "2026-01-31 12:15:00"]),
        ("*/5 * * * *", ["2026-01-31 12:05:00", "2026-01-31 12:10:00", "2026-01-31 12:15:00"]),
        ("30 0 12 * * *", ["2026-02-01 12:00:30", "2026-02-02 12:00:30", "2026-02-03 12:00:30"]),
        ("0 30 9 * Jan Mon", ["2027-01-04 09:30:00", "2027-01-11 09:30:00", "2027-01-18 09:30:00"]),
        ("0 0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00", "2036-02-29 00:00:00"]),
        ("0 0 0 31 * *", ["2026-03-31 00:00:00", "2026-05-31 00:00:00", "2026-07-31 00:00:00"]),
        ("0 0 0 31 2 *", []),
        ("0 0 0 29 2 0", ["2032-02-29 00:00:00", "2060-02-29 00:00:00", "2088-02-29 00:00:00"]),
    ],
)
def test_h088_six_fields_begin_with_the_second_and_five_with_the_minute(text: str, expected: list[str]) -> None:
    assert occurrences(text) == expected


def test_h089_the_day_of_the_month_and_the_day_of_the_week_must_both_match() -> None:
    """A Unix crontab is due when one of them matches."""
    assert occurrences("0 0 0 13 * FRI") == ["2026-02-13 00:00:00", "2026-03-13 00:00:00", "2026-11-13 00:00:00"]


@pytest.mark.parametrize(
    ("field", "same"),
    [
        ("mon-fri", "1-5"),
        ("fri-mon", "1-5"),
        ("Monday,WEDNES,f", "1,3,5"),
        ("s", "0"),
        ("*/2", "0,2,4,6"),
        ("2/2", "2,4,6"),
        ("1-5/2", "1,3,5"),
        ("*/0", "*"),
        ("*/-3", "*"),
        ("3-3/2", "3"),
        ("0-6", "*"),
    ],
)
def test_h090_names_ranges_steps_and_lists_have_the_meaning_of_the_real_host(field: str, same: str) -> None:
    assert parse_crontab(f"0 0 0 * * {field}") == parse_crontab(f"0 0 0 * * {same}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("60 * * * * *", "the second must be from 0 to 59, not 60"),
        ("0 0 24 * * *", "the hour must be from 0 to 23, not 24"),
        ("0 0 0 0 * *", "the day must be from 1 to 31, not 0"),
        ("0 0 0 * 13 *", "the month must be from 1 to 12, not 13"),
        ("0 0 0 * * 7", "the day of the week must be from 0 to 6, not 7"),
        ("0 0 0 * * Mittwoch", "the day of the week must be a number from 0 to 6 or a name, not 'Mittwoch'"),
        ("0 0 0 L * *", "the day must be a number from 1 to 31, not 'L'"),
        ("0 0 0 * * 5#2", "not '5#2'"),
        ("0 1,,2 * * * *", "the minute must be a number from 0 to 59, not ''"),
        ("0 5- * * * *", "the minute must be a number from 0 to 59, not ''"),
        ("0 */x * * * *", "the step of the minute must be a number, not 'x'"),
        ("0 70/5 * * * *", "from 0 to 59, not 70"),
        ("* * * *", "has 6 fields, or 5 without seconds, not 4"),
        ("0 0 0 * * * 2026", "not 7"),
        ("", "not 0"),
        ("0\t0 * * * * *", "the second must be a number from 0 to 59, not '0\\t0'"),
    ],
)
def test_h100_a_wrong_field_is_named_with_its_value_and_its_limits(text: str, reason: str) -> None:
    with pytest.raises(CrontabError) as refused:
        parse_crontab(text)

    assert str(refused.value).endswith(reason)


@pytest.mark.parametrize(
    ("text", "logged", "is_interval", "is_within_every_minute"),
    [
        ("0 */15 * * * *", "0 0,15,30,45 * * * *", True, False),
        ("*/30 * * * * *", "0,30 * * * * *", True, True),
        ("* 30 * * * *", "* 30 * * * *", True, False),
        ("0 30 9 * * 1-5", "0 30 9 * * 1-5", False, False),
        ("30 9 * * *", "30 9 * * *", False, False),
        ("9 */12 * * *", "9 0,12 * * *", False, False),
        ("0 9,10 1 * * *", "0 9-10 1 * * *", True, False),
        ("0 9-5 * jan,feb,mar,dec mon", "0 5-9 * 1-3,12 1", True, False),
    ],
)
def test_an_expression_is_logged_in_the_host_s_form_which_shows_whether_it_is_an_interval(
    text: str, logged: str, *, is_interval: bool, is_within_every_minute: bool
) -> None:
    crontab = parse_crontab(text)

    assert str(crontab) == logged
    assert (crontab.is_interval, crontab.is_within_every_minute) == (is_interval, is_within_every_minute)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    numbers = st.integers(low, high)
    ranges = st.tuples(numbers, numbers).map(lambda pair: f"{pair[0]}-{pair[1]}")
    parts = st.one_of(numbers.map(str), ranges, st.tuples(ranges, st.integers(1, 9)).map(lambda p: f"{p[0]}/{p[1]}"))
    lists = st.lists(parts, min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), st.integers(1, 30).map(lambda step: f"*/{step}"), lists)


EXPRESSIONS = st.tuples(
    fields(0, 59), fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 6)
).map(" ".join)  # fmt: skip
MOMENTS = st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2040-01-01"))


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS, MOMENTS)
def test_the_next_time_is_later_matches_every_field_and_none_between_does(text: str, start: datetime) -> None:
    crontab = parse_crontab(text)
    allowed = (crontab.seconds, crontab.minutes, crontab.hours, crontab.days, crontab.months, crontab.days_of_week)

    def matches(moment: datetime) -> bool:
        values = (moment.second, moment.minute, moment.hour, moment.day, moment.month, moment.isoweekday() % 7)
        return all(value in field for value, field in zip(values, allowed, strict=True))

    following = crontab.next_after(start)

    assert following is not None
    assert following > start
    assert matches(following)
    seconds_between = int((following - start.replace(microsecond=0)).total_seconds()) - 1
    between = (following - timedelta(seconds=n) for n in range(1, seconds_between + 1))
    assert not any(matches(moment) for moment in islice(between, 2000))
    # A day between is allowed in none of its fields.
    days = (start.date() - following.date()).days
    assert all(
        not matches(datetime.combine(following.date() - timedelta(days=n), following.time())) for n in range(1, -days)
    )


@given(st.text(alphabet="0123456789*/,- aJmonLW#?", max_size=20))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        assert parse_crontab(text).seconds
    except CrontabError as error:
        assert str(error)  # noqa: PT017
