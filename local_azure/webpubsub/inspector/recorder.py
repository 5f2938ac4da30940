"""Records what happens while a page is open, and for ten seconds longer; otherwise the service observes nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.observations import Observations

KEEP_SECONDS = 10.0


class Recorder:
    """Fills the buffer while at least one page is open. After the last one it waits, so a reload loses nothing."""

    def __init__(self, observations: Observations, buffer: EventBuffer, keep_seconds: float = KEEP_SECONDS) -> None:
        self.buffer = buffer
        self._observations = observations
        self._keep_seconds = keep_seconds
        self._open_pages = 0
        self._stop_timer: asyncio.TimerHandle | None = None
        self._unsubscribe = _do_nothing

    @contextmanager
    def recording(self) -> Iterator[EventBuffer]:
        """Record while the block lasts."""
        self._open_pages += 1
        if self._stop_timer is not None:
            self._stop_timer.cancel()
            self._stop_timer = None
        elif self._open_pages == 1:
            self._unsubscribe = self._observations.subscribe(self.buffer.add)
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
        self._unsubscribe()
        self._unsubscribe = _do_nothing
        self.buffer.clear()


def _do_nothing() -> None:
    """End no subscription, because there is none."""
