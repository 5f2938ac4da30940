"""Entries of records: what the flow shows of each kind."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from yarl import URL

from local_azure.observations import StorageCalled, StorageFaultTriggered
from local_azure.webpubsub.inspector.entries import ENTRY_BYTES, Entry, EntryKind
from local_azure.webpubsub.inspector.exchanges import (
    NOT_WITH_THIS_KEY,
    VERIFIED,
    Exchange,
    event_signature,
    token_signature,
)
from local_azure.webpubsub.inspector.labels import (
    groups_of_path,
    is_failure,
    is_routine,
    rest_call_label,
    service_frame_label,
    split_frame,
    storage_call_label,
    storage_call_status,
)
from local_azure.webpubsub.inspector.record_decoder import KeptDelivery, KeptFrame, KeptRecord, PayloadStart
from local_azure.webpubsub.inspector.redaction import Redactor
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

VALIDATE = "validate"
REQUEST_ID = "request id"
_READS = frozenset(("get", "get_table", "query"))


class EntryMaker:
    """Makes entries, which have no number yet; whoever keeps them gives them one."""

    def __init__(self, redactor: Redactor, keys: tuple[str, ...]) -> None:
        """`keys` are the service's access keys: whether a signature is made with one of them is shown."""
        self._redactor = redactor
        self._event_signature = event_signature(keys)
        self._token_signature = token_signature(keys)

    def make(self, record: KeptRecord) -> Entry:
        """Return the entry of a record; that of an answer to an event is the event's, without what was sent."""
        match record:
            case FrameSent():
                return self._sent_frame(record)
            case KeptDelivery():
                return self._delivery(record)
            case WebhookSent():
                return self._webhook(record)
            case WebhookCalled():
                return self._webhook(_event_of(record))
            case RestCalled():
                return self._rest_call(record)
            case KeptFrame():
                return self._received_frame(record)
            case FaultTriggered():
                return self._fault(record, _short_type(record.target), hub=record.hub)
            case StorageCalled():
                return self._storage_call(record)
            case StorageFaultTriggered():
                return self._fault(record, f"{record.operation} {record.table}".strip())
            case ConnectionOpened() | HandshakeRefused() | ConnectionDetached() | ConnectionEnded():
                return self._connection_change(record)

    def _connection_change(
        self, record: ConnectionOpened | HandshakeRefused | ConnectionDetached | ConnectionEnded
    ) -> Entry:
        kind, hub = EntryKind.CONNECTION, record.hub
        match record:
            case HandshakeRefused():
                facts = {"reason": record.reason}
                return self._entry(
                    record, kind, "refused", hub=hub, status=str(record.status), is_ok=False, facts=facts
                )
            case ConnectionOpened():
                title = "recovered" if record.recovered else "connected"
                return self._entry(record, kind, title, hub=hub, facts={"protocol": record.protocol or "none"})
            case ConnectionDetached():
                return self._entry(record, kind, "socket lost", hub=hub, status="may come back")
            case ConnectionEnded():
                return self._entry(record, kind, "ended", hub=hub, facts={"reason": record.reason})

    def _received_frame(self, record: KeptFrame) -> Entry:
        entry = self._entry(
            record,
            EntryKind.FRAME_IN,
            record.title,
            hub=record.hub,
            is_ok=None if record.is_valid else False,
            is_routine=record.is_routine,
            payload=record.content,
            groups=record.groups,
        )
        if record.ack_id is not None:
            entry.facts["ack id"] = record.ack_id
        if record.data_type is not None:
            entry.facts |= self._payload_facts(record.data_type, record.metadata)
        return entry

    def _sent_frame(self, record: FrameSent) -> Entry:
        kind, payload = split_frame(record.frame)
        if isinstance(record.frame, PayloadStart):
            payload = PayloadStart.of(payload, record.frame.whole_size - len(record.frame) + len(payload))
        title = service_frame_label(kind, payload)
        entry = self._entry(record, EntryKind.FRAME_OUT, title, hub=record.hub, payload=payload)
        entry.is_routine = is_routine(title)
        entry.is_ok = False if is_failure(title) else None
        return entry

    def _delivery(self, record: KeptDelivery) -> Entry:
        entry = self._entry(
            record,
            EntryKind.DELIVERY,
            record.title,
            hub=record.hub,
            status=f"to {record.receiver_count}" if record.receiver_count else "nobody",
            payload=record.content,
            facts=self._payload_facts(record.data_type, record.metadata),
            groups=record.groups,
            receivers=record.receivers,
            receiver_count=record.receiver_count,
        )
        entry.began = record.began
        if record.receiver_count:
            entry.facts["frame bytes"] = record.frame_size
        return entry

    def _webhook(self, record: WebhookSent) -> Entry:
        entry = self._entry(
            record,
            EntryKind.WEBHOOK,
            _short_type(record.event) + (f", attempt {record.attempt}" if record.attempt > 1 else ""),
            hub=record.hub,
            payload=record.body,
            facts={"handler": record.handler, "attempt": record.attempt},
        )
        if record.url is not None and record.headers is not None:
            entry.exchange = Exchange(
                record.method,
                str(record.url),
                _sent_headers(record.url, record.headers, record.body),
                record.body,
                check_signature=self._event_signature,
            )
        if record.request_id is not None:
            entry.facts[REQUEST_ID] = record.request_id
        entry.ended = None
        entry.status = "waiting"
        entry.is_routine = record.event == VALIDATE
        if record.event_id is not None:
            entry.facts["ce-id"] = record.event_id
        return entry

    def _rest_call(self, record: RestCalled) -> Entry:
        hub, title = rest_call_label(record.method, record.path)
        entry = self._entry(
            record,
            EntryKind.REST,
            title,
            hub=hub,
            status=str(record.status),
            is_ok=record.status < 400,
            payload=record.body,
            reply=record.answer,
            groups=groups_of_path(record.path),
        )
        if record.headers is not None:
            entry.exchange = Exchange(
                record.method,
                record.origin + record.target,
                record.headers,
                record.body,
                record.status,
                record.answer_headers or (),
                record.answer,
                self._token_signature,
            )
        entry.began = record.at - record.milliseconds / 1000
        if record.method == "HEAD" and record.status == 404:
            entry.is_ok = None  # not a failure: the answer is that it does not exist
        if record.query:
            entry.facts["query"] = self._redactor.redact_url("?" + unquote(record.query))[1:]
        if record.error_code:
            entry.facts["error"] = record.error_code
        return entry

    def _storage_call(self, record: StorageCalled) -> Entry:
        facts: dict[str, str | int] = {"method": record.method, "request id": record.request_id}
        if record.client_request_id is not None:
            facts["client request id"] = self._redactor.redact_text(record.client_request_id)
        if record.error_code:
            facts["error"] = record.error_code
        entry = self._entry(
            record,
            EntryKind.STORAGE,
            storage_call_label(record),
            status=storage_call_status(record),
            is_ok=record.status is not None and record.error_code is None,
            facts=facts,
            payload=_kept(record.body, record.body_size),
            reply=_kept(record.answer, record.answer_size),
        )
        if record.url:
            signature = None if record.is_signed is None else VERIFIED if record.is_signed else NOT_WITH_THIS_KEY
            entry.exchange = Exchange(
                record.method,
                record.url,
                record.headers,
                _kept(record.body, record.body_size),
                record.status,
                record.answer_headers,
                _kept(record.answer, record.answer_size),
                lambda _: signature,
            )
        entry.began = record.at - record.milliseconds / 1000
        if record.operation in _READS and record.status == HTTPStatus.NOT_FOUND:
            entry.is_ok = None  # not a failure: the answer is that it does not exist
        return entry

    def _fault(self, record: FaultTriggered | StorageFaultTriggered, target: str, hub: str = "") -> Entry:
        facts: dict[str, str | int] = {"target": target}
        return self._entry(record, EntryKind.FAULT, record.fault, hub=hub, is_ok=False, status="triggered", facts=facts)

    def _payload_facts(self, data_type: str, metadata: Iterable[tuple[str, str]]) -> dict[str, str | int]:
        facts: dict[str, str | int] = {"data type": data_type}
        return facts | {f"metadata {name}": self._redactor.redact_text(value) for name, value in metadata}

    def _entry(
        self,
        record: KeptRecord,
        kind: EntryKind,
        title: str,
        *,
        hub: str = "",
        **fields: Any,
    ) -> Entry:
        return Entry(
            id=0,
            change=0,
            kind=kind,
            hub=hub,
            began=record.at,
            ended=record.at,
            title=title,
            correlation_id=record.correlation_id,
            request_id=record.request_id if isinstance(record, StorageCalled | StorageFaultTriggered) else None,
            connection_id=getattr(record, "connection_id", None),
            user_id=getattr(record, "user_id", None),
            redactor=self._redactor,
            size=ENTRY_BYTES,
            **fields,
        )


