"""The rules of the limits: what a bucket lets through, how mutes grow, and which overrides are understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import NotConfigured
from chat.handlers import COMMANDS, HANDLERS
from chat.rate_limits import (
    COMMAND_KINDS,
    DEFAULTS,
    EVENT_KINDS,
    FIRST_MUTE_MS,
    FORGET_MUTES_MS,
    LONGEST_MUTE_MS,
    UNUSED,
    USER_FACTOR,
    Kind,
    Limit,
    RateLimited,
    Usage,
    extend_mute,
    make_limit,
    parse_rate_limits,
    refuse,
    remaining_mute,
    spend,
)

NOW = 1_769_860_800_000
LIMITS = st.builds(Limit, st.integers(1, 10_000), st.integers(1, 50))
PAUSES = st.lists(st.integers(0, 20_000), min_size=1, max_size=120)


def admitted(limit: Limit, pauses: list[int]) -> list[int]:
    """Return at which of the moments, each a pause after the one before it, an event is admitted."""
    usage, now, moments = UNUSED, NOW, []
    for pause in pauses:
        now += pause
        usage, wait = spend(usage, Kind.MESSAGE, limit, now)
        if not wait:
            moments.append(now)
    return moments


@given(limit=LIMITS, pauses=PAUSES)
def test_in_no_span_of_time_is_more_admitted_than_the_burst_and_what_came_back_meanwhile(
    limit: Limit, pauses: list[int]
) -> None:
    moments = admitted(limit, pauses)

    for first, begin in enumerate(moments):
        for last, end in enumerate(moments[first:], first):
            assert last - first + 1 <= limit.burst + (end - begin) / limit.interval


@given(limit=LIMITS, pauses=PAUSES)
def test_whoever_comes_again_when_told_to_is_admitted(limit: Limit, pauses: list[int]) -> None:
    usage, now = UNUSED, NOW
    for pause in pauses:
        now += pause
        usage, wait = spend(usage, Kind.MESSAGE, limit, now)
        if wait:
            assert spend(usage, Kind.MESSAGE, limit, now + wait - 1)[1] == 1
            usage, waited = spend(usage, Kind.MESSAGE, limit, now + wait)
            assert waited == 0
            now += wait


@given(limit=LIMITS, count=st.integers(1, 50))
def test_nobody_who_keeps_the_pace_is_ever_refused(limit: Limit, count: int) -> None:
    assert len(admitted(limit, [limit.interval] * count)) == count


@given(limit=LIMITS)
def test_a_full_bucket_admits_exactly_its_burst_at_once(limit: Limit) -> None:
    assert len(admitted(limit, [0] * (limit.burst + 5))) == limit.burst


@given(limit=LIMITS, moment=st.integers(0, 2**52))
def test_a_moment_that_a_wrong_clock_wrote_makes_nobody_wait_longer_than_for_one_token(
    limit: Limit, moment: int
) -> None:
    _, wait = spend(Usage({Kind.MESSAGE: moment}), Kind.MESSAGE, limit, NOW)

    assert wait <= limit.interval


def test_a_kind_has_a_bucket_of_its_own_and_a_full_one_is_not_kept() -> None:
    limit = Limit(1000, 1)
    usage, _ = spend(UNUSED, Kind.MESSAGE, limit, NOW)

    assert spend(usage, Kind.CHANGE, limit, NOW)[1] == 0
    assert set(spend(usage, Kind.CHANGE, limit, NOW + 1000)[0].full_at) == {Kind.CHANGE}


def mutes(pause: int, count: int) -> list[int]:
    """Return how long each mute lasts of a user who is refused again `pause` ms after it has ended."""
    usage, now, lengths = UNUSED, NOW, []
    for _ in range(count):
        usage = refuse(refuse(usage, 100, now), 100, now + 1)
        lengths.append(remaining_mute(usage, now + 1))
        now = usage.muted_until + pause
    return lengths


def test_the_first_refusal_mutes_nobody() -> None:
    assert remaining_mute(refuse(UNUSED, 100, NOW), NOW) == 0


def test_who_goes_on_while_refused_is_muted_for_twice_as_long_each_time_up_to_five_minutes() -> None:
    assert mutes(pause=0, count=11) == [min(FIRST_MUTE_MS * 2**step, LONGEST_MUTE_MS) for step in range(11)]
    assert mutes(pause=0, count=11)[-1] == LONGEST_MUTE_MS


def test_after_a_quiet_time_a_mute_is_short_again() -> None:
    assert mutes(pause=FORGET_MUTES_MS, count=3) == [FIRST_MUTE_MS] * 3


def test_a_mute_does_not_grow_while_it_lasts() -> None:
    usage = refuse(refuse(UNUSED, 100, NOW), 100, NOW)

    assert refuse(usage, 100, NOW + 500) is usage


def test_a_mute_that_no_right_clock_can_have_written_is_ignored() -> None:
    assert remaining_mute(Usage(muted_until=NOW + 10 * LONGEST_MUTE_MS), NOW) == 0


def test_who_floods_on_while_muted_is_muted_for_half_a_minute_at_least_and_longer_each_time() -> None:
    first = extend_mute(refuse(refuse(UNUSED, 100, NOW), 100, NOW), NOW + 500)
    second = extend_mute(first, NOW + 600)

    assert (remaining_mute(first, NOW + 500), remaining_mute(second, NOW + 600)) == (32_000, 64_000)


def test_who_waits_after_a_refusal_is_not_muted_by_the_next_one() -> None:
    assert remaining_mute(refuse(refuse(UNUSED, 100, NOW), 100, NOW + 100), NOW + 100) == 0


def test_an_override_replaces_the_limit_of_one_kind() -> None:
    limits = parse_rate_limits(" message = 30/5 , join=1/1")

    assert limits is not None
    assert limits.connection[Kind.MESSAGE] == Limit(2000, 5)
    assert limits.user[Kind.MESSAGE] == make_limit(30 * USER_FACTOR, 5 * USER_FACTOR)
    assert limits.connection[Kind.CHANGE] == make_limit(*DEFAULTS[Kind.CHANGE])


def test_without_overrides_every_kind_has_its_default() -> None:
    limits = parse_rate_limits("")

    assert limits is not None
    assert set(limits.connection) == set(limits.user) == set(Kind)


def test_off_is_no_limits() -> None:
    assert parse_rate_limits("Off") is None


@pytest.mark.parametrize(
    "text",
    ["message", "message=1", "message=0/1", "message=1/0", "message=1/60001", "speech=1/1", "message=-1/1", "on"],
)
def test_a_setting_that_is_not_understood_names_itself_and_the_part(text: str) -> None:
    with pytest.raises(NotConfigured, match="ChatRateLimits has") as raised:
        parse_rate_limits(text)

    assert repr(text) in str(raised.value)


def test_every_event_and_command_is_said_to_count_as_something() -> None:
    assert set(EVENT_KINDS) | {"message"} == set(HANDLERS)
    assert set(COMMAND_KINDS) == set(COMMANDS)


def test_a_refusal_says_how_long_to_wait_in_seconds() -> None:
    refusal = RateLimited("too much", 1500)

    assert (refusal.retry_after, str(refusal)) == (1.5, "too much; try again in 1.5 s")
