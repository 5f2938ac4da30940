"""Orchestration instances in the store: start, deliver, commit an episode, end.

Each function is part of one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .entity_store import enqueue
from .episode import ContinuedAsNew, Decision, Ended, Execution
from .history import (
    Event,
    EventType,
    dumps,
    event,
    execution_started,
    from_microseconds,
    microseconds,
    timestamp,
)
from .messages import ActivityWork, ChildStart
from .names import EntityId

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


@dataclass(frozen=True, slots=True)
class Turn:
    """What an episode starts from: the history so far and what has arrived."""

    execution: Execution
    history: list[Event]
    arrived: list[Event]
    last_seq: int


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
    _post(db, new.instance_id, new.execution_id, _started(new, now))
    return Wakes({new.instance_id}, changed={new.instance_id})


def purge(db: sqlite3.Connection, instance_id: str) -> None:
    """Remove every trace of the instance."""
    db.execute("DELETE FROM instances WHERE id = ?", (instance_id,))
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    _drop_work(db, instance_id)


def deliver(db: sqlite3.Connection, instance_id: str, execution_id: str | None, arrived: Event) -> Wakes:
    """Put the event in the instance's inbox, unless it is for an execution that is over."""
    found = row(db, instance_id)
    if found is None or found["status"] in TERMINAL or execution_id not in (None, found["execution_id"]):
        return Wakes()
    _post(db, instance_id, execution_id, arrived)
    return Wakes({instance_id})


def take_turn(db: sqlite3.Connection, instance_id: str) -> Turn | None:
    """Return what the instance's next episode starts from, or None when there is none to run."""
    found = row(db, instance_id)
    if found is None or found["status"] in TERMINAL or found["status"] == "Suspended":
        return None
    inbox = db.execute(
        "SELECT seq, execution_id, event FROM inbox WHERE instance_id = ? ORDER BY seq", (instance_id,)
    ).fetchall()
    if not inbox:
        return None
    execution_id = found["execution_id"]
    arrived = [json.loads(entry["event"]) for entry in inbox if entry["execution_id"] in (None, execution_id)]
    if not arrived:  # results for an execution that continue-as-new has ended
        db.execute("DELETE FROM inbox WHERE instance_id = ? AND seq <= ?", (instance_id, inbox[-1]["seq"]))
        return None
    execution = Execution(instance_id, execution_id, found["name"], found["parent_id"])
    return Turn(execution, load_history(db, instance_id), arrived, inbox[-1]["seq"])


def load_history(db: sqlite3.Connection, instance_id: str) -> list[Event]:
    """Return the events of the instance's current execution."""
    rows = db.execute("SELECT event FROM history WHERE instance_id = ? ORDER BY position", (instance_id,))
    events: list[Event] = json.loads(f"[{','.join(entry['event'] for entry in rows)}]")
    return events


def commit_episode(
    db: sqlite3.Connection,
    turn: Turn,
    new_events: Sequence[Event],
    decision: Decision,
    *,
    now: datetime,
    next_execution_id: str,
    default_version: str,
) -> Wakes:
    """Record an episode and everything it starts; nothing happens if its execution is over by now."""
    execution = turn.execution
    found = row(db, execution.instance_id)
    if found is None or found["status"] in TERMINAL or found["execution_id"] != execution.execution_id:
        return Wakes()
    wakes = Wakes(changed={execution.instance_id})
    db.execute("DELETE FROM inbox WHERE instance_id = ? AND seq <= ?", (execution.instance_id, turn.last_seq))
    _append(db, execution.instance_id, len(turn.history), new_events)
    db.execute(
        "UPDATE instances SET status = iif(status = 'Pending', 'Running', status),"
        " custom_status = coalesce(?, custom_status), updated = ? WHERE id = ?",
        (decision.custom_status, microseconds(now), execution.instance_id),
    )
    for request in decision.requests:
        wakes.has_timers |= enqueue(db, request)
        wakes.entities.add(request.entity)
    if isinstance(decision.outcome, Ended):
        _end(db, found, decision.outcome, now, wakes)
    elif isinstance(decision.outcome, ContinuedAsNew):
        _continue_as_new(db, found, decision.outcome, next_execution_id, now, wakes)
    else:
        _start_work(db, execution, decision, now, wakes, default_version)
    return wakes


