"""Questions to the store: filters over instances and entities with paging, and one instance's status."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local_azure.functions.durable.management_api.responses import Refusal
from local_azure.functions.durable.protocol.history import (
    WIRE_NAMES,
    Event,
    EventType,
    from_microseconds,
    microseconds,
    parse_time,
)
from local_azure.functions.durable.storage.instance_store import TERMINAL

DEFAULT_PAGE_SIZE = 100
STATUSES = ("Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Pending", "Suspended")


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which instances are meant; an absent criterion matches all."""

    created_from: datetime | None = None
    created_to: datetime | None = None
    statuses: tuple[str, ...] = ()
    prefix: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> InstanceFilter:
        """Return the filter that the query parameters describe. Raises Refusal (400)."""
        return cls(
            read_time(query, "createdTimeFrom"),
            read_time(query, "createdTimeTo"),
            _read_statuses(query.get("runtimeStatus", "")),
            query.get("instanceIdPrefix", ""),
        )

    def where(self) -> tuple[str, list[object]]:
        """Return the condition in SQL and its parameters."""
        conditions: list[str] = ["TRUE"]
        values: list[object] = []
        if self.created_from is not None:
            conditions.append("created >= ?")
            values.append(microseconds(self.created_from))
        if self.created_to is not None:
            conditions.append("created <= ?")
            values.append(microseconds(self.created_to))
        if self.statuses:
            conditions.append(f"status IN ({', '.join('?' * len(self.statuses))})")
            values.extend(self.statuses)
        if self.prefix:
            conditions.append("substr(id, 1, ?) = ?")
            values.extend([len(self.prefix), self.prefix])
        return " AND ".join(conditions), values


@dataclass(frozen=True, slots=True)
class Page:
    """How many rows, and after which one; the token is opaque to clients."""

    size: int
    after: tuple[Any, ...] | None

    @classmethod
    def from_request(cls, query: Mapping[str, str], token: str | None) -> Page:
        """Return the page asked for. Raises Refusal (400)."""
        top = query.get("top") or str(DEFAULT_PAGE_SIZE)
        if not top.isdigit() or int(top) < 1:
            raise Refusal(400, "ArgumentException", f"top must be a whole number of at least 1, not '{top}'")
        return cls(int(top), _decode_token(token) if token else None)


def instance_page(db: sqlite3.Connection, wanted: InstanceFilter, page: Page) -> tuple[list[sqlite3.Row], str | None]:
    """Return the instances in the order of their creation, and the token of the next page if there is one."""
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
    return rows, encode_token([rows[-1]["created"], rows[-1]["id"]]) if more else None


def finished_instances(db: sqlite3.Connection, wanted: InstanceFilter) -> list[str]:
    """Return the ids of the instances that match and are over."""
    condition, values = wanted.where()
    marks = ", ".join("?" * len(TERMINAL))
    rows = db.execute(
        f"SELECT id FROM instances WHERE {condition} AND status IN ({marks})",  # noqa: S608 - only placeholders
        [*values, *TERMINAL],
    )
    return [instance_id for (instance_id,) in rows]


def entity_page(
    db: sqlite3.Connection, name: str | None, since: datetime | None, until: datetime | None, page: Page
) -> tuple[list[sqlite3.Row], str | None]:
    """Return entities in the order of name and key, and the token of the next page if there is one."""
    after_name, after_key = page.after or (None, None)
    rows = db.execute(
        "SELECT * FROM entities WHERE (:name IS NULL OR name = :name)"
        " AND (:since IS NULL OR updated >= :since) AND (:until IS NULL OR updated <= :until)"
        " AND (:after_name IS NULL OR (name, key) > (:after_name, :after_key)) ORDER BY name, key LIMIT :size",
        {
            "name": name and name.lower(),
            "since": since and microseconds(since),
            "until": until and microseconds(until),
            "after_name": after_name,
            "after_key": after_key,
            "size": page.size + 1,
        },
    ).fetchall()
    more = len(rows) > page.size
    rows = rows[: page.size]
    return rows, encode_token([rows[-1]["name"], rows[-1]["key"]]) if more else None


def status_body(row: sqlite3.Row, *, show_input: bool) -> dict[str, Any]:
    """Return the instance's status as the management API shows it."""
    return {
        "name": row["name"],
        "instanceId": row["id"],
        "runtimeStatus": row["status"],
        "input": _loads(row["input"]) if show_input else None,
        "customStatus": _loads(row["custom_status"]),
        "output": _loads(row["output"]),
        "createdTime": _seconds(row["created"]),
        "lastUpdatedTime": _seconds(row["updated"]),
    }


def history_body(history: list[Event], *, show_output: bool) -> list[dict[str, Any]]:
    """Return the history for people: results joined with what scheduled them, bookkeeping left out."""
    scheduled = {entry["EventId"]: entry for entry in history if entry["EventId"] >= 0}
    shown = []
    for entry in history:
        kind = EventType(entry["EventType"])
        if kind in _BOOKKEEPING or entry["EventId"] >= 0:
            continue
        body = {"EventType": WIRE_NAMES[kind], "Timestamp": entry["Timestamp"]}
        cause = scheduled.get(entry.get("TaskScheduledId", entry.get("TimerId")))
        if cause is not None:
            body["ScheduledTime"] = cause["Timestamp"]
        name = entry.get("Name") if kind is EventType.EXECUTION_STARTED else cause and cause.get("Name")
        if name:
            body["FunctionName"] = name
        for key in ("FireAt", "Reason", "Details", "OrchestrationStatus"):
            if key in entry:
                body[key] = entry[key]
        if kind is EventType.EVENT_RAISED:
            body["Name"] = entry["Name"]
        if show_output:
            body.update({key: _loads(entry[key]) for key in ("Result", "Input") if key in entry})
        shown.append(body)
    return shown


_BOOKKEEPING = (EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED)


def read_time(query: Mapping[str, str], name: str) -> datetime | None:
    """Return the time in the query parameter, None when it is absent. Raises Refusal (400)."""
    text = query.get(name)
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise Refusal(400, "ArgumentException", f"{name} is not an ISO 8601 time: '{text}'") from None


def encode_token(key: list[Any]) -> str:
    """Return a continuation token for the last key of a page."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decode_token(token: str) -> tuple[Any, ...]:
    try:
        first, second = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, binascii.Error):
        raise Refusal(400, "ArgumentException", "the continuation token is not one of ours") from None
    return first, second


def _read_statuses(text: str) -> tuple[str, ...]:
    known = {status.lower(): status for status in STATUSES}
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    for part in wanted:
        if part.lower() not in known:
            raise Refusal(
                400, "ArgumentException", f"'{part}' is not a runtime status; there are {', '.join(STATUSES)}"
            )
    return tuple(known[part.lower()] for part in wanted)


def _seconds(value: int) -> str:
    return from_microseconds(value).strftime("%Y-%m-%dT%H:%M:%SZ")


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
