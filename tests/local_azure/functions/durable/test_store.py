"""The store: one transaction at a time, all of it or nothing."""

import asyncio
import sqlite3

import pytest

from local_azure.functions.durable import StoreError
from local_azure.functions.durable.storage.store import Store


def add_timer(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO timers (instance_id, execution_id, timer_id, fire_at) VALUES ('i', 'e', 0, 0)")


def count_timers(db: sqlite3.Connection) -> int:
    count: int = db.execute("SELECT count(*) FROM timers").fetchone()[0]
    return count


async def test_work_that_raises_leaves_nothing_behind() -> None:
    store = Store(None)
    await store.open()

    def fails(db: sqlite3.Connection) -> None:
        add_timer(db)
        raise LookupError("after a change")

    with pytest.raises(LookupError, match="after a change"):
        await store.run(fails)
    assert await store.run(count_timers) == 0
    await store.run(add_timer)
    assert await store.run(count_timers) == 1
    await store.close()


async def test_transactions_that_began_before_closing_are_carried_out() -> None:
    store = Store(None)
    await store.open()
    results = [asyncio.ensure_future(store.run(count_timers)) for _ in range(20)]
    await asyncio.sleep(0)
    await store.close()

    assert await asyncio.gather(*results) == [0] * 20


async def test_a_closed_store_raises_an_error() -> None:
    store = Store(None)
    await store.open()
    await store.close()

    with pytest.raises(StoreError, match="the durable store is closed"):
        await store.run(count_timers)
