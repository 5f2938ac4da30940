"""The operations of the service on its database; each is one transaction, or a sequence of reads for a long query."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TypeVar

from local_azure.tables.entities import EntityKey, StoredEntity
from local_azure.tables.errors import ErrorCode, OperationFailed, TableError
from local_azure.tables.filters import Expression
from local_azure.tables.names import sort_key, table_key
from local_azure.tables.queries import MAX_PAGE_SIZE, Query, entity_lookup, table_name_lookup
from local_azure.tables.store import statements
from local_azure.tables.store.database import Database
from local_azure.tables.store.statements import Table
from local_azure.tables.timestamps import TICKS_PER_SECOND
from local_azure.tables.writes import Action, Write, apply_write

T = TypeVar("T")

MAX_EXAMINED_AT_ONCE = 1000
MAX_QUERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a query; `next_key` is the first key of the page after it, None at the end."""

    table: str
    entities: Sequence[StoredEntity]
    next_key: EntityKey | None


@dataclass(frozen=True, slots=True)
class WrittenTransaction:
    """The table's name as it was created, and each entity as it is now, None for a deleted one."""

    table: str
    entities: Sequence[StoredEntity | None]


@dataclass(frozen=True, slots=True)
class _Portion:
    """Matches among the entities that were examined at once, and how many writes there had been by then."""

    table: str
    entities: Sequence[StoredEntity]
    next_key: EntityKey | None
    changes: int


