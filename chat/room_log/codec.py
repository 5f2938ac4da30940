"""How a room's log is stored and how its operations are sent: versioned JSON that other versions of the app can read.

An unknown field is ignored and a missing one has its default. A stored log is kept under 45 KB, so that the storage
provider keeps it in one row; so its entries have short keys, and a field with its default value is left out:

    {"v": 1, "floor": [at, id] | null, "activeAt": ms, "entries": [{
        "i": id, "f": sender, "a": at, "t": text, "e": edited at, "d": deleted at, "s": size in bytes,
        "c": clientId, "q": [id, sender, text] of the quoted message, "r": {emoji: {user: [at, 1 set or 0 cleared]}}}]}

Version 0 had no "v", and each entry was a list of these ten values in this order, none left out.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from chat.errors import InvalidMessage
from chat.lines import Line, Quote
from chat.room_log.model import CHANGES, ENTRY_KEYS, Change, Entry, Reaction, RoomLog, quote_fields

State = dict[str, Any]

VERSION = 1
# The keys of an entry in the order of version 0's lists.
_VERSION_0_KEYS = "ifatedscqr"


def encode_log(log: RoomLog) -> State:
    """Return the state to store; the same log is always stored the same."""
    entries = sorted(log.entries.values(), key=lambda entry: entry.id)
    return {
        "v": VERSION,
        "floor": log.floor,
        "activeAt": log.active_at,
        "entries": [encode_entry(entry) for entry in entries],
    }


def decode_log(state: Mapping[str, Any] | None) -> RoomLog:
    """Return the log that a state of any version holds; no state is an empty log."""
    if not state:
        return RoomLog()
    entries = [decode_entry(stored) for stored in state.get("entries", ())]
    floor = state.get("floor")
    return RoomLog(
        entries={entry.id: entry for entry in entries},
        floor=(int(floor[0]), str(floor[1])) if floor else None,
        active_at=int(state.get("activeAt", 0)),
    )


def encode_entry(entry: Entry) -> State:
    """Return an entry as it is stored: each field under its key in `ENTRY_KEYS`."""
    stored: State = {"i": entry.id}
    default = Entry(entry.id)
    for name, key in ENTRY_KEYS.items():
        value = getattr(entry, name)
        if value != getattr(default, name):
            stored[key] = _ENCODERS[key](value) if key in _ENCODERS else value
    return stored


def decode_entry(stored: Mapping[str, Any] | list[Any]) -> Entry:
    """Return a stored entry of any version."""
    content = dict(zip(_VERSION_0_KEYS, stored, strict=False)) if isinstance(stored, list) else stored
    values: dict[str, Any] = {}
    for name, key in ENTRY_KEYS.items():
        if (value := content.get(key)) is not None:
            values[name] = _DECODERS[key](value) if key in _DECODERS else value
    return Entry(**values)


def encode_reactions(reactions: Mapping[tuple[str, str], Reaction]) -> dict[str, dict[str, list[int]]]:
    """Return reactions as they are stored: by emoji and user."""
    encoded: dict[str, dict[str, list[int]]] = {}
    for (emoji, user), (at, on) in sorted(reactions.items()):
        encoded.setdefault(emoji, {})[user] = [at, int(on)]
    return encoded


def decode_reactions(stored: Mapping[str, Mapping[str, list[int]]]) -> dict[tuple[str, str], Reaction]:
    """Return stored reactions."""
    return {(emoji, user): (at, bool(on)) for emoji, users in stored.items() for user, (at, on) in users.items()}


def decode_quote(stored: list[str] | None) -> Quote | None:
    """Return a stored quote; values after its first three are ignored."""
    return Quote(*stored[:3]) if stored else None


# The fields of an entry that are not stored as they are, by their keys.
_ENCODERS: dict[str, Callable[[Any], Any]] = {"q": quote_fields, "r": encode_reactions}
_DECODERS: dict[str, Callable[[Any], Any]] = {"q": decode_quote, "r": decode_reactions}


def encode_line(line: Line) -> State:
    """Return the input of the entity's `say` operation."""
    return {
        "v": VERSION,
        "id": line.id,
        "room": line.room,
        "from": line.sender,
        "text": line.text,
        "at": line.sent_at,
        "clientId": line.client_id,
        "replyTo": quote_fields(line.reply_to),
    }


def decode_line(content: Mapping[str, Any]) -> Line:
    """Return the message that the input of a `say` operation of any version holds."""
    return Line(
        id=content["id"],
        room=content.get("room", ""),
        sender=content["from"],
        text=content["text"],
        sent_at=content["at"],
        client_id=content.get("clientId"),
        reply_to=decode_quote(content.get("replyTo")),
    )


def encode_change(change: Change) -> tuple[str, State]:
    """Return the entity's operation for a change, and its input."""
    return change.operation, {"v": VERSION, **asdict(change)}


def decode_change(operation: str, content: Mapping[str, Any]) -> Change:
    """Return the change that an operation of any version holds; raises InvalidMessage for an unknown one."""
    kind = CHANGES.get(operation)
    if kind is None:
        raise InvalidMessage(f"a room has no operation {operation!r}")
    return kind(**{each.name: content[each.name] for each in fields(kind) if each.name in content})


def apply_operation(log: RoomLog, operation: str, content: Mapping[str, Any]) -> RoomLog:
    """Return the log after an operation of the entity; raises InvalidMessage for an unknown one."""
    if operation == "say":
        return log.add_message(decode_line(content))
    return log.add_change(decode_change(operation, content))
