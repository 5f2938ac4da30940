"""One orchestrator, episode by episode: the unmodified SDK and the rules without I/O agree on what happens next."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_azure.functions.durable.protocol.episode import ContinuedAsNew, Ended
from local_azure.functions.durable.protocol.history import EventType, parse_time

# The SDK warns of what these tests do on purpose.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
]

NOW = datetime(2026, 8, 24, 10, tzinfo=UTC)
Flow = Generator[Any, Any, Any]
Context: TypeAlias = df.DurableOrchestrationContext


def three_steps(context: Context) -> Flow:
    first = yield context.call_activity("double", 3)
    context.signal_entity(df.EntityId("Counter", "main"), "add", first)
    current = yield context.call_entity(df.EntityId("Counter", "main"), "get")
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=7))
    return {"first": first, "current": current}


def test_the_first_episode_returns_the_first_action(drive: Any) -> None:
    """D-001, D-004, D-006: one list, schema 2, the input as JSON text."""
    flow = drive(three_steps)

    decision = flow.start()

    (work,) = decision.activities
    assert (work.task_id, work.name, work.input_text) == (0, "double", "3")
    assert json.loads(flow.handle(_input(flow)))["schemaVersion"] == 2
    assert json.loads(flow.handle(_input(flow)))["actions"] == [[flow.answers[0].actions[0]]]


def test_an_activity_without_input_gets_null(drive: Any) -> None:
    """An input of None is the JSON text `null` (D-006)."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("double")

    assert drive(flow).start().activities[0].input_text == "null"


def test_every_event_has_what_the_sdk_demands(drive: Any) -> None:
    """D-002, D-003: the four common fields always, `Version` on the start."""
    flow = drive(three_steps)
    flow.start()
    flow.episode(flow.completed(0, 6))

    assert all({"EventType", "EventId", "IsPlayed", "Timestamp"} <= entry.keys() for entry in flow.history)
    started = next(entry for entry in flow.history if entry["EventType"] == EventType.EXECUTION_STARTED)
    assert started["Version"] == ""
    del started["Version"]
    with pytest.raises(AttributeError, match="Version"):
        flow.handle(_input(flow))


def test_actions_are_cumulative(drive: Any) -> None:
    """Each episode returns all actions since the beginning (D-005)."""
    flow = drive(three_steps)
    flow.start()
    flow.episode(flow.completed(0, 6))

    first, second = flow.answers
    assert second.actions[: len(first.actions)] == first.actions
    assert len(second.actions) == 3


def test_ids_follow_the_order_of_the_steps(drive: Any) -> None:
    """D-009, D-034: activity 0, signal 1, entity call 2, timer 3; the call ends with its own reply only."""
    flow = drive(three_steps)
    flow.start()
    sent = flow.episode(flow.completed(0, 6))
    signal, call = sent.requests
    assert [entry["EventId"] for entry in sent.events if entry["EventType"] == EventType.EVENT_SENT] == [1, 2]
    assert signal.parent is None
    assert call.parent == ("inst-1", "e1")

    assert flow.episode(flow.raised("some-other-id", {"result": "5"})).timers == []
    (timer,) = flow.episode(flow.raised(call.id, {"result": "6"})).timers
    assert timer.timer_id == 3

    outcome = flow.episode(flow.fired(timer)).outcome
    assert outcome == Ended("Completed", '{"first":6,"current":6}')


def test_results_reach_the_orchestrator_as_python_values(drive: Any) -> None:
    """The result's JSON text is decoded (D-007)."""

    def flow(context: Context) -> Flow:
        result = yield context.call_activity("any")
        return [type(result).__name__, result]

    run = drive(flow)
    run.start()
    outcome = run.episode(run.completed(0, {"a": [1, None]})).outcome
    assert json.loads(outcome.output) == ["dict", {"a": [1, None]}]


def test_waits_and_continue_as_new_take_no_id(drive: Any) -> None:
    """The activity after a wait has id 0 (D-010)."""

    def flow(context: Context) -> Flow:
        yield context.wait_for_external_event("go")
        yield context.call_activity("first")
        context.continue_as_new("next")

    run = drive(flow)
    run.start()
    assert run.episode(run.raised("go")).activities[0].task_id == 0
    outcome = run.episode(run.completed(0)).outcome
    assert outcome == ContinuedAsNew(json.dumps(json.dumps("next")), [])


