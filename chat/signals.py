"""Signals to entities travel beside the publishing of a message, so that storage never holds up a conversation."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from chat.logs import in_words, log

# An answer waits this long for its signal, and the signal itself may take so long.
WAIT_SECONDS = 0.25
SIGNAL_SECONDS = 10.0
# After an answer waited in vain, no other one waits for so long.
PAUSE_SECONDS = 60.0
MAX_RUNNING = 1000

Task = asyncio.Task[None]
Remember = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Signals:
    """Signals on their way, those of them that nobody waits for any more, and how many were lost by this process."""

    wait_seconds: float = WAIT_SECONDS
    signal_seconds: float = SIGNAL_SECONDS
    pause_seconds: float = PAUSE_SECONDS
    max_running: int = MAX_RUNNING
    running: set[Task] = field(default_factory=set)
    late: set[Task] = field(default_factory=set)
    lost: int = 0
    waits_again_at: float = float("-inf")  # monotonic seconds

    async def beside(self, publishing: Awaitable[None], remember: Remember) -> None:
        """Publish and remember at the same time; only the publishing can fail, and then nothing is remembered.

        When storage is slow the signal goes on after the answer, and for a while nobody waits for a new one.
        """
        waits = time.monotonic() >= self.waits_again_at
        signal = self.start(remember)
        try:
            await publishing
        except BaseException:
            signal.cancel()
            raise
        if waits:
            await asyncio.wait({signal}, timeout=self.wait_seconds)
        if not signal.done():
            self.late.add(signal)
            if waits:
                self.waits_again_at = time.monotonic() + self.pause_seconds

    def start(self, remember: Remember) -> Task:
        """Return the running signal; this object keeps it until it ends."""
        work = self._finish(remember) if len(self.running) < self.max_running else self._drop()
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: Task) -> None:
        self.running.discard(task)
        self.late.discard(task)

    async def _finish(self, remember: Remember) -> None:
        try:
            async with asyncio.timeout(self.signal_seconds):
                await remember()
        except Exception as problem:  # whatever it is, the conversation goes on
            self._count(in_words(problem))

    async def _drop(self) -> None:
        self._count("too many signals wait for storage")

    def _count(self, cause: str) -> None:
        self.lost += 1
        log.error("memory lost a signal", extra={"cause": cause, "lost": self.lost})


signals = Signals()
