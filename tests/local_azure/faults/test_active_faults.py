"""The faults that are active: how often each was triggered, and when it ends."""

from local_azure.faults import FaultTarget, InjectionPoint, Scope
from local_azure.faults.active_faults import ActiveFaults
from local_azure.webpubsub.faults import Drop

EVENT = FaultTarget(injection_point=InjectionPoint.WEBHOOK, hub="chat", user="ana", connection="c1", event="message")


def test_a_fault_ends_when_it_was_triggered_as_often_as_its_count() -> None:
    faults = ActiveFaults()
    active = faults.add(Drop(count=2), now=0.0)

    assert [len(faults.trigger(EVENT, now=1.0)) for _ in range(3)] == [1, 1, 0]
    assert active.times_left == 0
    assert faults.active(now=1.0) == []
    assert not faults


def test_a_fault_ends_when_its_time_is_over() -> None:
    faults = ActiveFaults()
    active = faults.add(Drop(for_seconds=10.0), now=100.0)

    assert active.seconds_left(now=104.0) == 6.0
    assert len(faults.trigger(EVENT, now=109.9)) == 1
    assert faults.trigger(EVENT, now=110.0) == []


def test_of_two_limits_the_one_that_is_reached_first_ends_the_fault() -> None:
    faults = ActiveFaults()
    faults.add(Drop(count=1, for_seconds=10.0), now=0.0)
    faults.add(Drop(count=9, for_seconds=5.0), now=0.0)

    assert len(faults.trigger(EVENT, now=1.0)) == 2
    assert len(faults.trigger(EVENT, now=4.0)) == 1
    assert faults.trigger(EVENT, now=6.0) == []


def test_a_target_outside_the_scope_is_not_counted() -> None:
    faults = ActiveFaults()
    active = faults.add(Drop(scope=Scope(user="bo"), count=1), now=0.0)

    faults.trigger(EVENT, now=0.0)

    assert active.times_triggered == 0


def test_a_removed_fault_is_not_triggered() -> None:
    faults = ActiveFaults()
    active = faults.add(Drop(count=1), now=0.0)

    assert faults.remove(active.id)
    assert not faults.remove(active.id)
    assert faults.trigger(EVENT, now=0.0) == []
