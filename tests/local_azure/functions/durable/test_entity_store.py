"""The queue of an entity, against a model: whatever is interrupted, every operation counts once and in order."""

import json
import sqlite3
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure.functions.durable.protocol.history import from_microseconds
from local_azure.functions.durable.protocol.identifiers import EntityId
from local_azure.functions.durable.protocol.work_items import EntityRequest
from local_azure.functions.durable.storage.entity_store import (
    commit_batch,
    enqueue_request,
    load_next_batch,
    read_state,
)
from local_azure.functions.durable.storage.store import SCHEMA
from local_azure.functions.durable.storage.work_store import fire_timers

KEYS = ("a", "b")
ENQUEUE = st.tuples(st.just("enqueue_request"), st.sampled_from(KEYS), st.none() | st.integers(1, 5))
RUN = st.tuples(st.just("run"), st.sampled_from(KEYS), st.integers(1, 4))
CRASH = st.tuples(st.just("crash"), st.sampled_from(KEYS), st.integers(1, 4))
TICK = st.tuples(st.just("tick"), st.sampled_from(KEYS), st.integers(1, 3))


@settings(deadline=None)
@given(st.lists(ENQUEUE | RUN | CRASH | TICK, max_size=40))
def test_every_operation_is_applied_once_and_in_order(steps: list[tuple[str, str, Any]]) -> None:
    """D-041 and exactly-once effects: a crash before the commit changes nothing, a commit is all or nothing."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.row_factory = sqlite3.Row
    db.executescript(SCHEMA)
    clock, sent = 0, 0
    queued: dict[str, list[int]] = {key: [] for key in KEYS}
    scheduled: list[tuple[int, int, str]] = []
    applied: dict[str, list[int]] = {key: [] for key in KEYS}

    for action, key, argument in steps:
        entity = EntityId("journal", key)
        if action == "enqueue_request":
            sent += 1
            due = None if argument is None else from_microseconds(clock + argument)
            enqueue_request(db, EntityRequest(entity, "note", json.dumps(sent), str(sent), due=due))
            if argument is None:
                queued[key].append(sent)
            else:
                scheduled.append((clock + argument, sent, key))
        elif action == "tick":
            clock += argument
            ready, following = fire_timers(db, from_microseconds(clock))
            due_now = sorted(entry for entry in scheduled if entry[0] <= clock)
            scheduled = [entry for entry in scheduled if entry[0] > clock]
            for _, number, owner in due_now:
                # A request keeps the place in the queue that it had when it was sent.
                queued[owner] = sorted([*queued[owner], number])
            assert {woken.key for woken in ready.entities} == {owner for _, _, owner in due_now}
            assert following == min((from_microseconds(at) for at, _, _ in scheduled), default=None)
        else:
            db.execute("BEGIN")
            batch = load_next_batch(db, entity, argument)
            if batch is not None:
                numbers = [json.loads(entry.request.input_text or "") for entry in batch.queued]
                state = json.dumps([*json.loads(batch.state or "[]"), *numbers])
                commit_batch(db, batch, exists=True, state=state, now=from_microseconds(clock))
            if action == "crash":
                db.execute("ROLLBACK")
                continue
            db.execute("COMMIT")
            taken, queued[key] = queued[key][:argument], queued[key][argument:]
            applied[key] += taken

        for owner in KEYS:
            stored = read_state(db, EntityId("journal", owner))
            assert json.loads((stored and stored[0]) or "[]") == applied[owner]
