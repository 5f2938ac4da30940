"""Keep the status of timer triggers, and let one process at a time run them.

A SQLite file in the data folder, whose lock its process keeps for as long as it lives: the real host holds the lease of
a blob for that. When the process ends in any way, the next one that asks gets the lock.
"""

import json
import logging
import sqlite3
import threading
from datetime import datetime
from pathlib import Path

from local_azure.functions.errors import ConfigurationError
from local_azure.functions.timers.monitor import ScheduleStatus

FILE = "timers.sqlite3"
# The form of a status. A reader ignores fields that it does not know.
VERSION = 1

log = logging.getLogger("local_azure.functions.timers")


class StatusStore:
    """The statuses by function name, whatever its case; without a folder they last as long as the process.

    Methods block for the time of a file's write. They may be called from any thread, one at a time.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._connection: sqlite3.Connection | None = None
        # A write may still run when the file is closed, and SQLite ends a process that closes a file under it.
        self._in_use = threading.Lock()

    def acquire(self) -> bool:
        """Open the file and take its lock; return False when another process has it.

        Raises ConfigurationError when the file cannot be used.
        """
        path = ":memory:" if self._folder is None else self._folder / FILE
        connection = None
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, timeout=0, check_same_thread=False, isolation_level=None)
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            # The lock is kept from the first write on.
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("CREATE TABLE IF NOT EXISTS timers (name TEXT PRIMARY KEY, status TEXT NOT NULL)")
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error) and error.sqlite_errorname == "SQLITE_BUSY":
                return False
            raise ConfigurationError(f"{path}, the state of timer triggers, cannot be used: {error}") from error
        self._connection = connection
        return True

    def read(self, name: str) -> ScheduleStatus | None:
        """Return what was written, None when there is nothing, or nothing that can be read."""
        assert self._connection is not None, "the lock has not been acquired"
        row = self._connection.execute("SELECT status FROM timers WHERE name = ?", (name.lower(),)).fetchone()
        if row is None:
            return None
        try:
            stored = json.loads(row[0])
            following = stored["next"]
            return ScheduleStatus(
                datetime.fromisoformat(stored["last"]),
                None if following is None else datetime.fromisoformat(following),
                datetime.fromisoformat(stored["last_updated"]),
            )
        except (ValueError, KeyError, TypeError):
            log.warning("The state of the timer '%s' cannot be read; it counts as one that never ran.", name)
            return None

    def write(self, name: str, status: ScheduleStatus) -> None:
        """Write a status; nothing once the file is closed. Raises sqlite3.Error, for example when the disk is full."""
        stored = {
            "version": VERSION,
            "last": status.last.isoformat(),
            "next": None if status.next is None else status.next.isoformat(),
            "last_updated": status.last_updated.isoformat(),
        }
        with self._in_use:
            if self._connection is not None:
                self._connection.execute(
                    "INSERT INTO timers VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET status = excluded.status",
                    (name.lower(), json.dumps(stored)),
                )

    def close(self) -> None:
        """Close the file after the write that runs, which gives the lock back."""
        with self._in_use:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
