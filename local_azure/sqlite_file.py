"""Opening a SQLite database that one process owns, in a file or in memory."""

import sqlite3
from pathlib import Path


class UnusableDatabase(Exception):
    """The database cannot be used; the message says why and what to do."""


# A checkpoint waits for the disk: one for each 16 MiB of the write-ahead log instead of the default 4 MiB.
CHECKPOINT_PAGES = 4000


def open_database(
    path: Path | None,
    schema: str,
    version: int,
    *,
    lock_seconds: float,
    checkpoint_pages: int = CHECKPOINT_PAGES,
    any_thread: bool = False,
) -> sqlite3.Connection:
    """Return a connection in autocommit mode to the database of a file, or of this process's memory without a path.

    An empty database gets the schema, whose statements end with `;`. The file is locked for this process alone;
    another owner's lock is waited for during `lock_seconds`. A commit that finds so many pages of 4 KiB in the
    write-ahead log makes a checkpoint. With `any_thread` every thread may use the connection, one at a time.
    Raises UnusableDatabase.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path or ":memory:", timeout=lock_seconds, isolation_level=None, check_same_thread=not any_thread
        )
    except (OSError, sqlite3.Error) as error:
        raise UnusableDatabase(f"{path} cannot be opened: {error}") from error
    try:
        connection.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
        _prepare(connection, path, schema, version)
    except sqlite3.OperationalError as error:
        connection.close()
        raise UnusableDatabase(f"{path} cannot be used ({error}); does another process use the same data?") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UnusableDatabase(f"{path} is not a database ({error}); delete it to start without data") from error
    except UnusableDatabase:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None, schema: str, version: int) -> None:
    # A second owner of the same file would do everything twice.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("BEGIN EXCLUSIVE")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found not in (0, version):
        raise UnusableDatabase(
            f"{path} was written by another version (format {found}, this one reads {version});"
            " delete it to start without data"
        )
    if found == 0:
        for statement in schema.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={version}")
    connection.execute("COMMIT")
