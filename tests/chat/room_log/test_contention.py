"""How long a writer waits because of others, on a clock of the test."""

import pytest

from chat.room_log.contention import (
    BREAK,
    CONTENTION_SECONDS,
    LONGEST_TURN_SECONDS,
    RACE_PAUSE,
    TURNS,
    TURNS_PER_LOSS,
    UNBROKEN_SECONDS,
    Contention,
)

# How long a transaction takes here.
SECONDS = 0.01


def win(others: Contention, etag: str, now: float, lost: int = 0) -> float:
    """Carry out a transaction that begins now; return when it has ended."""
    others.begin(now)
    others.win(etag, lost, now + SECONDS)
    return now + SECONDS


def lose(others: Contention, lost: int, now: float, seconds: float = SECONDS) -> float:
    """Carry out a transaction that is refused; return the longest pause after it."""
    others.begin(now)
    return others.lose(lost, 1.0, now + seconds)


def test_who_is_alone_never_waits() -> None:
    others = Contention()
    for number in range(10):
        now = win(others, f"e{number}", number * 0.1)
        others.see_head(f"e{number}", now)

        assert not others.is_noticed(now)
        assert others.next_turn < now


def test_after_a_lost_race_a_winner_waits_some_transactions_time() -> None:
    others = Contention()
    lose(others, 1, 0.0)
    now = win(others, "e1", 0.1, lost=1)

    assert others.next_turn - now == pytest.approx((TURNS + TURNS_PER_LOSS) * SECONDS)
    assert others.is_noticed(now)
    assert not others.is_noticed(SECONDS + CONTENTION_SECONDS)


def test_the_turn_of_a_slow_storage_is_bounded() -> None:
    others = Contention()
    assert lose(others, 1, 0.0, seconds=60.0) == LONGEST_TURN_SECONDS
    others.begin(60.0)
    others.win("e1", 1, 60.9)

    assert others.next_turn == pytest.approx(60.9 + LONGEST_TURN_SECONDS)


def test_one_slow_transaction_makes_no_longer_turn() -> None:
    others = Contention()
    win(others, "e1", 0.0)
    lose(others, 1, 0.2)
    others.begin(0.3)
    others.win("e2", 1, 0.4)

    assert others.next_turn - 0.4 == pytest.approx((TURNS + TURNS_PER_LOSS) * SECONDS)


def test_the_pause_after_a_lost_race_is_shorter_after_each_further_one() -> None:
    others = Contention()

    pauses = [lose(others, lost, lost * 0.1) for lost in (1, 2, 3)]

    assert pauses == pytest.approx([RACE_PAUSE * SECONDS / square for square in (1, 4, 9)])


def test_another_head_than_was_just_stored_is_an_append_of_another_instance() -> None:
    others = Contention()
    now = win(others, "e1", 0.0)
    others.see_head("e2", now + 0.1)

    assert others.is_noticed(now + 0.1)


def test_another_head_after_a_long_time_says_nothing_about_now() -> None:
    others = Contention()
    others.see_head("e0", 0.0)
    now = win(others, "e1", 0.1)
    others.see_head("e2", now + CONTENTION_SECONDS)

    assert not others.is_noticed(now + CONTENTION_SECONDS)


def test_who_appends_without_a_break_makes_one_now_and_then() -> None:
    """It would win every race and never notice that others wait."""
    others = Contention()
    now, breaks = 0.0, []
    while now < 2 * UNBROKEN_SECONDS + 0.1:
        now = win(others, "e", now)
        if others.next_turn > now:
            breaks.append(others.next_turn - now)
            now = others.next_turn

    assert breaks == pytest.approx([BREAK * SECONDS] * 2)


def test_who_has_breaks_anyway_makes_none() -> None:
    others = Contention()
    now = 0.0
    while now < 2 * UNBROKEN_SECONDS:
        now = win(others, "e", now) + (BREAK + 1) * SECONDS

        assert others.next_turn < now