def end(db: sqlite3.Connection, instance_id: str, outcome: Ended, events: Sequence[Event], now: datetime) -> Wakes:
    """End a running instance from outside, as terminate does."""
    found = row(db, instance_id)
    assert found is not None
    (length,) = db.execute("SELECT count(*) FROM history WHERE instance_id = ?", (instance_id,)).fetchone()
    _append(db, instance_id, length, events)
    wakes = Wakes(changed={instance_id})
    _end(db, found, outcome, now, wakes)
    return wakes


def set_status(db: sqlite3.Connection, instance_id: str, status: str, note: Event, now: datetime) -> Wakes:
    """Suspend or resume the instance; the note becomes part of its history with the next episode."""
    db.execute("UPDATE instances SET status = ?, updated = ? WHERE id = ?", (status, microseconds(now), instance_id))
    _post(db, instance_id, None, note)
    return Wakes({instance_id}, changed={instance_id})


def finish_activity(db: sqlite3.Connection, work: ActivityWork, result: Event) -> Wakes:
    """Replace the pending activity by its result; a result for nobody is dropped."""
    gone = db.execute(
        "DELETE FROM activities WHERE instance_id = ? AND execution_id = ? AND task_id = ?",
        (work.instance_id, work.execution_id, work.task_id),
    ).rowcount
    return deliver(db, work.instance_id, work.execution_id, result) if gone else Wakes()


def fire_timers(db: sqlite3.Connection, now: datetime) -> tuple[Wakes, datetime | None]:
    """Fire what is due; return who wakes, and when to look again."""
    at = microseconds(now)
    wakes = Wakes()
    due = db.execute("SELECT * FROM timers WHERE fire_at <= ? ORDER BY fire_at", (at,)).fetchall()
    for timer in due:
        fire_at = from_microseconds(timer["fire_at"])
        fired = event(EventType.TIMER_FIRED, now, TimerId=timer["timer_id"], FireAt=timestamp(fire_at))
        wakes.instances |= deliver(db, timer["instance_id"], timer["execution_id"], fired).instances
    db.execute("DELETE FROM timers WHERE fire_at <= ?", (at,))
    signals = db.execute("SELECT DISTINCT name, key FROM entity_requests WHERE due <= ?", (at,)).fetchall()
    wakes.entities |= {EntityId(name, key) for name, key in signals}
    db.execute("UPDATE entity_requests SET due = NULL WHERE due <= ?", (at,))
    (following,) = db.execute(
        "SELECT min(t) FROM (SELECT min(fire_at) AS t FROM timers UNION ALL SELECT min(due) FROM entity_requests)"
    ).fetchone()
    return wakes, None if following is None else from_microseconds(following)


def unfinished(db: sqlite3.Connection) -> Wakes:
    """Return everything a restarted host has to take up again."""
    instances = db.execute("SELECT DISTINCT instance_id FROM inbox")
    entities = db.execute("SELECT DISTINCT name, key FROM entity_requests WHERE due IS NULL")
    activities = db.execute("SELECT instance_id, execution_id, task_id, name, input FROM activities")
    return Wakes(
        {instance_id for (instance_id,) in instances},
        {EntityId(name, key) for name, key in entities},
        [ActivityWork(*work) for work in activities],
        has_timers=True,
    )


def _started(new: Start, now: datetime) -> Event:
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


def _post(db: sqlite3.Connection, instance_id: str, execution_id: str | None, arrived: Event) -> None:
    db.execute(
        "INSERT INTO inbox (instance_id, execution_id, event) VALUES (?, ?, ?)",
        (instance_id, execution_id, dumps(arrived)),
    )


