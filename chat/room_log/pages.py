"""Pages of a room's history, with a cursor that stays valid while messages arrive."""

import reprlib
from dataclasses import dataclass

from chat.errors import InvalidMessage
from chat.frames import Frame, chat_line
from chat.message_ids import is_message_id
from chat.room_log.model import Entry, Key, RoomLog

PAGE_LENGTH = 50
MAX_PAGE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of a room, oldest first; `before` is where the next older page ends, None when there is none.

    `is_complete` is False when the history could not be read.
    """

    entries: tuple[Entry, ...] = ()
    before: Key | None = None
    is_complete: bool = True

    def as_frame(self, room: str) -> Frame:
        """Return the fields of a page that answers carry."""
        return {
            "messages": [chat_line(entry.line(room), entry.shown_changes) for entry in self.entries],
            "before": write_cursor(self.before) if self.before else None,
            "complete": self.is_complete,
        }


UNREADABLE = Page(is_complete=False)


def page_of(log: RoomLog, before: Key | None = None, limit: int = PAGE_LENGTH) -> Page:
    """Return the last `limit` messages, or those before a cursor."""
    messages = [entry for entry in log.messages() if before is None or entry.key < before]
    entries = tuple(messages[-limit:])
    return Page(entries, entries[0].key if len(messages) > len(entries) else None)


def write_cursor(key: Key) -> str:
    """Return a cursor: the time and id of the oldest message of a page."""
    return f"{key[0]}.{key[1]}"


def read_cursor(value: object) -> Key | None:
    """Return the key that a cursor holds; raises InvalidMessage for anything that is no cursor of ours."""
    if value is None:
        return None
    time, _, identity = value.partition(".") if isinstance(value, str) else ("", "", "")
    if not (time.isascii() and time.isdigit() and len(time) <= 16 and is_message_id(identity)):
        raise InvalidMessage("before is not a cursor of this chat")
    return int(time), identity


def read_limit(value: object) -> int:
    """Return how many messages a page may have, 1 to 100; raises InvalidMessage."""
    if value is None:
        return PAGE_LENGTH
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PAGE_LENGTH:
        return value
    raise InvalidMessage(f"limit is {reprlib.repr(value)}, it must be a number from 1 to {MAX_PAGE_LENGTH}")
