"""The messages of a room: how messages and their changes combine, in whatever order they arrive.

Signals to an entity arrive late, in any order, and at least once. So no rule here depends on the order of arrival: the
earliest delivery of a message counts, the latest edit, any deletion, the latest state of a reaction. A change that
arrives before its message waits for it.

The log is bounded, and what is removed must not depend on the order of arrival either. A message counts with its
largest size so far; a message that does not fit behind the newer ones is removed together with everything
older, and nothing older is accepted again (`floor`). Reactions and waiting changes have limits of their own.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from chat.lines import Line, Quote, timestamp
from chat.message_ids import is_own

MAX_STATE_BYTES = 44_000
MAX_MESSAGES = 200
TEXT_BYTES = 25_200
REACTION_BYTES = 5_000
WAITING_BYTES = 12_600
# What an entry needs at most beside its strings: its keys, its id, its three times, its size, and the punctuation.
_ENTRY_BYTES = 160
_REACTION_BYTES = 40

Key = tuple[int, str]
Reaction = tuple[int, bool]


@dataclass(frozen=True, slots=True)
class Edited:
    """A message's text was replaced by `by`; times are milliseconds since 1970 (UTC)."""

    operation: ClassVar = "edit"
    id: str
    by: str
    text: str
    at: int
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was deleted by `by`."""

    operation: ClassVar = "delete"
    id: str
    by: str
    at: int
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Reacted:
    """A user set (`on`) or cleared a reaction to a message."""

    operation: ClassVar = "react"
    id: str
    user: str
    emoji: str
    at: int
    on: bool = field(default=True, kw_only=True)


Change = Edited | Deleted | Reacted
# By the name of the entity's operation. A field of a change is stored under its own name.
CHANGES: dict[str, type[Change]] = {kind.operation: kind for kind in (Edited, Deleted, Reacted)}


# The key under which the codec stores each field of an entry; a value equal to the field's default is left out. A key
# is never given to another field, because a log of an earlier version may have it.
ENTRY_KEYS = {
    "id": "i",
    "sender": "f",
    "at": "a",
    "text": "t",
    "edited_at": "e",
    "deleted_at": "d",
    "size": "s",
    "client_id": "c",
    "reply_to": "q",
    "reactions": "r",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a message; `sender` is empty while only changes to it have arrived.

    `text` is what is shown: the latest edit's, else the message's own; nothing after a deletion. `size` is the largest
    number of bytes that any of its texts took.
    """

    id: str
    sender: str = ""
    at: int = 0
    text: str = ""
    edited_at: int | None = None
    deleted_at: int | None = None
    size: int = 2
    client_id: str | None = None
    reply_to: Quote | None = None
    reactions: Mapping[tuple[str, str], Reaction] = field(default_factory=dict)

    def line(self, room: str) -> Line:
        """Return the message as it is shown now: with the text of its latest edit, without its quote when deleted."""
        reply_to = self.reply_to if self.deleted_at is None else None
        return Line(self.id, room, self.sender, self.text, self.at, self.client_id, reply_to)

    @property
    def shown_changes(self) -> dict[str, Any]:
        """The fields that the changes of the message add to its chat line; of a deleted one, only the time of that."""
        if self.deleted_at is not None:
            return {"deletedAt": timestamp(self.deleted_at)}
        shown: dict[str, Any] = {}
        if self.edited_at is not None:
            shown["editedAt"] = timestamp(self.edited_at)
        if self.shown_reactions:
            shown["reactions"] = self.shown_reactions
        return shown

    @property
    def key(self) -> Key:
        """The message's place in the order that every reader sees."""
        return self.at, self.id

    @property
    def weight(self) -> int:
        """An upper bound, in bytes, of what the message takes in the stored log, without its reactions."""
        strings = [self.sender, self.client_id, quote_fields(self.reply_to)]
        return _ENTRY_BYTES + self.size + sum(map(json_bytes, strings))

    @property
    def waiting_weight(self) -> int:
        """The bytes that an entry takes while its message has not arrived."""
        return self.weight + sum(reaction_weight(pair) for pair in self.reactions)

    @property
    def shown_reactions(self) -> dict[str, list[str]]:
        """The users of each reaction that is set, both in alphabetical order."""
        shown: dict[str, list[str]] = {}
        for (emoji, user), (_, on) in sorted(self.reactions.items()):
            if on:
                shown.setdefault(emoji, []).append(user)
        return shown


