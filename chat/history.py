"""Pages of what was said, with a cursor that stays where it is while people go on talking."""

import reprlib
from dataclasses import dataclass

from chat.errors import InvalidMessage
from chat.frames import Frame
from chat.messages import message_id, timestamp
from chat.room_log import Entry, Key, RoomLog

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
        """Return the fields that answers carry."""
        return {
            "messages": [past_line(entry, room) for entry in self.entries],
            "before": write_cursor(self.before) if self.before else None,
            "complete": self.is_complete,
        }


UNREADABLE = Page(is_complete=False)


def page_of(log: RoomLog, before: Key | None = None, limit: int = PAGE_LENGTH) -> Page:
    """Return the last `limit` messages, or those before a cursor."""
    messages = [entry for entry in log.messages() if before is None or entry.key < before]
    entries = tuple(messages[-limit:])
    return Page(entries, entries[0].key if len(messages) > len(entries) else None)


def past_line(entry: Entry, room: str) -> Frame:
    """Return a message of the past as a chat line, with what became of it."""
    frame: Frame = {
        "id": entry.id,
        "room": room,
        "from": entry.sender,
        "message": entry.text,
        "sentAt": timestamp(entry.at),
    }
    if entry.client_id is not None:
        frame["clientId"] = entry.client_id
    if entry.deleted_at is not None:
        return frame | {"deletedAt": timestamp(entry.deleted_at)}
    if entry.edited_at is not None:
        frame["editedAt"] = timestamp(entry.edited_at)
    if entry.reply_to is not None:
        frame["replyTo"] = {"id": entry.reply_to.id, "from": entry.reply_to.sender, "message": entry.reply_to.text}
    if entry.shown_reactions:
        frame["reactions"] = entry.shown_reactions
    return frame


def write_cursor(key: Key) -> str:
    """Return a cursor: the time and id of the oldest message of a page."""
    return f"{key[0]}.{key[1]}"


def read_cursor(value: object) -> Key | None:
    """Return the key that a cursor holds; raises InvalidMessage for anything that is no cursor of ours."""
    if value is None:
        return None
    time, _, identity = value.partition(".") if isinstance(value, str) else ("", "", "")
    if not (time.isascii() and time.isdigit() and len(time) <= 16):
        raise InvalidMessage("before is not a cursor of this chat")
    return int(time), message_id(identity)


def read_limit(value: object) -> int:
    """Return how many messages a page may have."""
    if value is None:
        return PAGE_LENGTH
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PAGE_LENGTH:
        return value
    raise InvalidMessage(f"limit is {reprlib.repr(value)}, it must be a number from 1 to {MAX_PAGE_LENGTH}")
