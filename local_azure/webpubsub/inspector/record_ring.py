"""The newest records as they were published, limited in bytes: nothing is made of them until somebody looks."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from sys import getsizeof
from typing import Any

from yarl import URL

from local_azure.observations import StorageCalled
from local_azure.webpubsub.messages import NO_METADATA, Payload
from local_azure.webpubsub.observations import (
    FrameReceived,
    FrameSent,
    MessageFannedOut,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)

RECORD_BYTES = 500
"""What a record costs beside what it refers to: the object, its ids, its time and its place in the ring."""

KEPT_OF_LARGE_BYTES = 64 * 1024
"""What is kept of each payload of a record that is larger than a sixteenth of the whole ring."""

SHARE_OF_ONE = 16
_HEADER_BYTES = 120  # two texts, and their place among the others
_RECEIVER_BYTES = 160

KEPT_OF_TEXT_CHARACTERS = 1024
"""What is kept of a name in such a record."""

KeptRecord = Observation | bytes
"""A record; one of another process is the line of text that it was sent as."""


class PayloadStart(bytes):
    """The start of a payload of which no more is kept; `whole_size` is the whole payload's, in bytes."""

    whole_size: int

    @classmethod
    def of(cls, payload: bytes, whole_size: int | None = None) -> "PayloadStart":
        """Return the start of a payload, which may be a start already: then `whole_size` is given."""
        start = cls(payload[:KEPT_OF_LARGE_BYTES])
        start.whole_size = len(payload) if whole_size is None else whole_size
        return start


class RecordRing:
    """The newest records that fit into `max_bytes`; the oldest are dropped. `size` is what they take, in bytes."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self._records: deque[KeptRecord] = deque()
        self._sizes: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: KeptRecord) -> None:
        """Keep a record, and drop the oldest ones that no longer fit."""
        size = record_bytes(record)
        if size * SHARE_OF_ONE > self.max_bytes:
            record = shorten(record)
            size = record_bytes(record)
        self._records.append(record)
        self._sizes.append(size)
        self.size += size
        if self.size > self.max_bytes:
            self.make_room(0)

    def make_room(self, needed: int) -> None:
        """Drop the oldest records until there is room for so many bytes more, or none is left."""
        while self._records and self.size + needed > self.max_bytes:
            self.take()

    def take(self) -> tuple[KeptRecord, int]:
        """Remove the oldest record; return it and what it took, in bytes."""
        size = self._sizes.popleft()
        self.size -= size
        return self._records.popleft(), size

    def clear(self) -> None:
        """Drop every record."""
        self._records.clear()
        self._sizes.clear()
        self.size = 0


def record_bytes(record: KeptRecord) -> int:
    """Return what a record takes, in bytes. What two records share counts for both."""
    measure = _MEASURES.get(type(record))
    return RECORD_BYTES if measure is None else RECORD_BYTES + measure(record)


def shorten(record: KeptRecord) -> KeptRecord:
    """Return the record with the starts of its long payloads and names only."""
    if isinstance(record, bytes):
        return record
    short: Observation = _shorten_fields(record)
    message: Any = getattr(short, "message", None)
    payload = getattr(message, "payload", None)
    if isinstance(short, FrameReceived) and payload is not None:
        short = replace(short, frame=b"")  # its payload is what is shown
    if message is None:
        return short
    message = _shorten_fields(message)
    if payload is not None:
        message = replace(message, payload=_shorten_payload(payload))
    shorter: Observation = replace(short, message=message)
    return shorter


def _shorten_payload(payload: Payload) -> Payload:
    is_long = _metadata_bytes(payload.metadata) > KEPT_OF_LARGE_BYTES
    return Payload(payload.data_type, _start(payload.data), NO_METADATA if is_long else payload.metadata)


def _shorten_fields(value: Any) -> Any:
    """Return a dataclass's value with its long texts and bytes cut; headers and URLs that are too long are left out."""
    shorter = {field.name: _shorten(field.name, getattr(value, field.name)) for field in fields(value)}
    return replace(value, **shorter)


def _shorten(name: str, content: Any) -> Any:
    if isinstance(content, bytes):
        return _start(content)
    if isinstance(content, str):
        return _start(content.encode(errors="replace")) if name == "frame" else content[:KEPT_OF_TEXT_CHARACTERS]
    is_long_url = isinstance(content, URL) and len(content.raw_path_qs) > KEPT_OF_LARGE_BYTES
    if is_long_url or (name.endswith("headers") and _headers_bytes(content) > KEPT_OF_LARGE_BYTES):
        return None
    return content


def _start(payload: bytes) -> bytes:
    return payload if len(payload) <= KEPT_OF_LARGE_BYTES else PayloadStart.of(payload)


def _headers_bytes(headers: Mapping[str, str] | Sequence[tuple[str, str]] | None) -> int:
    if headers is None:
        return 0
    values = headers.values() if isinstance(headers, Mapping) else (value for _, value in headers)
    return _HEADER_BYTES * len(headers) + sum(map(len, values))


def _frame_received(record: Any) -> int:
    size = getsizeof(record.frame)
    payload = getattr(record.message, "payload", None)
    return size if payload is None else size + len(payload.data) + _metadata_bytes(payload.metadata)


def _fanned_out(record: Any) -> int:
    payload = record.message.payload
    return len(payload.data) + _metadata_bytes(payload.metadata) + _RECEIVER_BYTES * len(record.receivers)


def _metadata_bytes(metadata: Mapping[str, str]) -> int:
    return sum(_HEADER_BYTES + len(name) + len(value) for name, value in metadata.items()) if metadata else 0


def _webhook_sent(record: Any) -> int:
    # Its event is also in its URL.
    return 2 * len(record.event) + len(record.body or b"") + _headers_bytes(record.headers)


def _webhook_called(record: Any) -> int:
    return len(record.event) + len(record.answer or b"") + _headers_bytes(record.answer_headers)


def _rest_called(record: Any) -> int:
    return (
        len(record.path)
        + len(record.query)
        + len(record.target)
        + len(record.body or b"")
        + len(record.answer or b"")
        + _headers_bytes(record.headers)
        + _headers_bytes(record.answer_headers)
    )


def _storage_called(record: Any) -> int:
    return (
        len(record.url)
        + len(record.body)
        + len(record.answer)
        + _headers_bytes(record.headers)
        + _headers_bytes(record.answer_headers)
    )


_MEASURES: dict[type, Callable[[Any], int]] = {
    bytes: len,
    FrameReceived: _frame_received,
    FrameSent: lambda record: len(record.frame),
    MessageFannedOut: _fanned_out,
    WebhookSent: _webhook_sent,
    WebhookCalled: _webhook_called,
    RestCalled: _rest_called,
    StorageCalled: _storage_called,
}
