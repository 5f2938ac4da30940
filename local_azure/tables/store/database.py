"""One SQLite database, used in the event loop.

What is asked for in one turn of the loop is committed together in the next (group commit): each piece of work that
shares a commit has a savepoint of its own, so that one that fails is undone alone. A caller is answered after the
commit. The write-ahead log with `synchronous=NORMAL` keeps every commit when the process is killed; after a power cut
the last ones may be missing, and the database is consistent.

A piece of work takes some tens of microseconds, less than handing it to a thread and its result back: work must be
short, and what reads much does so in portions. A checkpoint, which waits for the disk, is made in a thread: when nobody
has used the database for a moment, or when the write-ahead log has become long. Work waits until it is over, the event
loop does not.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from local_azure.sqlite_file import UnusableDatabase, open_database

log = logging.getLogger(__name__)
T = TypeVar("T")

SCHEMA_VERSION = 1
LOCK_TIMEOUT_SECONDS = 2.0
MAX_GROUP = 64
# A checkpoint is made after so many changed rows once the database is idle, after many more also while it is in use.
# A row changes about one page (4 KiB) of the log; a commit makes the checkpoint where rows are much larger.
IDLE_SECONDS = 0.25
CHANGES, MANY_CHANGES = 500, 8000
CHECKPOINT_PAGES = 16_000

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
        self._used_at = 0.0  # by the clock of the loop
        self._changes = 0  # rows that had been changed before the last checkpoint
        self._idle_timer: asyncio.TimerHandle | None = None
        self._checkpoint: asyncio.Task[None] | None = None
        self._is_closing = False

    async def open(self) -> None:
        """Open the database; raises `StoreError`."""
        self._loop = asyncio.get_running_loop()
        self._connection = _connect(self._path)

    async def close(self) -> None:
        """Finish what was asked for, then close the database."""
        if self._connection is None:
            return
        self._is_closing = True  # closing makes a checkpoint
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._checkpoint is not None:
            await asyncio.wait({self._checkpoint})
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
        if self._checkpoint is not None:
            return  # its end calls again
        group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
        if self._waiting:
            self._loop.call_soon(self._carry_out_waiting)
        _deliver(_carry_out(self._connection, group))
        if self._path is not None and not self._is_closing:
            self._plan_checkpoint(self._connection)

    def _plan_checkpoint(self, connection: sqlite3.Connection) -> None:
        self._used_at = self._loop.time()
        changes = connection.total_changes - self._changes
        if changes >= MANY_CHANGES:
            self._checkpoint = self._loop.create_task(self._make_checkpoint(connection))
        elif changes >= CHANGES and self._idle_timer is None:
            self._idle_timer = self._loop.call_later(IDLE_SECONDS, self._look_whether_idle, connection)

    def _look_whether_idle(self, connection: sqlite3.Connection) -> None:
        self._idle_timer = None
        if self._loop.time() < self._used_at + IDLE_SECONDS:
            self._idle_timer = self._loop.call_at(self._used_at + IDLE_SECONDS, self._look_whether_idle, connection)
        elif self._checkpoint is None:
            self._checkpoint = self._loop.create_task(self._make_checkpoint(connection))

    async def _make_checkpoint(self, connection: sqlite3.Connection) -> None:
        try:
            await asyncio.to_thread(_write_back, connection)
        except sqlite3.Error as error:
            # What was committed stays in the log, and the next checkpoint tries again.
            log.warning("a checkpoint failed", extra={"cause": str(error)})
        finally:
            self._changes = connection.total_changes
            self._checkpoint = None
            self._carry_out_waiting()


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


def _write_back(connection: sqlite3.Connection) -> None:
    """Copy the write-ahead log to the file: it begins anew then."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


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
        return open_database(
            path,
            SCHEMA,
            SCHEMA_VERSION,
            lock_seconds=LOCK_TIMEOUT_SECONDS,
            checkpoint_pages=CHECKPOINT_PAGES,
            any_thread=True,
        )
    except UnusableDatabase as error:
        raise StoreError(str(error)) from error
