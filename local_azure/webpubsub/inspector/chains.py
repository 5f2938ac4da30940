"""Which happenings belong to one cause: from a client's frame over its event and the application's sends to deliveries.

Most of it is known: the service carries an id from cause to effect. Only one step leaves the service: an application
that handles an event calls REST, and its call says nothing of the event, unless the application passes the event's
`x-ms-client-request-id` on. Otherwise that step is inferred, and marked so: the call began while the event was being
handled, and it sends a text of the event or the id of its user (`BY_TEXT`), or there was no other event in that hub
that it could follow from (`BY_TIME`), which proves little.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from local_azure.webpubsub.inspector.entries import Entry, Kind

BY_TEXT = "text"
BY_TIME = "time"
MAX_STEPS = 300
MAX_COMPARED = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a chain: how deep below its cause, and what speaks for it (text, time) if that is only inferred."""

    entry: Entry
    depth: int
    inferred: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything that one cause brought about, in order; `note` says what could not be decided."""

    steps: tuple[Step, ...]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Cause:
    """The event that a REST call seems to follow from; None when several could be it."""

    webhook: Entry | None
    why: str


def chain_of(entry: Entry, entries: Iterable[Entry]) -> Chain:
    """Return the chain to which an entry belongs, from its first cause on; at most 300 steps."""
    weaver = _Weaver(entries)
    root = weaver.root(_group_id(entry))
    undecided = weaver.cause(root)
    return Chain(tuple(islice(weaver.steps(root), MAX_STEPS)), undecided.why if undecided else None)


class _Weaver:
    """Entries by the cause that the service knows (a group), and the groups that REST calls begin by their events."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._groups: dict[str, list[Entry]] = {}
        self._webhooks: list[Entry] = []
        for entry in entries:
            self._groups.setdefault(_group_id(entry), []).append(entry)
            if entry.kind is Kind.WEBHOOK and not entry.is_routine:
                self._webhooks.append(entry)
        for group in self._groups.values():
            group.sort(key=lambda entry: (entry.began, entry.kind is not Kind.REST, entry.id))
        self._causes: dict[str, _Cause | None] = {}
        self._by_text: dict[str, list[Entry]] = {}
        self._seen: set[str] = set()

    def root(self, group_id: str) -> str:
        """Return the group with which the story begins."""
        path = [group_id]
        while (cause := self.cause(path[-1])) is not None and cause.webhook is not None:
            earlier = _group_id(cause.webhook)
            if earlier in path:
                break
            path.append(earlier)
        return path[-1]

    def cause(self, group_id: str) -> _Cause | None:
        """Return what a group that a REST call begins seems to follow from; None when nothing speaks for any event."""
        if group_id not in self._causes:
            self._causes[group_id] = self._find_cause(group_id)
        return self._causes[group_id]

    def steps(self, group_id: str, depth: int = 0, inferred: str | None = None) -> Iterator[Step]:
        """Yield a group's entries, each below the one during which it happened, and what follows from its events."""
        self._seen.add(group_id)
        group = self._groups[group_id]
        depths: dict[int, int] = {}
        for entry in group:
            above = _above(entry, group)
            depths[entry.id] = depth if above is None else depths.get(above.id, depth) + 1
            yield Step(entry, depths[entry.id], inferred if entry is group[0] else None)
            if entry.kind is Kind.WEBHOOK:
                for follower, why in self._followers(entry):
                    yield from self.steps(follower, depths[entry.id] + 1, why)

    def _followers(self, webhook: Entry) -> Iterator[tuple[str, str]]:
        for group_id, group in self._groups.items():
            if group[0].kind is Kind.REST and group_id not in self._seen and _contains(webhook, group[0].began):
                cause = self.cause(group_id)
                if cause is not None and cause.webhook is webhook:
                    yield group_id, cause.why

    def _find_cause(self, group_id: str) -> _Cause | None:
        group = self._groups[group_id]
        call = group[0]
        if call.kind is not Kind.REST:
            return None
        handled = list(islice(_handled(reversed(self._webhooks), call), MAX_COMPARED + 1))
        if not handled:
            return None
        said = frozenset().union(*(entry.texts() for entry in group))
        compared = handled if len(handled) <= MAX_COMPARED else self._saying(said, call)
        ranked = sorted(
            ((_characters_repeated(webhook, said), webhook.id, webhook) for webhook in compared), reverse=True
        )
        best = ranked[0][0] if ranked else 0
        if best and (len(ranked) == 1 or best > ranked[1][0]):
            return _Cause(ranked[0][2], BY_TEXT)
        if len(handled) == 1:
            return _Cause(handled[0], BY_TIME)
        count = str(len(handled)) if len(handled) <= MAX_COMPARED else f"more than {MAX_COMPARED}"
        return _Cause(None, f"This call may follow from any of {count} events that were being handled when it began.")

    def _saying(self, said: frozenset[str], call: Entry) -> list[Entry]:
        """Return those of very many events that say what few others do, and that a call repeats."""
        if not self._by_text:
            for webhook in self._webhooks:
                for text in webhook.texts():
                    self._by_text.setdefault(text, []).append(webhook)
        rare = (events for text in said if len(events := self._by_text.get(text, [])) <= MAX_COMPARED)
        saying = {event.id: event for events in rare for event in events}
        return list(_handled(saying.values(), call))


def _group_id(entry: Entry) -> str:
    return entry.correlation_id or f"entry {entry.id}"


def _handled(webhooks: Iterable[Entry], call: Entry) -> Iterator[Entry]:
    """Yield the events of the call's hub that were being handled when it began."""
    for webhook in webhooks:
        if webhook.hub == call.hub and _contains(webhook, call.began) and _group_id(webhook) != _group_id(call):
            yield webhook


def _characters_repeated(webhook: Entry, said: frozenset[str]) -> int:
    return sum(map(len, said & webhook.texts()))


def _above(entry: Entry, group: list[Entry]) -> Entry | None:
    """Return the entry of the group as part of which this one happened: a REST call or an event, else the first."""
    if entry is group[0]:
        return None
    around = [other for other in group if other is not entry and _is_part_of(entry, other)]
    return max(around, key=lambda other: other.began, default=group[0])


def _is_part_of(entry: Entry, other: Entry) -> bool:
    if other.kind is Kind.WEBHOOK:
        return entry.kind is Kind.REST and _contains(other, entry.began)
    return other.kind is Kind.REST and entry.kind is not Kind.REST and _contains(other, entry.began)


def _contains(entry: Entry, moment: float) -> bool:
    return entry.began <= moment and (entry.ended is None or moment <= entry.ended)
