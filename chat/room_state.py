"""How a room's memory is stored: plain JSON, compact, and under 45 KB so that it stays one row.

`{"floor": [at, id] | null, "activeAt": ms, "entries": [[id, sender, at, text, editedAt, deletedAt, size, clientId,
quote, {emoji: {user: [at, on]}}], …]}`
"""

from collections.abc import Mapping
from typing import Any

from chat.errors import InvalidMessage
from chat.messages import Line, Quote
from chat.room_log import Change, Deleted, Edited, Entry, Reacted, RoomLog, pack_quote

State = dict[str, Any]


def pack_log(log: RoomLog) -> State:
    """Return the state to store; the same log is always stored the same."""
    entries = sorted(log.entries.values(), key=lambda entry: entry.id)
    return {"floor": log.floor, "activeAt": log.active_at, "entries": [pack_entry(entry) for entry in entries]}


def unpack_log(state: Mapping[str, Any] | None) -> RoomLog:
    """Return the log that a state holds; no state is an empty log."""
    if not state:
        return RoomLog()
    entries = [unpack_entry(packed) for packed in state["entries"]]
    floor = state["floor"]
    return RoomLog(
        entries={entry.id: entry for entry in entries},
        floor=(int(floor[0]), str(floor[1])) if floor else None,
        active_at=int(state["activeAt"]),
    )


def pack_entry(entry: Entry) -> list[Any]:
    """Return an entry as it is stored."""
    reactions: dict[str, dict[str, list[Any]]] = {}
    for (emoji, user), (at, on) in sorted(entry.reactions.items()):
        reactions.setdefault(emoji, {})[user] = [at, int(on)]
    quote = pack_quote(entry.reply_to)
    times = [entry.edited_at, entry.deleted_at]
    return [entry.id, entry.sender, entry.at, entry.text, *times, entry.size, entry.client_id, quote, reactions]


def unpack_entry(packed: list[Any]) -> Entry:
    """Return a stored entry."""
    identity, sender, at, text, edited_at, deleted_at, size, client_id, quote, reactions = packed
    pairs = {(emoji, user): (at, bool(on)) for emoji, users in reactions.items() for user, (at, on) in users.items()}
    reply_to = Quote(*quote) if quote else None
    return Entry(identity, sender, at, text, edited_at, deleted_at, size, client_id, reply_to, pairs)


def pack_line(line: Line) -> State:
    """Return the input of the entity's `say` operation."""
    return {
        "id": line.id,
        "room": line.room,
        "from": line.sender,
        "text": line.text,
        "at": line.sent_at,
        "clientId": line.client_id,
        "replyTo": pack_quote(line.reply_to),
    }


def pack_change(change: Change) -> tuple[str, State]:
    """Return the entity's operation for a change, and its input."""
    match change:
        case Edited():
            content = {"id": change.id, "by": change.by, "text": change.text, "at": change.at, "admin": change.admin}
            return "edit", content
        case Deleted():
            return "delete", {"id": change.id, "by": change.by, "at": change.at, "admin": change.admin}
        case Reacted():
            on = {"id": change.id, "user": change.user, "emoji": change.emoji, "on": change.on, "at": change.at}
            return "react", on


def apply_operation(log: RoomLog, operation: str, content: Mapping[str, Any]) -> RoomLog:
    """Return the log after an operation of the entity; raises InvalidMessage for one that there is not."""
    match operation:
        case "say":
            quote = Quote(*content["replyTo"]) if content["replyTo"] else None
            names = ("id", "room", "from", "text", "at", "clientId")
            identity, room, sender, text, at, client_id = (content[name] for name in names)
            return log.say(Line(identity, room, sender, text, at, client_id, quote))
        case "edit":
            return log.change(Edited(**content))
        case "delete":
            return log.change(Deleted(**content))
        case "react":
            return log.change(Reacted(**content))
    raise InvalidMessage(f"a room has no operation {operation!r}")
