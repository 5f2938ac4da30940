"""A row of the list of rooms: how many people are in a room as last seen, and when something was said in it.

Rows are spread over 16 partitions by a hash of the room, so that no partition takes all writes and a reader can ask
all of them at the same time. A room without people and without messages has no row.

Stored: PartitionKey `00` to `15`, RowKey the room, `v` 1, `people`, `peopleAt`, `messageAt`, `messages`; the last
three are absent while they are 0. Times are milliseconds since 1970 (UTC).
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chat.value_objects import value_object

VERSION = 1
PARTITIONS = tuple(f"{number:02}" for number in range(16))


def partition_of(room: str) -> str:
    """Return the partition of a room's row. Rows are stored under it, so it never changes."""
    return PARTITIONS[zlib.crc32(room.encode()) % len(PARTITIONS)]


@value_object
class ListedRoom:
    """What the list knows of a room; `message_at` is 0 while nothing was ever said in it.

    `messages` is how many were said, as far as the list was told. `people_at` is when people were counted.
    `has_more_people` tells that not all were counted; it is not stored.
    """

    room: str
    people: int = 0
    people_at: int = 0
    message_at: int = 0
    messages: int = 0
    has_more_people: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether the room must have a row: there are people in it, or it has a log."""
        return self.people > 0 or self.message_at > 0


@value_object
class RoomNews:
    """What was learned about a room: a count of its people, a message, or both. None: nothing was learned of it."""

    people: int | None = None
    people_at: int = 0
    message_at: int = 0
    messages: int = 0

    def merge(self, later: "RoomNews") -> "RoomNews":
        """Return both news as one: of two counts the one that was made later."""
        counted = later if later.people is not None and later.people_at >= self.people_at else self
        return RoomNews(
            people=counted.people,
            people_at=counted.people_at,
            message_at=max(self.message_at, later.message_at),
            messages=max(self.messages, later.messages),
        )


def apply_news(row: ListedRoom, news: RoomNews) -> ListedRoom:
    """Return the row after the news; a count that is older than the row's changes nothing."""
    known = RoomNews(row.people, row.people_at, row.message_at, row.messages).merge(news)
    return replace(
        row,
        people=known.people or 0,
        people_at=known.people_at,
        message_at=known.message_at,
        messages=known.messages,
    )


def encode_row(row: ListedRoom) -> dict[str, Any]:
    """Return the row's entity."""
    # A merge keeps what it does not name; only `people` goes back to 0.
    values = {"peopleAt": row.people_at, "messageAt": row.message_at, "messages": row.messages}
    keys = {"PartitionKey": partition_of(row.room), "RowKey": row.room, "v": VERSION, "people": row.people}
    return keys | {name: value for name, value in values.items() if value}


def decode_row(entity: Mapping[str, Any]) -> ListedRoom:
    """Return the row that an entity of any version holds."""
    return ListedRoom(
        room=entity["RowKey"],
        people=int(entity.get("people") or 0),
        people_at=int(entity.get("peopleAt") or 0),
        message_at=int(entity.get("messageAt") or 0),
        messages=int(entity.get("messages") or 0),
    )


def list_key(row: ListedRoom) -> tuple[int, int, str]:
    """Return the key that sorts rooms for readers: most people first, then the latest message, then by name."""
    return -row.people, -row.message_at, row.room
