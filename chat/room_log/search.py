"""Searching the logs of rooms for messages, the newest first, in steps of bounded work.

Of each room, the part that is not looked at yet ends at a position, with a time that no entry of this part is later
than. The room with the latest such time is read next, so what is found is given in the order of time over all rooms,
and a room where nothing was said lately costs nothing until its time comes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chat.room_log.model import Head, Kind, Message
from chat.room_log.reader import count_fitting
from chat.room_log.rows import MESSAGE_PROPERTIES, Row, decode_message
from chat.room_log.search_terms import has_patterns
from chat.room_log.store import RoomStore

# The work of one step: entries, ranges of rows, and seconds after which no further range is read.
MAX_SEARCHED = 4000
MAX_RANGES = 60
STEP_SECONDS = 2.0
# After the first ranges, a step pauses as long as each further one took: others have half of the time.
RANGES_WITHOUT_PAUSE = 3
PAUSE_SECONDS = 0.02
# The rows of one range are decoded at one go: a few milliseconds, in which the process does nothing else. So a range is
# shorter where texts are long.
SHORTEST_SPAN, FIRST_SPAN, LONGEST_SPAN = 25, 100, 200
# Storage selects the rows of one user, and few of them come.
LONGEST_SPAN_OF_USER = 1000
CHARACTERS_AT_ONCE = 100_000
LATEST = 253_370_764_800_000  # the year 9999 in milliseconds since 1970

# Returns where the log of a room ends, None where the user may not read it (any more).
ReadHead = Callable[[str], Awaitable[Head | None]]
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: all patterns, in messages of a user (None: of all), from a time to before a time.

    Times are in milliseconds since 1970 (UTC).
    """

    patterns: tuple[str, ...] = ()
    user: str | None = None
    after: int = 0
    before: int = LATEST

    def has_time(self, at: int) -> bool:
        """Return whether a time is within those that are searched."""
        return self.after <= at < self.before


@dataclass(frozen=True, slots=True)
class Position:
    """How far a room is searched: the entries below `seq` are to be looked at, and none of them is later than `at`.

    `seq` is None where the time `at` still has to be looked up in the log.
    """

    room: str
    seq: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Found:
    """What one step found, the newest first, with the room of each message.

    `positions` are where the next step goes on; there are none at the end of the search. `searched` is how many entries
    were looked at. Everything that is later than `reached` (ms since 1970) was looked at.
    """

    messages: tuple[tuple[str, Message], ...]
    positions: tuple[Position, ...]
    searched: int

    @property
    def reached(self) -> int | None:
        """The time down to which everything was looked at, None at the end of the search."""
        return max((position.at for position in self.positions), default=None)


def first_positions(heads: Mapping[str, Head], query: Query) -> list[Position]:
    """Return where a search of rooms begins; `heads` are where their logs end."""
    return [
        Position(room, None, query.before - 1) if head.at >= query.before else Position(room, head.seq + 1, head.at)
        for room, head in heads.items()
        if head.seq >= head.first and head.at >= query.after
    ]


async def search_step(
    store: RoomStore, query: Query, positions: Iterable[Position], limit: int, read_head: ReadHead, clock: Clock
) -> Found:
    """Search on from positions until there are `limit` messages, the work of one step is done, or all was looked at.

    Raises StorageUnavailable, and what `read_head` raises.
    """
    step = _Step(store, query, read_head, {position.room: position for position in positions})
    deadline = clock() + STEP_SECONDS
    while step.open:
        latest = max(step.open.values(), key=lambda position: (position.at, position.room))
        if sum(message.sent_at >= latest.at for _, message in step.found) >= limit:
            break
        started = clock()
        await step.read_on(latest)
        if step.searched >= MAX_SEARCHED or step.ranges >= MAX_RANGES or clock() > deadline:
            break
        if step.ranges > RANGES_WITHOUT_PAUSE:
            await asyncio.sleep(min(clock() - started, PAUSE_SECONDS))
    return step.result(limit)


@dataclass(slots=True)
class _Step:
    """The rooms of a step that are not done, and what was found in all of them."""

    store: RoomStore
    query: Query
    read_head: ReadHead
    open: dict[str, Position]
    found: list[tuple[str, Message]] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)
    spans: dict[str, int] = field(default_factory=dict)
    searched: int = 0
    ranges: int = 0

    async def read_on(self, position: Position) -> None:
        """Look at the next range of a room."""
        room, query = position.room, self.query
        del self.open[room]
        head = self.heads.get(room) or await self.read_head(room)
        if head is None:
            return
        self.heads[room] = head
        seq = position.seq
        if seq is None:
            seq = await find_seq_at(self.store, room, head, position.at + 1)
        high = min(seq - 1, head.seq)
        low = max(head.first, high - self.spans.get(room, FIRST_SPAN) + 1)
        if high < low or position.at < query.after:
            return
        rows = await self.store.read_rows(room, low, high, (Kind.MESSAGE,), query.user, MESSAGE_PROPERTIES)
        self.searched += high - low + 1
        self.ranges += 1
        self.found += [(room, decode_message(row)) for row in await self._matching(rows)]
        at = int(rows[0]["at"]) if rows else await self.store.read_time(room, low) or position.at
        self.spans[room] = next_span(high - low + 1, sum(len(row["text"]) for row in rows), query)
        if low > head.first and at >= query.after:
            self.open[room] = Position(room, low, at)

    async def _matching(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows of messages that are searched for; other events have their turn while many are compared."""
        matching, compared = [], 0
        for row in rows:
            text = row["text"]
            compared += len(text)
            if compared > CHARACTERS_AT_ONCE:
                compared = 0
                await asyncio.sleep(0)
            is_shown = text and not row.get("deletedAt")
            if is_shown and self.query.has_time(int(row["at"])) and has_patterns(text, self.query.patterns):
                matching.append(row)
        return matching

    def result(self, limit: int) -> Found:
        """Return what is later than everything that was not looked at; the rest is left to the next step."""
        reached = max((position.at for position in self.open.values()), default=0)
        newest = sorted(self.found, key=lambda found: (-found[1].sent_at, found[0]))
        given = [found for found in newest if found[1].sent_at >= reached][:limit]
        given = given[: count_fitting(message for _, message in given)]
        left = dict(self.open)
        for room, message in reversed(newest[len(given) :]):
            left[room] = Position(room, message.seq + 1, message.sent_at)
        return Found(tuple(given), tuple(left.values()), self.searched)


def next_span(span: int, characters: int, query: Query) -> int:
    """Return how many entries the next range of a room has, after one of so many entries and characters of text."""
    if characters > CHARACTERS_AT_ONCE:
        return max(SHORTEST_SPAN, span // 2)
    return min(2 * span, LONGEST_SPAN if query.user is None else LONGEST_SPAN_OF_USER)


async def find_seq_at(store: RoomStore, room: str, head: Head, time: int) -> int:
    """Return the number of the first entry that is not before a time (ms since 1970), one over the head for none."""
    low, high = head.first, head.seq + 1
    while low < high:
        middle = (low + high) // 2
        at = await store.read_time(room, middle)
        if at is None or at < time:  # None: retention removed it meanwhile
            low = middle + 1
        else:
            high = middle
    return low
