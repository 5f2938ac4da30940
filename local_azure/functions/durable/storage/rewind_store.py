"""Rewind failed instances in the database. The function is part of one transaction."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from local_azure.functions.durable.protocol.history import Event, EventType, dumps, event, to_microseconds
from local_azure.functions.durable.protocol.rewind import FailedChild, find_failed_children, rewind_history
from local_azure.functions.durable.protocol.work_items import ReadyWork
from local_azure.functions.durable.storage.instance_store import add_to_inbox, load_history, read_instance

# A sub-orchestration with such a status starts again; one that runs (it was rewound by itself) is waited for.
ENDED_OTHERWISE = ("Completed", "Terminated", "Canceled")


def rewind_instance(db: sqlite3.Connection, found: sqlite3.Row, reason: str | None, now: datetime) -> ReadyWork:
    """Return a failed instance, and its sub-orchestrations that failed, to the state before their failures.

    They become Pending, without an output. The instances that wait for no other one get an event that starts their
    next episode.
    """
    history = load_history(db, found["id"])
    ready = ReadyWork(changed={found["id"]})
    rewound_children: set[int] = set()
    for child in find_failed_children(history):
        row = _instance_of(db, child, found)
        if row is None or row["status"] in ENDED_OTHERWISE:
            continue
        rewound_children.add(child.task_id)
        if row["status"] == "Failed":
            below = rewind_instance(db, row, reason, now)
            ready.instances |= below.instances
            ready.changed |= below.changed
    rewound = rewind_history(history, rewound_children)
    _replace_events(db, found["id"], rewound.replaced)
    db.execute(
        "UPDATE instances SET status = 'Pending', output = NULL, updated = ? WHERE id = ?",
        (to_microseconds(now), found["id"]),
    )
    if not rewound.waits_for_children:
        add_to_inbox(db, found["id"], found["execution_id"], event(EventType.GENERIC_EVENT, now, Data=reason))
        ready.instances.add(found["id"])
    return ready


def _instance_of(db: sqlite3.Connection, child: FailedChild, parent: sqlite3.Row) -> sqlite3.Row | None:
    """Return the row of a sub-orchestration, None when it was purged, or its id belongs to another instance."""
    row = read_instance(db, child.instance_id)
    waiting = (parent["id"], parent["execution_id"], child.task_id)
    if row is None or (row["parent_id"], row["parent_execution"], row["parent_task"]) != waiting:
        return None
    return row


def _replace_events(db: sqlite3.Connection, instance_id: str, replaced: dict[int, Event]) -> None:
    db.executemany(
        "UPDATE history SET event = ? WHERE instance_id = ? AND position = ?",
        [(dumps(entry), instance_id, position) for position, entry in replaced.items()],
    )
