"""The answers to questions about a room's log, as `docs/protocol.md` lists them.

When storage cannot be read, an answer says so: it has nothing, and is not complete.
"""

from collections.abc import Callable

from chat.errors import StorageUnavailable
from chat.frames import Frame
from chat.logs import cause_of, log
from chat.room_log.entry_frames import chat_line, entry_frame
from chat.room_log.reader import PAGE_LENGTH, Page
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rules import Rules

CheckRules = Callable[[Rules], None]

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


async def history_frame(
    rooms: RoomLogs, room: str, before: int | None, check: CheckRules, limit: int = PAGE_LENGTH
) -> Frame:
    """Return the answer to `history`; raises what `check` raises for the room's rules."""
    frame: Frame = {"type": "history", "room": room}
    try:
        page = await rooms.read_page(room, before, limit)
    except StorageUnavailable as problem:
        log.warning("history is unreadable", extra={"room": room, "cause": cause_of(problem)})
        return frame | UNREADABLE
    check(page.head.rules)
    return frame | page_fields(room, page)


async def since_frame(rooms: RoomLogs, room: str, after: int, until: int | None, check: CheckRules) -> Frame:
    """Return the answer to `since`; raises what `check` raises for the room's rules."""
    frame: Frame = {"type": "since", "room": room, "after": after}
    try:
        run = await rooms.read_since(room, after, until)
    except StorageUnavailable as problem:
        log.warning("history is unreadable", extra={"room": room, "cause": cause_of(problem)})
        return frame | {"entries": [], "head": None, "first": None, "complete": False}
    check(run.head.rules)
    entries = [entry_frame(room, entry, message) for entry, message in run.entries]
    return frame | {"entries": entries, "head": run.head.seq, "first": run.head.first, "complete": run.is_complete}
