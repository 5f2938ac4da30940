"""Which public rooms have people in them? The directory says where to look, the service says who is there."""

import asyncio

from chat.errors import StorageUnavailable
from chat.gateway import Gateway
from chat.logs import cause_of, log
from chat.names import LOBBY, is_listed
from chat.rooms.directory import RoomDirectory
from chat.rooms.presence import read_roster
from chat.shared_reads import SharedReads

MAX_LISTED = 50
MAX_PARALLEL_READS = 8
CACHE_SECONDS = 2.0

RoomCounts = list[tuple[str, int]]


async def list_rooms(gateway: Gateway, directory: RoomDirectory, shared: SharedReads[RoomCounts]) -> RoomCounts:
    """Return the listed rooms with people in them and how many, the fullest first; at most two seconds old.

    The last 50 rooms that somebody joined are looked at. Raises ServiceUnavailable.
    """
    return await shared.get(gateway.name, lambda: count_rooms(gateway, directory))


async def count_rooms(gateway: Gateway, directory: RoomDirectory) -> RoomCounts:
    """Return the listed rooms with people in them as the service reports it now; raises ServiceUnavailable."""
    try:
        known = [room for room in await directory.read_rooms() if is_listed(room) and room != LOBBY]
    except StorageUnavailable as problem:
        log.warning("the list of rooms is unreadable", extra={"cause": cause_of(problem)})
        known = []
    limit = asyncio.Semaphore(MAX_PARALLEL_READS)

    async def count_users(room: str) -> tuple[str, int]:
        async with limit:
            return room, len((await read_roster(gateway, room)).users)

    counted = await asyncio.gather(*(count_users(room) for room in [LOBBY, *known[: MAX_LISTED - 1]]))
    return sorted(((room, number) for room, number in counted if number), key=lambda item: (-item[1], item[0]))
