"""The switchboard's core: which faults there are, how they are written, whom they strike and when they are over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.fault_switchboard import (
    Cut,
    Delay,
    Drop,
    Duplicate,
    ExpireToken,
    FailRest,
    Fault,
    InvalidFault,
    LoseDisconnected,
    RefuseRecovery,
    Reorder,
    Scope,
    SlowRest,
    fault_text,
    parse_fault,
)
from local_azure.webpubsub.fault_switchboard.rules import Occasion, Seam
from local_azure.webpubsub.fault_switchboard.switchboard import Switchboard

ANA_SAYS = Occasion(seam=Seam.WEBHOOK, hub="chat", user="ana", connection="c1", event="message")
ANA_LEAVES = Occasion(seam=Seam.WEBHOOK, hub="chat", user="ana", connection="c1", event="disconnected", is_system=True)
SEND = Occasion(seam=Seam.REST, hub="chat", operation="send_to_group", group="lobby")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("delay webhook 200ms event=message count=3", Delay(0.2, scope=Scope(event="message"), count=3)),
        ("drop webhook hub=chat user=ana for=2m", Drop(scope=Scope(hub="chat", user="ana"), for_seconds=120.0)),
        ("duplicate webhook count=1", Duplicate(count=1)),
        ("duplicate webhook copies=4 count=1", Duplicate(4, count=1)),
        ("reorder webhook within=50ms count=1", Reorder(0.05, count=1)),
        ("lose disconnected user='ana maria' count=1", LoseDisconnected(scope=Scope(user="ana maria"), count=1)),
        (
            "fail rest 503 operation=send_to_group count=2",
            FailRest(503, scope=Scope(operation="send_to_group"), count=2),
        ),
        (
            "fail rest 500 carried-out group=a=b for=10s",
            FailRest(500, True, scope=Scope(group="a=b"), for_seconds=10.0),
        ),
        ("slow rest 1.5s count=1 for=1m", SlowRest(1.5, count=1, for_seconds=60.0)),
        ("cut client 1011 connection=c1 count=1", Cut(1011, scope=Scope(connection="c1"), count=1)),
        ("refuse recovery user=ana count=1", RefuseRecovery(scope=Scope(user="ana"), count=1)),
        ("Expire TOKEN user=ana count=1", ExpireToken(scope=Scope(user="ana"), count=1)),
    ],
)
def test_a_line_says_what_a_fault_is(line: str, fault: Fault) -> None:
    assert parse_fault(line) == fault
    assert parse_fault(fault_text(fault)) == fault


names = st.text(min_size=1, max_size=30).filter(str.strip)
times = st.integers(min_value=1, max_value=86_400_000).map(lambda milliseconds: milliseconds / 1000)


@given(names, names, times, times, st.integers(min_value=1, max_value=1_000_000))
def test_whatever_the_names_and_times_a_fault_survives_being_written(
    user: str, event: str, seconds: float, for_seconds: float, count: int
) -> None:
    fault = Delay(seconds, scope=Scope(user=user, event=event), count=count, for_seconds=for_seconds)

    assert parse_fault(fault_text(fault)) == fault


@given(st.text(max_size=200))
def test_any_other_line_is_refused_with_a_reason(line: str) -> None:
    with pytest.raises(InvalidFault, match=r".+"):
        parse_fault(line)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("delay webhook 200ms", "must end"),
        ("delay webhook count=1", "needs a time"),
        ("delay webhook 200 count=1", "like 200ms"),
        ("delay webhook 0ms count=1", "more than 0"),
        ("delay webhook 25h count=1", "like 200ms"),
        ("delay webhook 2000m count=1", "at most 86400 s"),
        ("drop webhook count=0", "count is 0; it must be from 1"),
        ("drop webhook count=-1", "whole number"),
        ("drop webhook count=1 count=2", "given twice"),
        ("drop webhook for=ever", "like 200ms"),
        ("drop webhook group=lobby count=1", "its scope may be connection, event, hub, user"),
        ("drop webhook user=' ' count=1", "user is blank"),
        ("drop webhook twice count=1", "'twice' means nothing here"),
        ("fail rest count=1", "needs a status"),
        ("fail rest 200 count=1", "from 400 to 599"),
        ("fail rest 599 count=1", "no HTTP status that has a meaning"),
        ("fail rest 503 event=message count=1", "its scope may be"),
        ("duplicate webhook copies=101 count=1", "from 1 to 100"),
        ("cut client 1005 count=1", "RFC 6455"),
        ("cut client 999 count=1", "from 1000 to 4999"),
        ("explode service count=1", "is no fault; known are delay webhook TIME"),
        ("delay webhook 'open count=1", "cannot be read"),
        ("drop webhook user=" + "a" * 5000, "the limit is 4096"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_what_was_seen_and_what_is_possible(line: str, reason: str) -> None:
    with pytest.raises(InvalidFault, match=reason):
        parse_fault(line)


@pytest.mark.parametrize(
    ("scope", "occasion", "strikes"),
    [
        (Scope(), ANA_SAYS, True),
        (Scope(hub="CHAT", user="ana", event="Message", connection="c1"), ANA_SAYS, True),
        (Scope(hub="other"), ANA_SAYS, False),
        (Scope(user="Ana"), ANA_SAYS, False),
        (Scope(user="ana", event="typing"), ANA_SAYS, False),
        (Scope(connection="c2"), ANA_SAYS, False),
    ],
)
def test_a_fault_strikes_those_in_its_scope(scope: Scope, occasion: Occasion, strikes: bool) -> None:
    assert Drop(scope=scope, count=1).applies(occasion) is strikes


@pytest.mark.parametrize("operation", ["send_to_group", "sendToGroup", "SendToGroup"])
def test_a_rest_operation_may_be_written_as_any_sdk_writes_it(operation: str) -> None:
    assert FailRest(503, scope=Scope(operation=operation, group="lobby"), count=1).applies(SEND)


def test_a_fault_of_one_seam_leaves_the_others_alone() -> None:
    assert not Drop(count=1).applies(SEND)
    assert not FailRest(503, count=1).applies(ANA_SAYS)


def test_only_the_end_of_a_connection_is_lost_by_lose_disconnected() -> None:
    fault = LoseDisconnected(count=1)
    user_event = Occasion(seam=Seam.WEBHOOK, hub="chat", event="disconnected")

    assert fault.applies(ANA_LEAVES)
    assert not fault.applies(user_event)
    assert not fault.applies(ANA_SAYS)


def test_a_fault_is_over_after_its_last_strike() -> None:
    board = Switchboard()
    armed = board.add(Drop(count=2), now=0.0)

    assert [len(board.strike(ANA_SAYS, now=1.0)) for _ in range(3)] == [1, 1, 0]
    assert armed.strikes_left == 0
    assert board.in_force(now=1.0) == []
    assert not board


def test_a_fault_is_over_when_its_time_is() -> None:
    board = Switchboard()
    armed = board.add(Drop(for_seconds=10.0), now=100.0)

    assert armed.seconds_left(now=104.0) == 6.0
    assert len(board.strike(ANA_SAYS, now=109.9)) == 1
    assert board.strike(ANA_SAYS, now=110.0) == []


def test_of_two_bounds_the_one_that_comes_first_counts() -> None:
    board = Switchboard()
    board.add(Drop(count=1, for_seconds=10.0), now=0.0)
    board.add(Drop(count=9, for_seconds=5.0), now=0.0)

    assert len(board.strike(ANA_SAYS, now=1.0)) == 2
    assert len(board.strike(ANA_SAYS, now=4.0)) == 1
    assert board.strike(ANA_SAYS, now=6.0) == []


def test_what_does_not_fit_is_not_counted() -> None:
    board = Switchboard()
    armed = board.add(Drop(scope=Scope(user="bo"), count=1), now=0.0)

    board.strike(ANA_SAYS, now=0.0)

    assert armed.strikes == 0


def test_a_removed_fault_strikes_no_more() -> None:
    board = Switchboard()
    armed = board.add(Drop(count=1), now=0.0)

    assert board.remove(armed.id)
    assert not board.remove(armed.id)
    assert board.strike(ANA_SAYS, now=0.0) == []
