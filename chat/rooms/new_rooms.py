"""New rooms with rules: public ones with an owner, private ones, and the direct room of two users.

Who creates a room, or enters by `accept` or `direct`, joins it at once; the answer is that of `join`.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from chat import frames
from chat.errors import InvalidName
from chat.handler_context import Answer, Services
from chat.logs import log
from chat.messages.parse import parse_client_id
from chat.messages.review import review_title
from chat.names import LOBBY, direct_room_name, is_members_only, private_room_name, room_name, user_group
from chat.presence.places import MAX_PLACES_BY_OTHERS, Place, Position
from chat.presence.rosters import news_time
from chat.room_log.answers import title_fields
from chat.room_log.model import Head
from chat.room_log.moderation_acts import Act, InvalidInvitation, Moderation, may_enter
from chat.room_log.rules import NotAllowed, RoomExists, RoomKind, Rules, check_reader
from chat.rooms.acts import carry_out
from chat.rooms.fields import parse_kind, parse_known_user, parse_secret, secret_digest
from chat.rooms.membership import check_can_join, join_room
from chat.webhook.events import UserEvent

Fields = Mapping[str, Any]
# Each erasure of one of two users ends their direct room; the next one has another name.
MAX_DIRECT_ROOMS = 8


async def create_room(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Create a room whose owner is the sender, and join it.

    Raises what is wrong with the fields, RoomExists, or what `join_room` raises.
    """
    kind, client_id = parse_kind(fields.get("kind")), parse_client_id(fields.get("clientId"))
    room = public_room(fields) if kind is RoomKind.PUBLIC else new_private_room(event.sender, client_id)
    check_can_join(event, room)
    title = ""
    if kind is RoomKind.PRIVATE or fields.get("title") is not None:
        title = await review_title(fields.get("title"), event.sender, room, services.settings)
    await carry_out(event, room, Moderation(act=Act.CREATE, kind=kind, text=title), services, client_id=client_id)
    return await join_room(event, room, services)


def public_room(fields: Fields) -> str:
    """Return the name of a public room that is to be created; raises InvalidName, or RoomExists for the lobby."""
    room = room_name(fields.get("room"))
    if is_members_only(room):
        raise InvalidName("the name of a private room is made by the app: leave `room` out")
    if room == LOBBY:
        raise RoomExists
    return room


def new_private_room(user: str, client_id: str | None) -> str:
    """Return the name of a new private room: the same one when the same request is sent again."""
    if client_id is None:
        return private_room_name(secrets.token_bytes(15))
    return private_room_name(hashlib.sha256(f"{len(user)}:{user}{client_id}".encode()).digest())


async def accept_invitation(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Become a member of a room by an invitation or by the secret of a link, and join it.

    Raises InvalidInvitation, also for a room that never was, TooManyRules, or what `join_room` raises.
    """
    room, secret = room_name(fields.get("room")), parse_secret(fields.get("secret"))
    check_can_join(event, room)
    digest = secret_digest(secret) if secret else ""
    # A refusal waits for nothing that happens in the room.
    rules = (await services.rooms.read_head(room)).rules
    if not may_enter(rules, event.sender, digest, services.now):
        raise InvalidInvitation
    if event.sender not in rules.members:
        client_id = parse_client_id(fields.get("clientId"))
        await carry_out(event, room, Moderation(act=Act.ACCEPT), services, client_id=client_id, digest=digest)
    return await join_room(event, room, services)


async def open_direct_room(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Join the direct room of the sender and another user, which is created when it does not exist.

    The other user gets it in the list of rooms, and is told. Raises InvalidName, UnknownUser, NotAllowed, or what
    `join_room` raises.
    """
    check_can_join(event, "")
    user = await parse_known_user(fields.get("user"), services)
    if user == event.sender:
        raise NotAllowed("a direct conversation is with another user")
    room, head = await find_direct_room(event.sender, user, services)
    if head.seq == 0:
        act = Moderation(act=Act.CREATE, kind=RoomKind.DIRECT, whom=user)
        try:
            await carry_out(event, room, act, services, client_id=parse_client_id(fields.get("clientId")))
        except RoomExists:  # the other user asked at the same moment
            head = await services.rooms.read_head(room)
            check_reader(head.rules, room, event.sender, services.now)
    await list_for_other(event, room, user, head, services)
    return await join_room(event, room, services)


async def find_direct_room(first: str, second: str, services: Services) -> tuple[str, Head]:
    """Return the direct room of two users and its head; without one, the name that it will have and an empty head."""
    for number in range(MAX_DIRECT_ROOMS):
        room = direct_room_name(first, second, number)
        head = await services.rooms.read_head(room)
        if head.seq == 0 or {first, second} <= set(head.rules.members):
            return room, head
    raise NotAllowed(f"you had {MAX_DIRECT_ROOMS} direct conversations that were erased, the limit")


async def list_for_other(event: UserEvent, room: str, user: str, head: Head, services: Services) -> None:
    """Add a direct room to the other user's list, and tell that user; nothing when it is there already.

    A list with 400 rooms or more stays as it is: the rest is for the rooms that its user joins.
    """
    place = await services.places.read(user, room)
    if place.is_listed:
        return
    at = news_time()
    if await services.places.count_listed(user) < MAX_PLACES_BY_OTHERS:
        position = Position(head.seq, head.messages)

        def change(current: Place) -> Place | None:
            return None if current.is_listed else current.listed(at, position)

        await services.places.update(place, change)
    else:
        log.info("a list of rooms is full", extra={"room": room, "user": user})
    rules = Rules(kind=RoomKind.DIRECT, members=(event.sender, user))
    frame = frames.invited(room, title_fields(rules, user), event.sender, at)
    await services.gateway.publish(user_group(user), await services.profiles.add_names(frame))
