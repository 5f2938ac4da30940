"""How many reminders wait for a room and in all, where anyone names themselves: a limit for each user is none there.

One row of table `Reminders` for each, all in one partition. A row is written before the rows are counted, so of several
that are set at the same moment the last one sees all others: there are never more than the limits. Two at once may both
be refused where one would fit. Only reminders of `ChatAuth=open` have rows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chat.commands.reminders import Reminder, TooManyReminders
from chat.table_storage.addresses import key_range
from chat.table_storage.client import TableClient
from chat.table_storage.entities import Value
from chat.table_storage.errors import Conflict
from chat.table_storage.operations import Delete
from chat.times import milliseconds

TABLE, PARTITION = "Reminders", "waiting"
VERSION = 1
PER_ROOM, IN_ALL = 50, 1000
# Sending a reminder is tried for five minutes; a row that is left over counts until then.
GRACE = timedelta(minutes=10)
MAX_REMOVED = 100


@dataclass(frozen=True, slots=True)
class WaitingReminders:
    """The rows of the reminders that wait; every method raises StorageUnavailable."""

    tables: TableClient
    per_room: int = PER_ROOM
    in_all: int = IN_ALL

    async def add(self, reminder: Reminder, now: datetime) -> None:
        """Write a reminder's row; raises TooManyReminders, with the row removed, where a limit is reached."""
        keys: dict[str, Value] = {"PartitionKey": PARTITION, "RowKey": reminder.message_id, "v": VERSION}
        await self.tables.upsert(TABLE, keys | {"room": reminder.room, "due": milliseconds(reminder.due)})
        rooms = await self._read_rooms(now)
        own = rooms.count(reminder.room)
        if own > self.per_room or len(rooms) > self.in_all:
            await self.remove(reminder)
            limit = f"{self.per_room} reminders wait in {reminder.room}" if own > self.per_room else ""
            raise TooManyReminders(limit or f"{self.in_all} reminders wait in all rooms")

    async def remove(self, reminder: Reminder) -> None:
        """Remove a reminder's row, if it has one."""
        try:
            await self.tables.delete(TABLE, PARTITION, reminder.message_id)
        except Conflict:
            return  # it has none

    async def _read_rooms(self, now: datetime) -> list[str]:
        """Return the room of each reminder that waits; rows that are left over are removed."""
        columns = ("RowKey", "room", "due")
        limit = self.in_all + 2 * MAX_REMOVED
        rows = (await self.tables.query_all(TABLE, key_range(PARTITION), columns, limit=limit)).entities
        oldest = milliseconds(now - GRACE)
        ended = [row for row in rows if int(row["due"]) < oldest]
        if ended:
            await self._remove_rows([row["RowKey"] for row in ended[:MAX_REMOVED]])
        return [row["room"] for row in rows if int(row["due"]) >= oldest]

    async def _remove_rows(self, keys: list[str]) -> None:
        try:
            await self.tables.transaction(TABLE, [Delete(PARTITION, key) for key in keys])
        except Conflict:
            return  # another process removes them at the same time
