"""The durable state in one SQLite database, used by one thread.

Every change is one transaction, so a process that is killed at any moment leaves either all of it or nothing. The
write-ahead log with `synchronous=NORMAL` keeps what was committed when the process is killed. A power cut may lose
the last transactions; the database stays consistent.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from local_azure.functions.errors import HostError
from local_azure.sqlite_file import UnusableDatabase, open_database

T = TypeVar("T")

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
LOCK_TIMEOUT_SECONDS = 5.0
# Between tries to write what a full or failing disk refused.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 2.0

# Times are microseconds since 1970, UTC; inputs, outputs and events are JSON text.
SCHEMA = """
CREATE TABLE instances (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, execution_id TEXT NOT NULL, status TEXT NOT NULL,
  input TEXT, output TEXT, custom_status TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  parent_id TEXT, parent_execution TEXT, parent_task INTEGER
) WITHOUT ROWID;
CREATE INDEX instances_by_age ON instances (created, id);
CREATE TABLE history (
  instance_id TEXT NOT NULL, position INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (instance_id, position)
) WITHOUT ROWID;
CREATE TABLE inbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT, event TEXT NOT NULL
);
CREATE INDEX inbox_by_instance ON inbox (instance_id, seq);
CREATE TABLE activities (
  instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, task_id INTEGER NOT NULL, name TEXT NOT NULL,
  input TEXT NOT NULL,
  PRIMARY KEY (instance_id, execution_id, task_id)
) WITHOUT ROWID;
CREATE TABLE timers (
  instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, timer_id INTEGER NOT NULL, fire_at INTEGER NOT NULL,
  PRIMARY KEY (instance_id, execution_id, timer_id)
) WITHOUT ROWID;
CREATE INDEX timers_by_time ON timers (fire_at);
CREATE TABLE entities (
  name TEXT NOT NULL, key TEXT NOT NULL, state TEXT, updated INTEGER NOT NULL, PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE TABLE entity_requests (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, key TEXT NOT NULL, operation TEXT NOT NULL, input TEXT,
  request_id TEXT NOT NULL, parent_id TEXT, parent_execution TEXT, due INTEGER
);
CREATE INDEX entity_requests_by_entity ON entity_requests (name, key, seq);
CREATE INDEX entity_requests_by_time ON entity_requests (due) WHERE due IS NOT NULL;
"""


class StoreError(HostError):
    """The database cannot be used; the message says why and what to do."""

    code = "durable_store_unusable"


class Store:
    """The database and its thread."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="durable-store")
        self._connection: sqlite3.Connection | None = None
        self._is_closed = False

    async def open(self) -> None:
        """Open the file, or memory when there is no path. Raises StoreError."""
        try:
            self._connection = await asyncio.get_running_loop().run_in_executor(self._thread, self._connect)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    async def close(self) -> None:
        """Finish the transactions that were begun or queued, then close the file."""
        self._is_closed = True
        if self._connection is not None:
            # The thread runs its work in order, so the connection is closed after the last transaction.
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns; its statements are one transaction, undone if it raises.

        Raises StoreError once the store is closed, and when the file is damaged; sqlite3.OperationalError when the
        disk refuses.
        """
        if self._is_closed or self._connection is None:
            raise StoreError("the durable store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work)
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:  # its subclasses are other problems
                raise
            raise StoreError(f"{self._path} is damaged ({error}); delete it to start without data") from error

    async def run_until_stored(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `run` returns; while the disk refuses (it is full, or fails), try again after a pause.

        For work that nobody else would repeat: the timers and what has ended. Raises StoreError as `run` does.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                result = await self.run(work)
            except sqlite3.OperationalError as problem:
                if pause == FIRST_PAUSE_SECONDS:
                    log.error("the durable state cannot be written, trying again: %s", problem)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                if pause != FIRST_PAUSE_SECONDS:
                    log.warning("the durable state can be written again")
                return result

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        assert connection is not None
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite ends it itself after some errors
                connection.execute("ROLLBACK")
            raise
        return result

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = open_database(self._path, SCHEMA, SCHEMA_VERSION, lock_seconds=LOCK_TIMEOUT_SECONDS)
        except UnusableDatabase as error:
            raise StoreError(str(error)) from error
        connection.row_factory = sqlite3.Row
        return connection
