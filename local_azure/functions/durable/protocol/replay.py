"""Turn the SDK's list of actions into work: replay the actions over the history, as the extension does.

The SDK answers every episode with the complete list of actions since the start. The extension does not compare lists:
it performs the list again in an orchestration of its own, over the same history, and waits for each action before it
takes the next one. Each step gets the next sequence id, so the replay must take every step at the same point of the
history as the SDK. A step that has an id but no event in the history yet is new work.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine, Generator, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, TypeAlias

from local_azure.functions.durable.protocol.history import (
    EVENT_TYPES,
    SCHEDULING,
    WIRE_NAMES,
    Event,
    EventType,
    parse_time,
    timestamp,
)

Action: TypeAlias = dict[str, Any]
Step: TypeAlias = Coroutine["Promise", None, bool]


class ActionType(IntEnum):
    """The numbers of actions in the SDK's answer."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_SUB_ORCHESTRATOR = 2
    CALL_SUB_ORCHESTRATOR_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EXTERNAL_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    SCHEDULED_SIGNAL_ENTITY = 10
    WHEN_ANY = 11
    WHEN_ALL = 12


ACTION_TYPES: dict[int, ActionType] = {int(kind): kind for kind in ActionType}

HTTP_ACTIVITY = "BuiltIn::HttpActivity"


class ReplayError(Exception):
    """The orchestration cannot continue; the message becomes its failure."""


class NonDeterministic(ReplayError):
    """The actions do not match what the history says was scheduled."""

    def __init__(self, details: str) -> None:
        super().__init__(
            f"Non-Deterministic workflow detected: {details}. "
            "The orchestrator's code changed while this instance was running, or it does not repeat itself exactly."
        )


@dataclass(slots=True)
class ScheduledWork:
    """One unit of work with a sequence id; `kind` is the event that records it."""

    id: int
    kind: EventType
    name: str
    action: Action
    fire_at: datetime | None = None
    is_cancelled: bool = False
    is_done: bool = False
    # Entity messages do not keep an orchestration open, everything else does until it ends or is cancelled.
    keeps_open: bool = True


class Promise:
    """A result to come, awaited by the steps of a replay (there is no event loop)."""

    __slots__ = ("_then", "is_done", "succeeded")

    def __init__(self) -> None:
        self.is_done = False
        self.succeeded = False
        self._then: list[Callable[[], None]] = []

    def resolve(self, *, succeeded: bool) -> None:
        """Give the result to the steps that wait for it; a second result is ignored."""
        if self.is_done:
            return
        self.is_done, self.succeeded = True, succeeded
        waiting, self._then = self._then, []
        for resume in waiting:
            resume()

    def then(self, resume: Callable[[], None]) -> None:
        """Call back once there is a result."""
        if self.is_done:
            resume()
        else:
            self._then.append(resume)

    def __await__(self) -> Generator[Promise, None, bool]:
        if not self.is_done:
            yield self
        return self.succeeded


def _start(step: Step) -> Promise:
    """Run the step until it waits; return the promise of its end."""
    ended = Promise()

    def resume() -> None:
        try:
            waited_for = step.send(None)
        except StopIteration as stop:
            ended.resolve(succeeded=stop.value)
        else:
            waited_for.then(resume)

    resume()
    return ended


