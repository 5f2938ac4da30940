"""Episodes in the database: load what the next one starts from, and commit everything that it leads to.

Each function is part of one transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from local_azure.functions.durable.protocol.episode import ContinuedAsNew, Decision, Ended, Execution
from local_azure.functions.durable.protocol.history import Event, EventType, event, to_microseconds
from local_azure.functions.durable.protocol.work_items import ReadyWork, SubOrchestrationStart
from local_azure.functions.durable.storage.entity_store import enqueue_request
from local_azure.functions.durable.storage.instance_store import (
    TERMINAL,
    InstanceExists,
    NewExecution,
    Parent,
    add_to_inbox,
    append_history,
    delete_inbox_and_timers,
    execution_started_event,
    load_history,
    read_instance,
    record_end,
    start_instance,
)


@dataclass(frozen=True, slots=True)
class PendingEpisode:
    """What the next episode starts from: the history so far and the events that have arrived."""

    execution: Execution
    history: list[Event]
    arrived: list[Event]
    last_seq: int


def load_pending_episode(db: sqlite3.Connection, instance_id: str) -> PendingEpisode | None:
    """Return what the instance's next episode starts from, or None when no episode is due."""
    found = read_instance(db, instance_id)
    if found is None or found["status"] in TERMINAL or found["status"] == "Suspended":
        return None
    inbox = db.execute("SELECT seq, event FROM inbox WHERE instance_id = ? ORDER BY seq", (instance_id,)).fetchall()
    if not inbox:
        return None
    execution = Execution(instance_id, found["execution_id"], found["name"], found["parent_id"])
    arrived = [json.loads(entry["event"]) for entry in inbox]
    return PendingEpisode(execution, load_history(db, instance_id), arrived, inbox[-1]["seq"])


def commit_episode(
    db: sqlite3.Connection,
    pending: PendingEpisode,
    new_events: Sequence[Event],
    decision: Decision,
    *,
    now: datetime,
    next_execution_id: str,
    default_version: str,
) -> ReadyWork:
    """Record an episode and everything that it starts; nothing changes if its execution has ended meanwhile."""
    execution = pending.execution
    found = read_instance(db, execution.instance_id)
    if found is None or found["status"] in TERMINAL or found["execution_id"] != execution.execution_id:
        return ReadyWork()
    ready = ReadyWork(changed={execution.instance_id})
    db.execute("DELETE FROM inbox WHERE instance_id = ? AND seq <= ?", (execution.instance_id, pending.last_seq))
    append_history(db, execution.instance_id, len(pending.history), new_events)
    db.execute(
        "UPDATE instances SET status = iif(status = 'Pending', 'Running', status),"
        " custom_status = coalesce(?, custom_status), updated = ? WHERE id = ?",
        (decision.custom_status, to_microseconds(now), execution.instance_id),
    )
    for request in decision.requests:
        ready.has_timers |= enqueue_request(db, request)
        ready.entities.add(request.entity)
    _start_work(db, execution, decision, now, ready, default_version)
    if isinstance(decision.outcome, Ended):
        record_end(db, found, decision.outcome, now, ready)
    elif isinstance(decision.outcome, ContinuedAsNew):
        _continue_as_new(db, found, decision.outcome, next_execution_id, now, ready)
    return ready


def _continue_as_new(
    db: sqlite3.Connection,
    found: sqlite3.Row,
    outcome: ContinuedAsNew,
    execution_id: str,
    now: datetime,
    ready: ReadyWork,
) -> None:
    instance_id = found["id"]
    arrivals = db.execute(
        "SELECT event FROM inbox WHERE instance_id = ? AND execution_id IS NULL ORDER BY seq", (instance_id,)
    ).fetchall()
    delete_inbox_and_timers(db, instance_id)
    db.execute("DELETE FROM history WHERE instance_id = ?", (instance_id,))
    db.execute(
        "UPDATE instances SET execution_id = ?, input = ? WHERE id = ?",
        (execution_id, outcome.input_text, instance_id),
    )
    parent = found["parent_id"] and Parent(found["parent_id"], found["parent_execution"], found["parent_task"])
    new = NewExecution(found["name"], instance_id, execution_id, outcome.input_text, found["version"], parent)
    add_to_inbox(db, instance_id, execution_id, execution_started_event(new, now))
    for carried in outcome.carried:
        add_to_inbox(db, instance_id, None, carried)
    for (text,) in arrivals:
        add_to_inbox(db, instance_id, None, json.loads(text))
    ready.instances.add(instance_id)


def _start_work(
    db: sqlite3.Connection,
    execution: Execution,
    decision: Decision,
    now: datetime,
    ready: ReadyWork,
    default_version: str,
) -> None:
    db.executemany(
        "INSERT INTO activities (instance_id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?)",
        [
            (work.instance_id, work.execution_id, work.task_id, work.name, work.input_text)
            for work in decision.activities
        ],
    )
    ready.activities.extend(decision.activities)
    db.executemany(
        "INSERT INTO timers (instance_id, execution_id, timer_id, fire_at) VALUES (?, ?, ?, ?)",
        [
            (timer.instance_id, timer.execution_id, timer.timer_id, to_microseconds(timer.fire_at))
            for timer in decision.timers
        ],
    )
    db.executemany(
        "DELETE FROM timers WHERE instance_id = ? AND execution_id = ? AND timer_id = ?",
        [(execution.instance_id, execution.execution_id, timer_id) for timer_id in decision.cancelled_timers],
    )
    ready.has_timers |= bool(decision.timers)
    for child in decision.children:
        _start_child(db, execution, child, now, ready, default_version)


def _start_child(
    db: sqlite3.Connection,
    execution: Execution,
    child: SubOrchestrationStart,
    now: datetime,
    ready: ReadyWork,
    default_version: str,
) -> None:
    parent = Parent(execution.instance_id, execution.execution_id, child.task_id)
    version = default_version if child.version is None else child.version
    new = NewExecution(child.name, child.instance_id, child.execution_id, child.input_text, version, parent)
    try:
        ready.instances |= start_instance(db, new, now).instances
        ready.changed.add(child.instance_id)
    except InstanceExists as error:
        failed = event(
            EventType.SUB_ORCHESTRATION_FAILED,
            now,
            TaskScheduledId=child.task_id,
            Reason=str(error),
            Details="InstanceExists",
        )
        add_to_inbox(db, execution.instance_id, execution.execution_id, failed)
        ready.instances.add(execution.instance_id)
