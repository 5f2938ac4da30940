"""Orchestration instances in the database: start, receive events, end.

Each function is part of one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from local_azure.functions.durable.protocol.episode import Ended
from local_azure.functions.durable.protocol.history import (
    Event,
    EventType,
    dumps,
    event,
    execution_started,
    to_microseconds,
)
from local_azure.functions.durable.protocol.work_items import ReadyWork

TERMINAL = ("Completed", "Failed", "Terminated", "Canceled")


@dataclass(frozen=True, slots=True)
class Parent:
    """The execution that waits for a sub-orchestration, and the id of its task."""

    instance_id: str
    execution_id: str
    task_id: int


@dataclass(frozen=True, slots=True)
class NewExecution:
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


def read_instance(db: sqlite3.Connection, instance_id: str) -> sqlite3.Row | None:
    """Return the row of the instance, or None."""
    found: sqlite3.Row | None = db.execute("SELECT * FROM instances WHERE id = ?", (instance_id,)).fetchone()
    return found


def start_instance(
    db: sqlite3.Connection, new: NewExecution, now: datetime, *, replace_running: bool = False
) -> ReadyWork:
    """Create the instance; one with the same id that has ended is replaced. Raises InstanceExists."""
    existing = read_instance(db, new.instance_id)
    if existing is not None:
        if existing["status"] not in TERMINAL and not replace_running:
            raise InstanceExists(new.instance_id, existing["status"])
        purge_instance(db, new.instance_id)
    parent = new.parent
    at = to_microseconds(now)
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
    add_to_inbox(db, new.instance_id, new.execution_id, execution_started_event(new, now))
    return ReadyWork({new.instance_id}, changed={new.instance_id})


def purge_instance(db: sqlite3.Connection, instance_id: str) -> None:
    """Remove the instance and everything that belongs to it."""
    db.execute("DELETE FROM instances WHERE id = ?", (instance_id,))
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    db.execute("DELETE FROM activities WHERE instance_id = ?", (instance_id,))
    delete_inbox_and_timers(db, instance_id)


def deliver_event(db: sqlite3.Connection, instance_id: str, execution_id: str | None, arrived: Event) -> ReadyWork:
    """Add the event to the instance's inbox, unless its execution has ended."""
    found = read_instance(db, instance_id)
    if found is None or found["status"] in TERMINAL or execution_id not in (None, found["execution_id"]):
        return ReadyWork()
    add_to_inbox(db, instance_id, execution_id, arrived)
    return ReadyWork({instance_id})


def load_history(db: sqlite3.Connection, instance_id: str) -> list[Event]:
    """Return the events of the instance's current execution."""
    rows = db.execute("SELECT event FROM history WHERE instance_id = ? ORDER BY position", (instance_id,))
    events: list[Event] = json.loads(f"[{','.join(entry['event'] for entry in rows)}]")
    return events


def end_instance(
    db: sqlite3.Connection, instance_id: str, outcome: Ended, events: Sequence[Event], now: datetime
) -> ReadyWork:
    """End a running instance at the request of a client (terminate)."""
    found = read_instance(db, instance_id)
    assert found is not None
    (length,) = db.execute("SELECT count(*) FROM history WHERE instance_id = ?", (instance_id,)).fetchone()
    append_history(db, instance_id, length, events)
    ready = ReadyWork(changed={instance_id})
    record_end(db, found, outcome, now, ready)
    return ready


def set_status(db: sqlite3.Connection, instance_id: str, status: str, recorded: Event, now: datetime) -> ReadyWork:
    """Suspend or resume the instance; the event becomes part of its history with the next episode."""
    db.execute("UPDATE instances SET status = ?, updated = ? WHERE id = ?", (status, to_microseconds(now), instance_id))
    add_to_inbox(db, instance_id, None, recorded)
    return ReadyWork({instance_id}, changed={instance_id})


def record_end(db: sqlite3.Connection, found: sqlite3.Row, outcome: Ended, now: datetime, ready: ReadyWork) -> None:
    """Record the end of the instance and deliver its result to the parent that waits for it."""
    db.execute(
        "UPDATE instances SET status = ?, output = ?, updated = ? WHERE id = ?",
        (outcome.status, outcome.output, to_microseconds(now), found["id"]),
    )
    delete_inbox_and_timers(db, found["id"])
    if found["parent_id"] is None:
        return
    task_id = found["parent_task"]
    if outcome.status == "Completed":
        result_event = event(EventType.SUB_ORCHESTRATION_COMPLETED, now, TaskScheduledId=task_id, Result=outcome.output)
    else:
        reason = None if outcome.output is None else json.loads(outcome.output)
        result_event = event(
            EventType.SUB_ORCHESTRATION_FAILED, now, TaskScheduledId=task_id, Reason=reason, Details=outcome.status
        )
    ready.instances |= deliver_event(db, found["parent_id"], found["parent_execution"], result_event).instances


def execution_started_event(new: NewExecution, now: datetime) -> Event:
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


def add_to_inbox(db: sqlite3.Connection, instance_id: str, execution_id: str | None, arrived: Event) -> None:
    """Add an event to the inbox; one with an execution id is dropped when that execution has ended."""
    db.execute(
        "INSERT INTO inbox (instance_id, execution_id, event) VALUES (?, ?, ?)",
        (instance_id, execution_id, dumps(arrived)),
    )


def append_history(db: sqlite3.Connection, instance_id: str, position: int, events: Iterable[Event]) -> None:
    """Add events to the history, the first one at the position."""
    db.executemany(
        "INSERT INTO history (instance_id, position, event) VALUES (?, ?, ?)",
        [(instance_id, position + index, dumps(entry)) for index, entry in enumerate(events)],
    )


def delete_inbox_and_timers(db: sqlite3.Connection, instance_id: str) -> None:
    """Delete the timers and the inbox of an execution that has ended; results of its activities are dropped later."""
    db.execute("DELETE FROM inbox WHERE instance_id = ?", (instance_id,))
    db.execute("DELETE FROM timers WHERE instance_id = ?", (instance_id,))
