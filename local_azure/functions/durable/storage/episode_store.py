"""Episodes in the store: what one starts from, and everything it leads to in one commit.

Each function is part of one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from local_azure.functions.durable.protocol.episode import ContinuedAsNew, Decision, Ended, Execution
from local_azure.functions.durable.protocol.history import Event, EventType, event, microseconds
from local_azure.functions.durable.protocol.work_items import ChildStart
from local_azure.functions.durable.storage.entity_store import enqueue
from local_azure.functions.durable.storage.instance_store import (
    TERMINAL,
    InstanceExists,
    Parent,
    Start,
    Wakes,
    append,
    drop_waits,
    finish,
    load_history,
    post,
    row,
    start,
    started_event,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What an episode starts from: the history so far and what has arrived."""

    execution: Execution
    history: list[Event]
    arrived: list[Event]
    last_seq: int


def take_turn(db: sqlite3.Connection, instance_id: str) -> Turn | None:
    """Return what the instance's next episode starts from, or None when there is none to run."""
    found = row(db, instance_id)
    if found is None or found["status"] in TERMINAL or found["status"] == "Suspended":
        return None
    inbox = db.execute("SELECT seq, event FROM inbox WHERE instance_id = ? ORDER BY seq", (instance_id,)).fetchall()
    if not inbox:
        return None
    execution = Execution(instance_id, found["execution_id"], found["name"], found["parent_id"])
    arrived = [json.loads(entry["event"]) for entry in inbox]
    return Turn(execution, load_history(db, instance_id), arrived, inbox[-1]["seq"])


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
    append(db, execution.instance_id, len(turn.history), new_events)
    db.execute(
        "UPDATE instances SET status = iif(status = 'Pending', 'Running', status),"
        " custom_status = coalesce(?, custom_status), updated = ? WHERE id = ?",
        (decision.custom_status, microseconds(now), execution.instance_id),
    )
    for request in decision.requests:
        wakes.has_timers |= enqueue(db, request)
        wakes.entities.add(request.entity)
    _start_work(db, execution, decision, now, wakes, default_version)
    if isinstance(decision.outcome, Ended):
        finish(db, found, decision.outcome, now, wakes)
    elif isinstance(decision.outcome, ContinuedAsNew):
        _continue_as_new(db, found, decision.outcome, next_execution_id, now, wakes)
    return wakes


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
    drop_waits(db, instance_id)
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    db.execute(
        "UPDATE instances SET execution_id = ?, input = ? WHERE id = ?",
        (execution_id, outcome.input_text, instance_id),
    )
    parent = found["parent_id"] and Parent(found["parent_id"], found["parent_execution"], found["parent_task"])
    new = Start(found["name"], instance_id, execution_id, outcome.input_text, found["version"], parent)
    post(db, instance_id, execution_id, started_event(new, now))
    for carried in outcome.carried:
        post(db, instance_id, None, carried)
    for (text,) in arrivals:
        post(db, instance_id, None, json.loads(text))
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
        post(db, execution.instance_id, execution.execution_id, failed)
        wakes.instances.add(execution.instance_id)
