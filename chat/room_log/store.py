"""The rows of all rooms in Table storage: what is read, and the one transaction that writes."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chat.room_log.append_plan import AppendPlan
from chat.room_log.model import Entry, Head, Kind, Message
from chat.room_log.rows import (
    HEAD,
    Row,
    decode_entry,
    decode_head,
    decode_message,
    encode_change,
    encode_changed_rules,
    encode_entry,
    encode_head,
    encode_index,
    encode_moderation,
    entry_key,
    index_key,
)
from chat.table_storage.addresses import quote_text
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG, Entity
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Insert, Merge, Operation

TABLE = "Rooms"
MAX_PARALLEL_READS = 16


class HeadMoved(Exception):
    """Another instance appended to the room in between; nothing was written."""


class AlreadyAppended(Exception):
    """The log has an entry with this id; nothing was written."""

    def __init__(self, identity: str) -> None:
        super().__init__(identity)
        self.id = identity


def encode_planned_entry(room: str, plan: AppendPlan, entry: Entry) -> dict[str, Any]:
    """Return the row of an entry of a plan; a message's row has what it is after the whole plan."""
    if entry.moderation is not None:
        return encode_moderation(room, entry, entry.moderation)
    return encode_entry(room, entry, plan.created.get(entry.message_id) or plan.changed[entry.message_id])


@dataclass(frozen=True, slots=True)
class RoomStore:
    """The rows of the rooms, in one table. Each method raises StorageUnavailable."""

    tables: TableClient

    async def read_head(self, room: str) -> Head:
        """Return where a room's log ends."""
        row = await self.tables.get(TABLE, room, HEAD)
        return decode_head(row, row[ETAG] if row else "")

    async def commit(self, room: str, plan: AppendPlan, seconds: float) -> str:
        """Write a plan's entries in one transaction within `seconds`; return the head's new ETag.

        Raises HeadMoved or AlreadyAppended when nothing was written, and StorageUnavailable, which says whether the
        transaction may have been carried out.
        """
        operations: list[Operation] = []
        row = encode_head(room, plan.head) | encode_changed_rules(plan.before, plan.head)
        operations.append(Merge(row, plan.head.etag) if plan.head.etag else Insert(row))
        indexed: dict[int, str] = {}
        for entry in plan.entries:
            operations.append(Insert(encode_planned_entry(room, plan, entry)))
            indexed[len(operations)] = entry.id
            operations.append(Insert(encode_index(room, entry)))
        operations += [Merge(encode_change(room, message), "*") for message in plan.changed.values()]
        try:
            etags = await self.tables.transaction(TABLE, operations, seconds=seconds)
        except Conflict as conflict:
            if conflict.index in indexed:
                raise AlreadyAppended(indexed[conflict.index]) from conflict
            # The head's row, or a row that retention removed since: both are read again.
            raise HeadMoved from conflict
        return etags[0]

    async def find(self, room: str, identity: str) -> tuple[Entry, Message | None] | None:
        """Return the entry with an id and its message as it is now, or None where there is none.

        An act of moderation has no message.
        """
        seq = await self.find_seq(room, identity)
        row = None if seq is None else await self._read_entry(room, seq)
        if row is None:
            return None
        entry = decode_entry(row)
        if entry.kind is Kind.MESSAGE:
            return entry, decode_message(row)
        if entry.kind is Kind.MODERATE:
            return entry, None
        message = await self._read_entry(room, entry.message_seq)
        return (entry, decode_message(message)) if message else None

    async def find_seq(self, room: str, identity: str) -> int | None:
        """Return the number of the entry with an id, or None where there is none."""
        index = await self.tables.get(TABLE, room, index_key(identity))
        return int(index["seq"]) if index else None

    async def read_time(self, room: str, seq: int) -> int | None:
        """Return the time of an entry, in ms since 1970 (UTC), or None where there is no such entry."""
        row = await self.tables.get(TABLE, room, entry_key(seq), ("at",))
        return None if row is None else int(row["at"])

    async def find_message(self, room: str, identity: str) -> Message | None:
        """Return the message with an id as it is now, or None where there is none."""
        found = await self.find(room, identity)
        return found[1] if found and found[0].kind is Kind.MESSAGE else None

    async def read_count(self, room: str, seq: int) -> int | None:
        """Return how many messages the room had up to an entry, or None where there is no such entry."""
        row = await self._read_entry(room, seq)
        return None if row is None else decode_entry(row).count

    async def read_rows(
        self,
        room: str,
        low: int,
        high: int,
        kinds: Sequence[Kind] = (),
        user: str | None = None,
        select: Sequence[str] = (),
    ) -> list[Entity]:
        """Return the rows of the entries from `low` to `high`, both included, in their order.

        `kinds` selects some of them, and `user` those of one user; `select` the properties that they have.
        """
        condition = f"PartitionKey eq '{room}' and RowKey ge '{entry_key(low)}' and RowKey le '{entry_key(high)}'"
        if kinds:
            condition += " and (" + " or ".join(f"kind eq '{kind}'" for kind in kinds) + ")"
        if user is not None:
            condition += f" and user eq {quote_text(user)}"
        return (await self.tables.query_all(TABLE, condition, select, limit=high - low + 1)).entities

    async def read_messages(self, room: str, seqs: Iterable[int]) -> dict[int, Message]:
        """Return the messages with these numbers that are kept, by number."""
        messages = [decode_message(row) for row in await self._read_entries(room, seqs)]
        return {message.seq: message for message in messages}

    async def read_entries(self, room: str, seqs: Iterable[int]) -> dict[int, Entry]:
        """Return the entries with these numbers that are kept, by number."""
        entries = [decode_entry(row) for row in await self._read_entries(room, seqs)]
        return {entry.seq: entry for entry in entries}

    async def _read_entries(self, room: str, seqs: Iterable[int]) -> list[Row]:
        limit = asyncio.Semaphore(MAX_PARALLEL_READS)

        async def read(seq: int) -> Row | None:
            async with limit:
                return await self._read_entry(room, seq)

        rows: Sequence[Row | None] = await asyncio.gather(*map(read, seqs))
        return [row for row in rows if row is not None]

    async def _read_entry(self, room: str, seq: int) -> Row | None:
        return await self.tables.get(TABLE, room, entry_key(seq))
