"""Removing the oldest entries of a room's log: what retention and the closing of an idle room do.

First the head's `first` moves, then the rows below it are deleted, an entry together with its index row. Each step may
be repeated, and a run that was cut off at any step is completed by the next one: what is below `first` is removed.
The head itself stays, so numbers go on. Readers never look below `first`.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chat.administration.row_changes import change_rows
from chat.room_log.model import Head
from chat.room_log.rows import HEAD, decode_head, entry_key, index_key
from chat.room_log.store import TABLE
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG, Entity, Value
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Delete

# A transaction carries 100 operations: 50 entries, each with its index row.
ENTRIES_OF_TRANSACTION = 50
# Messages of this moment change the head too; then it is read again.
MAX_TRIES = 10

ReadTime = Callable[[int], Awaitable[int | None]]


async def find_first_kept(head: Head, before: int, read_time: ReadTime) -> int:
    """Return the number of the first entry whose time is not before a time (ms since 1970): `seq` + 1 when none is.

    Times grow with the numbers: one entry is read where the first one is young enough, else about as many as the number
    of entries has binary digits.
    `read_time` returns an entry's time, None for one that is gone.
    """
    if head.first > head.seq or head.at < before:
        return max(head.first, head.seq + 1)
    if not is_older(await read_time(head.first), before):
        return head.first
    low, high = head.first + 1, head.seq  # the entry `high` is kept
    while low < high:
        middle = (low + high) // 2
        if is_older(await read_time(middle), before):
            low = middle + 1
        else:
            high = middle
    return low


def is_older(at: int | None, before: int) -> bool:
    """Return whether an entry's time is before another one; an entry that is gone is older."""
    return at is None or at < before


def deletions(room: str, entries: Sequence[Entity]) -> list[Delete]:
    """Return the operations that delete entries and their index rows."""
    rows = [row for entry in entries for row in (entry["RowKey"], index_key(entry["id"]))]
    return [Delete(room, row) for row in dict.fromkeys(rows)]


@dataclass(frozen=True, slots=True)
class LogRemoval:
    """Removes entries from logs. Every method raises StorageUnavailable."""

    tables: TableClient

    async def read_head(self, room: str) -> Head:
        """Return where a room's log begins and ends."""
        row = await self.tables.get(TABLE, room, HEAD)
        return decode_head(row, row[ETAG] if row else "")

    async def remove_before(self, room: str, before: int) -> int:
        """Move a log's `first` to the first entry that is not older than a time (ms since 1970), and return it.

        The rows below it are still to be deleted.
        """
        for _ in range(MAX_TRIES):
            head = await self.read_head(room)
            first = await find_first_kept(head, before, self._time_reader(room))
            if first <= head.first or not head.etag:
                return head.first
            if await self.move_first(room, head, first):
                return first
        return head.first  # the room is busy: the next sweep tries again

    async def move_first(self, room: str, head: Head, first: int) -> bool:
        """Set the log's `first`, if the head is as it was read; return whether it was."""
        change: dict[str, Value] = {"PartitionKey": room, "RowKey": HEAD, "first": first}
        try:
            await self.tables.merge(TABLE, change, head.etag)
        except Conflict:
            return False
        return True

    async def delete_rows(self, room: str, first: int) -> int:
        """Delete the rows of up to 50 entries below a number, and return how many entries; 0: none is left."""
        below = key_range(room, entry_key(0), entry_key(first))
        page = await self.tables.query_all(TABLE, below, ("RowKey", "id"), limit=ENTRIES_OF_TRANSACTION)
        if page.entities:
            await change_rows(self.tables, TABLE, deletions(room, page.entities))
        return len(page.entities)

    def _time_reader(self, room: str) -> ReadTime:
        async def read_time(seq: int) -> int | None:
            entry = await self.tables.get(TABLE, room, entry_key(seq), ("at",))
            return int(entry["at"]) if entry else None

        return read_time
