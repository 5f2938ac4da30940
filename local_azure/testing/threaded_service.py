"""A service on an event loop in a thread of its own: tests and clients may block, and keep a loop of their own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
S = TypeVar("S")
W = TypeVar("W", bound="ThreadedService")

START_SECONDS = 10.0
CALL_SECONDS = 30.0


class ThreadedService:
    """A service that runs on an event loop in a thread of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the service's thread and return what it returns, or raise what it raises."""

        async def call_function() -> T:
            return function()

        return self.run(call_function())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the service's loop and return its result; raises TimeoutError after 30 seconds."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_SECONDS)


@contextmanager
def run_in_thread(
    name: str,
    serve: Callable[[], AbstractAsyncContextManager[S]],
    wrap: Callable[[S, asyncio.AbstractEventLoop], W],
) -> Iterator[W]:
    """Run what `serve` starts in a thread of this name; raises what keeps it from starting.

    `wrap` is called in that thread, with the service and its loop.
    """
    started: Future[W] = Future()
    stop = asyncio.Event()

    async def serve_until_stopped() -> None:
        async with serve() as service:
            started.set_result(wrap(service, asyncio.get_running_loop()))
            await stop.wait()

    def run_service() -> None:
        try:
            asyncio.run(serve_until_stopped())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run_service, name=name, daemon=True)
    thread.start()
    service = started.result(START_SECONDS)
    try:
        yield service
    finally:
        service.call(stop.set)
        thread.join(START_SECONDS)
