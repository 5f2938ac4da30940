"""Writes to storage run at the same time as the publishing of a message, so slow storage does not delay a message."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.logs import log, redacted_repr

# An answer waits this long for its write, and the write itself may take so long.
WAIT_SECONDS = 0.25
WRITE_SECONDS = 10.0
# After an answer waited the full time for a write, no other answer waits during this time.
PAUSE_SECONDS = 60.0
MAX_RUNNING = 1000

Task = asyncio.Task[None]
Store = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class BackgroundWrites:
    """The running writes, those of them that no answer waits for any more, and how many this process lost."""

    wait_seconds: float = WAIT_SECONDS
    write_seconds: float = WRITE_SECONDS
    pause_seconds: float = PAUSE_SECONDS
    max_running: int = MAX_RUNNING
    running: set[Task] = field(default_factory=set)
    late: set[Task] = field(default_factory=set)
    lost: int = 0
    waits_again_at: float = float("-inf")  # monotonic seconds

    async def publish_and_store(self, publishing: Awaitable[None], store: Store) -> None:
        """Publish and store at the same time; only publishing can fail, and then nothing is stored.

        When storage is slow the write goes on after the answer, and for a while no answer waits for a new write.
        """
        waits = time.monotonic() >= self.waits_again_at
        write = self.start(store)
        try:
            await publishing
        except BaseException:
            write.cancel()
            raise
        if waits:
            await asyncio.wait({write}, timeout=self.wait_seconds)
        if not write.done():
            self.late.add(write)
            if waits:
                self.waits_again_at = time.monotonic() + self.pause_seconds

    def start(self, store: Store) -> Task:
        """Return the running write; this object keeps it until it ends."""
        work = self._finish(store) if len(self.running) < self.max_running else self._drop()
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self._discard)
        return task

    def _discard(self, task: Task) -> None:
        self.running.discard(task)
        self.late.discard(task)

    async def _finish(self, store: Store) -> None:
        try:
            async with asyncio.timeout(self.write_seconds):
                await store()
        except Exception as problem:  # a failed write is counted and logged, the message was published
            self._count_loss(redacted_repr(problem))

    async def _drop(self) -> None:
        self._count_loss("too many writes wait for storage")

    def _count_loss(self, cause: str) -> None:
        self.lost += 1
        log.error("a write to storage was lost", extra={"cause": cause, "lost": self.lost})
