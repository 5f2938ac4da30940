"""What fails in an episode, and what the instance then says."""

import json
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_azure.functions.durable.protocol.episode import Answer, Ended, Execution, decide, parse_failure
from local_azure.functions.durable.protocol.history import EventType, event, execution_started
from local_azure.functions.durable.protocol.replay import ReplayError

# The SDK warns of what these tests do on purpose.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
]

NOW = datetime(2026, 8, 24, 10, tzinfo=UTC)
Flow = Generator[Any, Any, Any]
Context: TypeAlias = df.DurableOrchestrationContext


def test_a_failed_activity_raises_and_can_be_caught(drive: Any) -> None:
    """The exception's text is the reason and the details (D-008)."""

    def flow(context: Context) -> Flow:
        try:
            yield context.call_activity("bad")
        except Exception as error:
            return str(error)

    run = drive(flow)
    run.start()
    outcome = run.episode(run.failed(0, "it broke")).outcome
    assert json.loads(outcome.output) == "it broke \n details"


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


def test_an_error_carries_its_state_inside_the_message() -> None:
    """The JSON after `$OutOfProcData$:` has the error (D-030) and the custom status (D-031)."""
    state = '{"isDone": false, "schemaVersion": 2, "actions": [[]], "error": "boom", "customStatus": "was here"}'
    answer = parse_failure(f"Result: Failure\nException: boom\n\n$OutOfProcData$:{state}\nStack: elsewhere")
    assert (answer.error, answer.custom_status) == ("boom", "was here")


def test_an_error_without_state_is_the_error() -> None:
    """Without the label the whole text is the error (D-032)."""
    assert parse_failure("no state here").error == "no state here"


def test_an_error_without_state_in_a_later_episode_is_still_the_error(drive: Any) -> None:
    """D-032: not an error about the steps that are missing from the answer."""

    def flow(context: Context) -> Flow:
        yield context.call_activity("a")
        yield "nonsense"

    run = drive(flow)
    run.start()
    outcome = run.episode(run.completed(0)).outcome
    assert outcome.status == "Failed"
    assert "'str' object has no attribute" in outcome.output


@pytest.mark.parametrize("answers", ["", "null", "[]", '{"isDone": true}', '{"isDone": true, "actions": []}'])
def test_an_answer_that_is_no_state_fails_the_instance(answers: str) -> None:
    """The instance fails; it does not stay Running for ever (D-032)."""
    with pytest.raises(ReplayError, match="did not return its state"):
        parse_failure(f"failed_on_purpose\n\n$OutOfProcData$:{answers}")


@pytest.mark.parametrize(
    "action", [{}, {"actionType": 99}, {"actionType": 0}, {"actionType": 5, "fireAt": "soon"}, {"actionType": 12}, None]
)
def test_an_action_that_is_none_fails_the_instance(action: Any) -> None:
    started = execution_started(NOW, name="f", version="", instance_id="i", execution_id="e", input_text=None)
    history = [event(EventType.ORCHESTRATOR_STARTED, NOW), started]
    decision = decide(
        Execution("i", "e", "f"),
        history,
        Answer([action], is_done=True),
        at=NOW,
        new_id=lambda: "id",
        missing_reason=lambda _work: None,
    )
    assert isinstance(decision.outcome, Ended)
    assert decision.outcome.status == "Failed"
    assert "an action cannot be understood" in str(decision.outcome.output)


@pytest.mark.parametrize("second", ["other_name", "timer", "nothing"])
def test_a_non_deterministic_orchestrator_fails(drive: Any, second: str) -> None:
    """Another action at the same place of the history fails the instance (D-033)."""
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
    """A reply with `exceptionType` is raised in the orchestrator (D-035)."""

    def flow(context: Context) -> Flow:
        try:
            yield context.call_entity(df.EntityId("Counter", "k"), "get")
        except Exception as error:
            return str(error)

    run = drive(flow)
    (call,) = run.start().requests
    reply = run.raised(call.id, {"result": '"it broke"', "exceptionType": "Exception"})
    assert run.episode(reply).outcome == Ended("Completed", '"it broke"')


@pytest.mark.parametrize("instance_id", ["inst-1", "@entity@key", "a/b", "x" * 101])
def test_a_sub_orchestration_with_an_impossible_id_fails_its_parent(drive: Any, instance_id: str) -> None:
    def flow(context: Context) -> Flow:
        yield context.call_sub_orchestrator("child", None, instance_id)

    assert drive(flow).start().outcome.status == "Failed"
