"""Records as bytes, and back.

A record that is kept as an object costs the service more than making it: the garbage collector looks at every kept
object again and again. Bytes cost it nothing, take less memory, and their size is known. `marshal` is the fastest
encoder of the standard library; its form depends on Python's version, so it never leaves the process.
"""

import marshal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from multidict import CIMultiDict
from yarl import URL

from local_azure.observations import StorageCalled, StorageFaultTriggered
from local_azure.webpubsub.inspector.labels import (
    client_message_label,
    delivery_label,
    groups_of,
    is_routine,
    payload_of,
)
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

# Without references to equal texts, which cost more time than they save bytes.
_MARSHAL_VERSION = 2


class PayloadStart(bytes):
    """The start of a payload of which no more is kept; `whole_size` is the whole payload's, in bytes."""

    whole_size: int

    @classmethod
    def of(cls, payload: bytes, whole_size: int) -> "PayloadStart":
        """Return the start of a payload of this size."""
        start = cls(payload)
        start.whole_size = whole_size
        return start


@dataclass(frozen=True, slots=True)
class KeptFrame:
    """A client's frame: what is shown of its message, instead of the message.

    `data_type` is None without a payload; then `content` is the frame.
    """

    at: float
    correlation_id: str
    hub: str
    connection_id: str
    user_id: str | None
    title: str
    is_valid: bool
    is_routine: bool
    ack_id: int | None
    groups: tuple[str, ...]
    content: str | bytes
    data_type: str | None
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A message that was queued for its receivers; the fields are those of `MessageFannedOut` and of its message."""

    at: float
    correlation_id: str
    hub: str
    title: str
    groups: tuple[str, ...]
    content: bytes
    data_type: str
    metadata: tuple[tuple[str, str], ...]
    receivers: tuple[tuple[str, str | None], ...]
    receiver_count: int
    frame_size: int
    began: float


R = TypeVar("R")

KeptRecord = (
    KeptFrame
    | KeptDelivery
    | ConnectionOpened
    | HandshakeRefused
    | ConnectionDetached
    | ConnectionEnded
    | FrameSent
    | WebhookSent
    | WebhookCalled
    | RestCalled
    | FaultTriggered
    | StorageCalled
    | StorageFaultTriggered
)
"""What a kept record is decoded to."""


class RecordEncoder:
    """Encodes records; of a payload over `max_payload_bytes` only the first 64 KiB are kept."""

    def __init__(self, max_payload_bytes: int) -> None:
        self._max_payload_bytes = max_payload_bytes
        self._encoders: dict[type, Callable[[Any], tuple[object, ...]]] = {
            FrameReceived: self._received_frame,
            FrameSent: self._sent_frame,
            MessageFannedOut: self._delivery,
            WebhookSent: self._webhook_sent,
            WebhookCalled: self._webhook_called,
            RestCalled: self._rest_called,
            StorageCalled: self._storage_called,
            StorageFaultTriggered: _storage_fault,
            FaultTriggered: _fault,
            ConnectionOpened: _opened,
            HandshakeRefused: _refused,
            ConnectionDetached: _detached,
            ConnectionEnded: _ended,
        }

    def encode(self, record: Observation) -> bytes:
        """Return a record as bytes."""
        values: Any = self._encoders[type(record)](record)
        return marshal.dumps(values, _MARSHAL_VERSION)

    def _received_frame(self, record: FrameReceived) -> tuple[object, ...]:
        message = record.message
        payload = payload_of(message)
        content = record.frame if payload is None else payload.data
        if isinstance(content, str) and len(content) > self._max_payload_bytes // 4:
            content = content.encode(errors="replace")
        title = client_message_label(message)[:KEPT_OF_NAME_CHARACTERS]
        return (
            "frame",
            record.at,
            record.correlation_id,
            record.hub,
            record.connection_id,
            record.user_id,
            title,
            message is not None,
            is_routine(title),
            getattr(message, "ack_id", None),
            _groups(message),
            content if isinstance(content, str) else self._kept(content),
            None if payload is None else payload.data_type.value,
            _metadata(payload),
        )

    def _sent_frame(self, record: FrameSent) -> tuple[object, ...]:
        frame = self._kept(record.frame)
        return "sent", record.at, record.correlation_id, record.hub, record.connection_id, record.user_id, frame

    def _delivery(self, record: MessageFannedOut) -> tuple[object, ...]:
        message = record.message
        payload = message.payload
        return (
            "delivery",
            record.at,
            record.correlation_id,
            record.hub,
            delivery_label(message)[:KEPT_OF_NAME_CHARACTERS],
            _groups(message),
            self._kept(payload.data),
            payload.data_type.value,
            _metadata(payload),
            record.receivers,
            record.receiver_count,
            record.size,
            record.began,
        )

    def _webhook_sent(self, record: WebhookSent) -> tuple[object, ...]:
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
            _headers(record.headers),
        )

    def _webhook_called(self, record: WebhookCalled) -> tuple[object, ...]:
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
            _headers(record.answer_headers),
        )

    def _rest_called(self, record: RestCalled) -> tuple[object, ...]:
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
            _headers(record.headers),
            self._kept(record.body),
            _headers(record.answer_headers),
            self._kept(record.answer),
        )

    def _storage_called(self, record: StorageCalled) -> tuple[object, ...]:
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
            _header_pairs(record.headers),
            record.body,
            record.body_size,
            _header_pairs(record.answer_headers),
            record.answer,
            record.answer_size,
            record.is_signed,
        )

    def _kept(self, payload: bytes | None) -> object:
        """Return a payload; of a large one the start and the whole size."""
        if payload is None or len(payload) <= self._max_payload_bytes:
            return payload
        return payload[:KEPT_OF_LARGE_BYTES], len(payload)


def decode(data: bytes) -> KeptRecord:
    """Return the record of what `RecordEncoder` made in this process."""
    kind, *values = marshal.loads(data)  # noqa: S302 (made in this process)
    return _DECODERS[kind](values)


def _opened(record: ConnectionOpened) -> tuple[object, ...]:
    own = (record.hub, record.connection_id, record.user_id, record.protocol, record.recovered)
    return "opened", record.at, record.correlation_id, *own


def _refused(record: HandshakeRefused) -> tuple[object, ...]:
    return "refused", record.at, record.correlation_id, record.hub, record.status, record.reason


def _detached(record: ConnectionDetached) -> tuple[object, ...]:
    return "detached", record.at, record.correlation_id, record.hub, record.connection_id, record.user_id


def _ended(record: ConnectionEnded) -> tuple[object, ...]:
    own = (record.hub, record.connection_id, record.user_id, record.reason)
    return "ended", record.at, record.correlation_id, *own


def _fault(record: FaultTriggered) -> tuple[object, ...]:
    target = record.target[:KEPT_OF_NAME_CHARACTERS]
    own = (record.hub, record.connection_id, record.user_id, record.fault, target)
    return "fault", record.at, record.correlation_id, *own


def _storage_fault(record: StorageFaultTriggered) -> tuple[object, ...]:
    own = (record.operation, record.table, record.request_id, record.client_request_id, record.fault)
    return "storage fault", record.at, record.correlation_id, *own


def _groups(message: ClientMessage | DataMessage | None) -> tuple[str, ...]:
    return tuple([group[:KEPT_OF_NAME_CHARACTERS] for group in groups_of(message)])


def _metadata(payload: Payload | None) -> tuple[tuple[str, str], ...]:
    if payload is None or not payload.metadata:
        return ()
    pairs = tuple(payload.metadata.items())
    is_long = sum(len(name) + len(value) for name, value in pairs) > _KEPT_OF_HEADERS_CHARACTERS
    return () if is_long else pairs


def _headers(headers: Mapping[str, str] | None) -> tuple[str, str] | None:
    """Return the names and the values, each in one text; None for headers that are too long, or have a line break."""
    if headers is None:
        return None
    # The keys of a multidict are without repetitions.
    names, values = "\n".join(headers.keys()), "\n".join(headers.values())
    if names.count("\n") + 1 < len(headers):
        names = "\n".join([name for name, _ in headers.items()])
    is_readable = names.count("\n") == values.count("\n") and len(names) + len(values) <= _KEPT_OF_HEADERS_CHARACTERS
    return (names, values) if is_readable else None


def _header_pairs(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    # A name may be of a subclass of `str`, which cannot be encoded.
    return tuple([(str(name), value) for name, value in headers])


def _read_headers(headers: tuple[str, str] | None) -> CIMultiDict[str] | None:
    if headers is None:
        return None
    names, values = headers
    return CIMultiDict(zip(names.split("\n"), values.split("\n"), strict=True)) if names else CIMultiDict()


def _read_payload(payload: Any) -> Any:
    return PayloadStart.of(*payload) if isinstance(payload, tuple) else payload


def _read_frame(values: list[Any]) -> KeptFrame:
    values[10] = _read_payload(values[10])
    return KeptFrame(*values)


def _read_delivery(values: list[Any]) -> KeptDelivery:
    values[5] = _read_payload(values[5])
    return KeptDelivery(*values)


def _read_sent(values: list[Any]) -> FrameSent:
    values[-1] = _read_payload(values[-1])
    return _sent_of(values)


def _read_webhook(values: list[Any]) -> WebhookSent:
    body, method, url, headers = values[-4:]
    values[-4:] = (
        _read_payload(body),
        method,
        None if url is None else URL(url, encoded=True),
        _read_headers(headers),
    )
    return _webhook_of(values)


def _read_answer(values: list[Any]) -> WebhookCalled:
    answer, headers = values[-2:]
    values[-2:] = _read_payload(answer), _read_headers(headers)
    return _answer_of(values)


def _read_rest(values: list[Any]) -> RestCalled:
    headers, body, answer_headers, answer = values[-4:]
    values[-4:] = _read_headers(headers), _read_payload(body), _read_headers(answer_headers), _read_payload(answer)
    return _rest_of(values)


def _read_storage(values: list[Any]) -> StorageCalled:
    names = (
        *("at", "correlation_id", "operation", "table", "request_id", "client_request_id", "method", "status"),
        *("error_code", "milliseconds", "url", "headers", "body", "body_size", "answer_headers", "answer"),
        *("answer_size", "is_signed"),
    )
    return StorageCalled(**dict(zip(names, values, strict=True)))


def _read_storage_fault(values: list[Any]) -> StorageFaultTriggered:
    names = ("at", "correlation_id", "operation", "table", "request_id", "client_request_id", "fault")
    return StorageFaultTriggered(**dict(zip(names, values, strict=True)))


def _reader(kind: Callable[..., R]) -> Callable[[list[Any]], R]:
    """Return what makes a record of its time, its correlation id and its own fields."""
    return lambda values: kind(*values[2:], at=values[0], correlation_id=values[1])


_sent_of = _reader(FrameSent)
_webhook_of = _reader(WebhookSent)
_answer_of = _reader(WebhookCalled)
_rest_of = _reader(RestCalled)

_DECODERS: dict[str, Callable[[list[Any]], KeptRecord]] = {
    "frame": _read_frame,
    "sent": _read_sent,
    "delivery": _read_delivery,
    "webhook": _read_webhook,
    "answer": _read_answer,
    "rest": _read_rest,
    "storage": _read_storage,
    "storage fault": _read_storage_fault,
    "fault": _reader(FaultTriggered),
    "opened": _reader(ConnectionOpened),
    "refused": _reader(HandshakeRefused),
    "detached": _reader(ConnectionDetached),
    "ended": _reader(ConnectionEnded),
}
