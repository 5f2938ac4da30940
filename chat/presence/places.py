"""The rooms of a user, and how far the user has read in each: one row of table `Users` for each user and room.

A row also has the numbers of the messages that mention the user and are not read, and of which messages the user wants
to be notified. It records whether the room was told that the user is here. Each change of it is conditional on the
row's etag: of several instances that see the same departure, one records it, and that one tells the room. The rows of a
user are one partition, named by a hash, so that a name with any character can be a key.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chat import frames
from chat.errors import StorageUnavailable
from chat.frames import Frame
from chat.names import user_key
from chat.room_log.model import Head
from chat.table_storage.addresses import key_range, quote_text
from chat.table_storage.client import TableClient
from chat.table_storage.entities import ETAG
from chat.table_storage.errors import Conflict
from chat.value_objects import value_object

TABLE = "Users"
VERSION = 1
MAX_PLACES = 500
# What others may add to a user: to the list of rooms up to so many, so that the user's own joins have room; and so many
# invitations. Of these the latest are shown.
MAX_PLACES_BY_OTHERS = 400
MAX_STORED_INVITATIONS, MAX_INVITATIONS = 100, 50
# So many unread mentions of a user are known in a room; of more, these are the first.
MAX_UNREAD_MENTIONS = 100
# A row has few writers at a time; each round one of them succeeds.
MAX_ATTEMPTS = 20


@value_object
class Position:
    """How far a user has read: up to the entry `seq` (0: nothing), and how many messages there were up to it."""

    seq: int = 0
    messages: int = 0


class Level(StrEnum):
    """Of which messages of a room a user wants to be notified; the values are stored."""

    ALL = "all"
    MENTIONS = "mentions"
    NONE = "none"

    @classmethod
    def _missing_(cls, _: object) -> "Level":
        return cls.ALL


@value_object
class Place:
    """What is stored of a user and a room; times are milliseconds since 1970 (UTC).

    The room is in the user's list when `joined_at` is not 0. `is_here` tells that the room was told that the user came,
    `news_at` is the time of the last such line, and `left_by` the connection whose end was the user's departure.
    `invited_at` is when the user was invited to the room, 0: there is no invitation. `etag` is None for what is not
    stored yet. `mentions` are the numbers of the unread messages that mention the user, in ascending order.
    """

    user: str
    room: str
    read: Position = Position()
    joined_at: int = 0
    is_here: bool = False
    news_at: int = 0
    left_by: str = ""
    etag: str | None = None
    invited_at: int = 0
    mentions: tuple[int, ...] = ()
    level: Level = Level.ALL

    @property
    def is_listed(self) -> bool:
        """Whether the room is in the user's list."""
        return self.joined_at > 0

    @property
    def is_unused(self) -> bool:
        """Whether the row can go: the room is not in the list, the user is not said to be there, nor invited."""
        return not self.is_listed and not self.is_here and not self.invited_at

    def unread(self, messages: int) -> int:
        """Return how many of a room's `messages` the user has not read."""
        return max(0, messages - self.read.messages)

    def listed(self, at: int, position: Position) -> "Place":
        """Return the place in the user's list; a room that is there already keeps its position."""
        return self if self.is_listed else replace(self, joined_at=at, read=position, invited_at=0, mentions=())

    def unlisted(self) -> "Place":
        """Return the place without its entry in the user's list."""
        return replace(self, joined_at=0, read=Position(), invited_at=0, mentions=(), level=Level.ALL)

    def arrived(self, at: int) -> "Place":
        """Return the place after the user came; its news are later than the last ones, whatever the clocks say."""
        return replace(self, is_here=True, news_at=max(at, self.news_at + 1), left_by="")

    def departed(self, at: int, connection_id: str) -> "Place":
        """Return the place after the last connection of the user left."""
        return replace(self, is_here=False, news_at=max(at, self.news_at + 1), left_by=connection_id)

    def read_up_to(self, position: Position) -> "Place":
        """Return the place with its position moved forward; it never moves back."""
        if position.seq <= self.read.seq:
            return self
        return replace(self, read=position, mentions=tuple(seq for seq in self.mentions if seq > position.seq))

    def mentioned(self, seq: int) -> "Place":
        """Return the place with an unread message that mentions the user; unchanged where there are too many."""
        if not self.is_listed or seq <= self.read.seq or seq in self.mentions:
            return self
        if len(self.mentions) >= MAX_UNREAD_MENTIONS:
            return self
        return replace(self, mentions=tuple(sorted((*self.mentions, seq))))

    def unmentioned(self, seq: int) -> "Place":
        """Return the place without the mention in a message."""
        return replace(self, mentions=tuple(other for other in self.mentions if other != seq))

    def unread_mentions(self, first: int) -> list[int]:
        """Return the numbers of the unread messages that mention the user, from the entry `first` on."""
        return [seq for seq in self.mentions if seq >= first]


def encode_place(place: Place) -> dict[str, Any]:
    """Return the row of a place."""
    return {
        "PartitionKey": user_key(place.user),
        "RowKey": place.room,
        "v": VERSION,
        "user": place.user,
        "seq": place.read.seq,
        "messages": place.read.messages,
        "joinedAt": place.joined_at,
        "here": place.is_here,
        "newsAt": place.news_at,
        "leftBy": place.left_by,
        "invitedAt": place.invited_at,
        "mentions": " ".join(map(str, place.mentions)),
        "level": "" if place.level is Level.ALL else place.level.value,
    }