def _append(db: sqlite3.Connection, instance_id: str, position: int, events: Iterable[Event]) -> None:
    db.executemany(
        "INSERT INTO history (instance_id, position, event) VALUES (?, ?, ?)",
        [(instance_id, position + index, dumps(entry)) for index, entry in enumerate(events)],
    )


def _drop_work(db: sqlite3.Connection, instance_id: str) -> None:
    db.execute("DELETE FROM inbox WHERE instance_id = ?", (instance_id,))
    db.execute("DELETE FROM activities WHERE instance_id = ?", (instance_id,))
    db.execute("DELETE FROM timers WHERE instance_id = ?", (instance_id,))


def _end(db: sqlite3.Connection, found: sqlite3.Row, outcome: Ended, now: datetime, wakes: Wakes) -> None:
    db.execute(
        "UPDATE instances SET status = ?, output = ?, updated = ? WHERE id = ?",
        (outcome.status, outcome.output, microseconds(now), found["id"]),
    )
    _drop_work(db, found["id"])
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


def _continue_as_new(
    db: sqlite3.Connection,
    found: sqlite3.Row,
    outcome: ContinuedAsNew,
    execution_id: str,
    now: datetime,
    wakes: Wakes,
) -> None:
    instance_id = found["id"]
    arrivals = db.execute(
        "SELECT event FROM inbox WHERE instance_id = ? AND execution_id IS NULL ORDER BY seq", (instance_id,)
    ).fetchall()
    _drop_work(db, instance_id)
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    db.execute(
        "UPDATE instances SET execution_id = ?, input = ? WHERE id = ?",
        (execution_id, outcome.input_text, instance_id),
    )
    parent = found["parent_id"] and Parent(found["parent_id"], found["parent_execution"], found["parent_task"])
    new = Start(found["name"], instance_id, execution_id, outcome.input_text, found["version"], parent)
    _post(db, instance_id, execution_id, _started(new, now))
    for carried in outcome.carried:
        _post(db, instance_id, None, carried)
    for (text,) in arrivals:
        _post(db, instance_id, None, json.loads(text))
    wakes.instances.add(instance_id)


def _start_work(
    db: sqlite3.Connection,
    execution: Execution,
    decision: Decision,
    now: datetime,
    wakes: Wakes,
    default_version: str,
) -> None:
    db.executemany(
        "INSERT INTO activities (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)",
        [
            (work.instance_id, work.execution_id, work.task_id, work.name, work.input_text)
            for work in decision.activities
        ],
    )
    wakes.activities.extend(decision.activities)
    db.executemany(
        "INSERT INTO timers (instance_id, execution_id, timer_id, fire_at) VALUES (?, ?, ?, ?)",
        [
            (timer.instance_id, timer.execution_id, timer.timer_id, microseconds(timer.fire_at))
            for timer in decision.timers
        ],
    )
    db.executemany(
        "DELETE FROM timers WHERE instance_id = ? AND execution_id = ? AND timer_id = ?",
        [(execution.instance_id, execution.execution_id, timer_id) for timer_id in decision.cancelled_timers],
    )
    wakes.has_timers |= bool(decision.timers)
    for child in decision.children:
        _start_child(db, execution, child, now, wakes, default_version)


def _start_child(
    db: sqlite3.Connection,
    execution: Execution,
    child: ChildStart,
    now: datetime,
    wakes: Wakes,
    default_version: str,
) -> None:
    parent = Parent(execution.instance_id, execution.execution_id, child.task_id)
    version = default_version if child.version is None else child.version
    new = Start(child.name, child.instance_id, child.execution_id, child.input_text, version, parent)
    try:
        wakes.instances |= start(db, new, now).instances
        wakes.changed.add(child.instance_id)
    except InstanceExists as error:
        failed = event(
            EventType.SUB_ORCHESTRATION_FAILED,
            now,
            TaskScheduledId=child.task_id,
            Reason=str(error),
            Details="InstanceExists",
        )
        _post(db, execution.instance_id, execution.execution_id, failed)
        wakes.instances.add(execution.instance_id)
