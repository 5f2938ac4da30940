"""Joining and leaving a room: the groups, the answer with who is there and what was said, and who is told of it."""

from chat import frames
from chat.errors import ChatError, ServiceUnavailable
from chat.frames import Frame
from chat.gateway import Gateway
from chat.handler_context import Answer, Services
from chat.logs import cause_of, log
from chat.names import groups_of
from chat.room_log.answers import read_page_fields
from chat.rooms.presence import Announcer, Roster, read_roster
from chat.times import milliseconds
from chat.webhook.connection_state import MAX_JOINED_ROOMS
from chat.webhook.events import UserEvent


class TooManyRooms(ChatError):
    """The connection is in as many rooms as one may be."""

    code = "too_many_rooms"

    def __init__(self) -> None:
        super().__init__(f"you are in {MAX_JOINED_ROOMS} rooms, the limit; leave one first")


class RichClientNeeded(ChatError):
    """A plain WebSocket client: it could not tell messages of several rooms apart."""

    code = "rich_client_needed"

    def __init__(self) -> None:
        super().__init__("a plain WebSocket client stays in the lobby; rooms need a PubSub subprotocol")


async def join_room(event: UserEvent, room: str, services: Services) -> Answer:
    """Make a room the connection's current one; the others are told when its user was not there yet.

    Raises RichClientNeeded, TooManyRooms or ServiceUnavailable.
    """
    state = event.origin.state
    if not event.origin.is_rich:
        raise RichClientNeeded
    if room not in state.rooms and len(state.rooms) >= MAX_JOINED_ROOMS:
        raise TooManyRooms
    roster = await read_known_roster(services.gateway, room)
    if room not in state.rooms:
        await add_member(event, room, roster, services)
    # Read after joining: a message of this moment then arrives twice rather than not at all, and readers merge by id.
    page = await read_page_fields(services.rooms, room)
    frame = joined_frame(event, room, roster.with_user(event.sender), page, services)
    return Answer(frame, state.with_room(room))


async def add_member(event: UserEvent, room: str, roster: Roster, services: Services) -> None:
    """Make the connection a member of the room, and tell the others when its user is new there.

    Raises ServiceUnavailable when the connection cannot be made a member.
    """
    origin, user = event.origin, event.sender
    await services.gateway.join(origin.connection_id, groups_of(room, rich=origin.is_rich))
    if user in roster or roster.is_truncated:
        return
    announcer = Announcer(services.gateway, services.announcements)
    announcing = announcer.announce_joined(room, user, milliseconds(origin.time), origin.connection_id)
    try:
        await announcing
    except ServiceUnavailable as problem:
        log.warning("a joined line was not published", extra={"room": room, "cause": cause_of(problem)})


async def leave_room(event: UserEvent, room: str, services: Services) -> Answer:
    """Leave a room; the others are told when no other connection of the user stays.

    Raises NotInRoom, RichClientNeeded or ServiceUnavailable.
    """
    room, origin = event.joined_room(room), event.origin
    if not origin.is_rich:
        raise RichClientNeeded
    await services.gateway.leave(origin.connection_id, groups_of(room, rich=True))
    announcer = Announcer(services.gateway, services.announcements)
    try:
        await announcer.announce_left(room, event.sender, milliseconds(origin.time), origin.connection_id)
    except ServiceUnavailable as problem:
        log.warning("a left line was not published", extra={"room": room, "cause": cause_of(problem)})
    return Answer(frames.room_left(room), origin.state.without_room(room))


def joined_frame(event: UserEvent, room: str, roster: Roster, page: Frame, services: Services) -> Frame:
    """Return the answer to joining a room."""
    admin = services.settings.is_admin(event.sender)
    return frames.room_joined(room, event.sender, roster.first, len(roster.users), page, admin=admin)


async def read_known_roster(gateway: Gateway, room: str) -> Roster:
    """Return who is in the room; an empty roster when the service does not answer."""
    try:
        return await read_roster(gateway, room)
    except ServiceUnavailable as problem:
        log.warning("presence is unknown", extra={"room": room, "cause": cause_of(problem)})
        return Roster((), 0)