def decode_place(row: Mapping[str, Any], user: str, room: str) -> Place:
    """Return the place that a row of any version holds; a field that is missing has its default.

    A version without mentions moves the position and leaves them: those that are read do not count.
    """
    read = Position(int(row.get("seq") or 0), int(row.get("messages") or 0))
    return Place(
        user,
        room,
        read,
        int(row.get("joinedAt") or 0),
        row.get("here") is True,
        int(row.get("newsAt") or 0),
        str(row.get("leftBy") or ""),
        row[ETAG],
        int(row.get("invitedAt") or 0),
        tuple(seq for seq in map(int, str(row.get("mentions") or "").split()) if seq > read.seq),
        Level(row.get("level") or ""),
    )


def place_fields(place: Place | None, head: Head | None) -> Frame:
    """Return the fields that tell how far a user has read a room, null where the place or the head is not known."""
    if place is None or head is None:
        return frames.unread_counts(None, None, None, None)
    unread, mentioned = place.unread(head.messages), place.unread_mentions(head.first)
    return frames.unread_counts(place.read.seq, unread, mentioned, place.level.value)


def listed_places(places: Sequence[Place]) -> list[Place]:
    """Return the places in the user's list, in the order in which the rooms were joined."""
    return sorted((place for place in places if place.is_listed), key=lambda place: (place.joined_at, place.room))


@value_object
class PlaceStore:
    """The places of all users; every method raises StorageUnavailable, `save` and `remove` also Conflict."""

    tables: TableClient

    async def read(self, user: str, room: str) -> Place:
        """Return what is stored of a user and a room."""
        row = await self.tables.get(TABLE, user_key(user), room)
        return Place(user, room) if row is None else decode_place(row, user, room)

    async def read_listed_and_invited(self, user: str) -> tuple[list[Place], list[Place]]:
        """Return the places in the user's list, and those that the user is invited to, both by their times.

        Of more than 50 invitations, these are the latest.
        """
        found = await self._query(user, "(joinedAt gt 0 or invitedAt gt 0)")
        invited = [place for place in found if place.invited_at and not place.is_listed]
        return listed_places(found), sorted(invited, key=lambda place: place.invited_at)[-MAX_INVITATIONS:]

    async def is_known(self, user: str) -> bool:
        """Return whether anything is stored of a user: whoever connected and is in a room has a row."""
        page = await self.tables.query_all(TABLE, key_range(user_key(user)), ("RowKey",), limit=1)
        return bool(page.entities)

    async def read_departing(self, user: str, connection_id: str) -> list[Place]:
        """Return the places where the user is said to be, or where the end of this connection was recorded."""
        return await self._query(user, f"(here eq true or leftBy eq {quote_text(connection_id)})")

    async def count_listed(self, user: str) -> int:
        """Return how many rooms are in the user's list."""
        return len(await self._query(user, "joinedAt gt 0", ("RowKey", "joinedAt")))

    async def save(self, place: Place) -> Place:
        """Store a place that nobody changed since it was read, and return it with its new etag."""
        row = encode_place(place)
        if place.etag is None:
            return replace(place, etag=await self.tables.insert(TABLE, row))
        return replace(place, etag=await self.tables.merge(TABLE, row, place.etag))

    async def remove(self, place: Place) -> None:
        """Delete a place that nobody changed since it was read."""
        if place.etag is not None:
            await self.tables.delete(TABLE, user_key(place.user), place.room, place.etag)

    async def update(self, place: Place, change: Callable[[Place], Place | None]) -> tuple[Place, Place]:
        """Store a change of a place, again and again while others change it; return it as it was before and after.

        Nothing is stored where `change` returns None.
        """
        for _ in range(MAX_ATTEMPTS):
            changed = change(place)
            if changed is None:
                return place, place
            try:
                return place, await self.save(changed)
            except Conflict:
                place = await self.read(place.user, place.room)
        raise StorageUnavailable("a place was changed by others all the time", may_have_happened=False)

    async def store_invitation(self, user: str, room: str, at: int) -> bool:
        """Note that a user is invited to a room, at a time in ms since 1970; return False when there are too many."""
        place = await self.read(user, room)
        if place.invited_at or place.is_listed:
            return True
        if len(await self._query(user, "invitedAt gt 0", ("RowKey", "invitedAt"))) >= MAX_STORED_INVITATIONS:
            return False
        await self.update(place, lambda current: None if current.is_listed else replace(current, invited_at=at))
        return True

    async def forget_invitation(self, user: str, room: str) -> None:
        """Remove the note of an invitation."""
        place = await self.read(user, room)
        if not place.invited_at:
            return
        _, after = await self.update(place, lambda current: replace(current, invited_at=0))
        if after.is_unused:
            with suppress(Conflict):  # the user was invited again, or joined
                await self.remove(after)

    async def _query(self, user: str, condition: str, select: Sequence[str] = ()) -> list[Place]:
        filter_text = f"{key_range(user_key(user))} and {condition}"
        page = await self.tables.query_all(TABLE, filter_text, select, limit=2 * MAX_PLACES)
        return [decode_place(row, user, row["RowKey"]) for row in page.entities]
