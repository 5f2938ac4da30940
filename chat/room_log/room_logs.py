"""The logs of all rooms, as one process reads and writes them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.names import is_members_only
from chat.room_log.append_plan import Appended, Moderated
from chat.room_log.model import Head, MessageRequest
from chat.room_log.moderation_acts import Moderate
from chat.room_log.reader import PAGE_LENGTH, CheckRules, Page, Run, check_nothing, read_page, read_since
from chat.room_log.store import RoomStore
from chat.room_log.writer import RoomWriter
from chat.shared_reads import SharedReads

MAX_WRITERS = 1000
MAX_SEARCHES = 2


@dataclass(slots=True)
class RoomLogs:
    """Appends to rooms and reads them; each method raises StorageUnavailable.

    `before_first` is awaited before the first entry of a room is stored. Whoever searches acquires `searches`: few
    do so at a time.
    """

    store: RoomStore
    before_first: Callable[[str], Awaitable[None]]
    _writers: "OrderedDict[str, RoomWriter]" = field(default_factory=OrderedDict)
    _last_pages: SharedReads[Page] = field(default_factory=lambda: SharedReads(0.0))
    _runs: SharedReads[Run] = field(default_factory=lambda: SharedReads(0.0))
    searches: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_SEARCHES))

    async def append(self, room: str, request: MessageRequest) -> Appended:
        """Return the request's entry once it is stored; raises also the ChatError that refuses the request."""
        return await self._writer(room).append(request)

    async def moderate(self, room: str, request: Moderate) -> Moderated:
        """Return the act's entry once it is stored; raises also the ChatError that refuses the act."""
        return await self._writer(room).moderate(request)

    async def find(self, room: str, identity: str) -> Appended | None:
        """Return the message or change that was appended with an id, as it is now; None where there is none."""
        found = await self.store.find(room, identity)
        if found is None:
            return None
        entry, message = found
        return None if message is None else Appended(entry, message, is_new=False)

    async def read_head(self, room: str) -> Head:
        """Return where the room's log ends."""
        return await self.store.read_head(room)

    async def read_page(
        self, room: str, before: int | None = None, limit: int = PAGE_LENGTH, check: CheckRules = check_nothing
    ) -> Page:
        """Return the last `limit` messages, or those before a number; raises also what `check` raises for the rules.

        Callers of the same last page of a public room at the same time share a read, which begins after their calls: it
        has every entry that was acknowledged before.
        """
        if before is not None or is_members_only(room):
            return await read_page(self.store, room, before, limit, check)
        page = await self._last_pages.get_new(f"{room} {limit}", lambda: read_page(self.store, room, None, limit))
        check(page.head.rules)
        return page

    async def read_since(
        self, room: str, after: int, until: int | None = None, check: CheckRules = check_nothing
    ) -> Run:
        """Return the entries after a number, or the first of those between two numbers; shared as a last page is.

        Raises also what `check` raises for the rules.
        """
        if is_members_only(room):
            return await read_since(self.store, room, after, until, check)
        key = f"{room} {after} {until}"
        run = await self._runs.get_new(key, lambda: read_since(self.store, room, after, until))
        check(run.head.rules)
        return run

    async def read_entry_count(self, room: str, seq: int) -> int | None:
        """Return how many messages the room had up to an entry, or None where there is no such entry."""
        return await self.store.read_count(room, seq)

    def _writer(self, room: str) -> RoomWriter:
        writer = self._writers.get(room)
        if writer is None:
            writer = self._writers[room] = RoomWriter(room, self.store, self.before_first)
            while len(self._writers) > MAX_WRITERS and next(iter(self._writers.values())).is_idle:
                self._writers.popitem(last=False)
        self._writers.move_to_end(room)
        return writer
