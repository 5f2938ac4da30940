"""The faults of Table storage as values: how they are written, which are refused, and to what they apply."""

import pytest

from local_azure import tables
from local_azure.faults import Fault, FaultTarget, InjectionPoint, InvalidFault, Scope, format_fault, parse_fault
from local_azure.tables.faults import KINDS, Cut, Delay, Fail, Throttle
from local_azure.tables.operations import OPERATION_NAMES
from local_azure.webpubsub import faults as webpubsub_faults

INSERT = Scope(operation="insert")
APPEND = FaultTarget(injection_point=InjectionPoint.STORAGE, operation="transaction", table="Messages")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "delay storage 200ms operation=transaction table=messages count=3",
            Delay(0.2, scope=Scope(operation="transaction", table="messages"), count=3),
        ),
        ("fail storage 503 count=1", Fail(503, count=1)),
        (
            "fail storage 500 carried-out operation=insert for=10s",
            Fail(500, None, True, scope=INSERT, for_seconds=10.0),
        ),
        ("fail storage 500 code=OperationTimedOut count=1", Fail(500, "OperationTimedOut", count=1)),
        ("throttle storage count=2", Throttle(count=2)),
        ("throttle storage retry-after=3s count=2", Throttle(3.0, count=2)),
        ("throttle storage retry-after=0s for=1m", Throttle(0.0, for_seconds=60.0)),
        ("cut storage table=rooms count=1", Cut(scope=Scope(table="rooms"), count=1)),
        (
            "cut storage carried-out operation=create-table count=1",
            Cut(True, scope=Scope(operation="create-table"), count=1),
        ),
    ],
)
def test_a_line_describes_a_fault_of_the_storage(line: str, fault: Fault) -> None:
    assert parse_fault(line, KINDS) == fault
    assert format_fault(fault) == line.replace("1m", "60s")
    assert parse_fault(format_fault(fault), KINDS) == fault


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("delay storage count=1", "needs a time"),
        ("delay storage 200ms", "must end"),
        ("fail storage count=1", "needs a status"),
        ("fail storage 200 count=1", "from 400 to 599"),
        ("fail storage 599 count=1", "not an HTTP status with a meaning"),
        ("fail storage 503 code='a b' count=1", "code is 'a b'; it must be 1 to 64 letters and digits"),
        ("fail storage 503 hub=chat count=1", "its scope may be operation, table"),
        (
            "fail storage 503 operation=upsert count=1",
            "'upsert' is not an operation; known are list_tables, create_",
        ),
        ("throttle storage retry-after=500ms count=1", "whole seconds from 0 to 3600 s"),
        ("throttle storage retry-after=2h count=1", "like 200ms"),
        ("throttle storage carried-out count=1", "'carried-out' means nothing here"),
        ("cut storage table=' ' count=1", "table is blank"),
        ("drop webhook count=1", "known are delay storage TIME; fail storage STATUS "),
    ],
)
def test_a_wrong_fault_is_refused_with_what_is_possible(line: str, reason: str) -> None:
    with pytest.raises(InvalidFault, match=reason):
        parse_fault(line, KINDS)


@pytest.mark.parametrize(
    ("scope", "applies"),
    [
        (Scope(), True),
        (Scope(operation="transaction", table="messages"), True),
        (Scope(operation="Transaction", table="MESSAGES"), True),
        (Scope(table="message"), False),
        (Scope(operation="insert"), False),
    ],
)
def test_a_fault_applies_to_calls_of_its_operation_and_table(scope: Scope, applies: bool) -> None:
    assert Throttle(scope=scope, count=1).applies(APPEND) is applies


@pytest.mark.parametrize("operation", OPERATION_NAMES)
@pytest.mark.parametrize("joint", ["_", "-", ""])
def test_every_operation_can_be_named_however_its_words_are_joined(operation: str, joint: str) -> None:
    fault = parse_fault(f"cut storage operation={operation.replace('_', joint)} count=1", KINDS)

    assert fault.applies(FaultTarget(injection_point=InjectionPoint.STORAGE, operation=operation))


async def test_a_fault_of_another_service_is_refused() -> None:
    async with tables.serve() as service:
        with pytest.raises(InvalidFault, match="drop webhook is a fault of another service"):
            service.faults.add(webpubsub_faults.Drop(count=1))
