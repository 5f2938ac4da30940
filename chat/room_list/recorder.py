"""Tells the list of rooms what this process learns: who is in a room, and that something was said in it.

The list is not on the path of a message: news are noted in memory and written in the background, for each room at once
the first time and when it becomes empty or stops being empty, else at most once a minute. News that could not be
written stay noted and are tried again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chat.errors import ChatError
from chat.logs import log, redacted_repr
from chat.room_list.rows import RoomNews
from chat.room_list.store import RoomListStore, now_ms

WRITE_INTERVAL_SECONDS = 60.0
MAX_PARALLEL_WRITES = 8
# News of further rooms are dropped; the hourly sweep corrects their rows.
MAX_ROOMS = 20_000


@dataclass(slots=True)
class RoomProgress:
    """What was written of a room and what was not; times are monotonic seconds."""

    tried_at: float = float("-inf")
    people: int | None = None
    news: RoomNews | None = None
    failed: bool = False

    @property
    def due_at(self) -> float:
        """When the news are to be written: at once when the room becomes empty or stops being empty."""
        is_turn = self.news is not None and self.news.people is not None and (self.news.people > 0) != bool(self.people)
        at_once = self.people is None or is_turn
        return float("-inf") if at_once and not self.failed else self.tried_at + WRITE_INTERVAL_SECONDS


def due_rooms(rooms: Iterable[tuple[str, RoomProgress]], now: float) -> list[str]:
    """Return the rooms whose news are to be written now."""
    return [room for room, progress in rooms if progress.news is not None and progress.due_at <= now]


def next_due(rooms: Iterable[RoomProgress]) -> float | None:
    """Return when the next news are to be written (monotonic seconds), None when there are none."""
    return min((progress.due_at for progress in rooms if progress.news is not None), default=None)


def pause_seconds(rooms: int) -> float:
    """Return the pause after a round of writes: with many rooms it is longer, because each round looks at all."""
    return 0.05 + rooms / 20_000


@dataclass(slots=True)
class RoomListRecorder:
    """The news of one process, which belong to one event loop. Noting takes microseconds and never fails."""

    store: RoomListStore
    clock: Callable[[], float] = time.monotonic
    rooms: dict[str, RoomProgress] = field(default_factory=dict)
    task: "asyncio.Task[None] | None" = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    sleeps_until: float = float("-inf")

    def note_people(self, room: str, count: int, at: int | None = None) -> None:
        """Note how many people are in a room; `at` is when they were counted, in ms since 1970 (default: now)."""
        self._note(room, RoomNews(people=count, people_at=now_ms() if at is None else at))

    def note_message(self, room: str, at: int, messages: int) -> None:
        """Note that something was said in a room at a time (ms since 1970), and how many messages it has now."""
        self._note(room, RoomNews(message_at=at, messages=messages))

    def _note(self, room: str, news: RoomNews) -> None:
        progress = self.rooms.get(room)
        if progress is None:
            if len(self.rooms) >= MAX_ROOMS:
                self._forget_written(self.clock())
            if len(self.rooms) >= MAX_ROOMS:
                return
            progress = self.rooms[room] = RoomProgress()
        progress.news = progress.news.merge(news) if progress.news else news
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._write_while_due())
        elif progress.due_at < self.sleeps_until:
            self.changed.set()

    async def _write_while_due(self) -> None:
        """Write news as they become due; ends when all are written."""
        while (due := next_due(self.rooms.values())) is not None:
            now = self.clock()
            if due > now:
                await self._sleep(due, due - now)
                continue
            await self._write_due(due_rooms(self.rooms.items(), now))
            await asyncio.sleep(pause_seconds(len(self.rooms)))
        self._forget_written(self.clock())

    async def _sleep(self, until: float, seconds: float) -> None:
        self.sleeps_until = until
        self.changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self.changed.wait()
        except TimeoutError:
            pass  # the normal end of the pause
        finally:
            self.sleeps_until = float("-inf")

    async def _write_due(self, due: list[str]) -> None:
        self._forget_written(self.clock())
        limit = asyncio.Semaphore(MAX_PARALLEL_WRITES)

        async def write(room: str) -> None:
            async with limit:
                await self._write_room(room)

        await asyncio.gather(*(write(room) for room in due))

    async def _write_room(self, room: str) -> None:
        progress = self.rooms[room]
        news, progress.news = progress.news, None
        assert news is not None, "only rooms with news are due"
        progress.tried_at = self.clock()
        try:
            await self.store.write_news(room, news)
        except ChatError as problem:
            progress.failed = True
            progress.news = news.merge(progress.news) if progress.news else news
            log.warning("the list of rooms was not written", extra={"room": room, "cause": redacted_repr(problem)})
        except Exception:  # a defect: these news are lost, later ones are tried
            progress.failed = True
            log.exception("unexpected failure", extra={"room": room})
        else:
            progress.failed = False
            progress.people = news.people if news.people is not None else progress.people or 0

    def _forget_written(self, now: float) -> None:
        old = now - WRITE_INTERVAL_SECONDS
        kept = {room: each for room, each in self.rooms.items() if each.news is not None or each.tried_at > old}
        self.rooms = kept
