"""One SQLite database and the thread that works on it.

What is asked for at the same time is committed together (group commit): each piece of work that shares a commit has a
savepoint of its own, so that one that fails is undone alone. A caller is answered after the commit. The write-ahead
log with `synchronous=NORMAL` keeps every commit when the process is killed; after a power cut the last ones may be
missing, and the database is consistent.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from local_azure.sqlite_file import UnusableDatabase, open_database

T = TypeVar("T")

SCHEMA_VERSION = 1
LOCK_TIMEOUT_SECONDS = 2.0
MAX_GROUP = 64

# Partition and row are sort keys (UTF-16BE), ticks the Timestamp, body the JSON text of the properties with their
# annotations. Entities of a deleted table are removed little by little.
SCHEMA = """
CREATE TABLE tables (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, policies TEXT
);
CREATE TABLE entities (
  table_id INTEGER NOT NULL, partition BLOB NOT NULL, row BLOB NOT NULL, ticks INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (table_id, partition, row)
) WITHOUT ROWID;
CREATE TABLE deleted_tables (id INTEGER PRIMARY KEY);
CREATE TABLE documents (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
"""

Work = Callable[[sqlite3.Connection], T]
_Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


class Database:
    """The database of a file, or of this process's memory when there is no path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._queue: queue.SimpleQueue[tuple[Work[Any], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run_thread, name="table-store", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: asyncio.Future[None] | None = None
        self._is_closed = True

    async def open(self) -> None:
        """Open the database in its thread; raises `StoreError`."""
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.create_future()
        self._thread.start()
        await self._opened
        self._is_closed = False

    async def close(self) -> None:
        """Finish what was asked for, then close the database."""
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def run(self, work: Work[T]) -> T:
        """Return what `work` returns once it is committed; nothing of it is kept when it raises.

        The work is carried out also when its caller is cancelled. Raises `StoreError` when the database is closed.
        """
        if self._is_closed or self._loop is None:
            raise StoreError("the table storage is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.put((work, future))
        return await future

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _run_thread(self) -> None:
        assert self._loop is not None
        assert self._opened is not None
        try:
            connection = _connect(self._path)
        except BaseException as error:
            self._loop.call_soon_threadsafe(self._opened.set_exception, error)
            return
        self._loop.call_soon_threadsafe(self._opened.set_result, None)
        try:
            while group := self._next_group():
                outcomes = _carry_out(connection, group)
                self._loop.call_soon_threadsafe(_deliver, outcomes)
        finally:
            connection.close()

    def _next_group(self) -> list[tuple[Work[Any], "asyncio.Future[Any]"]]:
        """Wait for work and return all that is there, up to a bound; nothing at the end."""
        item = self._queue.get()
        group = []
        while item is not None:
            group.append(item)
            if len(group) == MAX_GROUP or self._queue.empty():
                return group
            item = self._queue.get()
        if group:
            self._queue.put(None)  # The end comes after this group.
        return group


def _carry_out(connection: sqlite3.Connection, group: list[tuple[Work[Any], "asyncio.Future[Any]"]]) -> list[_Outcome]:
    outcomes: list[_Outcome]
    try:
        connection.execute("BEGIN")
        if len(group) == 1:
            [(work, future)] = group
            outcomes = [(future, work(connection), None)]
        else:
            outcomes = [(future, *_outcome(connection, work)) for work, future in group]
        connection.execute("COMMIT")
    except BaseException as error:
        # Nothing was committed: also those that had succeeded have failed.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return [(future, None, error) for _, future in group]
    return outcomes


def _outcome(connection: sqlite3.Connection, work: Work[Any]) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT work")
    try:
        result = work(connection)
    except Exception as error:
        connection.execute("ROLLBACK TO work")
        return None, error
    finally:
        connection.execute("RELEASE work")
    return result, None


def _deliver(outcomes: list[_Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():
            continue  # Its caller was cancelled.
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _connect(path: Path | None) -> sqlite3.Connection:
    try:
        return open_database(path, SCHEMA, SCHEMA_VERSION, lock_seconds=LOCK_TIMEOUT_SECONDS)
    except UnusableDatabase as error:
        raise StoreError(str(error)) from error
