"""Rewind a failed execution: what changes in its history, and which sub-orchestrations have to be rewound too.

The rules are those of the extension's Azure Storage provider. A failure becomes a GenericEvent, which every reader of
a history ignores, and so does the event that scheduled the failed activity: the next replay schedules the activity
again, with the same id. The event that created a failed sub-orchestration stays, because that instance is rewound
itself. Failures that the orchestrator caught are rewound as well.

This module has no I/O.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from local_azure.functions.durable.protocol.history import WIRE_NAMES, Event, EventType


@dataclass(frozen=True, slots=True)
class FailedChild:
    """A sub-orchestration that failed: its instance id, and the id of the parent's task that waits for it."""

    instance_id: str
    task_id: int


@dataclass(frozen=True, slots=True)
class RewoundHistory:
    """The events that take the place of others, by position.

    With `waits_for_children` the execution goes on when a sub-orchestration that was rewound has ended. Without, an
    event has to start its next episode.
    """

    replaced: dict[int, Event]
    waits_for_children: bool


def find_failed_children(history: Sequence[Event]) -> list[FailedChild]:
    """Return the failed sub-orchestrations of an execution, in the order of their failures."""
    created = {
        entry["EventId"]: entry["InstanceId"]
        for entry in history
        if entry["EventType"] == EventType.SUB_ORCHESTRATION_CREATED
    }
    return [
        FailedChild(created[entry["TaskScheduledId"]], entry["TaskScheduledId"])
        for entry in history
        if entry["EventType"] == EventType.SUB_ORCHESTRATION_FAILED and entry["TaskScheduledId"] in created
    ]


def rewind_history(history: Sequence[Event], rewound_children: Set[int]) -> RewoundHistory:
    """Return what changes in the history of a failed execution.

    `rewound_children` are the task ids of the sub-orchestrations that are rewound; the other failed ones start again.
    """
    failed = {
        entry["TaskScheduledId"]
        for entry in history
        if entry["EventType"] in (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED)
    }
    replaced: dict[int, Event] = {}
    for position, entry in enumerate(history):
        kind, task_id = EventType(entry["EventType"]), entry["EventId"]
        if kind is EventType.SUB_ORCHESTRATION_CREATED and task_id in rewound_children:
            replaced[position] = {**entry, "Reason": _reason(kind)}
        elif _is_undone(kind, task_id, failed, entry):
            replaced[position] = {**entry, "EventType": int(EventType.GENERIC_EVENT), "Reason": _reason(kind)}
    return RewoundHistory(replaced, bool(rewound_children))


def _is_undone(kind: EventType, task_id: int, failed: Set[int], entry: Event) -> bool:
    if kind in (EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED):
        return task_id in failed
    if kind is EventType.EXECUTION_COMPLETED:
        return bool(entry["OrchestrationStatus"] == "Failed")
    return kind in (EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED)


def _reason(kind: EventType) -> str:
    return f"Rewound: {WIRE_NAMES[kind]}"
