"""One shared read for all callers: while it runs, and for a stated time after it began."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Read(Generic[T]):
    """A read and the time until which its result is used (monotonic seconds)."""

    task: "asyncio.Task[T]"
    until: float


@dataclass(slots=True)
class SharedReads(Generic[T]):
    """Reads by key; a result is used again for `seconds` after its read began.

    It belongs to one event loop.
    """

    seconds: float
    reads: dict[str, _Read[T]] = field(default_factory=dict)

    async def get(self, key: str, read: Callable[[], Awaitable[T]], now: float | None = None) -> T:
        """Return the shared result for a key, or the result of `read`; raises what `read` raises.

        `now` is in monotonic seconds.
        """
        now = time.monotonic() if now is None else now
        shared = self.reads.get(key)
        if shared is None or (shared.task.done() and shared.until <= now):
            shared = self.reads[key] = _Read(asyncio.ensure_future(_run(read)), now + self.seconds)
        # Shielded: a cancelled caller must not cancel the shared read.
        return await asyncio.shield(shared.task)


async def _run(read: Callable[[], Awaitable[T]]) -> T:
    return await read()
