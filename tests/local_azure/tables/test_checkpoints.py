"""Checkpoints of the database: when what was written reaches the file itself, and who waits meanwhile."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from local_azure.tables.store import Database, TableStore
from local_azure.tables.store import database as database_module
from tests.local_azure.tables.test_store import TABLE, fill, insert, rows_of, store_of


async def rows_in_file(path: Path) -> int:
    """Return how many entities the file has without its write-ahead log."""
    copy = path.with_name("copy.sqlite3")
    copy.write_bytes(await asyncio.to_thread(path.read_bytes))
    with closing(sqlite3.connect(copy)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'entities'").fetchall():
            return 0
        return int(database.execute("SELECT count(*) FROM entities").fetchone()[0])


async def test_what_was_written_is_in_the_file_itself_once_nobody_uses_the_storage(tmp_path: Path) -> None:
    path = tmp_path / "tables.sqlite3"
    async with store_of(path) as store:
        await fill(store, 600)
        async with asyncio.timeout(30):
            while await rows_in_file(path) < 600:  # noqa: ASYNC110 (a thread writes the file)
                await asyncio.sleep(0.01)


async def test_work_waits_for_a_checkpoint_and_the_event_loop_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "MANY_CHANGES", 1000)
    database = Database(tmp_path / "tables.sqlite3")
    store = TableStore(database, lambda: 1_000.0)
    await store.open()
    await store.create_table(TABLE)
    has_begun, may_end = threading.Event(), threading.Event()

    def hold_checkpoint(statement: str) -> None:
        if "wal_checkpoint" in statement:
            has_begun.set()
            assert may_end.wait(30)

    await database.run(lambda db: db.set_trace_callback(hold_checkpoint))
    await fill(store, 1000)
    await asyncio.to_thread(has_begun.wait, 30)
    writing = [asyncio.create_task(store.write(TABLE, insert(f"later {number}"))) for number in range(100)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in writing)
    may_end.set()
    await asyncio.gather(*writing)

    assert len(await rows_of(store, filter="RowKey ge 'later'")) == 100
    await store.close()


async def test_a_storage_that_is_closed_during_a_checkpoint_has_written_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "MANY_CHANGES", 1000)
    path = tmp_path / "tables.sqlite3"
    async with store_of(path) as store:
        await fill(store, 1000)
        writing = asyncio.create_task(store.write(TABLE, insert("last")))
        await asyncio.sleep(0)

    await writing
    assert await rows_in_file(path) == 1001
