"""The records of the bytes that `record_encoder` made of them in this process.

Loaded when somebody looks for the first time: the path of a message only encodes.
"""

import marshal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from multidict import CIMultiDict
from yarl import URL

from local_azure.observations import StorageCalled, StorageFaultTriggered
from local_azure.webpubsub.inspector.labels import is_routine
from local_azure.webpubsub.observations import (
    ConnectionDetached,
    ConnectionEnded,
    ConnectionOpened,
    FaultTriggered,
    FrameSent,
    HandshakeRefused,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)


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
    ack_id: int | None
    groups: tuple[str, ...]
    content: str | bytes
    data_type: str | None
    metadata: tuple[tuple[str, str], ...]

    @property
    def is_routine(self) -> bool:
        """Whether it comes again and again, and seldom is of interest."""
        return is_routine(self.title)


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


def decode(data: bytes) -> Iterator[KeptRecord]:
    """Yield the records."""
    for kind, *values in marshal.loads(data):  # noqa: S302 (made in this process)
        yield _DECODERS[kind](values)


def _read_headers(headers: tuple[str, str] | None) -> CIMultiDict[str] | None:
    """Return the headers; None when they are not known, because they were too long or had a line break."""
    pairs = None if headers is None else _pairs(headers)
    return None if pairs is None else CIMultiDict(pairs)


def _pairs(headers: tuple[str, str]) -> tuple[tuple[str, str], ...] | None:
    names, values = (text.split("\n") for text in headers)
    if len(names) != len(values):
        return None
    return tuple(zip(names, values, strict=True)) if headers[0] else ()


def _read_payload(payload: Any) -> Any:
    return PayloadStart.of(*payload) if isinstance(payload, tuple) else payload


def _read_groups(group: str | None) -> tuple[str, ...]:
    return () if group is None else (group,)


def _read_frame(values: list[Any]) -> KeptFrame:
    values[8:10] = _read_groups(values[8]), _read_payload(values[9])
    return KeptFrame(*values)


def _read_delivery(values: list[Any]) -> KeptDelivery:
    values[4:6] = _read_groups(values[4]), _read_payload(values[5])
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
    fields = dict(zip(names, values, strict=True))
    for name in ("headers", "answer_headers"):
        fields[name] = _pairs(fields[name]) or ()
    return StorageCalled(**fields)


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
