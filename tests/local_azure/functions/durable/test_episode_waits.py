"""Timers, races and external events, episode by episode."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_azure.functions.durable.protocol.episode import Ended
from local_azure.functions.durable.protocol.history import EventType, event, execution_started, parse_time, timestamp

# The SDK warns of what these tests do on purpose.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
]

NOW = datetime(2026, 8, 24, 10, tzinfo=UTC)
Flow = Generator[Any, Any, Any]
Context: TypeAlias = df.DurableOrchestrationContext


def _race(context: Context) -> Flow:
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=60))
    activity = context.call_activity("a")
    yield context.task_any([timer, activity])
    if context.get_input() == "cancel":
        timer.cancel()
    return "over"


def test_the_unfinished_task_of_a_race_keeps_the_instance_running(drive: Any) -> None:
    """A timer that was not cancelled delays the end of the instance (D-013)."""
    run = drive(_race, "leave")
    (timer,) = run.start().timers
    assert run.episode(run.completed(1)).outcome is None
    assert run.episode(run.fired(timer)).outcome == Ended("Completed", '"over"')


def test_a_cancelled_timer_lets_the_instance_end(drive: Any) -> None:
    """The instance ends at once when the open timer is cancelled (D-014)."""
    run = drive(_race, "cancel")
    run.start()
    decision = run.episode(run.completed(1))
    assert decision.outcome == Ended("Completed", '"over"')
    assert decision.cancelled_timers == [0]


def test_the_clock_of_an_orchestrator_moves_from_episode_to_episode(drive: Any) -> None:
    """D-017, D-018: it is the time of the latest OrchestratorStarted; only the last episode is not a replay."""
    seen: list[tuple[datetime, bool]] = []

    def flow(context: Context) -> Flow:
        seen.append((context.current_utc_datetime, context.is_replaying))
        yield context.call_activity("a")
        seen.append((context.current_utc_datetime, context.is_replaying))
        yield context.call_activity("b")

    run = drive(flow)
    run.start()
    first = run.now
    seen.clear()
    run.episode(run.completed(0))
    assert seen == [(first, True), (run.now, False)]
    assert run.now > first


def test_a_timer_is_never_early_on_the_orchestrators_clock(drive: Any) -> None:
    """The time of an episode is at least that of the timers it handles, even if the host's clock went back."""
    run = drive(lambda context: iter(()))
    started = execution_started(run.now, name="f", version="", instance_id="i", execution_id="e", input_text=None)
    later = run.now + timedelta(hours=1)
    run.episode(started, event(EventType.TIMER_FIRED, run.now, TimerId=0, FireAt=timestamp(later)))
    assert run.now == later


def _sleeps(days: int) -> Any:
    def flow(context: Context) -> Flow:
        yield context.create_timer(context.current_utc_datetime + timedelta(days=days))
        return context.current_utc_datetime.isoformat()

    return flow


def test_a_long_timer_is_a_chain_of_short_ones(drive: Any) -> None:
    """D-020: ten days are three timers."""
    run = drive(_sleeps(10))
    begun, waits = run.now + timedelta(seconds=1), []
    timers = run.start().timers
    while timers:
        (timer,) = timers
        waits.append(timer.fire_at - run.now)
        last = run.episode(run.fired(timer))
        timers = last.timers
    assert [wait.days for wait in waits] == [3, 3, 4]
    assert parse_time(json.loads(last.outcome.output)) == begun + timedelta(days=10)


def test_a_timer_within_the_limit_is_a_single_one(drive: Any) -> None:
    """Six days, the limit, need one timer only (D-020)."""
    run = drive(_sleeps(6))
    (timer,) = run.start().timers
    assert timer.fire_at == run.now + timedelta(days=6)


def test_a_naive_time_is_refused(drive: Any) -> None:
    """A time without a time zone fails the instance (D-019)."""

    def flow(context: Context) -> Flow:
        yield context.create_timer(datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake under test

    outcome = drive(flow).start().outcome
    assert outcome.status == "Failed"
    assert "offset-naive and offset-aware" in outcome.output


def _waits_twice(context: Context) -> Flow:
    first = yield context.wait_for_external_event("note")
    second = yield context.wait_for_external_event("note")
    return [first, second]


def test_events_that_come_while_waited_for_are_delivered_once_each(drive: Any) -> None:
    """Two waits for one name receive two events (D-021)."""
    run = drive(_waits_twice)
    run.start()
    assert run.episode(run.raised("note", 1)).outcome is None
    assert run.episode(run.raised("note", 2)).outcome == Ended("Completed", "[1,2]")


def test_an_early_event_is_delivered(drive: Any) -> None:
    """An event that arrives before the wait is kept for it (D-022)."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("a")
        return (yield context.wait_for_external_event("note"))

    run = drive(flow)
    run.start()
    run.episode(run.raised("note", "early"))
    assert run.episode(run.completed(0)).outcome == Ended("Completed", '"early"')


def test_an_early_event_satisfies_every_later_wait_in_the_sdk(drive: Any) -> None:
    """D-022: a known fault of the SDK (durable-python 507). The host still waits, and says for what."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("a")
        return (yield from _waits_twice(context))

    run = drive(flow)
    run.start()
    run.episode(run.raised("note", 1))
    decision = run.episode(run.completed(0))
    assert run.answers[-1].output == [1, 1]
    assert decision.outcome is None
    assert decision.blocked_on == "WAIT_FOR_EXTERNAL_EVENT note"


def test_the_host_matches_names_of_events_without_case_and_the_sdk_with(drive: Any) -> None:
    """D-023: so an event in another case is used up by the host, and the orchestrator never sees it."""
    run = drive(_waits_twice)
    run.start()
    run.episode(run.raised("NOTE", 1))
    assert len(run.answers[-1].actions) == 1
    run.episode(run.raised("note", 2))
    assert len(run.answers[-1].actions) == 2


def test_unused_events_are_carried_over_in_order(drive: Any) -> None:
    """Continue-as-new passes on the events that nobody waited for (D-027)."""

    def flow(context: Context) -> Flow:
        yield context.wait_for_external_event("go")
        context.continue_as_new(None)

    run = drive(flow)
    run.start()
    arrived = [run.raised("b", 1), run.raised("a", 2), run.raised("go"), run.raised("b", 3)]
    outcome = run.episode(*arrived).outcome
    assert [(entry["Name"], entry["Input"]) for entry in outcome.carried] == [("b", "1"), ("a", "2"), ("b", "3")]
    assert json.loads(outcome.input_text) == "null"


def test_the_host_uses_early_events_of_a_name_in_order_of_arrival(drive: Any) -> None:
    """D-027: so the later one is left for the next execution, whatever the SDK makes of the two (D-022)."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("a")
        yield context.wait_for_external_event("note")
        context.continue_as_new(None)

    run = drive(flow)
    run.start()
    run.episode(run.raised("note", 1), run.raised("note", 2))
    outcome = run.episode(run.completed(0)).outcome
    assert [entry["Input"] for entry in outcome.carried] == ["2"]
