"""The sweep: once an hour every row of the list of rooms is compared with the service and with the room's log.

It corrects how many people are in a room, removes rows that nobody needs, closes idle rooms and applies the retention
of messages. It works on one partition of the list at a time and may be cut off anywhere: the next call goes on from the
position that the last one returned.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chat.administration.removal import LogRemoval
from chat.durable_client import DurableClient
from chat.errors import StorageUnavailable
from chat.gateway import Gateway
from chat.logs import cause_of, log
from chat.presence.rosters import read_roster
from chat.room_list.rows import PARTITIONS, ListedRoom, RoomNews
from chat.room_list.store import RoomListStore
from chat.room_log.model import Head
from chat.settings import Settings
from chat.table_storage.errors import Conflict

# Stored with running instances: they never change.
SWEEP_ORCHESTRATION, SWEEP_INSTANCE = "sweep_rooms", "sweep-rooms"
VERSION = 1

ROOMS_OF_PAGE = 100
# A call of the activity works about so long; the platform's limit for a function is 5 minutes or more.
WORK_SECONDS = 30.0
# A row is written before the first entry of a log. Without a log after an hour, the entry was never written.
UNUSED_MS = 60 * 60 * 1000
USED_MS = 2 * 60 * 60 * 1000
MAX_FAILURES = 3
CHECK_SECONDS = 3600.0
RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Position:
    """Where the sweep is: a partition's number (16: at the end), and the last room that it finished there."""

    partition: int = 0
    after: str = ""

    @property
    def is_end(self) -> bool:
        """Whether all partitions were swept."""
        return self.partition >= len(PARTITIONS)

    def next_partition(self) -> "Position":
        """Return the beginning of the next partition."""
        return Position(self.partition + 1)

    def encode(self) -> dict[str, Any]:
        """Return the position as an orchestration stores it."""
        return {"v": VERSION, "partition": self.partition, "after": self.after}


def decode_position(content: Mapping[str, Any] | None) -> Position | None:
    """Return a stored position, None for a sweep that has not begun."""
    if not content or "partition" not in content:
        return None
    return Position(int(content["partition"]), str(content.get("after") or ""))


@dataclass(slots=True)
class SweepCounts:
    """What a call of the sweep did."""

    rooms: int = 0
    corrected: int = 0
    removed: int = 0
    closed: int = 0
    entries: int = 0


@dataclass(slots=True)
class Sweep:
    """One call of the sweep; `now` is milliseconds since 1970."""

    gateway: Gateway
    rooms: RoomListStore
    logs: LogRemoval
    settings: Settings
    now: int
    counts: SweepCounts = field(default_factory=SweepCounts)

    async def run(self, position: Position, seconds: float = WORK_SECONDS) -> Position:
        """Work for about so many seconds and return the position to go on from.

        A room that fails is left for the next sweep; three in a row are a failure of the service or of storage, which
        is raised.
        """
        deadline, failures = time.monotonic() + seconds, 0
        while rows := await self.rooms.read_partition(PARTITIONS[position.partition], position.after, ROOMS_OF_PAGE):
            for row, etag in rows:
                try:
                    if not await self.sweep_room(row, etag, deadline):
                        return position
                    failures = 0
                except Exception:
                    log.exception("a room was not swept", extra={"room": row.room})
                    failures += 1
                    if failures == MAX_FAILURES:
                        raise
                position = Position(position.partition, row.room)
                if time.monotonic() >= deadline:
                    return position
        return position.next_partition()

    async def sweep_room(self, row: ListedRoom, etag: str, deadline: float) -> bool:
        """Compare one room's row with the service and its log; return whether the room is finished.

        It is not when deleting rows took until the deadline (monotonic seconds). Raises StorageUnavailable or
        ServiceUnavailable.
        """
        self.counts.rooms += 1
        head = await self.logs.read_head(row.room)
        people = row.people
        if row.people > 0 or self._was_used(row) or self._is_idle(head):
            people = await self._count_people(row)
        if head.seq == 0:
            await self._remove_unused(row, etag, people)
            return True
        first = await self._move_first(row.room, head, people)
        return await self._delete_rows(row.room, first, deadline)

    def _was_used(self, row: ListedRoom) -> bool:
        """Return whether the room was used lately: then the row may lack what a killed process had noted."""
        return max(row.people_at, row.message_at) > self.now - USED_MS

    def _is_idle(self, head: Head) -> bool:
        idle = self.settings.room_idle_seconds
        return idle is not None and head.first <= head.seq and head.at <= self.now - idle * 1000

    async def _count_people(self, row: ListedRoom) -> int:
        people = len((await read_roster(self.gateway, row.room)).users)
        if people != row.people:
            self.counts.corrected += 1
            await self.rooms.write_news(row.room, RoomNews(people=people, people_at=self.now))
        return people

    async def _remove_unused(self, row: ListedRoom, etag: str, people: int) -> None:
        if people > 0 or row.message_at > self.now - UNUSED_MS:
            return
        try:
            await self.rooms.remove(row, etag)
        except Conflict:
            return  # somebody wrote the row just now
        self.counts.removed += 1

    async def _move_first(self, room: str, head: Head, people: int) -> int:
        """Move the log's `first` as closing and retention want it, and return it."""
        if people == 0 and self._is_idle(head):
            # Nothing is closed when somebody said something since the head was read.
            if not await self.logs.move_first(room, head, head.seq + 1):
                return head.first
            self.counts.closed += 1
            log.info("an idle room was closed", extra={"room": room, "entries": head.seq + 1 - head.first})
            return head.seq + 1
        if retention := self.settings.retention_seconds:
            return await self.logs.remove_before(room, round(self.now - retention * 1000))
        return head.first

    async def _delete_rows(self, room: str, first: int, deadline: float) -> bool:
        """Delete what is below the log's `first`, also what an earlier run left; return whether all is deleted."""
        if first <= 1:
            return True
        while deleted := await self.logs.delete_rows(room, first):
            self.counts.entries += deleted
            if time.monotonic() >= deadline:
                return False
        return True


@dataclass(slots=True)
class SweepStarter:
    """Starts the sweep's orchestration where it is not running; belongs to one process, which asks once an hour."""

    checks_again_at: float = float("-inf")
    task: "asyncio.Task[None] | None" = None

    def start_if_needed(self, durable: DurableClient) -> None:
        """Start the orchestration in the background, unless this process asked for it within the last hour."""
        now = time.monotonic()
        if now >= self.checks_again_at:
            self.checks_again_at = now + CHECK_SECONDS
            self.task = asyncio.create_task(self._start(durable))

    async def _start(self, durable: DurableClient) -> None:
        try:
            if not await durable.is_running(SWEEP_INSTANCE):
                await durable.start(SWEEP_ORCHESTRATION, SWEEP_INSTANCE, {"v": VERSION})
        except StorageUnavailable as problem:
            # Another process may have started it in between. If not, the next event tries again after a minute.
            self.checks_again_at = time.monotonic() + RETRY_SECONDS
            log.warning("the sweep was not started", extra={"cause": cause_of(problem) or str(problem)})
