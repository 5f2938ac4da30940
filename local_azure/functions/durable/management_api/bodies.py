"""The JSON bodies of the management API: the status and the history of an instance, and an entity."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from local_azure.functions.durable.protocol.history import WIRE_NAMES, Event, EventType, from_microseconds

# Events without information for a reader: they mark where an episode begins and ends.
_EPISODE_MARKS = (EventType.ORCHESTRATOR_STARTED, EventType.ORCHESTRATOR_COMPLETED)


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
        if kind in _EPISODE_MARKS or entry["EventId"] >= 0:
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


def entity_body(row: sqlite3.Row, *, with_state: bool) -> dict[str, object]:
    """Return an entity as the list of entities shows it."""
    body: dict[str, object] = {
        "entityId": {"name": row["name"], "key": row["key"]},
        "lastOperationTime": from_microseconds(row["updated"]).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    if with_state:
        body["state"] = json.loads(row["state"] or "null")
    return body


def _seconds(value: int) -> str:
    return from_microseconds(value).strftime("%Y-%m-%dT%H:%M:%SZ")


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)