def test_all_of_three_complete_in_any_order(drive: Any) -> None:
    """The ids are 0, 1 and 2, and the results keep the order of the calls (D-011)."""

    def flow(context: Context) -> Flow:
        return (yield context.task_all([context.call_activity("a", n) for n in range(3)]))

    run = drive(flow)
    assert [work.task_id for work in run.start().activities] == [0, 1, 2]
    assert run.episode(run.completed(2, "c"), run.completed(0, "a")).outcome is None
    assert run.episode(run.completed(1, "b")).outcome == Ended("Completed", '["a","b","c"]')


def _retries(context: Context) -> Flow:
    retry = df.RetryOptions(5000, 2)
    return (yield context.call_activity_with_retry("bad", retry, 1))


def test_a_retry_waits_for_its_timer_and_takes_the_next_ids(drive: Any) -> None:
    """D-015: attempt 0, timer 1, attempt 2; the timer waits as long as the policy says."""
    run = drive(_retries)
    run.start()
    (timer,) = run.episode(run.failed(0, "once")).timers
    assert timer.timer_id == 1
    assert timer.fire_at == run.now + timedelta(seconds=5)

    (work,) = run.episode(run.fired(timer)).activities
    assert work.task_id == 2
    assert run.episode(run.completed(2, "fine")).outcome == Ended("Completed", '"fine"')


def test_after_the_last_failure_comes_one_more_timer_at_once(drive: Any) -> None:
    """D-015, D-016: then the failure reaches the orchestrator."""
    run = drive(_retries)
    run.start()
    (first,) = run.episode(run.failed(0, "once")).timers
    run.episode(run.fired(first))
    (last,) = run.episode(run.failed(2, "twice")).timers
    assert (last.timer_id, last.fire_at) == (3, run.now)

    outcome = run.episode(run.fired(last)).outcome
    assert outcome.status == "Failed"
    assert "twice" in outcome.output


def test_retries_side_by_side_take_ids_as_their_failures_arrive(drive: Any) -> None:
    """D-009, D-015: the sequence that was observed with the real extension's protocol."""

    def flow(context: Context) -> Flow:
        retry = df.RetryOptions(1000, 3)
        yield context.task_all(
            [
                context.call_activity_with_retry("a", retry),
                context.call_activity_with_retry("b", retry),
                context.call_activity("c"),
                context.call_entity(df.EntityId("Counter", "k"), "get"),
            ]
        )

    run = drive(flow)
    run.start()
    run.episode(run.failed(1, "b"), run.failed(0, "a"))
    run.episode(*[run.fired(_timer(run, timer_id)) for timer_id in (4, 5)])
    scheduled = [
        (entry["EventType"], entry["EventId"], entry.get("Name")) for entry in run.history if entry["EventId"] >= 0
    ]
    assert scheduled == [
        (EventType.TASK_SCHEDULED, 0, "a"),
        (EventType.TASK_SCHEDULED, 1, "b"),
        (EventType.TASK_SCHEDULED, 2, "c"),
        (EventType.EVENT_SENT, 3, "op"),
        (EventType.TIMER_CREATED, 4, None),
        (EventType.TIMER_CREATED, 5, None),
        (EventType.TASK_SCHEDULED, 6, "b"),
        (EventType.TASK_SCHEDULED, 7, "a"),
    ]


def test_a_sub_orchestration_gets_an_id_of_its_own(drive: Any) -> None:
    """The id is `<ExecutionId of the parent>:<sequence id>` (D-029)."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("a")
        yield context.task_all([context.call_sub_orchestrator("child", n) for n in range(2)])

    run = drive(flow)
    run.start()
    children = run.episode(run.completed(0)).children
    assert [child.instance_id for child in children] == ["e1:1", "e1:2"]


def _timer(run: Any, timer_id: int) -> Any:
    created = next(e for e in run.history if e["EventType"] == EventType.TIMER_CREATED and e["EventId"] == timer_id)
    return type("Timer", (), {"timer_id": timer_id, "fire_at": parse_time(created["FireAt"]).astimezone(UTC)})


def _input(run: Any) -> str:
    return json.dumps(
        {
            "history": run.history,
            "input": None,
            "instanceId": "inst-1",
            "isReplaying": False,
            "parentInstanceId": None,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
        }
    )
