"""Random orchestrators, random order of results: SDK and core agree on all ids, so every result reaches its step."""

import json
from collections.abc import Generator
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_azure.functions.durable.protocol.episode import Decision, Ended
from local_azure.functions.durable.protocol.history import dumps

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")

ACTIVITY = st.tuples(st.just("activity"), st.integers(0, 9))
RETRY = st.tuples(st.just("retry"), st.integers(0, 3), st.integers(1, 3))
TIMER = st.tuples(st.just("timer"), st.integers(0, 100))
ENTITY = st.tuples(st.just("entity"), st.integers(0, 9))
CHILD = st.tuples(st.just("child"), st.integers(0, 9))
SIGNAL = st.tuples(st.just("signal"), st.integers(0, 9))
# The SDK fails a task_all on its first failure and loses step with retries beside it, so those succeed in the end.
SURE_RETRY = st.tuples(st.just("retry"), st.integers(0, 2), st.just(3))
ALL = st.tuples(st.just("all"), st.lists(ACTIVITY | SURE_RETRY | TIMER | ENTITY | CHILD, min_size=1, max_size=4))
STEPS = st.lists(ACTIVITY | RETRY | TIMER | ENTITY | CHILD | SIGNAL | ALL, max_size=6)


def _task(context: df.DurableOrchestrationContext, step: Any, path: str) -> Any:
    match step:
        case ("activity", value):
            return context.call_activity("value", value)
        case ("retry", failures, attempts):
            plan = {"path": path, "failures": failures}
            return context.call_activity_with_retry("flaky", df.RetryOptions(1000, attempts), plan)
        case ("timer", seconds):
            return context.create_timer(context.current_utc_datetime + timedelta(seconds=seconds))
        case ("entity", value):
            return context.call_entity(df.EntityId("E", "k"), "value", value)
        case ("child", value):
            return context.call_sub_orchestrator("child", value)
        case ("all", children):
            return context.task_all([_task(context, child, f"{path}.{n}") for n, child in enumerate(children)])
    raise AssertionError(step)


def _expected(step: Any) -> Any:
    match step:
        case ("retry", failures, attempts):
            return "gave up" if failures >= attempts else "worked"
        case ("timer" | "signal", _):
            return None
        case ("all", children):
            return [_expected(child) for child in children]
    return step[1]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.data())
def test_every_result_reaches_its_step(drive: Any, steps: list[Any], data: st.DataObject) -> None:
    """The SDK and the backend agree on every sequence id (D-005, D-009, D-011, D-015, D-016, D-029, D-034)."""

    def flow(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
        results: list[Any] = []
        for n, step in enumerate(steps):
            if step[0] == "signal":
                context.signal_entity(df.EntityId("E", "k"), "note", step[1])
                results.append(None)
                continue
            try:
                results.append((yield _task(context, step, str(n))))
            except Exception:
                results.append("gave up")
        return results

    run = drive(flow)
    failures: dict[str, int] = {}
    decision = run.start()
    pending = _events(run, decision, failures)
    while decision.outcome is None:
        assert pending, "the orchestration waits for nothing"
        count = data.draw(st.integers(1, len(pending)), label="arrivals")
        chosen = [pending.pop(data.draw(st.integers(0, len(pending) - 1), label="which")) for _ in range(count)]
        decision = run.episode(*[make() for make in chosen])
        pending += _events(run, decision, failures)

    assert decision.outcome == Ended("Completed", dumps([_expected(step) for step in steps]))
    assert [e["EventId"] for e in run.history if e["EventId"] >= 0] == list(
        range(sum(e["EventId"] >= 0 for e in run.history))
    )


def _events(run: Any, decision: Decision, failures: dict[str, int]) -> list[Any]:
    """Return what would arrive for the new work, as functions so that times are those of the arrival."""
    events: list[Any] = []
    for work in decision.activities:
        value = json.loads(work.input_text)
        if work.name == "value":
            events.append(lambda work=work, value=value: run.completed(work.task_id, value))
            continue
        failures[value["path"]] = failures.get(value["path"], 0) + 1
        if failures[value["path"]] <= value["failures"]:
            events.append(lambda work=work: run.failed(work.task_id, "not yet"))
        else:
            events.append(lambda work=work: run.completed(work.task_id, "worked"))
    events += [lambda timer=timer: run.fired(timer) for timer in decision.timers]
    events += [lambda child=child: run.child_completed(child) for child in decision.children]
    for request in decision.requests:
        if request.parent is not None:
            result = json.loads(request.input_text or "null")
            events.append(lambda request=request, result=result: run.raised(request.id, {"result": result}))
    return events
