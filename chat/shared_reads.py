"""One shared read for all callers: while it runs, and for a stated time after it began."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chat.errors import ChatError

T = TypeVar("T")
# How long a caller waits for a read while it could have an older result.
PATIENCE_SECONDS = 1.0
Read = Callable[[], Awaitable[T]]


@dataclass(slots=True)
class _Shared(Generic[T]):
    """A read and when it was asked for (monotonic seconds); `number` is None until the read begins."""

    task: "asyncio.Task[T]"
    asked: float
    number: int | None = None


@dataclass(slots=True)
class SharedReads(Generic[T]):
    """Reads by key; a result is used again for `seconds` after its read began.

    With `stale_seconds`, `get` answers with the last result, up to so old, where a read fails or takes over a second:
    then many callers do not all fail with one read. It belongs to one event loop. At most one read of a key runs at a
    time.
    """

    seconds: float
    stale_seconds: float = 0.0
    reads: dict[str, _Shared[T]] = field(default_factory=dict)
    begun: int = 0
    _last: dict[str, tuple[float, T]] = field(default_factory=dict)

    async def get(self, key: str, read: Read[T], now: float | None = None) -> T:
        """Return the shared result for a key, or the result of `read`; raises what `read` raises.

        `now` is in monotonic seconds.
        """
        now = time.monotonic() if now is None else now
        shared = self.reads.get(key)
        if shared is None or (shared.task.done() and shared.asked + self.seconds <= now):
            shared = self._start(key, read, now)
        # Shielded: a cancelled caller must not cancel the shared read.
        waiting = asyncio.shield(shared.task)
        last = self._last.get(key)
        if last is None or last[0] + self.stale_seconds <= now:
            return await waiting
        try:
            return await asyncio.wait_for(waiting, PATIENCE_SECONDS)
        except (ChatError, TimeoutError):
            return last[1]

    async def get_new(self, key: str, read: Read[T]) -> T:
        """Return the result of a read that began after this call; raises what `read` raises.

        Callers that come while an earlier read runs wait for its end, and then share one read.
        """
        begun_before = self.begun
        while (shared := self.reads.get(key)) is None or (shared.number or math.inf) <= begun_before:
            if shared is None or shared.task.done():
                shared = self._start(key, read, time.monotonic())
                break
            await asyncio.wait({shared.task})
        return await asyncio.shield(shared.task)

    def forget(self, key: str) -> None:
        """Let the next caller read again, unless a read is running."""
        if (shared := self.reads.get(key)) is not None and shared.task.done():
            del self.reads[key]

    def _start(self, key: str, read: Read[T], now: float) -> _Shared[T]:
        self._remove_old(now)
        self.reads.pop(key, None)
        shared = self.reads[key] = _Shared(asyncio.ensure_future(self._run(key, read)), now)
        return shared

    async def _run(self, key: str, read: Read[T]) -> T:
        self.begun += 1
        shared = self.reads[key]
        shared.number = self.begun
        result = await read()
        if self.stale_seconds:
            self._last.pop(key, None)  # the order is that of the times
            self._last[key] = shared.asked, result
        return result

    def _remove_old(self, now: float) -> None:
        while self._last and next(iter(self._last.values()))[0] + self.stale_seconds <= now:
            del self._last[next(iter(self._last))]
        # The reads are in the order in which they began, so the old ones are the first ones.
        while self.reads:
            key, first = next(iter(self.reads.items()))
            if not first.task.done() or first.asked + self.seconds > now:
                return
            del self.reads[key]