class TableStore:
    """Tables and entities. `now` tells seconds since 1970; it is called in the event loop."""

    def __init__(self, database: Database, now: Callable[[], float], *, pages_end_at_partitions: bool = False) -> None:
        self._database = database
        self._pages_end_at_partitions = pages_end_at_partitions
        self._now = now
        self._last_ticks = 0
        self._changes = 0
        self._purges: set[asyncio.Task[None]] = set()
        # By key, those that are committed and not deleted since: every call names a table.
        self._tables: dict[str, Table] = {}
        self._deletions = 0

    async def open(self) -> None:
        """Open the database; raises `StoreError`."""
        await self._database.open()
        self._start_purge()

    async def close(self) -> None:
        """Finish what was asked for and close the database."""
        for purge in self._purges:
            purge.cancel()
        await asyncio.gather(*self._purges, return_exceptions=True)
        await self._database.close()

    # --- tables ------------------------------------------------------------------------------------------------------

    async def create_table(self, name: str) -> None:
        """Create a table; raises `TableError` when it exists."""
        await self._database.run(lambda db: statements.create_table(db, name))

    async def delete_table(self, name: str) -> None:
        """Delete a table; its entities are removed from the database afterwards. Raises `TableError`."""

        def delete(db: sqlite3.Connection) -> None:
            self._tables.clear()
            self._deletions += 1
            statements.delete_table(db, name)

        await self._database.run(delete)
        self._start_purge()

    async def find_table(self, name: str) -> str:
        """Return a table's name as it was created; raises `TableError`."""
        return await self._run_in_table(name, lambda _, table: table.name)

    async def list_tables(
        self, condition: Expression | None, start: str, page_size: int
    ) -> tuple[Sequence[str], str | None]:
        """Return the names of tables from `start` on that fit the condition, and where the next page starts."""
        found: list[str] = []
        start = table_key(start)
        while True:
            names = await self._database.run(partial(statements.list_tables, start=start, count=MAX_PAGE_SIZE + 1))
            for name in names[:MAX_PAGE_SIZE]:
                if condition is None or condition.matches(table_name_lookup(name)):
                    if len(found) == page_size:
                        return found, table_key(name) if page_size else None
                    found.append(name)
            if len(names) <= MAX_PAGE_SIZE:
                return found, None
            start = table_key(names[-1])

    async def read_policies(self, name: str) -> str | None:
        """Return the XML of a table's stored access policies, if any were set; raises `TableError`."""
        return await self._database.run(lambda db: statements.read_policies(db, name))

    async def write_policies(self, name: str, policies: str) -> None:
        """Keep the XML of a table's stored access policies; raises `TableError`."""
        await self._database.run(lambda db: statements.write_policies(db, name, policies))

    async def read_document(self, name: str) -> str | None:
        """Return a document of the service, None when there is none."""
        return await self._database.run(lambda db: statements.read_document(db, name))

    async def write_document(self, name: str, text: str) -> None:
        """Keep a document of the service."""
        await self._database.run(lambda db: statements.write_document(db, name, text))

    # --- entities ----------------------------------------------------------------------------------------------------

    async def read_entity(self, table: str, key: EntityKey) -> tuple[str, StoredEntity]:
        """Return the table's name as it was created and the entity; raises `TableError`."""

        def read(db: sqlite3.Connection, found: Table) -> tuple[str, StoredEntity]:
            entity = statements.read_entity(db, found.id, key)
            if entity is None:
                raise TableError(ErrorCode.RESOURCE_NOT_FOUND)
            return found.name, entity

        return await self._run_in_table(table, read)

    async def write(self, table: str, write: Write) -> WrittenTransaction:
        """Carry out one write; raises `TableError`."""
        try:
            return await self.write_all(table, [write])
        except OperationFailed as failure:
            raise failure.error from None

    async def write_all(self, table: str, writes: Sequence[Write]) -> WrittenTransaction:
        """Carry out all writes or none; raises `OperationFailed` with the index of the first that is refused."""

        def write(db: sqlite3.Connection, found: Table) -> WrittenTransaction:
            ticks = self._next_ticks()
            written: list[StoredEntity | None] = []
            for is_insert, run in groupby(writes, _is_insert):
                if is_insert:
                    _insert_all(db, found.id, run, ticks, written)
                    continue
                for one in run:
                    written.append(_write_one(db, found.id, len(written), one, ticks))
            self._last_ticks = max(ticks, *(entity.ticks for entity in written if entity is not None), 0)
            self._changes += 1
            return WrittenTransaction(found.name, written)

        try:
            return await self._run_in_table(table, write)
        except TableError as error:  # there is no such table
            raise OperationFailed(0, error) from None

    async def query(self, table: str, query: Query) -> Page:
        """Return a page; it ends early when the query takes long. Raises `TableError`.

        A page shows one moment. Entities are examined in portions, so that a long query does not hold up others; when
        something is written between two portions, the page ends there.
        """
        found: list[StoredEntity] = []
        next_key: EntityKey | None = None
        start, changes = query.start, None
        deadline = self._now() + MAX_QUERY_SECONDS
        while True:
            portion = await self._run_in_table(table, partial(self._read_portion, query, start, len(found)))
            if changes not in (None, portion.changes):
                return Page(portion.table, found, next_key)
            found += portion.entities
            next_key, changes = portion.next_key, portion.changes
            is_full = len(found) == query.page_size or self._pages_end_at_partitions
            if next_key is None or is_full or self._now() > deadline:
                return Page(portion.table, found, next_key)
            start = (sort_key(next_key.partition), sort_key(next_key.row))

    # --- with the database -------------------------------------------------------------------------------------------

    async def _run_in_table(self, name: str, work: Callable[[sqlite3.Connection, Table], T]) -> T:
        """Return what `work` returns for the table of this name; raises `TableError` when there is none."""
        key, deletions = table_key(name), self._deletions
        table: Table | None = None

        def run(db: sqlite3.Connection) -> T:
            nonlocal table
            table = self._tables.get(key) or statements.find_table(db, name)
            return work(db, table)

        result = await self._database.run(run)
        if table is not None and deletions == self._deletions:
            self._tables[key] = table
        return result

    def _read_portion(
        self, query: Query, start: tuple[bytes, bytes], found: int, db: sqlite3.Connection, table: Table
    ) -> _Portion:
        entities: list[StoredEntity] = []
        candidates = statements.read_entities(db, table.id, query.key_range, start, MAX_EXAMINED_AT_ONCE + 1)
        partition: str | None = None
        for examined, entity in enumerate(candidates):
            if query.page_size == 0:
                break
            is_boundary = self._pages_end_at_partitions and partition not in (None, entity.key.partition)
            partition = entity.key.partition
            if found + len(entities) == query.page_size or examined == MAX_EXAMINED_AT_ONCE or is_boundary:
                return _Portion(table.name, entities, entity.key, self._changes)
            if query.filter is None or query.filter.matches(entity_lookup(entity)):
                entities.append(entity)
        return _Portion(table.name, entities, None, self._changes)

    def _next_ticks(self) -> int:
        """Return the time in ticks, later than any before: an ETag must not repeat when the clock stands still."""
        return max(int(self._now() * TICKS_PER_SECOND), self._last_ticks + 1)

    def _start_purge(self) -> None:
        purge = asyncio.create_task(self._purge_entities())
        self._purges.add(purge)
        purge.add_done_callback(self._purges.discard)

    async def _purge_entities(self) -> None:
        # One portion at a time: others have their turn in between.
        while await self._database.run(statements.purge_entities):
            pass


def _is_insert(write: Write) -> bool:
    return write.action is Action.INSERT


def _insert_all(
    db: sqlite3.Connection, table_id: int, writes: Iterable[Write], ticks: int, written: list[StoredEntity | None]
) -> None:
    """Carry out inserts that follow each other, and add what they write to `written`."""

    def entities() -> Iterator[StoredEntity]:
        for write in writes:
            entity = _apply(write, None, ticks, len(written))
            if entity is not None:
                written.append(entity)
                yield entity

    # Nothing is read before: the database itself refuses a second entity with the same key.
    if not statements.insert_entities(db, table_id, entities()):
        raise OperationFailed(len(written) - 1, TableError(ErrorCode.ENTITY_ALREADY_EXISTS))


def _write_one(db: sqlite3.Connection, table_id: int, index: int, write: Write, ticks: int) -> StoredEntity | None:
    entity = _apply(write, statements.read_entity(db, table_id, write.key), ticks, index)
    if entity is None:
        statements.delete_entity(db, table_id, write.key)
    else:
        statements.write_entity(db, table_id, entity)
    return entity


def _apply(write: Write, current: StoredEntity | None, ticks: int, index: int) -> StoredEntity | None:
    try:
        return apply_write(write, current, ticks)
    except TableError as error:
        raise OperationFailed(index, error) from None
