"""One time limit for many tasks, with one timer for all of them.

`asyncio.timeout` makes a timer for each, which costs as much as the rest of what is done to send an event.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class TimeLimit:
    """Ends what takes longer than `seconds`; it belongs to one event loop."""

    def __init__(self, seconds: float) -> None:
        """`seconds` count for each run."""
        self.seconds = seconds
        # By task, when its time is up. All have the same limit, so the first one is the oldest one.
        self._deadlines: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return the work's result; raises TimeoutError when the time is up. A task runs one work at a time."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        own_requests = task.cancelling()
        deadline = self._deadlines[task] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._cancel_late_tasks, loop)
        try:
            return await work
        except asyncio.CancelledError:
            # Who else has cancelled the task meanwhile comes first, as with `asyncio.timeout`.
            if task in self._late and task.cancelling() == own_requests + 1:
                raise TimeoutError from None
            raise
        finally:
            self._deadlines.pop(task, None)
            if task in self._late:
                self._late.discard(task)
                task.uncancel()

    def _cancel_late_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task, deadline in tuple(self._deadlines.items()):
            if deadline > now:
                self._timer = loop.call_at(deadline, self._cancel_late_tasks, loop)
                return
            del self._deadlines[task]
            self._late.add(task)
            task.cancel()
