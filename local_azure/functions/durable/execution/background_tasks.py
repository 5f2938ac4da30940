"""Background tasks that are cancelled together, and a runner that never runs the same key twice at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)


class BackgroundTasks:
    """A set of tasks that can be cancelled together."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run the coroutine as a task; an exception that leaves it is logged."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def cancel(self) -> None:
        """Cancel the tasks that still run and wait until they have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("durable task failed", exc_info=error, extra={"task": task.get_name()})


class SerialRunner(Generic[K]):
    """Run `work(key)` whenever a key is woken: never twice at once for one key, again if woken meanwhile."""

    def __init__(self, work: Callable[[K], Awaitable[None]], limit: int) -> None:
        self._work = work
        self._tasks = BackgroundTasks()
        self._slots = asyncio.Semaphore(limit)
        self._woken: dict[K, bool] = {}  # key -> woken again since its run began

    def wake(self, key: K) -> None:
        """Run the work for the key once more after this call."""
        if key in self._woken:
            self._woken[key] = True
        else:
            self._woken[key] = True
            self._tasks.start(self._run(key), f"durable {key}")

    async def stop(self) -> None:
        """Cancel all runs; what they had not committed is run again after a restart."""
        await self._tasks.cancel()

    async def _run(self, key: K) -> None:
        try:
            while self._woken[key]:
                async with self._slots:
                    self._woken[key] = False
                    await self._attempt(key)
        finally:
            del self._woken[key]

    async def _attempt(self, key: K) -> None:
        try:
            await self._work(key)
        except Exception:
            # The next wake runs the key again; a failure of one key does not stop the others.
            log.exception("durable work failed", extra={"key": str(key)})