@dataclass(slots=True)
class ActionReplay:
    """One replay of a history. After `run`, the fields say what the extension would do next."""

    actions: list[Action]
    scheduled: dict[int, ScheduledWork] = field(default_factory=dict)
    recorded: set[int] = field(default_factory=set)
    is_finished: bool = False
    continue_as_new: Action | None = None
    waiting_for: Action | None = None
    _now: datetime | None = None
    _promises: dict[int, Promise] = field(default_factory=dict)
    _entity_calls: dict[str, int] = field(default_factory=dict)
    _waiters: dict[str, list[Promise]] = field(default_factory=lambda: defaultdict(list))
    _buffered: dict[str, deque[Event]] = field(default_factory=lambda: defaultdict(deque))
    _arrived: list[Event] = field(default_factory=list)

    def run(self, history: Iterable[Event]) -> None:
        """Replay the actions over the events. Raises ReplayError when they do not match."""
        for entry in history:
            self._apply(entry)
        missing = sorted(self.recorded - self.scheduled.keys())
        if missing:
            raise NonDeterministic(f"the history has a step with id {missing[0]} that the orchestrator no longer takes")

    @property
    def new_work(self) -> list[ScheduledWork]:
        """The work that has no event in the history yet, in the order of ids."""
        return [work for work_id, work in sorted(self.scheduled.items()) if work_id not in self.recorded]

    @property
    def has_open_work(self) -> bool:
        """Whether work still runs that the orchestration must wait for before it can end."""
        return any(work.keeps_open and not work.is_done and not work.is_cancelled for work in self.scheduled.values())

    @property
    def unprocessed_events(self) -> list[Event]:
        """External events that no step waited for, in the order of arrival."""
        left = {id(entry) for queue in self._buffered.values() for entry in queue}
        return [entry for entry in self._arrived if id(entry) in left]

    def _apply(self, entry: Event) -> None:
        kind = EVENT_TYPES[entry["EventType"]]
        if kind is EventType.ORCHESTRATOR_STARTED:
            self._now = parse_time(entry["Timestamp"])
        elif kind is EventType.EXECUTION_STARTED:
            _start(self._perform_all())
        elif kind in SCHEDULING:
            self._record(kind, entry)
        elif kind in (EventType.TASK_COMPLETED, EventType.SUB_ORCHESTRATION_COMPLETED):
            self._resolve(entry["TaskScheduledId"], succeeded=True)
        elif kind in (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED):
            self._resolve(entry["TaskScheduledId"], succeeded=False)
        elif kind is EventType.TIMER_FIRED:
            self._resolve(entry["TimerId"], succeeded=True)
        elif kind is EventType.EVENT_RAISED:
            self._raise_event(entry)

    def _record(self, kind: EventType, entry: Event) -> None:
        work_id = entry["EventId"]
        seen = entry["InstanceId"] if kind is EventType.EVENT_SENT else entry.get("Name", "")
        work = self.scheduled.get(work_id)
        if work is None:
            raise NonDeterministic(f"step {work_id} was {WIRE_NAMES[kind]} '{seen}' and is no longer taken")
        if work.kind is not kind or work.name.lower() != seen.lower():
            raise NonDeterministic(
                f"step {work_id} was {WIRE_NAMES[kind]} '{seen}' and is now {WIRE_NAMES[work.kind]} '{work.name}'"
            )
        self.recorded.add(work_id)
        if kind is EventType.EVENT_SENT:
            self._entity_calls[json.loads(entry["Input"])["id"]] = work_id

    def _resolve(self, work_id: int, *, succeeded: bool) -> None:
        if work_id in self.scheduled:
            self.scheduled[work_id].is_done = True
            self._promises[work_id].resolve(succeeded=succeeded)

    def _raise_event(self, entry: Event) -> None:
        if entry["Name"] in self._entity_calls:
            self._resolve(self._entity_calls[entry["Name"]], succeeded=True)
            return
        self._arrived.append(entry)
        name = entry["Name"].lower()
        if self._waiters[name]:
            self._waiters[name].pop().resolve(succeeded=True)  # the latest waiter gets the event, as in the extension
        else:
            self._buffered[name].append(entry)

    async def _perform_all(self) -> bool:
        for action in self.actions:
            self.waiting_for = action
            await self._perform(action)
        self.waiting_for = None
        self.is_finished = True
        return True

    async def _perform(self, action: Action) -> bool:
        kind = ACTION_TYPES[action["actionType"]]
        if kind is ActionType.WHEN_ALL:
            children = [_start(self._perform(child)) for child in action["compoundActions"]]
            return all([await child for child in children])
        if kind is ActionType.WHEN_ANY:
            return await self._perform_any(action["compoundActions"])
        if kind in (ActionType.CALL_ACTIVITY_WITH_RETRY, ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY):
            return await self._perform_with_retry(action)
        if kind is ActionType.WAIT_FOR_EXTERNAL_EVENT:
            return await self._wait_for_event(action["externalEventName"].lower())
        if kind is ActionType.CONTINUE_AS_NEW:
            self.continue_as_new = action
            return True
        if kind in (ActionType.SIGNAL_ENTITY, ActionType.SCHEDULED_SIGNAL_ENTITY):
            self._schedule(action)
            return True
        return await self._schedule(action)

    async def _perform_any(self, actions: list[Action]) -> bool:
        first = Promise()
        for action in actions:
            child = _start(self._perform(action))
            child.then(lambda child=child: first.resolve(succeeded=child.succeeded))  # type: ignore[misc]
        return await first if actions else True

    async def _perform_with_retry(self, action: Action) -> bool:
        options = action["retryOptions"]
        attempts = max(1, options["maxNumberOfAttempts"])
        interval = timedelta(milliseconds=options["firstRetryIntervalInMilliseconds"])
        for attempt in range(1, attempts + 1):
            if await self._schedule(action):
                return True
            # The SDK expects a timer after the last failure too; its delay may be zero.
            await self._schedule_timer(interval if attempt < attempts else timedelta(0))
        return False

    async def _wait_for_event(self, name: str) -> bool:
        if self._buffered[name]:
            self._buffered[name].popleft()
            return True
        arrival = Promise()
        self._waiters[name].append(arrival)
        return await arrival

    def _schedule_timer(self, delay: timedelta) -> Promise:
        assert self._now is not None
        fire_at = self._now + delay
        return self._schedule({"actionType": int(ActionType.CREATE_TIMER), "fireAt": timestamp(fire_at)})

    def _schedule(self, action: Action) -> Promise:
        work = _to_scheduled_work(len(self.scheduled), action)
        self.scheduled[work.id] = work
        promise = self._promises[work.id] = Promise()
        return promise


def _to_scheduled_work(work_id: int, action: Action) -> ScheduledWork:
    kind = ACTION_TYPES[action["actionType"]]
    if kind is ActionType.CREATE_TIMER:
        return ScheduledWork(
            work_id,
            EventType.TIMER_CREATED,
            "",
            action,
            fire_at=parse_time(action["fireAt"]),
            is_cancelled=action.get("isCanceled", False),
        )
    if kind in (ActionType.CALL_ACTIVITY, ActionType.CALL_ACTIVITY_WITH_RETRY):
        return ScheduledWork(work_id, EventType.TASK_SCHEDULED, action["functionName"], action)
    if kind is ActionType.CALL_HTTP:
        return ScheduledWork(work_id, EventType.TASK_SCHEDULED, HTTP_ACTIVITY, action)
    if kind in (ActionType.CALL_SUB_ORCHESTRATOR, ActionType.CALL_SUB_ORCHESTRATOR_WITH_RETRY):
        return ScheduledWork(work_id, EventType.SUB_ORCHESTRATION_CREATED, action["functionName"], action)
    return ScheduledWork(work_id, EventType.EVENT_SENT, action["instanceId"], action, keeps_open=False)
