"""The store: one transaction at a time, all of it or nothing."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from local_azure.functions.durable import StoreError
from local_azure.functions.durable.storage.store import Store
from tests.local_azure.webpubsub.harness import until


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


def set_page_limit(pages: int) -> Callable[[sqlite3.Connection], None]:
    """Return work that lets the database have no more pages than so many, as a full disk does."""
    return lambda db: db.execute(f"PRAGMA max_page_count={pages}").fetchone() and None


def add_large_entity(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO entities (name, key, state, updated) VALUES ('e', 'k', ?, 0)", ("x" * 100_000,))


async def test_what_must_be_stored_waits_until_a_full_disk_has_room_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "durable.sqlite3")
    await store.open()
    await store.run(set_page_limit(1))  # the limit becomes what is used already

    stored = asyncio.ensure_future(store.run_until_stored(add_large_entity))
    await until(lambda: "cannot be written, trying again: database or disk is full" in caplog.text)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await store.run(add_large_entity)
    assert not stored.done()
    await store.run(set_page_limit(1_000_000))
    await stored

    assert await store.run(lambda db: db.execute("SELECT count(*) FROM entities").fetchone()[0]) == 1
    assert "can be written again" in caplog.text
    await store.close()


async def test_a_damaged_page_is_named_as_a_damaged_header_is(tmp_path: Path) -> None:
    path = tmp_path / "durable.sqlite3"
    store = Store(path)
    await store.open()
    await store.run(add_large_entity)
    await store.run(add_timer)
    await store.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    damaged = Store(path)
    await damaged.open()
    with pytest.raises(StoreError, match=r"durable\.sqlite3 is damaged .*; delete it to start without data"):
        await damaged.run(count_timers)
    await damaged.close()
