"""The list of rooms in Table storage. It is read and written with the chat's own client, which every process has."""

import asyncio
import time
from dataclasses import dataclass

from chat.errors import StorageUnavailable
from chat.names import MEMBERS_ONLY
from chat.room_list.rows import (
    PARTITIONS,
    VERSION,
    ListedRoom,
    RoomNews,
    apply_news,
    decode_row,
    encode_row,
    partition_of,
)
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG, Value
from chat.table_storage.errors import Conflict

TABLE = "RoomList"
# Another writer of the same row is rare: each process writes a row at most once a minute.
MAX_TRIES = 6
# Of one partition at most so many rooms are read for the list that users see.
MAX_ROOMS_OF_PARTITION = 2000


@dataclass(frozen=True, slots=True)
class RoomListStore:
    """The rows of all rooms. Every method raises StorageUnavailable."""

    tables: TableClient

    async def ensure_listed(self, room: str) -> None:
        """Make sure that a room has a row, before the first entry of its log is written.

        Erasure and retention find rooms by their rows only. Awaiting it again changes nothing but the row's time.
        """
        keys: dict[str, Value] = {"PartitionKey": partition_of(room), "RowKey": room}
        await self.tables.upsert(TABLE, keys | {"v": VERSION, "messageAt": now_ms()})

    async def write_news(self, room: str, news: RoomNews) -> None:
        """Apply news to a room's row; a row that is not needed any more is removed."""
        for _ in range(MAX_TRIES):
            entity = await self.tables.get(TABLE, partition_of(room), room)
            row = decode_row(entity) if entity else ListedRoom(room)
            changed = apply_news(row, news)
            try:
                if not changed.is_needed:
                    if entity:
                        await self.remove(row, entity[ETAG])
                elif not entity:
                    await self.tables.insert(TABLE, encode_row(changed))
                elif changed != row:
                    await self.tables.merge(TABLE, encode_row(changed), entity[ETAG])
                return
            except Conflict:  # another process wrote the row: it is read again
                continue
        raise StorageUnavailable(f"a row of the list of rooms changed {MAX_TRIES} times", may_have_happened=False)

    async def remove(self, row: ListedRoom, etag: str) -> None:
        """Remove a row that is as it was read; raises Conflict when it changed or went."""
        await self.tables.delete(TABLE, partition_of(row.room), row.room, etag)

    async def read_people(self) -> list[ListedRoom]:
        """Return the rooms with people in them, in no order; of each partition at most 2,000."""
        return await self._read_where("people gt 0")

    async def read_recent(self, since: int) -> list[ListedRoom]:
        """Return the rooms without people and with a message since that time (ms since 1970), in no order."""
        # A row that `ensure_listed` wrote has no count: a comparison with what is absent is false.
        return await self._read_where(f"messageAt gt {since}L and not (people gt 0)")

    async def _read_where(self, condition: str) -> list[ListedRoom]:
        """Return the rooms that a condition is true for; all partitions are read at the same time."""
        reads = [self._read_partition_where(partition, condition) for partition in PARTITIONS]
        return [row for rows in await asyncio.gather(*reads) for row in rows]

    async def _read_partition_where(self, partition: str, condition: str) -> list[ListedRoom]:
        # The names of private rooms come last in the order of keys; their rows are for the sweep and the jobs.
        text = f"PartitionKey eq '{partition}' and RowKey lt '{MEMBERS_ONLY}' and {condition}"
        columns = ("RowKey", "people", "peopleAt", "messageAt", "messages")
        page = await self.tables.query_all(TABLE, text, columns, limit=MAX_ROOMS_OF_PARTITION)
        return [decode_row(entity) for entity in page.entities]

    async def read_partition(self, partition: str, after: str, limit: int) -> list[tuple[ListedRoom, str]]:
        """Return the next rows of a partition after a room's name, in the order of their names, with their etags.

        Fewer than `limit` rows: the partition ends there.
        """
        text = f"PartitionKey eq '{partition}' and RowKey gt '{after}'"
        page = await self.tables.query_all(TABLE, text, limit=limit)
        return [(decode_row(entity), entity[ETAG]) for entity in page.entities]

    async def count_rooms(self) -> int:
        """Return how many rooms have a row."""
        counts = [self._count_partition(partition) for partition in PARTITIONS]
        return sum(await asyncio.gather(*counts))

    async def _count_partition(self, partition: str) -> int:
        rooms, after = 0, ""
        while rows := await self.read_partition(partition, after, 1000):
            rooms, after = rooms + len(rows), rows[-1][0].room
        return rooms


def now_ms() -> int:
    """Return our clock, in milliseconds since 1970 (UTC)."""
    return round(time.time() * 1000)
