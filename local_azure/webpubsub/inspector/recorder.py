"""Records what happens while a page is open, and for ten seconds longer; otherwise the service observes nothing."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.observations import Observation, Observations

KEEP_SECONDS = 10.0


Subscribe = Callable[[Callable[[Observation], None]], Callable[[], None]]
"""Begins a subscription of the function that it gets, and returns the function that ends it."""


class Recorder:
    """Fills the buffer while at least one page is open. After the last one it waits, so a reload loses nothing."""

    def __init__(self, observations: Observations, buffer: EventBuffer, keep_seconds: float = KEEP_SECONDS) -> None:
        self.buffer = buffer
        self._keep_seconds = keep_seconds
        self._open_pages = 0
        self._stop_timer: asyncio.TimerHandle | None = None
        self._sources: list[Subscribe] = [observations.subscribe]
        self._subscriptions: list[Callable[[], None]] = []

    def add_source(self, subscribe: Subscribe) -> None:
        """Record also what another service publishes."""
        self._sources.append(subscribe)
        if self._subscriptions:
            self._subscriptions.append(subscribe(self.buffer.add))

    @contextmanager
    def recording(self) -> Iterator[EventBuffer]:
        """Record while the block lasts."""
        self._open_pages += 1
        if self._stop_timer is not None:
            self._stop_timer.cancel()
            self._stop_timer = None
        elif self._open_pages == 1:
            self._subscriptions = [subscribe(self.buffer.add) for subscribe in self._sources]
        try:
            yield self.buffer
        finally:
            self._open_pages -= 1
            if self._open_pages == 0:
                self._stop_timer = asyncio.get_running_loop().call_later(self._keep_seconds, self.stop)

    def stop(self) -> None:
        """Stop recording, and empty the buffer."""
        if self._stop_timer is not None:
            self._stop_timer.cancel()
            self._stop_timer = None
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        self.buffer.clear()
