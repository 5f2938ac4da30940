"""The erasure of a user from all rooms, step by step: an orchestration stores the state between two steps.

A pass goes over all rooms of the list. Further passes look at the rooms whose log grew since the last one began, until
a pass finds nothing: so what the user says during the job is erased too. Every pass begins with the user's reminders
and places.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from chat.administration.erasure import ENTRIES_OF_STEP, Erasure, Found
from chat.administration.row_changes import change_rows
from chat.names import user_key
from chat.presence.places import TABLE as USERS_TABLE
from chat.room_list.rows import PARTITIONS
from chat.room_list.store import RoomListStore
from chat.table_storage.addresses import key_range
from chat.table_storage.operations import Delete

VERSION = 1
WORK_SECONDS = 20.0
# Twice as many as a user may have places.
MAX_ROWS_OF_USER = 1000
# The clocks of instances differ by less: a log that grew during a pass is never taken for an older one.
CLOCK_MARGIN_MS = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class ErasureState:
    """How far an erasure is; `is_done` at the end.

    `began_at` and `previous_at` are when this pass and the one before began (ms since 1970, 0: it did not). The pass
    finished the rooms up to `after` in a partition, and the entries up to `seq` in `room`, the next one. `rooms` of
    `rooms_total` are done in this pass. `found` is what this pass changed, the other numbers what all passes did.
    """

    passes: int = 0
    previous_at: int = 0
    began_at: int = 0
    partition: int = 0
    after: str = ""
    room: str = ""
    seq: int = 0
    rooms: int = 0
    rooms_total: int = 0
    entries: int = 0
    found: int = 0
    messages: int = 0
    mentions: int = 0
    changes: int = 0
    places: int = 0
    reminders: int = 0
    is_done: bool = False

    def encode(self) -> dict[str, Any]:
        """Return the state as an orchestration stores it."""
        return {"v": VERSION} | asdict(self)

    def counts(self) -> dict[str, int]:
        """Return what was done, for the audit."""
        found = {"messages": self.messages, "mentions": self.mentions, "changes": self.changes}
        return {
            "passes": self.passes,
            "rooms": self.rooms_total,
            "places": self.places,
            "reminders": self.reminders,
        } | found

    def progress(self) -> dict[str, Any]:
        """Return how far the job is, as its status tells."""
        done = {"pass": self.passes, "rooms": {"done": self.rooms, "total": self.rooms_total}, "entries": self.entries}
        return done | {"messages": self.messages, "mentions": self.mentions, "changes": self.changes}

    def finish_room(self, room: str) -> "ErasureState":
        """Return the state after a room."""
        return replace(self, after=room, room="", seq=0, rooms=self.rooms + 1)

    def finish_entries(self, room: str, seq: int, entries: int, found: Found) -> "ErasureState":
        """Return the state after the entries up to `seq` of a room."""
        return replace(
            self,
            room=room,
            seq=seq,
            entries=self.entries + entries,
            found=self.found + found.total,
            messages=self.messages + found.messages,
            mentions=self.mentions + found.mentions,
            changes=self.changes + found.changes,
        )

    def finish_partition(self) -> "ErasureState":
        """Return the state after a partition of the list; after the last one the pass ends."""
        if self.partition + 1 < len(PARTITIONS):
            return replace(self, partition=self.partition + 1, after="", room="", seq=0)
        if self.found == 0:
            return replace(self, is_done=True)
        return replace(self, began_at=0, previous_at=self.began_at)

    def begin_pass(self, now: int, rooms: int, places: int, reminders: int) -> "ErasureState":
        """Return the state at the beginning of a pass over so many rooms."""
        return replace(
            self,
            passes=self.passes + 1,
            began_at=now,
            partition=0,
            after="",
            room="",
            seq=0,
            rooms=0,
            rooms_total=rooms,
            found=0,
            places=self.places + places,
            reminders=self.reminders + reminders,
        )


def decode_state(content: Mapping[str, Any]) -> ErasureState:
    """Return a stored state of any version."""
    return ErasureState(**{each.name: content[each.name] for each in fields(ErasureState) if each.name in content})


@dataclass(frozen=True, slots=True)
class ErasureJob:
    """One job. `cancel_reminders` ends the user's reminders and returns how many there were.

    Its methods raise StorageUnavailable.
    """

    erasure: Erasure
    room_list: RoomListStore
    cancel_reminders: Callable[[], Awaitable[int]]
    now: Callable[[], int]

    async def run(self, state: ErasureState, seconds: float = WORK_SECONDS) -> ErasureState:
        """Work for about so many seconds, at least one step, and return the state to go on from."""
        deadline = time.monotonic() + seconds
        while not state.is_done:
            state = await self.step(state)
            if time.monotonic() >= deadline:
                break
        return state

    async def step(self, state: ErasureState) -> ErasureState:
        """Do the next step: begin a pass, or erase in one part of one room."""
        if state.began_at == 0:
            # The time first: what is said from now on is looked at by the next pass.
            now = self.now()
            reminders, places = await self.cancel_reminders(), await self.erase_places()
            return state.begin_pass(now, await self.room_list.count_rooms(), places, reminders)
        rows = await self.room_list.read_partition(PARTITIONS[state.partition], state.after, 1)
        if not rows:
            return state.finish_partition()
        return await self.erase_in_room(state, rows[0][0].room)

    async def erase_in_room(self, state: ErasureState, room: str) -> ErasureState:
        """Erase the user from the next entries of a room."""
        head = await self.erasure.rooms.read_head(room)
        if head.at < state.previous_at - CLOCK_MARGIN_MS:
            return state.finish_room(room)
        beside_entries = await self.erasure.erase_rules(room, head) + await self.erasure.erase_reports(room)
        if beside_entries.total:
            return state.finish_entries(room, state.seq if state.room == room else 0, 0, beside_entries)
        low = max(head.first, (state.seq if state.room == room else 0) + 1)
        high = min(head.seq, low + ENTRIES_OF_STEP - 1)
        if low > high:
            return state.finish_room(room)
        found = await self.erasure.erase_entries(room, low, high)
        return state.finish_entries(room, high, high - low + 1, found)

    async def erase_places(self) -> int:
        """Delete the user's places and read positions; return how many there were."""
        tables, key = self.erasure.tables, user_key(self.erasure.user)
        page = await tables.query_all(USERS_TABLE, key_range(key), ("RowKey",), limit=MAX_ROWS_OF_USER)
        await change_rows(tables, USERS_TABLE, [Delete(key, row["RowKey"]) for row in page.entities])
        return len(page.entities)
