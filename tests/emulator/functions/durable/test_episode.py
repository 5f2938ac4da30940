"""One orchestrator, episode by episode: the unmodified SDK and the pure core agree on what happens next."""

import json
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from emulator.functions.durable.episode import ContinuedAsNew, Ended, parse_failure
from emulator.functions.durable.history import EventType, event, execution_started, parse_time, timestamp
from emulator.functions.durable.replay import ReplayError

# The SDK warns of what these tests do on purpose.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
]

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
    """D-006."""

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
    """D-005."""
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
    """D-007."""

    def flow(context: Context) -> Flow:
        result = yield context.call_activity("any")
        return [type(result).__name__, result]

    run = drive(flow)
    run.start()
    outcome = run.episode(run.completed(0, {"a": [1, None]})).outcome
    assert json.loads(outcome.output) == ["dict", {"a": [1, None]}]


def test_a_failed_activity_raises_and_can_be_caught(drive: Any) -> None:
    """D-008."""

    def flow(context: Context) -> Flow:
        try:
            yield context.call_activity("bad")
        except Exception as error:
            return str(error)

    run = drive(flow)
    run.start()
    outcome = run.episode(run.failed(0, "it broke")).outcome
    assert json.loads(outcome.output) == "it broke \n details"


def test_waits_and_continue_as_new_take_no_id(drive: Any) -> None:
    """D-010."""

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
    """D-011."""

    def flow(context: Context) -> Flow:
        return (yield context.task_all([context.call_activity("a", n) for n in range(3)]))

    run = drive(flow)
    assert [work.task_id for work in run.start().activities] == [0, 1, 2]
    assert run.episode(run.completed(2, "c"), run.completed(0, "a")).outcome is None
    assert run.episode(run.completed(1, "b")).outcome == Ended("Completed", '["a","b","c"]')


def test_one_failure_of_several_surfaces_when_the_others_have_ended(drive: Any) -> None:
    """D-012: the SDK fails at once, the instance ends when nothing is open any more."""

    def flow(context: Context) -> Flow:
        yield context.task_all([context.call_activity("a"), context.call_activity("b")])

    run = drive(flow)
    run.start()
    assert run.episode(run.failed(1, "b broke")).outcome is None
    outcome = run.episode(run.completed(0)).outcome
    assert outcome.status == "Failed"
    assert "b broke" in outcome.output


def _race(context: Context) -> Flow:
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=60))
    activity = context.call_activity("a")
    yield context.task_any([timer, activity])
    if context.get_input() == "cancel":
        timer.cancel()
    return "over"


def test_the_loser_of_a_race_keeps_the_instance_running(drive: Any) -> None:
    """D-013."""
    run = drive(_race, "leave")
    (timer,) = run.start().timers
    assert run.episode(run.completed(1)).outcome is None
    assert run.episode(run.fired(timer)).outcome == Ended("Completed", '"over"')


def test_a_cancelled_timer_lets_the_instance_end(drive: Any) -> None:
    """D-014."""
    run = drive(_race, "cancel")
    run.start()
    decision = run.episode(run.completed(1))
    assert decision.outcome == Ended("Completed", '"over"')
    assert decision.cancelled_timers == [0]


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
    """D-020."""
    run = drive(_sleeps(6))
    (timer,) = run.start().timers
    assert timer.fire_at == run.now + timedelta(days=6)


def test_a_naive_time_is_refused(drive: Any) -> None:
    """D-019."""

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
    """D-021."""
    run = drive(_waits_twice)
    run.start()
    assert run.episode(run.raised("note", 1)).outcome is None
    assert run.episode(run.raised("note", 2)).outcome == Ended("Completed", "[1,2]")


def test_an_early_event_is_delivered(drive: Any) -> None:
    """D-022."""

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
    assert decision.stuck == "WAIT_FOR_EXTERNAL_EVENT note"


