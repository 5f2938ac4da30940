"""Faults as values: which kinds exist, how they are written, to what they apply and when they end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.faults import Fault, FaultTarget, InjectionPoint, InvalidFault, Scope, format_fault, parse_fault
from local_azure.webpubsub.faults import (
    KINDS,
    Cut,
    Delay,
    Drop,
    Duplicate,
    ExpireToken,
    FailRest,
    LoseDisconnected,
    RefuseRecovery,
    Reorder,
    SlowRest,
)

ANA_SENDS = FaultTarget(
    injection_point=InjectionPoint.WEBHOOK, hub="chat", user="ana", connection="c1", event="message"
)
ANA_LEAVES = FaultTarget(
    injection_point=InjectionPoint.WEBHOOK,
    hub="chat",
    user="ana",
    connection="c1",
    event="disconnected",
    is_system=True,
)
SEND = FaultTarget(injection_point=InjectionPoint.REST, hub="chat", operation="send_to_group", group="lobby")


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
def test_a_line_describes_a_fault(line: str, fault: Fault) -> None:
    assert parse_fault(line, KINDS) == fault
    assert parse_fault(format_fault(fault), KINDS) == fault


names = st.text(min_size=1, max_size=30).filter(str.strip)
times = st.integers(min_value=1, max_value=86_400_000).map(lambda milliseconds: milliseconds / 1000)


@given(names, names, times, times, st.integers(min_value=1, max_value=1_000_000))
def test_a_fault_with_any_names_and_times_can_be_written_and_read_again(
    user: str, event: str, seconds: float, for_seconds: float, count: int
) -> None:
    fault = Delay(seconds, scope=Scope(user=user, event=event), count=count, for_seconds=for_seconds)

    assert parse_fault(format_fault(fault), KINDS) == fault


@given(st.text(max_size=200))
def test_any_other_line_is_refused_with_a_reason(line: str) -> None:
    with pytest.raises(InvalidFault, match=r".+"):
        parse_fault(line, KINDS)


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
        ("fail rest 599 count=1", "not an HTTP status with a meaning"),
        ("fail rest 503 event=message count=1", "its scope may be"),
        ("duplicate webhook copies=101 count=1", "from 1 to 100"),
        ("cut client 1005 count=1", "RFC 6455"),
        ("cut client 999 count=1", "from 1000 to 4999"),
        ("fail rest 503 operation=send_to_grup count=1", "'send_to_grup' is not an operation; known are send_to_all, "),
        ("slow rest 1s operation= count=1", "operation is blank"),
        ("explode service count=1", "is not a fault; known are delay webhook TIME"),
        ("delay webhook 'open count=1", "cannot be read"),
        ("drop webhook user=" + "a" * 5000, "the limit is 4096"),
    ],
)
def test_an_invalid_fault_is_refused_with_what_was_seen_and_what_is_possible(line: str, reason: str) -> None:
    with pytest.raises(InvalidFault, match=reason):
        parse_fault(line, KINDS)


@pytest.mark.parametrize(
    ("scope", "target", "applies"),
    [
        (Scope(), ANA_SENDS, True),
        (Scope(hub="CHAT", user="ana", event="Message", connection="c1"), ANA_SENDS, True),
        (Scope(hub="other"), ANA_SENDS, False),
        (Scope(user="Ana"), ANA_SENDS, False),
        (Scope(user="ana", event="typing"), ANA_SENDS, False),
        (Scope(connection="c2"), ANA_SENDS, False),
    ],
)
def test_a_fault_applies_to_targets_in_its_scope(scope: Scope, target: FaultTarget, applies: bool) -> None:
    assert Drop(scope=scope, count=1).applies(target) is applies


@pytest.mark.parametrize("operation", ["send_to_group", "sendToGroup", "SendToGroup"])
def test_a_rest_operation_may_be_written_as_any_sdk_writes_it(operation: str) -> None:
    assert FailRest(503, scope=Scope(operation=operation, group="lobby"), count=1).applies(SEND)


def test_a_fault_applies_to_its_own_injection_point_only() -> None:
    assert not Drop(count=1).applies(SEND)
    assert not FailRest(503, count=1).applies(ANA_SENDS)


def test_only_the_end_of_a_connection_is_lost_by_lose_disconnected() -> None:
    fault = LoseDisconnected(count=1)
    user_event = FaultTarget(injection_point=InjectionPoint.WEBHOOK, hub="chat", event="disconnected")

    assert fault.applies(ANA_LEAVES)
    assert not fault.applies(user_event)
    assert not fault.applies(ANA_SENDS)
