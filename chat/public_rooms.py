"""Which public rooms have people in them? The list of rooms says where to look, the service says who is there."""

import asyncio
import time
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from chat.gateway import Gateway
from chat.logs import cause_of, log
from chat.memory import Memory, StorageUnavailable
from chat.names import LOBBY, is_listed
from chat.presence import read_roster

MAX_LISTED = 50
ASKED_AT_ONCE = 8
CACHE_SECONDS = 2.0


@dataclass(slots=True)
class _Reading:
    """A reading of the list, which all share who ask while it goes on, or before that time (monotonic seconds)."""

    rooms: asyncio.Task[list[tuple[str, int]]]
    until: float


_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Reading]] = WeakKeyDictionary()


async def list_rooms(gateway: Gateway, memory: Memory, *, now: float | None = None) -> list[tuple[str, int]]:
    """Return the listed rooms with people in them and how many, the fullest first; at most two seconds old.

    The last 50 rooms that somebody entered are looked at. Raises ServiceUnavailable.
    """
    now = time.monotonic() if now is None else now
    readings = _readings.setdefault(asyncio.get_running_loop(), {})
    reading = readings.get(gateway.name)
    if reading is None or (reading.rooms.done() and reading.until <= now):
        task = asyncio.create_task(_read(gateway, memory))
        reading = readings[gateway.name] = _Reading(task, now + CACHE_SECONDS)
    return await asyncio.shield(reading.rooms)  # who goes away does not end it for the others


async def _read(gateway: Gateway, memory: Memory) -> list[tuple[str, int]]:
    try:
        known = [room for room in await memory.read_directory() if is_listed(room) and room != LOBBY]
    except StorageUnavailable as problem:
        log.warning("the list of rooms is unreadable", extra={"cause": cause_of(problem)})
        known = []
    turn = asyncio.Semaphore(ASKED_AT_ONCE)

    async def count(room: str) -> tuple[str, int]:
        async with turn:
            return room, len((await read_roster(gateway, room)).users)

    counted = await asyncio.gather(*(count(room) for room in [LOBBY, *known[: MAX_LISTED - 1]]))
    return sorted(((room, number) for room, number in counted if number), key=lambda item: (-item[1], item[0]))
