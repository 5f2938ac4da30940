"""Which entries have one cause: from a client's frame to its event, the application's REST calls and their deliveries.

Most of it is known: the service passes a correlation id from cause to effect. Only one step leaves the service: an
application that handles an event calls REST, or storage. The call does not name the event, unless the application
passes the event's `x-ms-client-request-id` on. Otherwise the step to a REST call is inferred, and marked so: the call
began while the event was being handled, and it sends a text of the event or the id of its user (`SAME_TEXT`), or no
other event of that hub was being handled (`SAME_TIME`), which is weak evidence. Nothing is inferred for a storage call.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from local_azure.webpubsub.inspector.entries import Entry, EntryKind

CALLS = frozenset((EntryKind.REST, EntryKind.STORAGE))
"""What an application calls while it handles an event."""

SAME_TEXT = "text"
SAME_TIME = "time"
MAX_STEPS = 300
MAX_COMPARED_EVENTS = 50


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One entry of a trace, its depth below the first cause, and the evidence (text, time) if its cause is inferred."""

    entry: Entry
    depth: int
    inferred: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that one cause brought about, in order; `note` says what could not be decided."""

    steps: tuple[TraceStep, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _InferredCause:
    """The event that a REST call probably follows from; None when several are equally probable."""

    webhook: Entry | None
    evidence: str


def find_trace(entry: Entry, entries: Iterable[Entry]) -> Trace:
    """Return the trace that an entry belongs to, from its first cause on; at most 300 steps."""
    builder = _TraceBuilder(entries)
    root = builder.find_root(_group_id(entry))
    undecided = builder.find_cause(root)
    return Trace(tuple(islice(builder.steps(root), MAX_STEPS)), undecided.evidence if undecided else None)


class _TraceBuilder:
    """Groups entries by correlation id, and connects each group that begins with a REST call to the event before it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._groups: dict[str, list[Entry]] = {}
        self._webhooks: list[Entry] = []
        for entry in entries:
            self._groups.setdefault(_group_id(entry), []).append(entry)
            if entry.kind is EntryKind.WEBHOOK and not entry.is_routine:
                self._webhooks.append(entry)
        for group in self._groups.values():
            group.sort(key=lambda entry: (entry.began, entry.kind not in CALLS, entry.id))
        self._causes: dict[str, _InferredCause | None] = {}
        self._texts: dict[int, frozenset[str]] = {}
        self._webhooks_by_text: dict[str, list[Entry]] = {}
        self._visited: set[str] = set()

    def find_root(self, group_id: str) -> str:
        """Return the group that holds the first cause."""
        path = [group_id]
        while (cause := self.find_cause(path[-1])) is not None and cause.webhook is not None:
            earlier = _group_id(cause.webhook)
            if earlier in path:
                break
            path.append(earlier)
        return path[-1]

    def find_cause(self, group_id: str) -> _InferredCause | None:
        """Return what a group that a REST call begins probably follows from; None when there is no evidence."""
        if group_id not in self._causes:
            self._causes[group_id] = self._infer_cause(group_id)
        return self._causes[group_id]

    def steps(self, group_id: str, depth: int = 0, inferred: str | None = None) -> Iterator[TraceStep]:
        """Yield a group's entries, each below the one during which it happened, and what follows from its events."""
        self._visited.add(group_id)
        group = self._groups[group_id]
        depths: dict[int, int] = {}
        for entry in group:
            parent = _parent(entry, group)
            depths[entry.id] = depth if parent is None else depths.get(parent.id, depth) + 1
            yield TraceStep(entry, depths[entry.id], inferred if entry is group[0] else None)
            if entry.kind is EntryKind.WEBHOOK:
                for follower, evidence in self._followers(entry):
                    yield from self.steps(follower, depths[entry.id] + 1, evidence)

    def _followers(self, webhook: Entry) -> Iterator[tuple[str, str]]:
        for group_id, group in self._groups.items():
            first = group[0]
            if first.kind is EntryKind.REST and group_id not in self._visited and _contains(webhook, first.began):
                cause = self.find_cause(group_id)
                if cause is not None and cause.webhook is webhook:
                    yield group_id, cause.evidence

    def _infer_cause(self, group_id: str) -> _InferredCause | None:
        group = self._groups[group_id]
        call = group[0]
        if call.kind is not EntryKind.REST:
            return None
        candidates = list(islice(_handled_during(reversed(self._webhooks), call), MAX_COMPARED_EVENTS + 1))
        if not candidates:
            return None
        sent = frozenset().union(*(self._texts_of(entry) for entry in group))
        compared = candidates if len(candidates) <= MAX_COMPARED_EVENTS else self._with_rare_text(sent, call)
        ranked = sorted(
            ((_characters(sent & self._texts_of(webhook)), webhook.id, webhook) for webhook in compared), reverse=True
        )
        best = ranked[0][0] if ranked else 0
        if best and (len(ranked) == 1 or best > ranked[1][0]):
            return _InferredCause(ranked[0][2], SAME_TEXT)
        if len(candidates) == 1:
            return _InferredCause(candidates[0], SAME_TIME)
        count = str(len(candidates)) if len(candidates) <= MAX_COMPARED_EVENTS else f"more than {MAX_COMPARED_EVENTS}"
        note = f"This call may follow from any of {count} events that were being handled when it began."
        return _InferredCause(None, note)

    def _texts_of(self, entry: Entry) -> frozenset[str]:
        if entry.id not in self._texts:
            self._texts[entry.id] = entry.texts()
        return self._texts[entry.id]

    def _with_rare_text(self, sent: frozenset[str], call: Entry) -> list[Entry]:
        """Return, of very many events, those that share with the call a text that few other events have."""
        if not self._webhooks_by_text:
            for webhook in self._webhooks:
                for text in self._texts_of(webhook):
                    self._webhooks_by_text.setdefault(text, []).append(webhook)
        rare = (events for text in sent if len(events := self._webhooks_by_text.get(text, [])) <= MAX_COMPARED_EVENTS)
        matching = {event.id: event for events in rare for event in events}
        return list(_handled_during(matching.values(), call))


def _group_id(entry: Entry) -> str:
    return entry.correlation_id or f"entry {entry.id}"


def _handled_during(webhooks: Iterable[Entry], call: Entry) -> Iterator[Entry]:
    """Yield the events of the call's hub that were being handled when it began."""
    for webhook in webhooks:
        if webhook.hub == call.hub and _contains(webhook, call.began) and _group_id(webhook) != _group_id(call):
            yield webhook


def _characters(texts: frozenset[str]) -> int:
    return sum(map(len, texts))


def _parent(entry: Entry, group: list[Entry]) -> Entry | None:
    """Return the entry of the group as part of which this one happened: a call or an event, else the first."""
    if entry is group[0]:
        return None
    enclosing = [other for other in group if other is not entry and _is_part_of(entry, other)]
    return max(enclosing, key=lambda other: other.began, default=group[0])


def _is_part_of(entry: Entry, other: Entry) -> bool:
    if not _contains(other, entry.began):
        return False
    if other.kind is EntryKind.WEBHOOK:
        return entry.kind in CALLS
    if other.kind is EntryKind.STORAGE:
        # Storage delivers nothing. Both entries of a storage call that a fault disturbs have its request id.
        return entry.kind is EntryKind.FAULT and entry.request_id == other.request_id
    return other.kind is EntryKind.REST and entry.kind not in CALLS and entry.request_id is None


def _contains(entry: Entry, moment: float) -> bool:
    return entry.began <= moment and (entry.ended is None or moment <= entry.ended)
