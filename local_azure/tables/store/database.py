"""One SQLite database, used in the event loop.

What is asked for in one turn of the loop is committed together in the next (group commit): each piece of work that
shares a commit has a savepoint of its own, so that one that fails is undone alone. A caller is answered after the
commit. The write-ahead log with `synchronous=NORMAL` keeps every commit when the process is killed; after a power cut
the last ones may be missing, and the database is consistent.

A piece of work takes some tens of microseconds, less than handing it to a thread and its result back: work must be
short, and what reads much does so in portions.
"""

import asyncio
import sqlite3
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
        self._connection: sqlite3.Connection | None = None
        self._loop: asyncio.AbstractEventLoop
        self._waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = []

    async def open(self) -> None:
        """Open the database; raises `StoreError`."""
        self._loop = asyncio.get_running_loop()
        self._connection = _connect(self._path)

    async def close(self) -> None:
        """Finish what was asked for, then close the database."""
        if self._connection is None:
            return
        while self._waiting:
            self._carry_out_waiting()
        self._connection.close()
        self._connection = None

    async def run(self, work: Work[T]) -> T:
        """Return what `work` returns once it is committed; nothing of it is kept when it raises.

        The work is carried out also when its caller is cancelled. Raises `StoreError` when the database is closed.
        """
        if self._connection is None:
            raise StoreError("the table storage is closed")
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._waiting:
            self._loop.call_soon(self._carry_out_waiting)
        self._waiting.append((work, future))
        return await future

    def _carry_out_waiting(self) -> None:
        if self._connection is None or not self._waiting:
            return  # closed meanwhile
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        if self._waiting:
            self._loop.call_soon(self._carry_out_waiting)
        _deliver(_carry_out(self._connection, group))


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
