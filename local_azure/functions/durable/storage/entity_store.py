"""Entities in the database: their state and the queue of operations for them.

Each function is part of one transaction.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from local_azure.functions.durable.protocol.history import to_microseconds
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.protocol.work_items import Batch, EntityRequest, QueuedRequest


def enqueue_request(db: sqlite3.Connection, request: EntityRequest) -> bool:
    """Add the request to its entity's queue; return whether it is due later."""
    parent_id, parent_execution = request.parent or (None, None)
    due = None if request.due is None else to_microseconds(request.due)
    db.execute(
        "INSERT INTO entity_requests (name, key, operation, input, request_id, parent_id, parent_execution, due)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *request.entity,
            request.operation,
            request.input_text,
            request.id,
            parent_id,
            parent_execution,
            due,
        ),
    )
    return due is not None


def load_next_batch(db: sqlite3.Connection, entity: EntityId, limit: int) -> Batch | None:
    """Return the entity's operations that are due, None when there are none; they stay queued until committed."""
    rows = db.execute(
        "SELECT * FROM entity_requests WHERE name = ? AND key = ? AND due IS NULL ORDER BY seq LIMIT ?",
        (*entity, limit),
    ).fetchall()
    if not rows:
        return None
    state = read_state(db, entity)
    queued = [QueuedRequest(row["seq"], _request(entity, row)) for row in rows]
    return Batch(entity, state is not None, state and state[0], queued)


def read_state(db: sqlite3.Connection, entity: EntityId) -> tuple[str | None] | None:
    """Return the state's JSON text (in a tuple, for it may be None), or None when the entity does not exist."""
    row = db.execute("SELECT state FROM entities WHERE name = ? AND key = ?", entity).fetchone()
    return None if row is None else (row["state"],)


def commit_batch(db: sqlite3.Connection, batch: Batch, *, exists: bool, state: str | None, now: datetime) -> None:
    """Replace the state and remove the batch's operations from the queue."""
    if exists:
        db.execute(
            "INSERT INTO entities (name, key, state, updated) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (name, key) DO UPDATE SET state = excluded.state, updated = excluded.updated",
            (*batch.entity, state, to_microseconds(now)),
        )
    else:
        db.execute("DELETE FROM entities WHERE name = ? AND key = ?", batch.entity)
    db.executemany("DELETE FROM entity_requests WHERE seq = ?", [(queued.seq,) for queued in batch.queued])


def _request(entity: EntityId, row: sqlite3.Row) -> EntityRequest:
    parent = None if row["parent_id"] is None else (row["parent_id"], row["parent_execution"])
    return EntityRequest(entity, row["operation"], row["input"], row["request_id"], parent)
