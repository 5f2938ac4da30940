"""Rooms in a table storage in which something was said, as the chat stores it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chat.message_ids import derived_id
from chat.room_list.store import RoomListStore
from chat.room_log.append_plan import Appended
from chat.room_log.model import NewMessage, SetReaction
from chat.room_log.room_logs import RoomLogs
from chat.room_log.store import TABLE, RoomStore
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG, Entity


def new_room_logs(tables: TableClient) -> RoomLogs:
    """Return the logs of all rooms, as a new process has them."""
    return RoomLogs(RoomStore(tables), RoomListStore(tables).ensure_listed)


@dataclass
class Conversation:
    """What is said in one room."""

    rooms: RoomLogs
    room: str
    said: int = 0

    async def say(self, user: str, text: str, answers: str | None = None) -> Appended:
        """Append a message."""
        self.said += 1
        request = NewMessage(derived_id(user, "test", str(self.said)), user, text, f"c-{self.said}", answers)
        return await self.rooms.append(self.room, request)

    async def say_many(self, user: str, count: int) -> Sequence[Appended]:
        """Append numbered messages."""
        return await asyncio.gather(*(self.say(user, f"{user} says {number}") for number in range(count)))

    async def react(self, user: str, message: str, emoji: str = "👍") -> Appended:
        """Append a reaction."""
        self.said += 1
        identity = derived_id(user, "change", str(self.said))
        return await self.rooms.append(self.room, SetReaction(id=identity, user=user, target=message, emoji=emoji))


async def read_rows(tables: TableClient, room: str, prefix: str = "") -> list[Entity]:
    """Return the rows of a room whose keys begin with a prefix."""
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else None
    page = await tables.query_all(TABLE, key_range(room, prefix, end), limit=10_000)
    return page.entities


def contents(rows: Sequence[Entity]) -> list[dict[str, Any]]:
    """Return rows without what two runs differ in: etags and times."""
    left_out = (ETAG, "Timestamp", "at", "deletedAt")
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]
