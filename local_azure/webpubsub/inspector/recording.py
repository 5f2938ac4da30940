"""Records what happens while somebody looks, and for a moment longer; otherwise the service observes nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from local_azure.webpubsub.inspector.journal import Journal
from local_azure.webpubsub.observations import Observations

LINGER_SECONDS = 10.0


class Recording:
    """The journal, filled while at least one page is open. After the last one it waits: a reload loses nothing."""

    def __init__(self, observations: Observations, journal: Journal, linger_seconds: float = LINGER_SECONDS) -> None:
        self.journal = journal
        self._observations = observations
        self._linger_seconds = linger_seconds
        self._pages = 0
        self._ending: asyncio.TimerHandle | None = None
        self._unsubscribe = _nothing

    @contextmanager
    def watched(self) -> Iterator[Journal]:
        """Record while the block lasts."""
        self._pages += 1
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        elif self._pages == 1:
            self._unsubscribe = self._observations.subscribe(self.journal.add)
        try:
            yield self.journal
        finally:
            self._pages -= 1
            if self._pages == 0:
                self._ending = asyncio.get_running_loop().call_later(self._linger_seconds, self.stop)

    def stop(self) -> None:
        """Record no more, and forget what was recorded."""
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self._unsubscribe()
        self._unsubscribe = _nothing
        self.journal.clear()


def _nothing() -> None:
    """Stand in for the end of a subscription that there is not."""