@dataclass(frozen=True, slots=True)
class RoomLog:
    """A room's log: entries by id, and when it was last used (ms since 1970).

    Messages up to the key `floor` were removed.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    floor: Key | None = None
    active_at: int = 0

    def messages(self) -> list[Entry]:
        """Return the messages, oldest first."""
        return sorted((entry for entry in self.entries.values() if entry.sender), key=lambda entry: entry.key)

    def add_message(self, line: Line) -> "RoomLog":
        """Return the log with a message; a further delivery of it can only make its time earlier."""
        entry = with_message(self.entries.get(line.id, Entry(line.id)), line)
        if self.floor is not None and entry.key <= self.floor:
            without = {key: value for key, value in self.entries.items() if key != line.id}
            return replace(self, entries=without, active_at=max(self.active_at, line.sent_at))
        return self._with(entry, line.sent_at)

    def add_change(self, change: Change) -> "RoomLog":
        """Return the log with a change to a message; it is ignored when neither the author nor an admin made it."""
        if not isinstance(change, Reacted) and not (change.admin or is_own(change.id, change.by)):
            return self
        return self._with(with_change(self.entries.get(change.id, Entry(change.id)), change), change.at)

    def _with(self, entry: Entry, at: int) -> "RoomLog":
        log = replace(self, entries={**self.entries, entry.id: entry}, active_at=max(self.active_at, at))
        return trim(log)


def with_message(entry: Entry, line: Line) -> Entry:
    """Return the entry with a delivery of its message; the earliest one counts."""
    size = max(entry.size, json_bytes(line.text))
    text = line.text if entry.edited_at is None and entry.deleted_at is None else entry.text
    if entry.sender and (entry.at, entry.text) <= (line.sent_at, text):
        return replace(entry, size=size)
    return replace(
        entry,
        sender=line.sender,
        at=line.sent_at,
        text=text,
        size=size,
        client_id=line.client_id,
        reply_to=line.reply_to,
    )


def with_change(entry: Entry, change: Change) -> Entry:
    """Return the entry with a change: the latest edit counts, the earliest deletion, the latest state of a reaction."""
    match change:
        case Deleted(at=at):
            return replace(entry, text="", deleted_at=min(at, entry.deleted_at or at))
        case Edited(text=text, at=at):
            entry = replace(entry, size=max(entry.size, json_bytes(text)))
            if entry.edited_at is not None and (entry.edited_at, entry.text) >= (at, text):
                return entry
            return replace(entry, text="" if entry.deleted_at else text, edited_at=max(at, entry.edited_at or at))
        case Reacted(user=user, emoji=emoji, on=on, at=at):
            pair = (emoji, user)
            latest = max((at, on), entry.reactions.get(pair, (0, False)))
            return replace(entry, reactions={**entry.reactions, pair: latest})


def trim(log: RoomLog) -> RoomLog:
    """Return the log within its limits: the oldest messages, reactions and waiting changes are removed first."""
    kept, floor = keep_newest(log.messages())
    floor = max(filter(None, (floor, log.floor)), default=None)
    waiting = keep_changes_without_message(entry for entry in log.entries.values() if not entry.sender)
    entries = {entry.id: entry for entry in (*keep_reactions(kept), *waiting)}
    return replace(log, entries=entries, floor=floor)


def keep_newest(messages: list[Entry]) -> tuple[list[Entry], Key | None]:
    """Return the newest messages that fit, newest first, and the key of the newest one that does not."""
    kept: list[Entry] = []
    weight = 0
    for entry in reversed(messages):
        weight += entry.weight
        if len(kept) == MAX_MESSAGES or weight > TEXT_BYTES:
            return kept, entry.key
        kept.append(entry)
    return kept, None


def keep_reactions(newest_first: Iterable[Entry]) -> list[Entry]:
    """Return the messages with the reactions that fit: those of newer messages first, then in alphabetical order.

    One is kept when those before it did not reach the limit: that does not depend on which arrived first.
    """
    entries, weight = [], 0
    for entry in newest_first:
        kept = {}
        for pair in sorted(entry.reactions):
            if weight <= REACTION_BYTES:
                kept[pair] = entry.reactions[pair]
            weight += reaction_weight(pair)
        entries.append(entry if len(kept) == len(entry.reactions) else replace(entry, reactions=kept))
    return entries


def keep_changes_without_message(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries whose message has not arrived, the last changed ones first, as many as fit."""
    kept, weight = [], 0
    for entry in sorted(entries, key=lambda entry: (changed_at(entry), entry.id), reverse=True):
        weight += entry.waiting_weight
        if weight > WAITING_BYTES:
            break
        kept.append(entry)
    return kept


def changed_at(entry: Entry) -> int:
    """Return when an entry was last changed, in milliseconds since 1970 (UTC)."""
    return max(entry.edited_at or 0, entry.deleted_at or 0, *(at for at, _ in entry.reactions.values()), 0)


def reaction_weight(pair: tuple[str, str]) -> int:
    """Return the most bytes that one user's reaction takes in the stored state."""
    return _REACTION_BYTES + json_bytes(pair[0]) + json_bytes(pair[1])


def json_bytes(value: object) -> int:
    """Return the bytes that a value takes in the stored state, where everything outside ASCII is escaped."""
    return len(json.dumps(value))


def quote_fields(quote: Quote | None) -> list[str] | None:
    """Return a quote's fields as they are counted and stored."""
    return [quote.id, quote.sender, quote.text] if quote else None
