"""Signals to entities travel beside the publishing of a message, so that storage never holds up a conversation."""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger("chat")

# An answer waits this long for its signal, and the signal itself may take so long.
WAIT_SECONDS = 0.25
SIGNAL_SECONDS = 10.0
MAX_RUNNING = 1000

Task = asyncio.Task[None]


@dataclass(slots=True)
class Signals:
    """Signals on their way, those of them that nobody waits for any more, and how many were lost by this process."""

    running: set[Task] = field(default_factory=set)
    late: set[Task] = field(default_factory=set)
    lost: int = 0

    async def beside(self, publishing: Awaitable[None], remembering: Coroutine[Any, Any, None]) -> None:
        """Publish and remember at the same time; only the publishing can fail, and then nothing is remembered.

        When storage is slow the signal goes on after the answer; while one does, nobody waits for a new one.
        """
        waits = not self.late
        signal = self.start(remembering)
        try:
            await publishing
        except BaseException:
            signal.cancel()
            raise
        if waits:
            await asyncio.wait({signal}, timeout=WAIT_SECONDS)
        if not signal.done():
            self.late.add(signal)

    def start(self, remembering: Coroutine[Any, Any, None]) -> Task:
        """Return the running signal; this object keeps it until it ends."""
        task = asyncio.create_task(self._finish(remembering))
        self.running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: Task) -> None:
        self.running.discard(task)
        self.late.discard(task)

    async def _finish(self, remembering: Coroutine[Any, Any, None]) -> None:
        if len(self.running) > MAX_RUNNING:
            remembering.close()
            self._count("too many signals wait for storage")
            return
        try:
            async with asyncio.timeout(SIGNAL_SECONDS):
                await remembering
        except Exception as problem:  # whatever it is, the conversation goes on
            self._count(repr(problem))

    def _count(self, cause: str) -> None:
        self.lost += 1
        log.error("memory lost a signal", extra={"cause": cause, "lost": self.lost})


signals = Signals()
