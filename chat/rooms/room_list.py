"""Which public rooms have people in them, and in which was something said today?

The rows of the list say where to look, the service says who is there.
"""

import asyncio
from dataclasses import replace

from chat.errors import StorageUnavailable
from chat.logs import cause_of, log
from chat.names import LOBBY, is_listed
from chat.presence.rosters import RosterReader
from chat.room_list.rows import ListedRoom, list_key
from chat.room_list.store import RoomListStore, now_ms
from chat.shared_reads import SharedReads

MAX_LISTED = 100
MAX_PARALLEL_READS = 8
CACHE_SECONDS = 5.0
# A room without people stays in the list for a day after its last message.
RECENT_MS = 24 * 60 * 60 * 1000

Rooms = list[ListedRoom]


async def list_rooms(rosters: RosterReader, store: RoomListStore, shared: SharedReads[Rooms]) -> Rooms:
    """Return the first 100 listed rooms: by people present, then by the latest message; at most five seconds old.

    Raises ServiceUnavailable.
    """
    return await shared.get(rosters.gateway.name, lambda: read_rooms(rosters, store, now_ms()))


async def read_rooms(rosters: RosterReader, store: RoomListStore, now: int) -> Rooms:
    """Return the first 100 listed rooms, with the people that the service reports now; raises ServiceUnavailable.

    A room is listed while there are people in it and for a day after a message.
    """
    try:
        rows = [row for row in await store.read_people() if is_listed(row.room)]
        if len(rows) < MAX_LISTED:
            rows += await store.read_recent(now - RECENT_MS)
    except StorageUnavailable as problem:
        log.warning("the list of rooms is unreadable", extra={"cause": cause_of(problem)})
        rows = []
    counted = await count_people(rosters, select_rooms(rows))
    shown = [row for row in counted if row.people > 0 or row.message_at > now - RECENT_MS]
    return sorted(shown, key=list_key)


def select_rooms(rows: Rooms) -> Rooms:
    """Return the first 100 listed rooms of the rows; the lobby is always one of them."""
    first = sorted((row for row in rows if is_listed(row.room)), key=list_key)[:MAX_LISTED]
    if any(row.room == LOBBY for row in first):
        return first
    lobby = next((row for row in rows if row.room == LOBBY), ListedRoom(LOBBY))
    return [lobby, *first[: MAX_LISTED - 1]]


async def count_people(rosters: RosterReader, rows: Rooms) -> Rooms:
    """Return the rows with the people that the service reports now; raises ServiceUnavailable."""
    limit = asyncio.Semaphore(MAX_PARALLEL_READS)

    async def count(row: ListedRoom) -> ListedRoom:
        async with limit:
            roster = await rosters.read_recent(row.room)
            return replace(row, people=len(roster.users), has_more_people=roster.is_truncated)

    return await asyncio.gather(*(count(row) for row in rows))
