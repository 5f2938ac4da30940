"""One episode of an orchestration: the input for the SDK, and the meaning of its answer.

This module has no I/O: from the history and the SDK's answer it makes a `Decision`. Times and ids are arguments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local_azure.functions.durable.protocol.history import Event, EventType, dumps, event, parse_time, timestamp
from local_azure.functions.durable.protocol.identifiers import (
    InvalidIdentifier,
    entity_scheduler_id,
    parse_entity_id,
    validate_instance_id,
)
from local_azure.functions.durable.protocol.replay import (
    HTTP_ACTIVITY,
    ActionReplay,
    ActionType,
    ReplayError,
    ScheduledWork,
)
from local_azure.functions.durable.protocol.work_items import (
    ActivityWork,
    EntityRequest,
    SubOrchestrationStart,
    TimerWork,
)

OUT_OF_PROC_LABEL = "$OutOfProcData$:"


@dataclass(frozen=True, slots=True)
class Execution:
    """The instance and the execution that an episode belongs to; continue-as-new starts the next execution."""

    instance_id: str
    execution_id: str
    name: str
    parent_instance_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The state that an orchestrator function returned or raised; `actions` is None when it gave no state."""

    actions: list[dict[str, Any]] | None
    is_done: bool = False
    output: Any = None
    error: str | None = None
    custom_status: Any = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The instance has ended; `output` is JSON text."""

    status: str
    output: str | None


@dataclass(frozen=True, slots=True)
class ContinuedAsNew:
    """The instance starts again with this input (JSON text) and the events it has not used."""

    input_text: str | None
    carried: list[Event]


@dataclass(slots=True)
class Decision:
    """What an episode leads to: events for the history, work to start, and the outcome if it ends the execution.

    `blocked_on` describes an action that the replay waits for although the orchestrator went on without it.
    """

    events: list[Event] = field(default_factory=list)
    activities: list[ActivityWork] = field(default_factory=list)
    timers: list[TimerWork] = field(default_factory=list)
    cancelled_timers: list[int] = field(default_factory=list)
    children: list[SubOrchestrationStart] = field(default_factory=list)
    requests: list[EntityRequest] = field(default_factory=list)
    custom_status: str | None = None
    outcome: Ended | ContinuedAsNew | None = None
    blocked_on: str | None = None


def episode_time(now: datetime, history: Sequence[Event], arrived: Iterable[Event]) -> datetime:
    """Return the time of a new episode: never before the last one, nor before a timer that fired for it."""
    earlier = [
        parse_time(entry["Timestamp"]) for entry in history if entry["EventType"] == EventType.ORCHESTRATOR_STARTED
    ]
    fired = [parse_time(entry["FireAt"]) for entry in arrived if entry["EventType"] == EventType.TIMER_FIRED]
    return max([now, *earlier[-1:], *fired])


def orchestrator_input(
    execution: Execution, history: Sequence[Event], *, longest_timer: timedelta, timer_interval: timedelta
) -> str:
    """Return the JSON text that the orchestrator function is called with."""
    started = next(entry for entry in history if entry["EventType"] == EventType.EXECUTION_STARTED)
    return dumps(
        {
            "history": history,
            "input": None if started["Input"] is None else json.loads(started["Input"]),
            "instanceId": execution.instance_id,
            "isReplaying": False,
            "parentInstanceId": execution.parent_instance_id,
            "upperSchemaVersion": 1,
            "upperSchemaVersionNew": 2,
            "longRunningTimerIntervalDuration": _timespan(timer_interval),
            "maximumShortTimerDuration": _timespan(longest_timer),
            "defaultHttpAsyncRequestSleepTimeMillseconds": 30000,
        }
    )


def _timespan(duration: timedelta) -> str:
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{duration.days}.{hours:02}:{minutes:02}:{seconds:02}"


def parse_answer(text: str) -> Answer:
    """Return what an orchestrator function answered. Raises ReplayError for anything but its JSON state."""
    try:
        state = json.loads(text)
        (actions,) = state["actions"]  # schema 2 and later: one list
        return Answer(
            actions,
            bool(state["isDone"]),
            state.get("output"),
            state.get("error"),
            state.get("customStatus"),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayError(f"the orchestrator did not return its state: {error!r}") from error


def parse_failure(message: str) -> Answer:
    """Return the state inside the message of an exception; without one, the message is the error.

    Raises ReplayError when the text after the label is not a state.
    """
    text, label, state = message.partition(OUT_OF_PROC_LABEL)
    if not label:
        return Answer(None, error=message)
    answer = parse_answer(state.partition("\n")[0])
    return answer if answer.error else Answer(answer.actions, True, None, text.strip(), answer.custom_status)


def decide(
    execution: Execution,
    history: Sequence[Event],
    answer: Answer,
    *,
    at: datetime,
    new_id: Callable[[], str],
    missing_reason: Callable[[ScheduledWork], str | None],
) -> Decision:
    """Return what the answer leads to.

    `missing_reason` returns why work cannot run (its function does not exist), or None.
    """
    decision = Decision()
    if answer.custom_status:
        decision.custom_status = dumps(answer.custom_status)
    if answer.actions is None:
        return _fail(execution, decision.custom_status, str(answer.error), at)
    replay = ActionReplay(answer.actions)
    try:
        replay.run(history)
        for work in replay.new_work:
            _schedule(work, decision, execution, at, new_id, missing_reason)
    except (ReplayError, InvalidIdentifier) as error:
        return _fail(execution, decision.custom_status, str(error), at)
    except (LookupError, TypeError, ValueError) as error:
        return _fail(execution, decision.custom_status, f"an action cannot be understood: {error!r}", at)
    decision.cancelled_timers = [work.id for work in replay.scheduled.values() if work.is_cancelled]
    return _conclude(execution, replay, answer, decision, at)


def _fail(execution: Execution, custom_status: str | None, error: str, at: datetime) -> Decision:
    failed = Decision([event(EventType.ORCHESTRATOR_COMPLETED, at)], custom_status=custom_status)
    return _end(failed, at, "Failed", failure_text(execution.name, error))


def failure_text(name: str, error: str) -> str:
    """Return the output of an instance whose orchestrator failed."""
    return f"Orchestrator function '{name}' failed: {error}"


def _conclude(execution: Execution, replay: ActionReplay, answer: Answer, decision: Decision, at: datetime) -> Decision:
    decision.events.append(event(EventType.ORCHESTRATOR_COMPLETED, at))
    is_over = answer.is_done or answer.error is not None
    went_on = is_over or (bool(replay.actions) and replay.waiting_for is not replay.actions[-1])
    if went_on and replay.waiting_for is not None and not replay.has_open_work:
        decision.blocked_on = _describe(replay.waiting_for)
    if not is_over or not replay.is_finished:
        return decision
    if answer.error is None and replay.continue_as_new is not None:
        # Work that is still open belongs to the old execution; its results will be dropped.
        input_text = dumps(replay.continue_as_new["input"])
        decision.outcome = ContinuedAsNew(input_text, replay.unprocessed_events)
    elif replay.has_open_work:
        return decision
    elif answer.error is not None:
        return _end(decision, at, "Failed", failure_text(execution.name, answer.error))
    else:
        return _end(decision, at, "Completed", answer.output)
    return decision


def _describe(action: dict[str, Any] | None) -> str:
    if action is None:
        return "nothing"
    kind = ActionType(action["actionType"]).name
    return f"{kind} {action.get('externalEventName') or action.get('functionName') or ''}".strip()


def _end(decision: Decision, at: datetime, status: str, output: object) -> Decision:
    result = None if output is None else dumps(output)
    completed = event(EventType.EXECUTION_COMPLETED, at, OrchestrationStatus=status, Result=result)
    decision.events.append(completed)
    decision.outcome = Ended(status, result)
    return decision


def _schedule(
    work: ScheduledWork,
    decision: Decision,
    execution: Execution,
    at: datetime,
    new_id: Callable[[], str],
    missing_reason: Callable[[ScheduledWork], str | None],
) -> None:
    reason = missing_reason(work)
    if reason is not None:
        raise ReplayError(reason)
    if work.kind is EventType.TIMER_CREATED:
        assert work.fire_at is not None
        decision.events.append(event(work.kind, at, work.id, FireAt=timestamp(work.fire_at)))
        if not work.is_cancelled:
            decision.timers.append(TimerWork(execution.instance_id, execution.execution_id, work.id, work.fire_at))
    elif work.kind is EventType.TASK_SCHEDULED:
        _schedule_activity(work, decision, execution, at)
    elif work.kind is EventType.SUB_ORCHESTRATION_CREATED:
        _schedule_child(work, decision, execution, at, new_id())
    else:
        _send_entity_request(work, decision, execution, at, new_id)


def _schedule_activity(work: ScheduledWork, decision: Decision, execution: Execution, at: datetime) -> None:
    is_http = work.name == HTTP_ACTIVITY
    text = dumps(work.action["httpRequest"]) if is_http else work.action["input"]
    recorded = event(work.kind, at, work.id, Name=work.name, Version="", Input=dumps([text]))
    decision.events.append(recorded)
    decision.activities.append(ActivityWork(execution.instance_id, execution.execution_id, work.id, work.name, text))


def _schedule_child(
    work: ScheduledWork, decision: Decision, execution: Execution, at: datetime, child_execution_id: str
) -> None:
    action = work.action
    instance_id = validate_instance_id(action.get("instanceId") or f"{execution.execution_id}:{work.id}")
    if instance_id in (execution.instance_id, execution.parent_instance_id):
        raise ReplayError(f"the sub-orchestration's id '{instance_id}' is that of the orchestration or its parent")
    child = SubOrchestrationStart(
        task_id=work.id,
        name=work.name,
        instance_id=instance_id,
        execution_id=child_execution_id,
        input_text=dumps(action["input"]),
        version=action.get("version"),
    )
    decision.children.append(child)
    decision.events.append(
        event(
            work.kind,
            at,
            work.id,
            Name=child.name,
            Version=child.version or "",
            InstanceId=child.instance_id,
            Input=child.input_text,
        )
    )


def _send_entity_request(
    work: ScheduledWork, decision: Decision, execution: Execution, at: datetime, new_id: Callable[[], str]
) -> None:
    action = work.action
    target = parse_entity_id(work.name)
    is_signal = action["actionType"] != ActionType.CALL_ENTITY
    due = action.get("fireAt") or action.get("scheduledTime")
    request = EntityRequest(
        entity=target,
        operation=action["operation"],
        input_text=dumps(action["input"]),
        id=new_id(),
        parent=None if is_signal else (execution.instance_id, execution.execution_id),
        due=None if due is None else parse_time(due),
    )
    decision.requests.append(request)
    message = {
        "op": request.operation,
        **({"signal": True} if is_signal else {}),
        "input": request.input_text,
        "id": request.id,
        "parent": execution.instance_id,
        "parentExecution": execution.execution_id,
        **({"due": timestamp(request.due)} if request.due else {}),
    }
    decision.events.append(
        event(work.kind, at, work.id, InstanceId=entity_scheduler_id(target), Name="op", Input=dumps(message))
    )
