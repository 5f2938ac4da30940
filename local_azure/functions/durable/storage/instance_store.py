"""Orchestration instances in the store: start, deliver, commit an episode, end.

Each function is part of one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local_azure.functions.durable.protocol.episode import Ended
from local_azure.functions.durable.protocol.history import (
    Event,
    EventType,
    dumps,
    event,
    execution_started,
    microseconds,
)
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.protocol.work_items import ActivityWork

TERMINAL = ("Completed", "Failed", "Terminated", "Canceled")


@dataclass(slots=True)
class Wakes:
    """Who has something to do after a transaction."""

    instances: set[str] = field(default_factory=set)
    entities: set[EntityId] = field(default_factory=set)
    activities: list[ActivityWork] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    has_timers: bool = False


@dataclass(frozen=True, slots=True)
class Parent:
    """Who waits for a sub-orchestration."""

    instance_id: str
    execution_id: str
    task_id: int


@dataclass(frozen=True, slots=True)
class Start:
    """A new instance, or a new execution of one; `input_text` is JSON text."""

    name: str
    instance_id: str
    execution_id: str
    input_text: str | None
    version: str
    parent: Parent | None = None


class InstanceExists(Exception):
    """An instance with this id is running."""

    def __init__(self, instance_id: str, status: str) -> None:
        super().__init__(f"An Orchestration instance with the status {status} already exists: '{instance_id}'.")


def row(db: sqlite3.Connection, instance_id: str) -> sqlite3.Row | None:
    """Return the instance's row."""
    found: sqlite3.Row | None = db.execute("SELECT * FROM instances WHERE id = ?", (instance_id,)).fetchone()
    return found


def start(db: sqlite3.Connection, new: Start, now: datetime, *, replace_running: bool = False) -> Wakes:
    """Create the instance, in place of one that is over. Raises InstanceExists."""
    existing = row(db, new.instance_id)
    if existing is not None:
        if existing["status"] not in TERMINAL and not replace_running:
            raise InstanceExists(new.instance_id, existing["status"])
        purge(db, new.instance_id)
    parent = new.parent
    at = microseconds(now)
    db.execute(
        "INSERT INTO instances (id, name, version, execution_id, status, input, created, updated,"
        " parent_id, parent_execution, parent_task) VALUES (?, ?, ?, ?, 'Pending', ?, ?, ?, ?, ?, ?)",
        (
            new.instance_id,
            new.name,
            new.version,
            new.execution_id,
            new.input_text,
            at,
            at,
            parent and parent.instance_id,
            parent and parent.execution_id,
            parent and parent.task_id,
        ),
    )
    post(db, new.instance_id, new.execution_id, started_event(new, now))
    return Wakes({new.instance_id}, changed={new.instance_id})


def purge(db: sqlite3.Connection, instance_id: str) -> None:
    """Remove every trace of the instance."""
    db.execute("DELETE FROM instances WHERE id = ?", (instance_id,))
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    db.execute("DELETE FROM activities WHERE instance_id = ?", (instance_id,))
    drop_waits(db, instance_id)


def deliver(db: sqlite3.Connection, instance_id: str, execution_id: str | None, arrived: Event) -> Wakes:
    """Put the event in the instance's inbox, unless it is for an execution that is over."""
    found = row(db, instance_id)
    if found is None or found["status"] in TERMINAL or execution_id not in (None, found["execution_id"]):
        return Wakes()
    post(db, instance_id, execution_id, arrived)
    return Wakes({instance_id})


def load_history(db: sqlite3.Connection, instance_id: str) -> list[Event]:
    """Return the events of the instance's current execution."""
    rows = db.execute("SELECT event FROM history WHERE instance_id = ? ORDER BY position", (instance_id,))
    events: list[Event] = json.loads(f"[{','.join(entry['event'] for entry in rows)}]")
    return events


def end(db: sqlite3.Connection, instance_id: str, outcome: Ended, events: Sequence[Event], now: datetime) -> Wakes:
    """End a running instance from outside, as terminate does."""
    found = row(db, instance_id)
    assert found is not None
    (length,) = db.execute("SELECT count(*) FROM history WHERE instance_id = ?", (instance_id,)).fetchone()
    append(db, instance_id, length, events)
    wakes = Wakes(changed={instance_id})
    finish(db, found, outcome, now, wakes)
    return wakes


def set_status(db: sqlite3.Connection, instance_id: str, status: str, note: Event, now: datetime) -> Wakes:
    """Suspend or resume the instance; the note becomes part of its history with the next episode."""
    db.execute("UPDATE instances SET status = ?, updated = ? WHERE id = ?", (status, microseconds(now), instance_id))
    post(db, instance_id, None, note)
    return Wakes({instance_id}, changed={instance_id})


def finish(db: sqlite3.Connection, found: sqlite3.Row, outcome: Ended, now: datetime, wakes: Wakes) -> None:
    """Record the end of the instance and tell the parent that waits for it."""
    db.execute(
        "UPDATE instances SET status = ?, output = ?, updated = ? WHERE id = ?",
        (outcome.status, outcome.output, microseconds(now), found["id"]),
    )
    drop_waits(db, found["id"])
    if found["parent_id"] is None:
        return
    task_id = found["parent_task"]
    if outcome.status == "Completed":
        told = event(EventType.SUB_ORCHESTRATION_COMPLETED, now, TaskScheduledId=task_id, Result=outcome.output)
    else:
        reason = None if outcome.output is None else json.loads(outcome.output)
        told = event(
            EventType.SUB_ORCHESTRATION_FAILED, now, TaskScheduledId=task_id, Reason=reason, Details=outcome.status
        )
    wakes.instances |= deliver(db, found["parent_id"], found["parent_execution"], told).instances


def started_event(new: Start, now: datetime) -> Event:
    """Return the first event of an execution."""
    parent = None
    if new.parent is not None:
        waiting = {"InstanceId": new.parent.instance_id, "ExecutionId": new.parent.execution_id}
        parent = {"TaskScheduleId": new.parent.task_id, "OrchestrationInstance": waiting}
    return execution_started(
        now,
        name=new.name,
        version=new.version,
        instance_id=new.instance_id,
        execution_id=new.execution_id,
        input_text=new.input_text,
        parent=parent,
    )


def post(db: sqlite3.Connection, instance_id: str, execution_id: str | None, arrived: Event) -> None:
    """Put an event in the inbox; one with an execution id is dropped when that execution is over."""
    db.execute(
        "INSERT INTO inbox (instance_id, execution_id, event) VALUES (?, ?, ?)",
        (instance_id, execution_id, dumps(arrived)),
    )


def append(db: sqlite3.Connection, instance_id: str, position: int, events: Iterable[Event]) -> None:
    """Add events to the history, the first at this position."""
    db.executemany(
        "INSERT INTO history (instance_id, position, event) VALUES (?, ?, ?)",
        [(instance_id, position + index, dumps(entry)) for index, entry in enumerate(events)],
    )


def drop_waits(db: sqlite3.Connection, instance_id: str) -> None:
    """Forget the timers and the inbox of an execution that is over. Activities it started run on, for nobody."""
    db.execute("DELETE FROM inbox WHERE instance_id = ?", (instance_id,))
    db.execute("DELETE FROM timers WHERE instance_id = ?", (instance_id,))
