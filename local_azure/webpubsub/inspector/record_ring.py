"""The newest records as bytes, limited in size: nothing else is made of them until somebody looks."""

from collections import deque

from local_azure.webpubsub.inspector.record_encoder import EncodedRecords

RECORD_BYTES = 48
"""What a record costs at most beside its content: the object of its bytes, and its place in the ring."""

MIN_BYTES_OF_ENTRY = 1000
"""What the entry of a record takes at least: no more records are kept than there may be entries."""


class RecordRing:
    """The newest records that fit into `max_bytes`; the oldest are dropped, all that were encoded together at once.

    Its length is the number of records, `size` is what they take, in bytes.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._encoded: deque[EncodedRecords] = deque()
        self._max_records = max_bytes // MIN_BYTES_OF_ENTRY
        self._count = 0
        self.size = 0

    def __len__(self) -> int:
        return self._count

    def add(self, encoded: EncodedRecords) -> None:
        """Keep records, and drop the oldest ones that no longer fit."""
        self._encoded.append(encoded)
        self._count += encoded.records
        self.size += size_of(encoded)
        while self.size > self._max_bytes or self._count > self._max_records:
            self.take()

    def take(self) -> EncodedRecords:
        """Remove the oldest records that were encoded together, and return them."""
        encoded = self._encoded.popleft()
        self._count -= encoded.records
        self.size -= size_of(encoded)
        return encoded

    def clear(self) -> None:
        """Drop every record."""
        self._encoded.clear()
        self._count = 0
        self.size = 0


def size_of(encoded: EncodedRecords) -> int:
    """Return what the records take in the ring, in bytes."""
    return len(encoded.data) + encoded.records * RECORD_BYTES
