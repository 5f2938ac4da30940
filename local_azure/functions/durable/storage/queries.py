"""Queries over instances and entities, with filters and pages."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_azure.functions.durable.protocol.history import to_microseconds
from local_azure.functions.durable.storage.instance_store import TERMINAL

Key = tuple[Any, ...]
"""What rows are ordered by: creation time and id of an instance, name and key of an entity."""


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances to select; an absent criterion matches all."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    statuses: tuple[str, ...] = ()
    prefix: str = ""

    def where(self) -> tuple[str, list[object]]:
        """Return the condition in SQL and its parameters."""
        conditions: list[str] = ["TRUE"]
        values: list[object] = []
        if self.created_from is not None:
            conditions.append("created >= ?")
            values.append(to_microseconds(self.created_from))
        if self.created_to is not None:
            conditions.append("created <= ?")
            values.append(to_microseconds(self.created_to))
        if self.statuses:
            conditions.append(f"status IN ({', '.join('?' * len(self.statuses))})")
            values.extend(self.statuses)
        if self.prefix:
            conditions.append("substr(id, 1, ?) = ?")
            values.extend([len(self.prefix), self.prefix])
        return " AND ".join(conditions), values


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows to return, and the key of the row before the first one (None: from the beginning)."""

    size: int
    after: Key | None


def select_instances(
    db: sqlite3.Connection, wanted: InstanceFilter, page: Page
) -> tuple[list[sqlite3.Row], Key | None]:
    """Return the instances in the order of their creation, and the last key if another page follows."""
    condition, values = wanted.where()
    if page.after is not None:
        condition += " AND (created, id) > (?, ?)"
        values.extend(page.after)
    rows = db.execute(
        f"SELECT * FROM instances WHERE {condition} ORDER BY created, id LIMIT ?",  # noqa: S608 - only placeholders
        [*values, page.size + 1],
    ).fetchall()
    more = len(rows) > page.size
    rows = rows[: page.size]
    return rows, (rows[-1]["created"], rows[-1]["id"]) if more else None


def select_finished_instances(db: sqlite3.Connection, wanted: InstanceFilter) -> list[str]:
    """Return the ids of the instances that match the filter and have ended."""
    condition, values = wanted.where()
    marks = ", ".join("?" * len(TERMINAL))
    rows = db.execute(
        f"SELECT id FROM instances WHERE {condition} AND status IN ({marks})",  # noqa: S608 - only placeholders
        [*values, *TERMINAL],
    )
    return [instance_id for (instance_id,) in rows]


def select_entities(
    db: sqlite3.Connection, name: str | None, since: datetime | None, until: datetime | None, page: Page
) -> tuple[list[sqlite3.Row], Key | None]:
    """Return entities in the order of name and key, and the last key if another page follows."""
    after_name, after_key = page.after or (None, None)
    rows = db.execute(
        "SELECT * FROM entities WHERE (:name IS NULL OR name = :name)"
        " AND (:since IS NULL OR updated >= :since) AND (:until IS NULL OR updated <= :until)"
        " AND (:after_name IS NULL OR (name, key) > (:after_name, :after_key)) ORDER BY name, key LIMIT :size",
        {
            "name": name and name.lower(),
            "since": since and to_microseconds(since),
            "until": until and to_microseconds(until),
            "after_name": after_name,
            "after_key": after_key,
            "size": page.size + 1,
        },
    ).fetchall()
    more = len(rows) > page.size
    rows = rows[: page.size]
    return rows, (rows[-1]["name"], rows[-1]["key"]) if more else None
