"""What is read and written in SQLite: each function is a part of one transaction."""

import sqlite3
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from local_azure.tables.entities import EntityKey, StoredEntity
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.filters import KeyRange
from local_azure.tables.names import from_sort_key, sort_key, table_key

PURGE_ENTITIES = 1000
_INSERT = "INSERT INTO entities (table_id, partition, row, ticks, body) VALUES (?, ?, ?, ?, ?)"
_WRITE = "INSERT OR REPLACE INTO entities (table_id, partition, row, ticks, body) VALUES (?, ?, ?, ?, ?)"

# --- tables ----------------------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """A table by its id, and its name as it was created."""

    id: int
    name: str


def find_table(db: sqlite3.Connection, name: str) -> Table:
    """Return a table; raises `TableError` when there is none of this name in any letter case."""
    found = db.execute("SELECT id, name FROM tables WHERE key = ?", (table_key(name),)).fetchone()
    if found is None:
        raise TableError(ErrorCode.TABLE_NOT_FOUND)
    return Table(*found)


def create_table(db: sqlite3.Connection, name: str) -> None:
    """Create a table; raises `TableError` when there is one of this name in any letter case."""
    try:
        db.execute("INSERT INTO tables (key, name) VALUES (?, ?)", (table_key(name), name))
    except sqlite3.IntegrityError:
        raise TableError(ErrorCode.TABLE_ALREADY_EXISTS) from None


def delete_table(db: sqlite3.Connection, name: str) -> None:
    """Delete a table; its entities can no longer be reached. Raises `TableError` when there is none."""
    found = db.execute("DELETE FROM tables WHERE key = ? RETURNING id", (table_key(name),)).fetchall()
    if not found:
        raise TableError(ErrorCode.RESOURCE_NOT_FOUND)
    db.execute("INSERT INTO deleted_tables (id) VALUES (?)", found[0])


def purge_entities(db: sqlite3.Connection) -> bool:
    """Delete some entities of a deleted table; return whether more may be left."""
    found = db.execute("SELECT id FROM deleted_tables LIMIT 1").fetchone()
    if found is None:
        return False
    gone = db.execute(
        "DELETE FROM entities WHERE table_id = ?1 AND (partition, row) IN"
        " (SELECT partition, row FROM entities WHERE table_id = ?1 ORDER BY partition, row LIMIT ?2)",
        (found[0], PURGE_ENTITIES),
    ).rowcount
    if gone < PURGE_ENTITIES:
        db.execute("DELETE FROM deleted_tables WHERE id = ?", found)
    return True


def list_tables(db: sqlite3.Connection, start: str, count: int) -> list[str]:
    """Return the names of tables from the one with the key `start` on, in the order of their keys."""
    rows = db.execute("SELECT name FROM tables WHERE key >= ? ORDER BY key LIMIT ?", (start, count))
    return [name for (name,) in rows]


def read_policies(db: sqlite3.Connection, name: str) -> str | None:
    """Return the XML of a table's stored access policies, None when none were set; raises `TableError`."""
    table_id, _ = find_table(db, name)
    (policies,) = db.execute("SELECT policies FROM tables WHERE id = ?", (table_id,)).fetchone()
    return None if policies is None else str(policies)


def write_policies(db: sqlite3.Connection, name: str, policies: str) -> None:
    """Keep the XML of a table's stored access policies; raises `TableError` when there is no such table."""
    table_id, _ = find_table(db, name)
    db.execute("UPDATE tables SET policies = ? WHERE id = ?", (policies, table_id))


def read_document(db: sqlite3.Connection, name: str) -> str | None:
    """Return a document of the service, None when there is none."""
    found = db.execute("SELECT text FROM documents WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def write_document(db: sqlite3.Connection, name: str, text: str) -> None:
    """Keep a document of the service."""
    db.execute("INSERT OR REPLACE INTO documents (name, text) VALUES (?, ?)", (name, text))


# --- entities --------------------------------------------------------------------------------------------------------


def read_entity(db: sqlite3.Connection, table_id: int, key: EntityKey) -> StoredEntity | None:
    """Return an entity, None when there is none."""
    found = db.execute(
        "SELECT ticks, body FROM entities WHERE table_id = ? AND partition = ? AND row = ?",
        (table_id, sort_key(key.partition), sort_key(key.row)),
    ).fetchone()
    return None if found is None else StoredEntity(key, found[0], found[1])


def insert_entities(db: sqlite3.Connection, table_id: int, entities: Iterable[StoredEntity]) -> bool:
    """Insert entities; return False at the first whose key is taken: those before it are inserted.

    No entity after that one is asked for.
    """
    try:
        db.executemany(_INSERT, (_row(table_id, entity) for entity in entities))
    except sqlite3.IntegrityError:
        return False
    return True


def write_entity(db: sqlite3.Connection, table_id: int, entity: StoredEntity) -> None:
    """Insert or replace an entity."""
    db.execute(_WRITE, _row(table_id, entity))


def _row(table_id: int, entity: StoredEntity) -> tuple[int, bytes, bytes, int, str]:
    (partition, row), ticks, body = entity
    return table_id, _partition_sort_key(partition), sort_key(row), ticks, body


# Cached: the entities of a transaction have the same partition.
_partition_sort_key = lru_cache(maxsize=256)(sort_key)


def delete_entity(db: sqlite3.Connection, table_id: int, key: EntityKey) -> None:
    """Delete an entity."""
    db.execute(
        "DELETE FROM entities WHERE table_id = ? AND partition = ? AND row = ?",
        (table_id, sort_key(key.partition), sort_key(key.row)),
    )


def read_entities(
    db: sqlite3.Connection, table_id: int, key_range: KeyRange, start: tuple[bytes, bytes], count: int
) -> Iterator[StoredEntity]:
    """Yield the first entities of a range from `start` on, in the order of their keys."""
    bound, end = _upper_bound(key_range)
    rows = db.execute(
        "SELECT partition, row, ticks, body FROM entities"  # noqa: S608 (`bound` is one of three texts)
        f" WHERE table_id = ? AND (partition, row) >= (?, ?){bound} ORDER BY partition, row LIMIT ?",
        (table_id, *start, *end, count),
    )
    for partition, row, ticks, body in rows:
        yield StoredEntity(EntityKey(from_sort_key(partition), from_sort_key(row)), ticks, body)


def _upper_bound(key_range: KeyRange) -> tuple[str, tuple[bytes, ...]]:
    """Return a condition of fixed text and its values."""
    if key_range.last_partition is None:
        return "", ()
    if key_range.last_row is None:
        return " AND partition <= ?", (key_range.last_partition,)
    return " AND (partition, row) <= (?, ?)", (key_range.last_partition, key_range.last_row)
