"""The newest records as bytes, limited in size: nothing else is made of them until somebody looks."""

from collections import deque

RECORD_BYTES = 48
"""What a record costs beside its content: the object, and its place in the ring."""

MIN_BYTES_OF_ENTRY = 1000
"""What the entry of a record takes at least: no more records are kept than there may be entries."""


class RecordRing:
    """The newest records that fit into `max_bytes`; the oldest are dropped. `size` is what they take, in bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._records: deque[bytes] = deque()
        self._max_records = max_bytes // MIN_BYTES_OF_ENTRY
        self.size = 0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: bytes) -> None:
        """Keep a record, and drop the oldest ones that no longer fit."""
        self._records.append(record)
        self.size += len(record) + RECORD_BYTES
        while self.size > self._max_bytes or len(self._records) > self._max_records:
            self.take()

    def take(self) -> bytes:
        """Remove the oldest record and return it."""
        record = self._records.popleft()
        self.size -= len(record) + RECORD_BYTES
        return record

    def clear(self) -> None:
        """Drop every record."""
        self._records.clear()
        self.size = 0
