"""Records what happens, from the start or while a page is open, in a ring that is limited in bytes.

On the path of a message a record is only kept. Entries are made of the records when somebody looks.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local_azure.webpubsub.inspector.record_encoder import RecordEncoder
from local_azure.webpubsub.inspector.record_ring import RecordRing, size_of
from local_azure.webpubsub.observations import Observation, Observations

if TYPE_CHECKING:
    from local_azure.webpubsub.inspector.event_buffer import EventBuffer

KEEP_SECONDS = 10.0
# Entries are made in steps, so that the service answers meanwhile.
STEP_SECONDS = 0.01

# Records wait to be encoded together: code that runs again at once takes a quarter of the time, and what they have in
# common is encoded once.
ENCODED_AT_ONCE = 64
# A payload may take so much of what is kept; of a larger one only the start is kept.
SHARE_OF_PAYLOAD = 32

Subscribe = Callable[[Callable[[Observation], None]], Callable[[], None]]
"""Begins a subscription of the function that it gets, and returns the function that ends it."""


class Recorder:
    """Keeps records from the start when it is `enabled`, else while at least one page is open.

    Then it waits after the last page for `keep_seconds`, so a reload loses nothing. `generation` changes with `clear`.
    """

    def __init__(
        self,
        observations: Observations,
        make_buffer: "Callable[[], EventBuffer]",
        *,
        enabled: bool,
        max_bytes: int,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        """`make_buffer` is called when somebody looks for the first time."""
        self.enabled = enabled
        self.generation = 0
        self._max_bytes = max_bytes
        self._ring = RecordRing(max_bytes)
        self._waiting: list[Observation] = []
        self._encode = RecordEncoder(max_bytes // SHARE_OF_PAYLOAD).encode
        self._make_buffer = make_buffer
        self._buffer: EventBuffer | None = None
        self._keep_seconds = keep_seconds
        self._open_pages = 0
        self._stop_timer: asyncio.TimerHandle | None = None
        self._sources: list[Subscribe] = [lambda add: observations.subscribe(add, each_receiver=False)]
        self._subscriptions: list[Callable[[], None]] = []
        if enabled:
            self._start()

    def add_source(self, subscribe: Subscribe) -> None:
        """Record also what another service publishes."""
        self._sources.append(subscribe)
        if self._subscriptions:
            self._subscriptions.append(subscribe(self._add))

    @property
    def size(self) -> int:
        """What records and entries take, in bytes."""
        self._encode_waiting()
        return self._ring.size + (self._buffer.size if self._buffer else 0)

    @property
    def max_bytes(self) -> int:
        """How many bytes they may take."""
        return self._max_bytes

    @property
    def count(self) -> int:
        """How many entries there are, where one is made of each record that was not looked at yet."""
        return len(self._waiting) + len(self._ring) + (len(self._buffer) if self._buffer else 0)

    async def look(self) -> "EventBuffer":
        """Return the entries of everything that was recorded."""
        buffer = self.buffer
        self._encode_waiting()
        loop = asyncio.get_running_loop()
        pause_due = loop.time() + STEP_SECONDS
        while self._ring:
            self._make_entries(buffer)
            if loop.time() >= pause_due:
                await asyncio.sleep(0)
                pause_due = loop.time() + STEP_SECONDS
        return buffer

    @property
    def buffer(self) -> "EventBuffer":
        """The entries that were made so far."""
        if self._buffer is None:
            self._buffer = self._make_buffer()
        return self._buffer

    def make_room(self) -> None:
        """Remove the oldest entries until the others and the records fit; the ring itself drops the oldest records."""
        buffer = self._buffer
        while buffer and self._ring.size + buffer.size > self._max_bytes:
            buffer.remove_oldest()

    def clear(self) -> None:
        """Remove everything that was recorded."""
        self._waiting.clear()
        self._ring.clear()
        if self._buffer is not None:
            self._buffer.clear()
        self.generation += 1

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record while the block lasts."""
        self._open_pages += 1
        if self._stop_timer is not None:
            self._stop_timer.cancel()
            self._stop_timer = None
        elif not self._subscriptions:
            self._start()
        try:
            yield
        finally:
            self._open_pages -= 1
            if self._open_pages == 0 and not self.enabled:
                self._stop_timer = asyncio.get_running_loop().call_later(self._keep_seconds, self.stop)

    def stop(self) -> None:
        """Stop recording, and remove everything."""
        if self._stop_timer is not None:
            self._stop_timer.cancel()
            self._stop_timer = None
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions = []
        self.clear()

    def _start(self) -> None:
        self._subscriptions = [subscribe(self._add) for subscribe in self._sources]

    def _add(self, record: Observation) -> None:
        self._waiting.append(record)
        if len(self._waiting) >= ENCODED_AT_ONCE:
            self._encode_waiting()

    def _encode_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for encoded in self._encode(waiting):
            self._ring.add(encoded)
        if self._buffer and self._ring.size + self._buffer.size > self._max_bytes:
            self.make_room()

    def _make_entries(self, buffer: "EventBuffer") -> None:
        """Make entries of the oldest records that were encoded together, in one go, so that they keep their order."""
        # Imported here: most starts of the service end before somebody looks.
        from local_azure.webpubsub.inspector.record_decoder import decode

        encoded = self._ring.take()
        size_of_each = size_of(encoded) // encoded.records
        for record in decode(encoded.data):
            buffer.add(record, size_of_each)
        if self._ring.size + buffer.size > self._max_bytes:
            self.make_room()
