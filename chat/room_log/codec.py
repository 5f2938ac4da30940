"""How a room's log is stored and how its operations are sent: versioned JSON that other versions of the app can read.

An unknown field is ignored and a missing one has its default. A stored log is kept under 45 KB, so that the storage
provider keeps it in one row; so its entries have short keys, and a field with its default value is left out:

    {"v": 1, "floor": [at, id] | null, "activeAt": ms, "entries": [{
        "i": id, "f": sender, "a": at, "t": text, "e": edited at, "d": deleted at, "s": size in bytes,
        "c": clientId, "q": [id, sender, text] of the quoted message, "r": {emoji: {user: [at, 1 set or 0 cleared]}}}]}

Version 0 had no "v", and each entry was a list of these ten values in this order, none left out.
"""

from collections.abc import Mapping
from typing import Any

from chat.errors import InvalidMessage
from chat.lines import Line, Quote
from chat.room_log.model import Change, Deleted, Edited, Entry, Reacted, RoomLog, quote_fields

State = dict[str, Any]

VERSION = 1
# The keys in the order of version 0's lists.
_ENTRY_KEYS = ("i", "f", "a", "t", "e", "d", "s", "c", "q", "r")
_DEFAULT_SIZE = 2


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
    """Return an entry as it is stored."""
    reactions: dict[str, dict[str, list[int]]] = {}
    for (emoji, user), (at, on) in sorted(entry.reactions.items()):
        reactions.setdefault(emoji, {})[user] = [at, int(on)]
    values = (
        entry.id,
        entry.sender,
        entry.at,
        entry.text,
        entry.edited_at,
        entry.deleted_at,
        entry.size if entry.size != _DEFAULT_SIZE else None,
        entry.client_id,
        quote_fields(entry.reply_to),
        reactions,
    )
    # 0 and "" are defaults as well; an edit or a deletion is never at 0.
    return {key: value for key, value in zip(_ENTRY_KEYS, values, strict=True) if value}


def decode_entry(stored: Mapping[str, Any] | list[Any]) -> Entry:
    """Return a stored entry of any version."""
    fields = dict(zip(_ENTRY_KEYS, stored, strict=False)) if isinstance(stored, list) else stored
    return Entry(
        id=fields["i"],
        sender=fields.get("f") or "",
        at=fields.get("a") or 0,
        text=fields.get("t") or "",
        edited_at=fields.get("e"),
        deleted_at=fields.get("d"),
        size=fields.get("s") or _DEFAULT_SIZE,
        client_id=fields.get("c"),
        reply_to=decode_quote(fields.get("q")),
        reactions={
            (emoji, user): (at, bool(on))
            for emoji, users in (fields.get("r") or {}).items()
            for user, (at, on) in users.items()
        },
    )


def decode_quote(stored: list[str] | None) -> Quote | None:
    """Return a stored quote; what stands behind its three values is ignored."""
    return Quote(*stored[:3]) if stored else None


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
    common: State = {"v": VERSION, "id": change.id, "at": change.at}
    match change:
        case Edited():
            return "edit", common | {"by": change.by, "text": change.text, "admin": change.admin}
        case Deleted():
            return "delete", common | {"by": change.by, "admin": change.admin}
        case Reacted():
            return "react", common | {"user": change.user, "emoji": change.emoji, "on": change.on}


def apply_operation(log: RoomLog, operation: str, content: Mapping[str, Any]) -> RoomLog:
    """Return the log after an operation of the entity; raises InvalidMessage for an unknown one."""
    match operation:
        case "say":
            return log.add_message(decode_line(content))
        case "edit":
            admin = content.get("admin", False)
            return log.add_change(Edited(content["id"], content["by"], content["text"], content["at"], admin))
        case "delete":
            return log.add_change(Deleted(content["id"], content["by"], content["at"], content.get("admin", False)))
        case "react":
            on = content.get("on", True)
            return log.add_change(Reacted(content["id"], content["user"], content["emoji"], on, content["at"]))
    raise InvalidMessage(f"a room has no operation {operation!r}")
