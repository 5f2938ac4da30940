"""How far a user has read: the `read` and `places` events, and the exact number of unread messages."""

import asyncio
import reprlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chat import frames
from chat.errors import InvalidMessage, NotInRoom, ServiceUnavailable
from chat.handler_context import Answer, Services
from chat.logs import cause_of, log
from chat.names import room_name, user_group
from chat.presence.places import Level, Place, Position, place_fields
from chat.room_log.answers import title_fields
from chat.room_log.model import Head
from chat.room_log.rules import check_reader, may_read
from chat.webhook.events import UserEvent

MAX_PARALLEL_READS = 16


async def move_read_position(event: UserEvent, room: str, seq: int, services: Services) -> Answer:
    """Keep that the user has read up to an entry, and tell the user's other connections; it never moves back.

    Raises NotInRoom when the room is not in the user's list, and StorageUnavailable.
    """
    place, head, count = await asyncio.gather(
        services.places.read(event.sender, room),
        services.rooms.read_head(room),
        services.rooms.read_entry_count(room, seq),
    )
    if not place.is_listed:
        raise NotInRoom(room)
    check_reader(head.rules, room, event.sender, services.now)
    position = position_at(seq, head, count)
    if position is None:
        return Answer()
    before, after = await services.places.update(place, lambda current: moved_place(current, position))
    if after != before:
        await publish_position(event, after, head, services)
    return Answer()


def position_at(seq: int, head: Head, count: int | None) -> Position | None:
    """Return the position at an entry, at most at the head; None where the entry was removed by retention.

    `count` is the number of messages up to the entry, None where there is no such entry.
    """
    if seq >= head.seq:
        return Position(head.seq, head.messages)
    return None if count is None else Position(seq, count)


def moved_place(place: Place, position: Position) -> Place | None:
    """Return the place with its position moved forward; None when that changes nothing."""
    moved = place.read_up_to(position)
    return moved if place.is_listed and moved != place else None


async def set_level(event: UserEvent, fields: Mapping[str, Any], services: Services) -> Answer:
    """Keep of which messages of a room the user is notified, and tell the user's other connections.

    Raises InvalidMessage, NotInRoom when the room is not in the user's list, and StorageUnavailable.
    """
    room, level = room_name(fields.get("room")), parse_level(fields.get("level"))
    place = await services.places.read(event.sender, room)
    if not place.is_listed:
        raise NotInRoom(room)
    before, after = await services.places.update(place, lambda current: place_with_level(current, level))
    if after != before:
        await publish_to_user(event, frames.room_level(room, level.value), services)
    return Answer()


def parse_level(value: object) -> Level:
    """Return of which messages a user is notified; raises InvalidMessage."""
    if isinstance(value, str) and value in set(Level):
        return Level(value)
    raise InvalidMessage(f"level is {reprlib.repr(value)}, it must be one of {', '.join(Level)}")


def place_with_level(place: Place, level: Level) -> Place | None:
    """Return the place with another level; None when that changes nothing."""
    return replace(place, level=level) if place.is_listed and level is not place.level else None


async def publish_position(event: UserEvent, place: Place, head: Head, services: Services) -> None:
    """Tell the user's other connections; where that fails, they learn it from their next `places`."""
    unread, mentioned = place.unread(head.messages), place.unread_mentions(head.first)
    frame = frames.read_position(place.room, place.read.seq, unread, mentioned)
    await publish_to_user(event, frame, services)


async def publish_to_user(event: UserEvent, frame: frames.Frame, services: Services) -> None:
    """Send a frame to the user's other connections; where that fails, they learn it from their next `places`."""
    try:
        await services.gateway.publish(user_group(event.sender), frame, excluded=event.origin.connection_id)
    except ServiceUnavailable as problem:
        log.warning("a user's place was not published", extra={"room": frame["room"], "cause": cause_of(problem)})


async def list_places(event: UserEvent, services: Services) -> Answer:
    """Answer with the rooms of the user's list, each with its position, head and number of unread messages.

    And with the user's invitations. The head of a public room is up to a second old. A room that the user may not enter
    any more is left out. Raises StorageUnavailable.
    """
    limit = asyncio.Semaphore(MAX_PARALLEL_READS)

    async def read_head(room: str) -> Head:
        async with limit:
            return await services.read_recent_head(room)

    user = event.sender
    places, invited = await services.places.read_listed_and_invited(user)
    heads = await asyncio.gather(*(read_head(place.room) for place in (*places, *invited)))
    listed = [
        frames.place(place.room, place_fields(place, head), head.seq, title_fields(head.rules, user))
        for place, head in zip(places, heads[: len(places)], strict=True)
        if may_read(head.rules, place.room, user, services.now)
    ]
    invitations = [
        frames.invitation(place.room, title_fields(head.rules, user), head.rules.invited[user], place.invited_at)
        for place, head in zip(invited, heads[len(places) :], strict=True)
        if user in head.rules.invited
    ]
    return Answer(frames.places(listed, invitations))
