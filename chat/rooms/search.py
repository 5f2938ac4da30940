"""The `search` event: messages by words, sender and time, in one room or in all rooms of the user's list."""

import asyncio
import re
import reprlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from chat.errors import ChatError, InvalidMessage, NotInRoom
from chat.frames import Frame
from chat.handler_context import Answer, Services
from chat.messages.parse import parse_user
from chat.names import room_name
from chat.presence.places import MAX_PLACES
from chat.rate_limits import RateLimited
from chat.room_log.entry_frames import chat_line
from chat.room_log.model import Head
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rules import Rules, check_reader
from chat.room_log.search import LATEST, Found, Position, Query, first_positions, search_step
from chat.room_log.search_terms import parse_words, search_patterns
from chat.times import milliseconds, timestamp
from chat.webhook.events import UserEvent

DEFAULT_LIMIT, MAX_LIMIT = 20, 50
MAX_PARALLEL_READS = 16
# How long a search waits for its turn, and when who got none may ask again.
WAIT_SECONDS = 3.0
BUSY_MS = 2000
CURSOR_VERSION = "1"
_POSITION = re.compile(r"([a-z0-9_~-]{1,32}):(-|[0-9]{1,12}):([0-9]{1,15})", re.ASCII)

Checks = Mapping[str, Callable[[Rules], None]]


async def search_messages(event: UserEvent, fields: Mapping[str, Any], services: Services) -> Answer:
    """Answer the sender with the next messages of a search.

    Raises what is wrong with the fields, NotInRoom, what the rules of the named room refuse, RateLimited or
    StorageUnavailable.
    """
    room = None if fields.get("room") is None else room_name(fields["room"])
    checks = await _checks_of_rooms(event, room, services)
    query, limit = parse_query(fields), parse_limit(fields.get("limit"))
    positions = None if fields.get("cursor") is None else parse_cursor(fields["cursor"])
    heads = _Heads(services.rooms, checks, room)
    async with take_turn(services.rooms.searches):
        if positions is None:
            positions = first_positions(await heads.read_all(), query)
        allowed = [position for position in positions if position.room in checks]
        clock = asyncio.get_running_loop().time
        return Answer(found_frame(await search_step(services.rooms.store, query, allowed, limit, heads.read, clock)))


async def _checks_of_rooms(event: UserEvent, room: str | None, services: Services) -> Checks:
    """Return the rooms that are searched, each with what raises the ChatError with which its rules refuse the user."""

    def check(name: str) -> Callable[[Rules], None]:
        return lambda rules: check_reader(rules, name, event.sender, services.now)

    joined = {name: services.reading(event, name) for name in event.origin.state.rooms}
    if room is None:
        places, _ = await services.places.read_listed_and_invited(event.sender)
        return {place.room: check(place.room) for place in places} | joined
    if room in joined:
        return {room: joined[room]}
    if not (await services.places.read(event.sender, room)).is_listed:
        raise NotInRoom(room)
    return {room: check(room)}


class _Heads:
    """Where the logs of the searched rooms end, read once for each step and judged by the rules that they have."""

    def __init__(self, rooms: RoomLogs, checks: Checks, named: str | None) -> None:
        self._rooms, self._checks, self._named = rooms, checks, named
        self._kept: dict[str, Head] = {}

    async def read(self, room: str) -> Head | None:
        """Return a room's head, None where the user may not read the room; the named room's refusal is raised."""
        if room not in self._kept:
            head = await self._rooms.read_head(room)
            try:
                self._checks[room](head.rules)
            except ChatError:
                if room == self._named:
                    raise
                return None
            self._kept[room] = head
        return self._kept[room]

    async def read_all(self) -> Mapping[str, Head]:
        """Return the heads of all rooms that the user may read."""
        parallel = asyncio.Semaphore(MAX_PARALLEL_READS)

        async def read(room: str) -> None:
            async with parallel:
                await self.read(room)

        await asyncio.gather(*map(read, self._checks))
        return self._kept


@asynccontextmanager
async def take_turn(searches: asyncio.Semaphore, seconds: float = WAIT_SECONDS) -> AsyncIterator[None]:
    """Let few searches of a process go on at a time; raises RateLimited where none of them ends within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await searches.acquire()
    except TimeoutError:
        raise RateLimited("too many searches at the moment", BUSY_MS) from None
    try:
        yield
    finally:
        searches.release()


def parse_query(fields: Mapping[str, Any]) -> Query:
    """Return what is searched for; raises InvalidMessage or InvalidName.

    There must be something: a word, a sender, or a time.
    """
    text, user = fields.get("text"), fields.get("from")
    words = () if text is None else parse_words(text)
    after, before = parse_time(fields.get("after"), "after"), parse_time(fields.get("before"), "before")
    if not words and user is None and after is None and before is None:
        raise InvalidMessage("a search needs text with a word, from, after or before")
    return Query(
        search_patterns(words),
        None if user is None else parse_user(user),
        0 if after is None else after,
        LATEST if before is None else before,
    )


def parse_time(value: object, name: str) -> int | None:
    """Return a date or a time in ms since 1970 (UTC), None without one; raises InvalidMessage that names the field."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value if isinstance(value, str) else "")
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
        return min(max(0, milliseconds(time)), LATEST)
    except (ValueError, OverflowError):
        form = "a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z"
        raise InvalidMessage(f"{name} is {reprlib.repr(value)}, it must be {form}") from None


def parse_limit(value: object) -> int:
    """Return how many messages an answer may have, 1 to 50; raises InvalidMessage."""
    if value is None:
        return DEFAULT_LIMIT
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_LIMIT:
        return value
    raise InvalidMessage(f"limit is {reprlib.repr(value)}, it must be a number from 1 to {MAX_LIMIT}")


def parse_cursor(value: object) -> list[Position]:
    """Return the positions in a cursor; raises InvalidMessage.

    A cursor only says where to go on: which rooms may be read is judged for every answer.
    """
    version, *parts = value.split(" ") if isinstance(value, str) else [""]
    matches = [_POSITION.fullmatch(part) for part in parts[: MAX_PLACES + 1]]
    positions = [
        Position(match[1], None if match[2] == "-" else int(match[2]), int(match[3])) for match in matches if match
    ]
    if version != CURSOR_VERSION or not positions or len(positions) != len(parts) or len(positions) > MAX_PLACES:
        raise InvalidMessage("cursor is not the cursor of an answer to search")
    return positions


def format_cursor(positions: Sequence[Position]) -> str | None:
    """Return the cursor with which the search goes on, None at its end."""
    if not positions:
        return None
    parts = [f"{each.room}:{'-' if each.seq is None else each.seq}:{each.at}" for each in positions]
    return " ".join([CURSOR_VERSION, *parts])


def found_frame(found: Found) -> Frame:
    """Return the answer to `search`."""
    return {
        "type": "found",
        "messages": [chat_line(room, message) for room, message in found.messages],
        "cursor": format_cursor(found.positions),
        "searched": found.searched,
        "reached": None if found.reached is None else timestamp(found.reached),
    }
