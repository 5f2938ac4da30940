"""Activities and timers in the database, and the work that a restarted host continues.

Each function is part of one transaction.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from local_azure.functions.durable.protocol.history import (
    Event,
    EventType,
    event,
    from_microseconds,
    timestamp,
    to_microseconds,
)
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.protocol.work_items import ActivityWork, ReadyWork
from local_azure.functions.durable.storage.instance_store import deliver_event


def finish_activity(db: sqlite3.Connection, work: ActivityWork, result: Event) -> ReadyWork:
    """Replace the pending activity by its result; the result is dropped when the execution has ended."""
    gone = db.execute(
        "DELETE FROM activities WHERE instance_id = ? AND execution_id = ? AND task_id = ?",
        (work.instance_id, work.execution_id, work.task_id),
    ).rowcount
    return deliver_event(db, work.instance_id, work.execution_id, result) if gone else ReadyWork()


def fire_timers(db: sqlite3.Connection, now: datetime) -> tuple[ReadyWork, datetime | None]:
    """Fire the timers that are due; return the work that is ready, and the time of the next timer."""
    at = to_microseconds(now)
    ready = ReadyWork()
    due = db.execute("SELECT * FROM timers WHERE fire_at <= ? ORDER BY fire_at", (at,)).fetchall()
    for timer in due:
        fire_at = from_microseconds(timer["fire_at"])
        fired = event(EventType.TIMER_FIRED, now, TimerId=timer["timer_id"], FireAt=timestamp(fire_at))
        ready.instances |= deliver_event(db, timer["instance_id"], timer["execution_id"], fired).instances
    db.execute("DELETE FROM timers WHERE fire_at <= ?", (at,))
    signals = db.execute("SELECT DISTINCT name, key FROM entity_requests WHERE due <= ?", (at,)).fetchall()
    ready.entities |= {EntityId(name, key) for name, key in signals}
    db.execute("UPDATE entity_requests SET due = NULL WHERE due <= ?", (at,))
    (following,) = db.execute(
        "SELECT min(t) FROM (SELECT min(fire_at) AS t FROM timers UNION ALL SELECT min(due) FROM entity_requests)"
    ).fetchone()
    return ready, None if following is None else from_microseconds(following)


def load_unfinished_work(db: sqlite3.Connection) -> ReadyWork:
    """Return everything that a restarted host has to continue."""
    instances = db.execute("SELECT DISTINCT instance_id FROM inbox")
    entities = db.execute("SELECT DISTINCT name, key FROM entity_requests WHERE due IS NULL")
    activities = db.execute("SELECT instance_id, execution_id, task_id, name, input FROM activities")
    return ReadyWork(
        {instance_id for (instance_id,) in instances},
        {EntityId(name, key) for name, key in entities},
        [ActivityWork(*work) for work in activities],
        has_timers=True,
    )
