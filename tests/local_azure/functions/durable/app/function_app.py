"""A small app that uses every durable feature of the Python SDK; it shares nothing with the chat.

Its orchestrators are here; activities, entities and client functions are blueprints in the other files.
"""

# The SDK's decorators are untyped.
# mypy: disable-error-code="untyped-decorator, no-any-return, import-not-found"

import json
import threading
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import sample_activities
import sample_clients
import sample_entities
from sample_activities import calls, threads
from sample_entities import barrier, operation_may_go_on, operation_reached, overlaps

__all__ = ["app", "barrier", "calls", "operation_may_go_on", "operation_reached", "overlaps", "threads"]

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
app.register_functions(sample_activities.bp)
app.register_functions(sample_entities.bp)
app.register_functions(sample_clients.bp)
Flow = Generator[Any, Any, Any]


@app.orchestration_trigger(context_name="context")
def one_activity(context: df.DurableOrchestrationContext) -> Flow:
    result = yield context.call_activity("double", context.get_input())
    return result


@app.orchestration_trigger(context_name="context")
def calls_one(context: df.DurableOrchestrationContext) -> Flow:
    name, value = context.get_input()
    return (yield context.call_activity(name, value))


@app.orchestration_trigger(context_name="context")
def counts_itself(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_entity(df.EntityId("Tally", "runs"), "add", 1))


@app.orchestration_trigger(context_name="context")
def no_steps(context: df.DurableOrchestrationContext) -> Any:
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def fan_out(context: df.DurableOrchestrationContext) -> Flow:
    results = yield context.task_all([context.call_activity("double", n) for n in context.get_input()])
    return sum(results)


@app.orchestration_trigger(context_name="context")
def mixed_fan_out(context: df.DurableOrchestrationContext) -> Flow:
    """Two retried activities, a plain one and an entity call at once: ids interleave with the failures."""
    token = context.get_input()
    retry = df.RetryOptions(1, 3)
    results = yield context.task_all(
        [
            context.call_activity_with_retry("Flaky", retry, {"token": f"{token}-a", "failures": 2}),
            context.call_activity_with_retry("Flaky", retry, {"token": f"{token}-b", "failures": 1}),
            context.call_activity("double", 4),
            context.call_entity(df.EntityId("Tally", token), "add", 5),
        ]
    )
    last = yield context.call_activity("double", 21)
    return [*results, last]


@app.orchestration_trigger(context_name="context")
def retrying(context: df.DurableOrchestrationContext) -> Flow:
    plan = context.get_input()
    try:
        result = yield context.call_activity_with_retry("Flaky", df.RetryOptions(1, plan["attempts"]), plan)
    except Exception as error:
        return {"gave_up": str(error)}
    return result


@app.orchestration_trigger(context_name="context")
def catches(context: df.DurableOrchestrationContext) -> Flow:
    try:
        flaky_task = context.call_activity("Flaky", context.get_input())
        yield context.task_all([context.call_activity("double", 1), flaky_task])
    except Exception as error:
        return str(error)
    return "no error"


@app.orchestration_trigger(context_name="context")
def one_failing(context: df.DurableOrchestrationContext) -> Flow:
    """Sets a custom status, then fails because a named activity fails."""
    context.set_custom_status({"stage": "before"})
    yield context.call_activity(context.get_input(), "x")


@app.orchestration_trigger(context_name="context")
def raises_error(context: df.DurableOrchestrationContext) -> Flow:
    context.set_custom_status("about to")
    yield context.call_activity("double", 1)
    raise ValueError("failed_on_purpose")


@app.orchestration_trigger(context_name="context")
def yields_no_task(context: df.DurableOrchestrationContext) -> Flow:
    yield 42


@app.orchestration_trigger(context_name="context")
def bad_output(context: df.DurableOrchestrationContext) -> Any:
    return {1, 2}


@app.orchestration_trigger(context_name="context")
def approval(context: df.DurableOrchestrationContext) -> Flow:
    """Human interaction: an event with a timeout in seconds."""
    deadline = context.current_utc_datetime + timedelta(seconds=context.get_input())
    timeout = context.create_timer(deadline)
    decision = context.wait_for_external_event("Decision")
    winner = yield context.task_any([decision, timeout])
    if winner == timeout:
        return "too late"
    timeout.cancel()
    return decision.result


