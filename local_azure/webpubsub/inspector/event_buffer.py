"""The newest entries, in the order in which the service published their records."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, islice

from local_azure.observations import StorageCalled, StorageFaultTriggered, StorageObservation
from local_azure.webpubsub.inspector.entries import ENTRY_BYTES, Entry, EntryKind
from local_azure.webpubsub.inspector.entry_maker import REQUEST_ID, EntryMaker, complete_webhook
from local_azure.webpubsub.inspector.record_decoder import KeptRecord
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.observations import WebhookCalled, WebhookSent


class EventBuffer:
    """Turns records into entries. `change` counts all changes, `size` is what the entries take, in bytes."""

    def __init__(self, redactor: Redactor, keys: tuple[str, ...] = ()) -> None:
        """`keys` are the service's access keys: whether a signature is made with one of them is shown."""
        self._maker = EntryMaker(redactor, keys)
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
        return self._keep(entry)

    def _add(self, record: KeptRecord) -> Entry:
        match record:
            case WebhookSent():
                entry = self._open_calls[_call_key(record)] = self._add_webhook(record)
                return entry
            case WebhookCalled():
                return self._complete_webhook(record)
            case StorageCalled() | StorageFaultTriggered():
                return self._add_new(self._with_cause(record))
            case _:
                return self._add_new(record)

    def _add_webhook(self, record: WebhookSent | WebhookCalled) -> Entry:
        entry = self._add_new(record)
        if record.request_id is not None:
            self._causes[record.request_id] = record.correlation_id
        return entry

    def _complete_webhook(self, record: WebhookCalled) -> Entry:
        entry = self._open_calls.pop(_call_key(record), None)
        if entry is None:
            entry = self._add_webhook(record)
        complete_webhook(entry, record)
        self._mark_changed(entry)
        return entry

    def _with_cause(self, record: StorageObservation) -> StorageObservation:
        """Return a record of storage with the correlation id of the event whose request id the caller passed on."""
        if record.correlation_id:
            return record
        cause = self._causes.get(record.client_request_id or "")
        return replace(record, correlation_id=cause or record.request_id)

    def _add_new(self, record: KeptRecord) -> Entry:
        entry = self._maker.make(record)
        entry.id = next(self._ids)
        return self._keep(entry)

    def _keep(self, entry: Entry) -> Entry:
        self._entries[entry.id] = entry
        self.size += entry.size
        self._mark_changed(entry)
        return entry

    def _mark_changed(self, entry: Entry) -> None:
        self._changed.pop(entry.change, None)
        self.change += 1
        entry.change = self.change
        self._changed[entry.change] = entry


def _call_key(record: WebhookSent | WebhookCalled) -> tuple[object, ...]:
    return record.connection_id, record.event_id, record.request_id, record.attempt
