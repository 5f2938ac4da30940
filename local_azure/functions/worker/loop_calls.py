"""Call functions on the event loop of another thread.

`call_soon_threadsafe` wakes that loop for each call, which costs a system call and a change of the thread that runs.
Here the first call wakes it, and those that come before it has woken need nothing more.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable


class LoopCalls:
    """The calls to one event loop, in their order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._calls: deque[tuple[Callable[..., None], tuple[object, ...]]] = deque()
        self._is_scheduled = False

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        """Call the function soon on the loop. Nothing happens when the loop has been closed."""
        # The order matters, here and in `_run`: whoever adds a call after the last one was taken sees False.
        self._calls.append((function, arguments))
        if not self._is_scheduled:
            self._is_scheduled = True
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                self.loop.call_soon_threadsafe(self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        # Those that come meanwhile have their own turn, so that the loop also does its other work.
        for _ in range(len(self._calls)):
            function, arguments = self._calls.popleft()
            function(*arguments)
