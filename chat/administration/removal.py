"""Removing the oldest entries of a room's log: what retention and the closing of an idle room do.

First the head's `first` moves, then the rows below it are deleted, an entry together with its index row. Each step may
be repeated, and a run that was cut off at any step is completed by the next one: what is below `first` is removed.
The head itself stays, so numbers go on. Readers never look below `first`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG, Entity, Value
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Delete

ROOMS_TABLE, HEAD_ROW = "Rooms", "head"
# A transaction carries 100 operations: 50 entries, each with its index row.
ENTRIES_OF_TRANSACTION = 50
# Messages of this moment change the head too; then it is read again.
MAX_TRIES = 10


@dataclass(frozen=True, slots=True)
class LogRange:
    """Which entries a room's log has: from `first` to `seq`; `at` is the newest one's time (ms since 1970)."""

    seq: int
    first: int
    at: int
    etag: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether no entry is kept."""
        return self.first > self.seq


ReadTime = Callable[[int], Awaitable[int | None]]


async def find_first_kept(log: LogRange, before: int, read_time: ReadTime) -> int:
    """Return the number of the first entry whose time is not before a time (ms since 1970): `seq` + 1 when none is.

    Times grow with the numbers, so about as many entries are read as the number of entries has binary digits.
    `read_time` returns an entry's time, None for one that is gone.
    """
    if log.is_empty or log.at < before:
        return max(log.first, log.seq + 1)
    low, high = log.first, log.seq  # the entry `high` is kept
    while low < high:
        middle = (low + high) // 2
        at = await read_time(middle)
        if at is None or at < before:
            low = middle + 1
        else:
            high = middle
    return low


def entry_row(seq: int) -> str:
    """Return the row of an entry."""
    return f"e-{seq:012}"


def deletions(room: str, entries: Sequence[Entity]) -> list[Delete]:
    """Return the operations that delete entries and their index rows."""
    rows = [row for entry in entries for row in (entry["RowKey"], f"i-{entry['id']}")]
    return [Delete(room, row) for row in dict.fromkeys(rows)]


@dataclass(frozen=True, slots=True)
class LogRemoval:
    """Removes entries from logs. Every method raises StorageUnavailable."""

    tables: TableClient

    async def read_range(self, room: str) -> LogRange | None:
        """Return which entries a room's log has; None for a room in which nothing was ever said."""
        head = await self.tables.get(ROOMS_TABLE, room, HEAD_ROW)
        if head is None:
            return None
        return LogRange(int(head["seq"]), int(head.get("first") or 1), int(head.get("at") or 0), head[ETAG])

    async def remove_before(self, room: str, before: int) -> int:
        """Move a log's `first` to the first entry that is not older than a time (ms since 1970).

        Returns how many entries are below it now and were not before. Their rows are still to be deleted.
        """
        for _ in range(MAX_TRIES):
            log = await self.read_range(room)
            if log is None or log.is_empty:
                return 0
            first = await find_first_kept(log, before, self._time_reader(room))
            if first <= log.first:
                return 0
            if await self.move_first(room, log, first):
                return first - log.first
        return 0  # the room is busy: the next sweep tries again

    async def move_first(self, room: str, log: LogRange, first: int) -> bool:
        """Set the log's `first`, if the head is as it was read; return whether it was."""
        head: dict[str, Value] = {"PartitionKey": room, "RowKey": HEAD_ROW, "first": first}
        try:
            await self.tables.merge(ROOMS_TABLE, head, log.etag)
        except Conflict:
            return False
        return True

    async def delete_rows(self, room: str, first: int) -> int:
        """Delete the rows of up to 50 entries below a number; return how many entries that were, 0 when none is left."""
        below = key_range(room, entry_row(0), entry_row(first))
        page = await self.tables.query_all(ROOMS_TABLE, below, ("RowKey", "id"), limit=ENTRIES_OF_TRANSACTION)
        if page.entities:
            await self._delete(deletions(room, page.entities))
        return len(page.entities)

    async def _delete(self, operations: list[Delete]) -> None:
        try:
            await self.tables.transaction(ROOMS_TABLE, operations)
        except Conflict:  # a row is gone already, so the transaction changed nothing: each row alone
            for operation in operations:
                await self._delete_if_there(operation)

    async def _delete_if_there(self, operation: Delete) -> None:
        try:
            await self.tables.delete(ROOMS_TABLE, operation.partition, operation.row)
        except Conflict as problem:
            if problem.status != 404:
                raise

    def _time_reader(self, room: str) -> ReadTime:
        async def read_time(seq: int) -> int | None:
            entry = await self.tables.get(ROOMS_TABLE, room, entry_row(seq), ("at",))
            return int(entry["at"]) if entry else None

        return read_time
