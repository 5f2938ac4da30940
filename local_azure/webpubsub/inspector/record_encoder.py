"""Records as bytes; `record_decoder` reads them.

A record that is kept as an object costs the service more than making it: the garbage collector looks at every kept
object again and again. Bytes cost it nothing, take less memory, and their size is known. `marshal` is the fastest
encoder of the standard library; its form depends on Python's version, so it never leaves the process. Records that are
encoded together name each object once: the hub, the user, and a body that a frame and an event share.
"""

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from local_azure.observations import StorageCalled, StorageFaultTriggered
from local_azure.webpubsub.inspector.labels import client_message_label, delivery_label
from local_azure.webpubsub.messages import ClientMessage, DataMessage, Payload
from local_azure.webpubsub.observations import (
    ConnectionDetached,
    ConnectionEnded,
    ConnectionOpened,
    FaultTriggered,
    FrameReceived,
    FrameSent,
    HandshakeRefused,
    MessageFannedOut,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)

KEPT_OF_LARGE_BYTES = 64 * 1024
"""What is kept of a payload that is larger than what the ring may spend on one."""

KEPT_OF_NAME_CHARACTERS = 1024
_KEPT_OF_HEADERS_CHARACTERS = 64 * 1024

# What is longer decides how many records are encoded together.
_SHORT = 2048

_HeaderTexts = tuple[str, str]
_Values = tuple[object, ...]


class EncodedRecords(NamedTuple):
    """Records that were encoded together, and how many they are."""

    data: bytes
    records: int


