"""The newest entries, in the order in which the service published their records."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from itertools import count, islice
from typing import Any, TypeVar
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

S = TypeVar("S", StorageCalled, StorageFaultTriggered)

VALIDATE = "validate"
REQUEST_ID = "request id"
_READS = frozenset(("get", "get_table", "query"))


class EventBuffer:
    """Turns records into entries. `change` counts all changes, `size` is what the entries take, in bytes."""

    def __init__(self, redactor: Redactor, keys: tuple[str, ...] = ()) -> None:
        """`keys` are the service's access keys: whether a signature is made with one of them is shown."""
        self._redactor = redactor
        self._event_signature = event_signature(keys)
        self._token_signature = token_signature(keys)
        self._entries: dict[int, Entry] = {}
        self._changed: dict[int, Entry] = {}  # by the number of the change, the newest last
        self._ids = count(1)
        self._open_calls: dict[tuple[object, ...], Entry] = {}
        self._causes: dict[str, str] = {}  # correlation ids by the request ids of events
        self.change = 0
        self.size = 0

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __reversed__(self) -> Iterator[Entry]:
        return reversed(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, entry_id: int) -> Entry | None:
        """Return the entry, or None when it is no longer kept."""
        return self._entries.get(entry_id)

    def around(self, entry: Entry, distance: int) -> list[Entry]:
        """Return the entries from so many before this one to so many after it."""
        ids = range(entry.id - distance, entry.id + distance + 1)
        return [found for entry_id in ids if (found := self._entries.get(entry_id)) is not None]

    def changed_since(self, change: int) -> list[Entry]:
        """Return the entries that are new or changed since `change` had that value, the oldest change first."""
        if change == self.change:
            return []
        newer: list[Entry] = []
        for entry in reversed(self._changed.values()):
            if entry.change <= change:
                break
            newer.append(entry)
        newer.reverse()
        return newer

    def change_before_newest(self, number: int) -> int:
        """Return the number of the change before the newest so many entries changed."""
        last = next(islice(reversed(self._changed), number, None), None)
        return 0 if last is None else last

    def clear(self) -> None:
        """Remove every entry."""
        self._entries.clear()
        self._changed.clear()
        self._open_calls.clear()
        self._causes.clear()
        self.size = 0

    def remove_oldest(self) -> None:
        """Remove the oldest entry."""
        oldest = self._entries.pop(next(iter(self._entries)))
        del self._changed[oldest.change]
        self.size -= oldest.size
        if oldest.kind is EntryKind.WEBHOOK:
            self._causes.pop(str(oldest.facts.get(REQUEST_ID)), None)
            if oldest.ended is None:
                self._open_calls = {key: entry for key, entry in self._open_calls.items() if entry is not oldest}

    def add(self, record: KeptRecord, size: int = 0) -> None:
        """Add an entry for the record, which takes so many bytes, or change the one that it belongs to."""
        entry = self._add(record)
        entry.size += size
        self.size += size

    def add_imported(self, make: Callable[[int], Entry], size: int) -> Entry:
        """Add an entry that was recorded elsewhere; it gets the number that `make` is called with."""
        entry = make(next(self._ids))
        entry.size = size + ENTRY_BYTES
        self._keep(entry)
        return entry

    def _add(self, record: KeptRecord) -> Entry:
        match record:
            case FrameSent():
                return self._add_sent_frame(record)
            case KeptDelivery():
                return self._add_delivery(record)
            case WebhookSent():
                entry = self._open_calls[_call_key(record)] = self._add_webhook(record)
                return entry
            case WebhookCalled():
                return self._complete_webhook(record)
            case RestCalled():
                return self._add_rest_call(record)
            case KeptFrame():
                return self._add_received_frame(record)
            case FaultTriggered():
                return self._add_fault(record, _short_type(record.target), hub=record.hub)
            case StorageCalled():
                return self._add_storage_call(self._with_cause(record))
            case StorageFaultTriggered():
                return self._add_fault(self._with_cause(record), f"{record.operation} {record.table}".strip())
            case ConnectionOpened() | HandshakeRefused() | ConnectionDetached() | ConnectionEnded():
                return self._add_connection_change(record)

    # --- kinds of records -------------------------------------------------------------

    def _add_connection_change(
        self, record: ConnectionOpened | HandshakeRefused | ConnectionDetached | ConnectionEnded
    ) -> Entry:
        kind, hub = EntryKind.CONNECTION, record.hub
        match record:
            case HandshakeRefused():
                facts = {"reason": record.reason}
                return self._add_entry(
                    record, kind, "refused", hub=hub, status=str(record.status), is_ok=False, facts=facts
                )
            case ConnectionOpened():
                title = "recovered" if record.recovered else "connected"
                return self._add_entry(record, kind, title, hub=hub, facts={"protocol": record.protocol or "none"})
            case ConnectionDetached():
                return self._add_entry(record, kind, "socket lost", hub=hub, status="may come back")
            case ConnectionEnded():
                return self._add_entry(record, kind, "ended", hub=hub, facts={"reason": record.reason})

    def _add_received_frame(self, record: KeptFrame) -> Entry:
        entry = self._add_entry(
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

    def _add_sent_frame(self, record: FrameSent) -> Entry:
        kind, payload = split_frame(record.frame)
        if isinstance(record.frame, PayloadStart):
            payload = PayloadStart.of(payload, record.frame.whole_size - len(record.frame) + len(payload))
        title = service_frame_label(kind, payload)
        entry = self._add_entry(record, EntryKind.FRAME_OUT, title, hub=record.hub, payload=payload)
        entry.is_routine = is_routine(title)
        entry.is_ok = False if is_failure(title) else None
        return entry

    def _add_delivery(self, record: KeptDelivery) -> Entry:
        entry = self._add_entry(
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

    def _add_webhook(self, record: WebhookSent) -> Entry:
        entry = self._add_entry(
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
            self._causes[record.request_id] = record.correlation_id
        entry.ended = None
        entry.status = "waiting"
        entry.is_routine = record.event == VALIDATE
        if record.event_id is not None:
            entry.facts["ce-id"] = record.event_id
        return entry

    def _complete_webhook(self, record: WebhookCalled) -> Entry:
        entry = self._open_calls.pop(_call_key(record), None)
        if entry is None:
            began = record.at - record.milliseconds / 1000
            entry = self._add_webhook(
                WebhookSent(
                    record.hub,
                    record.connection_id,
                    record.user_id,
                    record.event,
                    record.event_id,
                    record.request_id,
                    record.handler,
                    record.attempt,
                    None,
                    at=began,
                    correlation_id=record.correlation_id,
                )
            )
        entry.ended = entry.began + record.milliseconds / 1000
        entry.status = record.failure or str(record.status)
        entry.is_ok = record.status is not None and 200 <= record.status < 300
        entry.reply = record.answer
        if entry.exchange is not None:
            entry.exchange.status = record.status
            entry.exchange.response_headers = record.answer_headers or ()
            entry.exchange.response_body = record.answer
        self._mark_changed(entry)
        return entry

    def _add_rest_call(self, record: RestCalled) -> Entry:
        hub, title = rest_call_label(record.method, record.path)
        entry = self._add_entry(
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

    def _with_cause(self, record: S) -> S:
        """Return a record of storage with the correlation id of the event whose request id the caller passed on."""
        if record.correlation_id:
            return record
        cause = self._causes.get(record.client_request_id or "")
        return replace(record, correlation_id=cause or record.request_id)

    def _add_storage_call(self, record: StorageCalled) -> Entry:
        facts: dict[str, str | int] = {"method": record.method, "request id": record.request_id}
        if record.client_request_id is not None:
            facts["client request id"] = self._redactor.redact_text(record.client_request_id)
        if record.error_code:
            facts["error"] = record.error_code
        entry = self._add_entry(
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

    def _add_fault(self, record: FaultTriggered | StorageFaultTriggered, target: str, hub: str = "") -> Entry:
        facts: dict[str, str | int] = {"target": target}
        return self._add_entry(
            record, EntryKind.FAULT, record.fault, hub=hub, is_ok=False, status="triggered", facts=facts
        )

    def _payload_facts(self, data_type: str, metadata: Iterable[tuple[str, str]]) -> dict[str, str | int]:
        facts: dict[str, str | int] = {"data type": data_type}
        return facts | {f"metadata {name}": self._redactor.redact_text(value) for name, value in metadata}

    # --- entries ---------------------------------------------------------------------

    def _add_entry(
        self,
        record: KeptRecord,
        kind: EntryKind,
        title: str,
        *,
        hub: str = "",
        **fields: Any,
    ) -> Entry:
        entry = Entry(
            id=next(self._ids),
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
        self._keep(entry)
        return entry

    def _keep(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        self.size += entry.size
        self._mark_changed(entry)

    def _mark_changed(self, entry: Entry) -> None:
        self._changed.pop(entry.change, None)
        self.change += 1
        entry.change = self.change
        self._changed[entry.change] = entry


def _short_type(event_type: str) -> str:
    return event_type.removeprefix("azure.webpubsub.")


def _call_key(record: WebhookSent | WebhookCalled) -> tuple[object, ...]:
    return record.connection_id, record.event_id, record.request_id, record.attempt


def _sent_headers(url: URL, headers: Any, body: bytes | None) -> Sequence[tuple[str, str]]:
    """Return the headers of an event as they were sent: with those that every request has."""
    pairs = [("Host", url.authority.rpartition("@")[2]), *headers.items()]
    return pairs if body is None else [*pairs, ("Content-Length", str(_size(body)))]


def _size(body: bytes) -> int:
    return body.whole_size if isinstance(body, PayloadStart) else len(body)


def _kept(body: bytes, size: int) -> bytes | None:
    """Return what is kept of a body of this size, None when there was none."""
    return PayloadStart.of(body, size) if size > len(body) else body or None
