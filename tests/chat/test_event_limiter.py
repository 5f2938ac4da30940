"""One event against the limits of its connection and of its user, with the clock as an argument."""

import pytest

from chat.event_limiter import MAX_USERS, EventLimiter, UserRecords
from chat.rate_limits import (
    REFUSALS_BEFORE_CLOSE,
    UNUSED,
    USER_FACTOR,
    Kind,
    RateLimited,
    Usage,
    parse_rate_limits,
)

LIMITS = parse_rate_limits("message=60/5")
NOW = 1_769_860_800_000


def say(users: UserRecords, usage: Usage, now: int = NOW, user: str = "ana") -> EventLimiter:
    """Return the limiter of one message after it was charged; it may have been refused."""
    limiter = EventLimiter(LIMITS, users, user, usage, now)
    limiter.check_mute()
    limiter.charge(Kind.MESSAGE)
    return limiter


def is_refused(users: UserRecords, usage: Usage, now: int = NOW) -> EventLimiter:
    """Return the limiter of one message that was refused."""
    limiter = EventLimiter(LIMITS, users, "ana", usage, now)
    try:
        limiter.check_mute()
        limiter.charge(Kind.MESSAGE)
    except RateLimited:
        return limiter
    raise AssertionError("it was not refused")


def test_a_connection_carries_its_count_in_its_state_from_one_process_to_the_other() -> None:
    usage = UNUSED
    for _ in range(5):
        usage = say(UserRecords(), usage).usage

    is_refused(UserRecords(), usage)


def test_a_user_is_counted_over_all_connections_of_a_process() -> None:
    users = UserRecords()
    for _ in range(USER_FACTOR * 5):
        say(users, UNUSED)

    is_refused(users, UNUSED)
    say(users, UNUSED, user="bo")


def test_a_refused_event_uses_nothing() -> None:
    users, usage = UserRecords(), UNUSED
    for _ in range(5):
        usage = say(users, usage).usage

    refused = is_refused(users, usage)

    assert refused.usage.full_at == usage.full_at
    say(users, refused.usage, NOW + 1000)


def test_who_goes_on_is_muted_with_every_connection_of_the_process_and_told_once() -> None:
    users, usage = UserRecords(), UNUSED
    for _ in range(5):
        usage = say(users, usage).usage
    first = is_refused(users, usage)
    second = is_refused(users, first.usage)
    third = is_refused(users, second.usage)

    assert [each.begins_mute for each in (first, second, third)] == [False, True, False]
    is_refused(users, UNUSED)
    assert third.usage is second.usage  # what is refused during a mute changes no state


def test_a_connection_is_to_be_closed_after_so_many_refusals_in_a_mute_and_its_user_may_not_connect_meanwhile() -> None:
    users, usage = UserRecords(), UNUSED
    for _ in range(5):
        usage = say(users, usage).usage
    usage = is_refused(users, is_refused(users, usage).usage).usage
    closes = [is_refused(users, usage, NOW + 1).must_close for _ in range(REFUSALS_BEFORE_CLOSE)]

    assert closes == [False] * (REFUSALS_BEFORE_CLOSE - 1) + [True]
    with pytest.raises(RateLimited):
        users.check_connect("ana", NOW + 31_000)
    users.check_connect("ana", NOW + 33_000)
    users.check_connect("bo", NOW)


def test_a_process_keeps_the_users_that_it_saw_last() -> None:
    users = UserRecords()
    for number in range(MAX_USERS + 10):
        users.get(f"user-{number}")
        users.get("always")

    assert len(users.records) == MAX_USERS
    assert "always" in users.records
    assert "user-0" not in users.records


def test_without_limits_nothing_is_counted() -> None:
    limiter = EventLimiter(None, UserRecords(), "ana", UNUSED, NOW)
    for _ in range(10_000):
        limiter.check_mute()
        limiter.charge(Kind.MESSAGE)

    assert limiter.usage is UNUSED
    assert not limiter.users.records
