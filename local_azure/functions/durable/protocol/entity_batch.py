"""One batch of entity operations: the input for the SDK, and the meaning of its answer.

This module has no I/O. The formats are those of the extension's out-of-process entity protocol: state and results are
JSON text, inputs are JSON text of a string that holds JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from local_azure.functions.durable.protocol.history import Event, EventType, dumps, event
from local_azure.functions.durable.protocol.work_items import Batch


class EntityAnswerError(Exception):
    """An entity function returned something other than its state."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of a call, for the execution that waits for it."""

    instance_id: str
    execution_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The entity after a batch, with the replies to calls; `state` is JSON text."""

    exists: bool
    state: str | None
    replies: list[Reply]
    errors: list[tuple[str, str]]  # operation, message


def entity_input(batch: Batch) -> str:
    """Return the JSON text an entity function is called with: exactly the four keys that the SDK accepts."""
    return dumps(
        {
            "self": {"name": batch.entity.name, "key": batch.entity.key},
            "exists": batch.exists,
            "state": batch.state,
            "batch": [
                {
                    "name": queued.request.operation,
                    "input": queued.request.input_text,
                    "isSignal": queued.request.parent is None,
                }
                for queued in batch.queued
            ],
        }
    )


def parse_batch_answer(batch: Batch, answer: str, now: datetime) -> BatchOutcome:
    """Return the entity's new state and the replies. Raises EntityAnswerError."""
    try:
        state = json.loads(answer)
        results = [(result["isError"], result["result"]) for result in state["results"]]
        exists, text, signals = state["entityExists"], state["entityState"], state["signals"]
    except (ValueError, KeyError, TypeError) as error:
        raise EntityAnswerError(f"the entity function did not return its state: {error!r}") from error
    if len(results) != len(batch.queued):
        raise EntityAnswerError(f"{len(batch.queued)} operations gave {len(results)} results")
    if signals:
        raise EntityAnswerError("signals sent by an entity are not implemented")
    replies, errors = [], []
    for queued, (is_error, result) in zip(batch.queued, results, strict=True):
        request = queued.request
        if is_error:
            errors.append((request.operation, str(result)))
        if request.parent is not None:
            replies.append(Reply(*request.parent, _reply(request.id, result, now, is_error=is_error)))
    return BatchOutcome(bool(exists), text if exists else None, replies, errors)


def _reply(request_id: str, result: str | None, now: datetime, *, is_error: bool) -> Event:
    payload = {"result": "null" if result is None else result}
    if is_error:
        payload["exceptionType"] = "Exception"  # the SDK takes a reply with this key for a failure
    return event(EventType.EVENT_RAISED, now, Name=request_id, Input=dumps(payload))