def complete_webhook(entry: Entry, record: WebhookCalled) -> None:
    """Add to the entry of an event what was answered."""
    entry.ended = entry.began + record.milliseconds / 1000
    entry.status = record.failure or str(record.status)
    entry.is_ok = record.status is not None and 200 <= record.status < 300
    entry.reply = record.answer
    if entry.exchange is not None:
        entry.exchange.status = record.status
        entry.exchange.response_headers = record.answer_headers or ()
        entry.exchange.response_body = record.answer


def _event_of(record: WebhookCalled) -> WebhookSent:
    """Return what is known of an event whose own record is no longer kept."""
    return WebhookSent(
        record.hub,
        record.connection_id,
        record.user_id,
        record.event,
        record.event_id,
        record.request_id,
        record.handler,
        record.attempt,
        None,
        at=record.at - record.milliseconds / 1000,
        correlation_id=record.correlation_id,
    )


def _short_type(event_type: str) -> str:
    return event_type.removeprefix("azure.webpubsub.")


def _sent_headers(url: URL, headers: Any, body: bytes | None) -> Sequence[tuple[str, str]]:
    """Return the headers of an event as they were sent: with those that every request has."""
    pairs = [("Host", url.authority.rpartition("@")[2]), *headers.items()]
    return pairs if body is None else [*pairs, ("Content-Length", str(_size(body)))]


def _size(body: bytes) -> int:
    return body.whole_size if isinstance(body, PayloadStart) else len(body)


def _kept(body: bytes, size: int) -> bytes | None:
    """Return what is kept of a body of this size, None when there was none."""
    return PayloadStart.of(body, size) if size > len(body) else body or None
