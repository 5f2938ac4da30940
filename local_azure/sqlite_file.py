"""Opening a SQLite database that one process owns, in a file or in memory."""

import sqlite3
from pathlib import Path


class UnusableDatabase(Exception):
    """The database cannot be used; the message says why and what to do."""


def open_database(path: Path | None, schema: str, version: int, *, lock_seconds: float) -> sqlite3.Connection:
    """Return a connection in autocommit mode to the database of a file, or of this process's memory without a path.

    An empty database gets the schema, whose statements end with `;`. The file is locked for this process alone;
    another owner's lock is waited for during `lock_seconds`. Raises UnusableDatabase.
    """
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path or ":memory:", timeout=lock_seconds, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise UnusableDatabase(f"{path} cannot be opened: {error}") from error
    try:
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
    # A checkpoint waits for the disk: one for each 16 MiB of log (4,000 pages) instead of the default 4 MiB.
    connection.execute("PRAGMA wal_autocheckpoint=4000")
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