class RecordEncoder:
    """Encodes records; of a payload over `max_payload_bytes` only the first 64 KiB are kept."""

    def __init__(self, max_payload_bytes: int) -> None:
        self._max_payload_bytes = max_payload_bytes
        self._long_content = 0  # of the records that are not encoded yet: bytes, or characters
        self._encoders: dict[type, Callable[[Any], _Values]] = {
            FrameReceived: self._received_frame,
            FrameSent: self._sent_frame,
            MessageFannedOut: self._delivery,
            WebhookSent: self._webhook_sent,
            WebhookCalled: self._webhook_called,
            RestCalled: self._rest_called,
            StorageCalled: self._storage_called,
            StorageFaultTriggered: _fields(
                "storage fault", "operation", "table", "request_id", "client_request_id", "fault"
            ),
            FaultTriggered: _fault,
            ConnectionOpened: _fields("opened", "hub", "connection_id", "user_id", "protocol", "recovered"),
            HandshakeRefused: _fields("refused", "hub", "status", "reason"),
            ConnectionDetached: _fields("detached", "hub", "connection_id", "user_id"),
            ConnectionEnded: _fields("ended", "hub", "connection_id", "user_id", "reason"),
        }

    def encode(self, records: Iterable[Observation]) -> Iterator[EncodedRecords]:
        """Yield the records as bytes: all together, or in several parts when payloads are long."""
        together: list[_Values] = []
        for record in records:
            together.append(self._encoders[type(record)](record))
            if self._long_content > self._max_payload_bytes:
                yield self._dump(together)
                together = []
        if together:
            yield self._dump(together)

    def _dump(self, together: list[_Values]) -> EncodedRecords:
        self._long_content = 0
        values: Any = together
        return EncodedRecords(marshal.dumps(values), len(together))

    def _received_frame(self, record: FrameReceived) -> _Values:
        message = record.message
        payload: Payload | None = getattr(message, "payload", None)
        content = record.frame if payload is None else payload.data
        if isinstance(content, str):
            content = self._kept_text(content)
        return (
            "frame",
            record.at,
            record.correlation_id,
            record.hub,
            record.connection_id,
            record.user_id,
            client_message_label(message)[:KEPT_OF_NAME_CHARACTERS],
            message is not None,
            getattr(message, "ack_id", None),
            _group(message),
            content if isinstance(content, str) else self._kept(content),
            None if payload is None else str(payload.data_type),
            _metadata(payload),
        )

    def _sent_frame(self, record: FrameSent) -> _Values:
        frame = self._kept(record.frame)
        return "sent", record.at, record.correlation_id, record.hub, record.connection_id, record.user_id, frame

    def _delivery(self, record: MessageFannedOut) -> _Values:
        message = record.message
        payload = message.payload
        return (
            "delivery",
            record.at,
            record.correlation_id,
            record.hub,
            delivery_label(message)[:KEPT_OF_NAME_CHARACTERS],
            _group(message),
            self._kept(payload.data),
            str(payload.data_type),
            _metadata(payload),
            record.receivers,
            record.receiver_count,
            record.size,
            record.began,
        )

    def _webhook_sent(self, record: WebhookSent) -> _Values:
        return (
            "webhook",
            record.at,
            record.correlation_id,
            record.hub,
            record.connection_id,
            record.user_id,
            record.event[:KEPT_OF_NAME_CHARACTERS],
            record.event_id,
            record.request_id,
            record.handler,
            record.attempt,
            self._kept(record.body),
            record.method,
            None if record.url is None else str(record.url)[:_KEPT_OF_HEADERS_CHARACTERS],
            self._headers(record.headers),
        )

    def _webhook_called(self, record: WebhookCalled) -> _Values:
        return (
            "answer",
            record.at,
            record.correlation_id,
            record.hub,
            record.connection_id,
            record.user_id,
            record.event[:KEPT_OF_NAME_CHARACTERS],
            record.event_id,
            record.request_id,
            record.handler,
            record.attempt,
            record.status,
            record.milliseconds,
            record.failure,
            self._kept(record.answer),
            self._headers(record.answer_headers),
        )

    def _rest_called(self, record: RestCalled) -> _Values:
        return (
            "rest",
            record.at,
            record.correlation_id,
            record.method,
            record.path,
            record.query,
            record.status,
            record.milliseconds,
            record.request_id,
            record.error_code,
            record.origin,
            record.target,
            self._headers(record.headers),
            self._kept(record.body),
            self._headers(record.answer_headers),
            self._kept(record.answer),
        )

    def _storage_called(self, record: StorageCalled) -> _Values:
        self._long_content += len(record.body) + len(record.answer)
        return (
            "storage",
            record.at,
            record.correlation_id,
            record.operation,
            record.table,
            record.request_id,
            record.client_request_id,
            record.method,
            record.status,
            record.error_code,
            record.milliseconds,
            record.url,
            _header_texts(record.headers),
            record.body,
            record.body_size,
            _header_texts(record.answer_headers),
            record.answer,
            record.answer_size,
            record.is_signed,
        )

    def _kept(self, payload: bytes | None) -> object:
        """Return a payload; of a large one the start and the whole size."""
        if payload is None or len(payload) <= _SHORT:
            return payload
        if len(payload) <= self._max_payload_bytes:
            self._long_content += len(payload)
            return payload
        self._long_content += KEPT_OF_LARGE_BYTES
        return payload[:KEPT_OF_LARGE_BYTES], len(payload)

    def _kept_text(self, text: str) -> str | bytes:
        """Return a text; one that may be larger than a payload, of which only the start is kept, as bytes."""
        if len(text) > self._max_payload_bytes // 4:
            return text.encode(errors="replace")
        self._long_content += len(text) if len(text) > _SHORT else 0
        return text

    def _headers(self, headers: Mapping[str, str] | None) -> _HeaderTexts | None:
        """Return the names and the values, each in one text; None for headers that are too long."""
        if headers is None:
            return None
        names, values = [*headers.keys()], "\n".join([*headers.values()])
        if len(names) < len(headers):  # the keys of a multidict are without repetitions
            names = [name for name, _ in headers.items()]
        return self._kept_headers("\n".join(names), values)

    def _kept_headers(self, names: str, values: str) -> _HeaderTexts | None:
        size = len(names) + len(values)
        if size > _SHORT:
            if size > _KEPT_OF_HEADERS_CHARACTERS:
                return None
            self._long_content += size
        return names, values


def _fields(kind: str, *names: str) -> Callable[[Any], _Values]:
    """Return what encodes a record with its time, its correlation id and these fields of its own."""
    read = attrgetter("at", "correlation_id", *names)
    return lambda record: (kind, *read(record))


def _fault(record: FaultTriggered) -> _Values:
    target = record.target[:KEPT_OF_NAME_CHARACTERS]
    own = (record.hub, record.connection_id, record.user_id, record.fault, target)
    return "fault", record.at, record.correlation_id, *own


def _group(message: ClientMessage | DataMessage | None) -> str | None:
    """Return the group that a message names, if it names one."""
    group: str | None = getattr(message, "group", None)
    return group if group is None else group[:KEPT_OF_NAME_CHARACTERS]


def _metadata(payload: Payload | None) -> tuple[tuple[str, str], ...]:
    if payload is None or not payload.metadata:
        return ()
    pairs = tuple(payload.metadata.items())
    is_long = sum(len(name) + len(value) for name, value in pairs) > _KEPT_OF_HEADERS_CHARACTERS
    return () if is_long else pairs


def _header_texts(headers: Iterable[tuple[str, str]]) -> _HeaderTexts:
    """Return the names and the values, each in one text; a name may be of a subclass of `str`."""
    return "\n".join([name for name, _ in headers]), "\n".join([value for _, value in headers])
