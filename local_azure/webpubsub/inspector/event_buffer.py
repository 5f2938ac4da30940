"""The newest entries, in the order in which the service published their records; their number is limited."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import count
from typing import Any

from local_azure.observations import StorageCalled, StorageFaultTriggered, StorageObservation
from local_azure.webpubsub.inspector.entries import MAX_NAMED_RECEIVERS, Entry, EntryKind
from local_azure.webpubsub.inspector.labels import (
    client_message_label,
    delivery_label,
    is_failure,
    is_routine,
    payload_of,
    rest_call_label,
    service_frame_label,
    split_frame,
    storage_call_label,
    storage_call_status,
)
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.messages import DataMessage, Payload
from local_azure.webpubsub.observations import (
    ClientLeft,
    ConnectionDetached,
    ConnectionEnded,
    ConnectionOpened,
    FaultTriggered,
    FrameReceived,
    FrameSent,
    HandshakeReceived,
    HandshakeRefused,
    MessageDelivered,
    MessagePublished,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)

CAPACITY = 2000
VALIDATE = "validate"
_READS = frozenset(("get", "get_table"))


class EventBuffer:
    """Turns records into entries and keeps the newest; the oldest is removed first. `change` counts all changes."""

    def __init__(self, redactor: Redactor, capacity: int = CAPACITY) -> None:
        self._redactor = redactor
        self._capacity = capacity
        self._entries: dict[int, Entry] = {}
        self._ids = count(1)
        self._open_calls: dict[tuple[object, ...], Entry] = {}
        self._publishing: tuple[DataMessage, Entry] | None = None
        self._sent: FrameSent | None = None
        self.change = 0

    def __iter__(self) -> Iterator[Entry]:
        self._flush_sent_frame()
        return iter(self._entries.values())

    def entry(self, entry_id: int) -> Entry | None:
        """Return the entry, or None when it is no longer kept."""
        self._flush_sent_frame()
        return self._entries.get(entry_id)

    def changed_since(self, change: int) -> list[Entry]:
        """Return the entries that are new or changed since `change` had that value."""
        self._flush_sent_frame()
        return [] if change == self.change else [entry for entry in self if entry.change > change]

    def clear(self) -> None:
        """Remove every entry."""
        self._entries.clear()
        self._open_calls.clear()
        self._publishing = self._sent = None

    def add(self, record: Observation) -> None:
        """Add an entry for the record, or change the one that it belongs to."""
        if isinstance(record, MessageDelivered):
            self._count_receiver(record)
            return
        if isinstance(record, HandshakeReceived | ClientLeft):
            return  # what follows from it has an entry
        self._flush_sent_frame()
        match record:
            case FrameSent():
                self._sent = record
            case MessagePublished():
                self._publishing = record.message, self._add_delivery(record)
            case WebhookSent():
                self._open_calls[_call_key(record)] = self._add_webhook(record)
            case WebhookCalled():
                self._complete_webhook(record)
            case RestCalled():
                self._add_rest_call(record)
            case FrameReceived():
                self._add_received_frame(record)
            case FaultTriggered():
                self._add_fault(record, _short_type(record.target), hub=record.hub)
            case StorageCalled():
                self._add_storage_call(record)
            case StorageFaultTriggered():
                self._add_fault(record, f"{record.operation} {record.table}".strip())
            case _:
                self._add_connection_change(record)

    # --- kinds of records -------------------------------------------------------------

    def _add_connection_change(
        self, record: ConnectionOpened | HandshakeRefused | ConnectionDetached | ConnectionEnded
    ) -> None:
        match record:
            case HandshakeRefused():
                facts = {"reason": record.reason}
                status = str(record.status)
                self._add_entry(
                    record, EntryKind.CONNECTION, "refused", hub=record.hub, status=status, is_ok=False, facts=facts
                )
            case ConnectionOpened():
                title = "recovered" if record.recovered else "connected"
                self._add_entry(
                    record, EntryKind.CONNECTION, title, hub=record.hub, facts={"protocol": record.protocol or "none"}
                )
            case ConnectionDetached():
                self._add_entry(record, EntryKind.CONNECTION, "socket lost", hub=record.hub, status="may come back")
            case ConnectionEnded():
                self._add_entry(record, EntryKind.CONNECTION, "ended", hub=record.hub, facts={"reason": record.reason})

    def _add_received_frame(self, record: FrameReceived) -> None:
        payload = payload_of(record.message)
        entry = self._add_entry(
            record,
            EntryKind.FRAME_IN,
            client_message_label(record.message),
            hub=record.hub,
            is_ok=False if record.message is None else None,
            content=payload.data if payload else record.frame,
        )
        entry.is_routine = is_routine(entry.title)
        ack_id = getattr(record.message, "ack_id", None)
        if ack_id is not None:
            entry.facts["ack id"] = ack_id
        if payload is not None:
            entry.facts |= self._payload_facts(payload)

    def _add_sent_frame(self, record: FrameSent) -> None:
        kind, payload = split_frame(record.frame)
        title = service_frame_label(kind, payload)
        entry = self._add_entry(record, EntryKind.FRAME_OUT, title, hub=record.hub, content=payload)
        entry.is_routine = is_routine(title)
        entry.is_ok = False if is_failure(title) else None

    def _add_delivery(self, record: MessagePublished) -> Entry:
        message = record.message
        return self._add_entry(
            record,
            EntryKind.DELIVERY,
            delivery_label(message),
            hub=record.hub,
            status="nobody",
            content=message.payload.data,
            facts=self._payload_facts(message.payload),
        )

    def _count_receiver(self, record: MessageDelivered) -> None:
        if self._sent is not None and self._sent.connection_id != record.connection_id:
            self._flush_sent_frame()
        self._sent = None  # the frame belongs to this delivery
        if self._publishing is None or self._publishing[0] is not record.message:
            published = MessagePublished(record.hub, record.message, at=record.at, correlation_id=record.correlation_id)
            self._publishing = record.message, self._add_delivery(published)
        entry = self._publishing[1]
        entry.receiver_count += 1
        if len(entry.receivers) < MAX_NAMED_RECEIVERS:
            entry.receivers.append((record.connection_id, record.user_id))
        entry.status = f"to {entry.receiver_count}"
        entry.ended = record.at
        entry.facts["frame bytes"] = record.size
        self._mark_changed(entry)

    def _add_webhook(self, record: WebhookSent) -> Entry:
        entry = self._add_entry(
            record,
            EntryKind.WEBHOOK,
            _short_type(record.event) + (f", attempt {record.attempt}" if record.attempt > 1 else ""),
            hub=record.hub,
            content=record.body,
            facts={"handler": record.handler, "attempt": record.attempt},
        )
        entry.ended = None
        entry.status = "waiting"
        entry.is_routine = record.event == VALIDATE
        if record.event_id is not None:
            entry.facts["ce-id"] = record.event_id
        return entry

    def _complete_webhook(self, record: WebhookCalled) -> None:
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
        if record.answer:
            entry.answer = self._redactor.redact(record.answer)
        self._mark_changed(entry)

    def _add_rest_call(self, record: RestCalled) -> None:
        hub, title = rest_call_label(record.method, record.path)
        entry = self._add_entry(
            record, EntryKind.REST, title, hub=hub, status=str(record.status), is_ok=record.status < 400
        )
        entry.began = record.at - record.milliseconds / 1000
        if record.method == "HEAD" and record.status == 404:
            entry.is_ok = None  # not a failure: the answer is that it does not exist
        if record.query:
            entry.facts["query"] = self._redactor.redact_text(record.query)
        if record.error_code:
            entry.facts["error"] = record.error_code

    def _add_storage_call(self, record: StorageCalled) -> None:
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
        )
        entry.began = record.at - record.milliseconds / 1000
        if record.operation in _READS and record.status == HTTPStatus.NOT_FOUND:
            entry.is_ok = None  # not a failure: the answer is that it does not exist

    def _add_fault(self, record: FaultTriggered | StorageFaultTriggered, target: str, hub: str = "") -> None:
        facts: dict[str, str | int] = {"target": target}
        self._add_entry(record, EntryKind.FAULT, record.fault, hub=hub, is_ok=False, status="triggered", facts=facts)

    def _payload_facts(self, payload: Payload) -> dict[str, str | int]:
        metadata = {f"metadata {name}": self._redactor.redact_text(value) for name, value in payload.metadata.items()}
        return {"data type": str(payload.data_type), **metadata}

    # --- entries ---------------------------------------------------------------------

    def _flush_sent_frame(self) -> None:
        """Add an entry for the last frame sent: it does not belong to a delivery."""
        if self._sent is not None:
            sent, self._sent = self._sent, None
            self._add_sent_frame(sent)

    def _add_entry(
        self,
        record: Observation,
        kind: EntryKind,
        title: str,
        *,
        hub: str = "",
        content: str | bytes | None = None,
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
            request_id=record.request_id if isinstance(record, StorageObservation) else None,
            connection_id=getattr(record, "connection_id", None),
            user_id=getattr(record, "user_id", None),
            content=self._redactor.redact(content) if content else None,
            **fields,
        )
        self._entries[entry.id] = entry
        self._mark_changed(entry)
        if len(self._entries) > self._capacity:
            self._remove_oldest()
        return entry

    def _mark_changed(self, entry: Entry) -> None:
        self.change += 1
        entry.change = self.change

    def _remove_oldest(self) -> None:
        oldest = self._entries.pop(next(iter(self._entries)))
        if oldest.kind is EntryKind.WEBHOOK and oldest.ended is None:
            self._open_calls = {key: entry for key, entry in self._open_calls.items() if entry is not oldest}


def _short_type(event_type: str) -> str:
    return event_type.removeprefix("azure.webpubsub.")


def _call_key(record: WebhookSent | WebhookCalled) -> tuple[object, ...]:
    return record.connection_id, record.event, record.event_id, record.request_id, record.attempt
