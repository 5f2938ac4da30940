"""The answers to questions about a room's log, as `docs/protocol.md` lists them.

When storage cannot be read, an answer says so: it has nothing, and is not complete.
"""

from chat.errors import StorageUnavailable
from chat.frames import Frame
from chat.logs import cause_of, log
from chat.room_log.entry_frames import chat_line, entry_frame
from chat.room_log.reader import PAGE_LENGTH, CheckRules, Page
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rules import Rules, is_in_force
from chat.times import timestamp

UNREADABLE: Frame = {"messages": [], "before": None, "complete": False, "head": None, "first": None}


def page_fields(room: str, page: Page) -> Frame:
    """Return the fields of a page that answers carry."""
    return {
        "messages": [chat_line(room, message) for message in page.messages],
        "before": page.before,
        "complete": True,
        "head": page.head.seq,
        "first": page.head.first,
    }


def room_fields(rules: Rules | None, user: str, now: int) -> Frame:
    """Return the fields that tell a user what a room is and what the user may do there; null for unknown rules.

    `muted` (until when, null: for ever) is there while the user is muted; `with` is the other user of a direct room.
    `now` is in milliseconds since 1970 (UTC).
    """
    if rules is None:
        return dict.fromkeys(("kind", "title", "role", "closed", "slow", "pinned"))
    fields = title_fields(rules, user) | {
        "role": rules.role(user),
        "closed": rules.closed,
        "slow": rules.slow,
        "pinned": list(rules.pinned),
    }
    until = rules.muted.get(user)
    if until is not None and is_in_force(until, now):
        fields["muted"] = timestamp(until) if until else None
    return fields


def title_fields(rules: Rules, user: str) -> Frame:
    """Return the fields that tell a user what kind of room it is, and its title (in a direct room the other user)."""
    fields: Frame = {"kind": rules.kind.value, "title": rules.shown_title(user)}
    other = rules.other_member(user)
    return fields | ({"with": other} if other else {})


async def history_frame(
    rooms: RoomLogs, room: str, before: int | None, check: CheckRules, limit: int = PAGE_LENGTH
) -> Frame:
    """Return the answer to `history`; raises what `check` raises for the room's rules."""
    frame: Frame = {"type": "history", "room": room}
    try:
        page = await rooms.read_page(room, before, limit, check)
    except StorageUnavailable as problem:
        log.warning("history is unreadable", extra={"room": room, "cause": cause_of(problem)})
        return frame | UNREADABLE
    return frame | page_fields(room, page)


async def since_frame(rooms: RoomLogs, room: str, after: int, until: int | None, check: CheckRules) -> Frame:
    """Return the answer to `since`; raises what `check` raises for the room's rules."""
    frame: Frame = {"type": "since", "room": room, "after": after}
    try:
        run = await rooms.read_since(room, after, until, check)
    except StorageUnavailable as problem:
        log.warning("history is unreadable", extra={"room": room, "cause": cause_of(problem)})
        return frame | {"entries": [], "head": None, "first": None, "complete": False}
    entries = [entry_frame(room, entry, message) for entry, message in run.entries]
    return frame | {"entries": entries, "head": run.head.seq, "first": run.head.first, "complete": run.is_complete}