@app.orchestration_trigger(context_name="context")
def leaves_timer(context: df.DurableOrchestrationContext) -> Flow:
    """Forgets to cancel its timer, so it stays Running until the timer fires."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=context.get_input()))
    yield context.task_any([timer, context.call_activity("double", 1)])
    return "done"


@app.orchestration_trigger(context_name="context")
def waits_for(context: df.DurableOrchestrationContext) -> Flow:
    """Waits for the named events one after the other and returns what they carried."""
    received = []
    for name in context.get_input():
        received.append((yield context.wait_for_external_event(name)))
        context.set_custom_status(received)
    return received


@app.orchestration_trigger(context_name="context")
def sleeps(context: df.DurableOrchestrationContext) -> Flow:
    """Waits so many seconds; returns how late the timer fired, and whether it was replaying before and after."""
    seen = [context.is_replaying]
    fire_at = context.current_utc_datetime + timedelta(seconds=context.get_input())
    yield context.create_timer(fire_at)
    seen.append(context.is_replaying)
    return {"late": (context.current_utc_datetime - fire_at).total_seconds(), "replaying": seen}


@app.orchestration_trigger(context_name="context")
def naive_timer(context: df.DurableOrchestrationContext) -> Flow:
    yield context.create_timer(datetime(2030, 1, 1))  # noqa: DTZ001 - the mistake under test


@app.orchestration_trigger(context_name="context")
def parent(context: df.DurableOrchestrationContext) -> Flow:
    request = context.get_input()
    result = yield context.call_sub_orchestrator(request["name"], request["input"], request.get("id"))
    return {"child": result}


@app.orchestration_trigger(context_name="context")
def reports_parent(context: df.DurableOrchestrationContext) -> Flow:
    yield context.call_activity("echo", None)
    return {"parent": context.parent_instance_id, "id": context.instance_id, "version": context.version}


@app.orchestration_trigger(context_name="context")
def retries_child(context: df.DurableOrchestrationContext) -> Flow:
    token = context.get_input()
    plan = {"token": token, "failures": 1}
    retry = df.RetryOptions(1, 3)
    return (yield context.call_sub_orchestrator_with_retry("calls_flaky", retry, plan, f"{token}-child"))


@app.orchestration_trigger(context_name="context")
def calls_flaky(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_activity("Flaky", context.get_input()))


@app.orchestration_trigger(context_name="context")
def catches_then_fails(context: df.DurableOrchestrationContext) -> Flow:
    """Doubles, catches the first failure, does not catch the second; returns what all three returned."""
    plan = context.get_input()
    results = [(yield context.call_activity("double", 1))]
    try:
        results.append((yield context.call_activity("Flaky", {**plan, "token": plan["token"] + "-caught"})))
    except Exception as error:
        results.append(str(error))
    results.append((yield context.call_activity("Flaky", plan)))
    return results


@app.orchestration_trigger(context_name="context")
def flaky_then_waits(context: df.DurableOrchestrationContext) -> Flow:
    yield context.call_activity("Flaky", context.get_input())
    return (yield context.wait_for_external_event("go"))


@app.orchestration_trigger(context_name="context")
def retries_in_vain(context: df.DurableOrchestrationContext) -> Flow:
    return (yield context.call_activity_with_retry("Flaky", df.RetryOptions(1, 2), context.get_input()))


@app.orchestration_trigger(context_name="context")
def two_children(context: df.DurableOrchestrationContext) -> Flow:
    """Starts two sub-orchestrations of the given names and inputs at once, under ids of their own."""
    children = [
        context.call_sub_orchestrator(name, data, f"{context.instance_id}-{number}")
        for number, (name, data) in enumerate(context.get_input())
    ]
    return (yield context.task_all(children))


@app.orchestration_trigger(context_name="context")
def countdown(context: df.DurableOrchestrationContext) -> Flow:
    """Continues as new until it reaches zero, collecting an event on each run."""
    state = context.get_input()
    context.set_custom_status(f"at {state['left']}")
    state["seen"].append((yield context.wait_for_external_event("tick")))
    if state["left"] > 1:
        context.continue_as_new({"left": state["left"] - 1, "seen": state["seen"]})
        return None
    return state["seen"]


@app.orchestration_trigger(context_name="context")
def abandons_work(context: df.DurableOrchestrationContext) -> Flow:
    """Continues as new while an activity and a timer of the first execution are still open."""
    if context.get_input() == "again":
        result = yield context.wait_for_external_event("go")
        return result
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=3600))
    yield context.task_any([timer, context.call_activity("double", 1)])
    context.continue_as_new("again")
    return None


@app.orchestration_trigger(context_name="context")
def starts_and_continues(context: df.DurableOrchestrationContext) -> Flow:
    """Continues as new in the very episode that starts an activity, because the event beside it came early."""
    request = context.get_input()
    if request["again"]:
        return "continued"
    yield context.wait_for_external_event("first")
    activity = context.call_activity("leaves_mark", request["folder"])
    yield context.task_any([context.wait_for_external_event("early"), activity])
    context.continue_as_new({"again": True})
    return None


@app.orchestration_trigger(context_name="context")
def forgets_child(context: df.DurableOrchestrationContext) -> Flow:
    """Continues as new while a sub-orchestration and an entity call of the first execution are still open."""
    if context.get_input() == "again":
        return (yield context.call_sub_orchestrator("waits_for", ["finish"], "second"))
    child = context.call_sub_orchestrator("waits_for", ["finish"], "first")
    yield context.task_any([child, context.wait_for_external_event("go")])
    context.continue_as_new("again")
    return None


# With these a test delays an episode between its start and its end.
episode_reached = threading.Event()
episode_may_go_on = threading.Event()


@app.orchestration_trigger(context_name="context")
def waits_for_release(context: df.DurableOrchestrationContext) -> Any:
    if context.get_input() == "hold":
        episode_reached.set()
        episode_may_go_on.wait(timeout=10)
    return context.get_input()


@app.orchestration_trigger(context_name="context")
def uses_entity(context: df.DurableOrchestrationContext) -> Flow:
    entity = df.EntityId("Tally", context.get_input())
    context.signal_entity(entity, "add", 3)
    total = yield context.call_entity(entity, "add", 4)
    current = yield context.call_entity(entity, "get")
    return [total, current]


@app.orchestration_trigger(context_name="context")
def entity_fails(context: df.DurableOrchestrationContext) -> Flow:
    try:
        yield context.call_entity(df.EntityId("Tally", context.get_input()), "nonsense")
    except Exception as error:
        return str(error)
    return "no error"


@app.orchestration_trigger(context_name="context")
def calls_http(context: df.DurableOrchestrationContext) -> Flow:
    request = context.get_input()
    content, source = request.get("content"), request.get("resource")
    token_source = df.ManagedIdentityTokenSource(source) if source else None
    return (yield context.call_http(request["method"], request["uri"], content, None, token_source))


@app.orchestration_trigger(context_name="context")
def is_not_deterministic(context: df.DurableOrchestrationContext) -> Flow:
    """Not deterministic: the first step depends on how often it ran."""
    calls[context.instance_id] += 1
    yield context.call_activity("double" if calls[context.instance_id] == 1 else "echo", 1)


@app.orchestration_trigger(context_name="context")
def many_steps(context: df.DurableOrchestrationContext) -> Flow:
    total = 0
    for n in range(5):
        total += yield context.call_activity("double", n)
    results = yield context.task_all([context.call_activity("double", n) for n in range(5)])
    total += sum(results)
    total += yield context.call_entity(df.EntityId("Tally", context.instance_id), "add", 1)
    return total


@app.generic_trigger(arg_name="context", type="orchestrationTrigger")
def later(context: func.OrchestrationContext) -> str:
    """Returns the JSON of the protocol itself: the Python SDK has no action for a scheduled signal."""
    state = json.loads(str(context.body))
    request = json.loads(state["input"])
    signal = {
        "actionType": 10,
        "instanceId": request["entity"],
        "operation": "add",
        "input": "7",
        "fireAt": request["at"],
    }
    return json.dumps({"isDone": True, "schemaVersion": 2, "actions": [[signal]], "output": "sent"})
