"""Which entries somebody asks for: by text, user, room, id, status and kind, and only those that failed.

The text is looked for in what is shown: in titles, names, payloads and headers without their secrets.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local_azure.webpubsub.inspector.entries import Entry, EntryKind
from local_azure.webpubsub.inspector.exchanges import SHOWN_BYTES

MAX_LIMIT = 2000
DEFAULT_LIMIT = 200
_ROOM_SEPARATORS = ".:/-_"


class InvalidFilter(ValueError):
    """A filter that is refused; the text names the parameter, the value seen and what is allowed."""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What an entry must have; an empty text asks for nothing. `kinds` is empty for all kinds."""

    text: str = ""
    user: str = ""
    room: str = ""
    id: str = ""
    status: str = ""
    kinds: frozenset[str] = frozenset()
    only_errors: bool = False

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "EntryFilter":
        """Return the filter of a query's parameters; raises `InvalidFilter` for a kind that does not exist."""
        kinds = frozenset(kind for kind in query.get("kind", "").split(",") if kind)
        if unknown := kinds - {str(kind) for kind in EntryKind}:
            known = ", ".join(EntryKind)
            raise InvalidFilter(f"kind is {min(unknown)[:64]!r}; known are {known}")
        return cls(
            text=query.get("q", "").casefold(),
            user=query.get("user", "").casefold(),
            room=query.get("room", "").casefold(),
            id=query.get("id", ""),
            status=query.get("status", "").lower(),
            kinds=kinds,
            only_errors=query.get("errors", "") in ("1", "true"),
        )

    def matches(self, entry: Entry) -> bool:
        """Return whether an entry has everything that is asked for."""
        if self.only_errors and entry.is_ok is not False:
            return False
        if self.kinds and entry.kind not in self.kinds:
            return False
        if self.status and not _has_status(entry, self.status):
            return False
        if self.user and not _has_user(entry, self.user):
            return False
        if self.room and not _has_room(entry, self.room):
            return False
        if self.id and not _has_id(entry, self.id):
            return False
        return not self.text or _has_text(entry, self.text)


def read_number(query: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    """Return a whole number of the query, from 1 to `maximum`; raises `InvalidFilter`."""
    text = query.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and 1 <= int(text) <= maximum):
        raise InvalidFilter(f"{name} is {text[:64]!r}; it must be a whole number from 1 to {maximum}")
    return int(text)


def _has_status(entry: Entry, status: str) -> bool:
    """Return whether the status is this one, or in its class: `5xx`."""
    own = entry.status.lower()
    if len(status) == 3 and status.endswith("xx"):
        return len(own) == 3 and own.isdecimal() and own[0] == status[0]
    return own == status or (not status.isdecimal() and status in own)


def _has_user(entry: Entry, user: str) -> bool:
    if (entry.user_id or "").casefold() == user:
        return True
    if any((receiver or "").casefold() == user for _, receiver in entry.receivers):
        return True
    return f"/users/{user}/" in f"{entry.title.casefold()}/".replace(" ", "/")


def _has_room(entry: Entry, room: str) -> bool:
    """Return whether a group is the room, or ends with its name, or a payload has a field `room` or `group` of it."""
    for group in entry.groups:
        name = group.casefold()
        if name == room or (name.endswith(room) and name[-len(room) - 1] in _ROOM_SEPARATORS):
            return True
    quoted = json.dumps(room)
    return any(
        f'"{field}":{quoted}' in text
        for text in map(_without_spaces, _payload_texts(entry))
        for field in ("room", "group")
    )


def _has_id(entry: Entry, wanted: str) -> bool:
    """Return whether the entry, its connection, its request, its cause, its event or its message has this id."""
    known = (
        str(entry.id),
        entry.connection_id,
        entry.request_id,
        entry.correlation_id,
        *(str(value) for name, value in entry.facts.items() if name.endswith("id")),
    )
    if wanted in known:
        return True
    quoted = json.dumps(wanted).casefold()
    return any(quoted in text for text in _payload_texts(entry))


def _has_text(entry: Entry, text: str) -> bool:
    named = (entry.title, entry.status, entry.user_id or "", entry.connection_id or "", entry.hub, *entry.groups)
    # Most entries are excluded by what was recorded, which costs less than to make what is shown.
    found = [name for name in (*named, *map(str, entry.facts.values())) if text in name.casefold()]
    if any(text in entry.redactor.redact_text(name).casefold() for name in found):
        return True
    if any(text in f"{connection} {user or ''}".casefold() for connection, user in entry.receivers):
        return True
    # A text within JSON may be written with escapes.
    wanted = {text, json.dumps(text)[1:-1]}
    return any(_is_in_payload(entry, payload, wanted) for payload in _payloads(entry)) or _is_in_heads(entry, text)


def _is_in_payload(entry: Entry, payload: str | bytes, wanted: set[str]) -> bool:
    """Return whether the shown payload has one of the texts; most payloads are excluded by their recorded form."""
    recorded = _decoded(payload)
    if not any(text in recorded for text in wanted):
        return False
    shown = entry.redactor.redact(payload, SHOWN_BYTES).text.casefold()
    return any(text in shown for text in wanted)


def _is_in_heads(entry: Entry, text: str) -> bool:
    if entry.exchange is None:
        return False
    exchange, redactor = entry.exchange, entry.redactor
    if text in exchange.url.casefold() and text in redactor.redact_url(exchange.url).casefold():
        return True
    for headers in (exchange.request_pairs(), exchange.response_pairs()):
        found = [(name, value) for name, value in headers if text in f"{name}: {value}".casefold()]
        if found and any(text in f"{name}: {value}".casefold() for name, value in redactor.redact_headers(found)):
            return True
    return False


def _payloads(entry: Entry) -> Iterator[str | bytes]:
    yield from (payload for payload in (entry.payload, entry.reply) if payload)


def _payload_texts(entry: Entry) -> Iterator[str]:
    return map(_decoded, _payloads(entry))


def _decoded(payload: str | bytes) -> str:
    return (payload if isinstance(payload, str) else payload.decode(errors="replace")).casefold()


def _without_spaces(text: str) -> str:
    return text.replace('": "', '":"')
