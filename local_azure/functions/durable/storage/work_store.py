"""Work in the store that outlives a process: activities, timers, and what a restart has to take up.

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
    microseconds,
    timestamp,
)
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.protocol.work_items import ActivityWork
from local_azure.functions.durable.storage.instance_store import Wakes, deliver


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