def test_the_host_matches_names_of_events_without_case_and_the_sdk_with(drive: Any) -> None:
    """D-023: so an event in another case is used up by the host, and the orchestrator never sees it."""
    run = drive(_waits_twice)
    run.start()
    run.episode(run.raised("NOTE", 1))
    assert len(run.answers[-1].actions) == 1
    run.episode(run.raised("note", 2))
    assert len(run.answers[-1].actions) == 2


def test_unused_events_are_carried_over_in_order(drive: Any) -> None:
    """D-027."""

    def flow(context: Context) -> Flow:
        yield context.wait_for_external_event("go")
        context.continue_as_new(None)

    run = drive(flow)
    run.start()
    arrived = [run.raised("b", 1), run.raised("a", 2), run.raised("go"), run.raised("b", 3)]
    outcome = run.episode(*arrived).outcome
    assert [(entry["Name"], entry["Input"]) for entry in outcome.carried] == [("b", "1"), ("a", "2"), ("b", "3")]
    assert json.loads(outcome.input_text) == "null"


def test_an_error_carries_its_state_inside_the_message() -> None:
    """D-030, D-031."""
    state = '{"isDone": false, "schemaVersion": 2, "actions": [[]], "error": "boom", "customStatus": "was here"}'
    answer = parse_failure(f"Result: Failure\nException: boom\n\n$OutOfProcData$:{state}\nStack: elsewhere")
    assert (answer.error, answer.custom_status) == ("boom", "was here")


def test_an_error_without_state_is_the_error() -> None:
    """D-032."""
    assert parse_failure("no state here").error == "no state here"


@pytest.mark.parametrize("answers", ["", "null", "[]", '{"isDone": true}', '{"isDone": true, "actions": []}'])
def test_an_answer_that_is_no_state_fails_the_instance(answers: str) -> None:
    """D-032: never a hang."""
    with pytest.raises(ReplayError, match="did not return its state"):
        parse_failure(f"exploded\n\n$OutOfProcData$:{answers}")


@pytest.mark.parametrize("second", ["other_name", "timer", "nothing"])
def test_an_orchestrator_that_changes_its_mind_is_found_out(drive: Any, second: str) -> None:
    """D-033."""
    runs = iter(["first", second])

    def flow(context: Context) -> Flow:
        match next(runs):
            case "timer":
                yield context.create_timer(context.current_utc_datetime)
            case "nothing":
                yield context.wait_for_external_event("x")
            case name:
                yield context.call_activity(name)

    run = drive(flow)
    run.start()
    outcome = run.episode(run.completed(0)).outcome
    assert outcome.status == "Failed"
    assert "Non-Deterministic workflow detected: step 0 was TaskScheduled 'first'" in outcome.output


def test_a_failed_entity_operation_raises(drive: Any) -> None:
    """D-035."""

    def flow(context: Context) -> Flow:
        try:
            yield context.call_entity(df.EntityId("Counter", "k"), "get")
        except Exception as error:
            return str(error)

    run = drive(flow)
    (call,) = run.start().requests
    reply = run.raised(call.id, {"result": '"it broke"', "exceptionType": "Exception"})
    assert run.episode(reply).outcome == Ended("Completed", '"it broke"')


def test_a_sub_orchestration_gets_an_id_of_its_own(drive: Any) -> None:
    """D-029."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("a")
        yield context.task_all([context.call_sub_orchestrator("child", n) for n in range(2)])

    run = drive(flow)
    run.start()
    children = run.episode(run.completed(0)).children
    assert [child.instance_id for child in children] == ["e1:1", "e1:2"]


@pytest.mark.parametrize("instance_id", ["inst-1", "@entity@key", "a/b", "x" * 101])
def test_a_sub_orchestration_with_an_impossible_id_fails_its_parent(drive: Any, instance_id: str) -> None:
    def flow(context: Context) -> Flow:
        yield context.call_sub_orchestrator("child", None, instance_id)

    assert drive(flow).start().outcome.status == "Failed"


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
