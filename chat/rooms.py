"""Entering and leaving rooms, who is there, and what was said before one came."""

from functools import partial

from chat import frames
from chat.answers import Answer, Services, entered_room, is_admin, sender
from chat.connection_state import MAX_ROOMS
from chat.connections import announce_joined, announce_left
from chat.errors import ChatError, ServiceUnavailable
from chat.events import UserEvent
from chat.frames import Frame
from chat.history import PAGE_LENGTH, UNREADABLE, Page, page_of, read_cursor, read_limit
from chat.logs import cause_of, log
from chat.memory import Memory, StorageUnavailable
from chat.messages import milliseconds, parse_fields
from chat.names import groups_of, room_name
from chat.presence import Roster, read_roster
from chat.room_log import Key
from chat.signals import signals


class TooManyRooms(ChatError):
    """The connection is in as many rooms as one may be."""

    code = "too_many_rooms"

    def __init__(self) -> None:
        super().__init__(f"you are in {MAX_ROOMS} rooms, the limit; leave one first")


class RichClientNeeded(ChatError):
    """A plain WebSocket client: it could not tell lines of several rooms apart."""

    code = "rich_client_needed"

    def __init__(self) -> None:
        super().__init__("a plain WebSocket client stays in the lobby; rooms need a PubSub subprotocol")


async def join(event: UserEvent, services: Services) -> Answer:
    """Enter the room that the payload names."""
    return await enter(event, room_name(parse_fields(event).get("room")), services)


async def leave(event: UserEvent, services: Services) -> Answer:
    """Leave the room that the payload names."""
    return await go(event, room_name(parse_fields(event).get("room")), services)


async def history(event: UserEvent, services: Services) -> Answer:
    """Answer with a page of what was said in a room, to the sender only."""
    fields = parse_fields(event)
    room = entered_room(event, room_name(fields.get("room")))
    page = await read_page(room, services.memory, read_cursor(fields.get("before")), read_limit(fields.get("limit")))
    return Answer(frames.history(room, page.as_frame(room)))


async def enter(event: UserEvent, room: str, services: Services) -> Answer:
    """Make a room the connection's current one; the others hear of it when its user was not there yet."""
    state = event.origin.state
    if not event.origin.is_rich:
        raise RichClientNeeded
    if room not in state.rooms and len(state.rooms) >= MAX_ROOMS:
        raise TooManyRooms
    roster = await who_is_in(room, services)
    if room not in state.rooms:
        await arrive(event, room, roster, services)
    # Read after entering: what is said meanwhile comes twice rather than not at all, and readers merge by id.
    page = await read_page(room, services.memory)
    roster = roster.with_user(sender(event))
    return Answer(joined(event, room, roster, page.as_frame(room), services), state.entered(room))


async def arrive(event: UserEvent, room: str, roster: Roster, services: Services) -> None:
    """Make the connection a member of the room, and tell the others when its user is new there."""
    origin, user = event.origin, sender(event)
    await services.gateway.join(origin.connection_id, groups_of(room, rich=origin.is_rich))
    if user in roster or roster.is_crowded:
        return
    opening = partial(services.memory.note_opened, room, services.now)
    telling = announce_joined(room, user, milliseconds(origin.time), services.gateway, origin.connection_id)
    try:
        await signals.beside(telling, opening)
    except ServiceUnavailable as problem:
        log.warning("a greeting was not said", extra={"room": room, "cause": cause_of(problem)})


async def go(event: UserEvent, room: str, services: Services) -> Answer:
    """Leave a room; the others hear of it when no other tab of the user stays."""
    room, origin = entered_room(event, room), event.origin
    if not origin.is_rich:
        raise RichClientNeeded
    await services.gateway.leave(origin.connection_id, groups_of(room, rich=True))
    at = milliseconds(origin.time)
    try:
        await announce_left(room, sender(event), at, services.gateway, origin.connection_id)
    except ServiceUnavailable as problem:
        log.warning("a goodbye was not said", extra={"room": room, "cause": cause_of(problem)})
    return Answer(frames.room_left(room), origin.state.left(room))


def joined(event: UserEvent, room: str, roster: Roster, page: Frame, services: Services) -> Frame:
    """Return the answer to entering a room."""
    admin = is_admin(event, services.settings)
    return frames.room_joined(room, sender(event), roster.first, len(roster.users), page, admin=admin)


async def who_is_in(room: str, services: Services) -> Roster:
    """Return who is in the room; when the service does not say, nobody is known to be."""
    try:
        return await read_roster(services.gateway, room)
    except ServiceUnavailable as problem:
        log.warning("presence is unknown", extra={"room": room, "cause": cause_of(problem)})
        return Roster((), 0)


async def read_page(room: str, memory: Memory, before: Key | None = None, limit: int = PAGE_LENGTH) -> Page:
    """Return a page of a room's history, or that it cannot be read now."""
    try:
        return page_of(await memory.read_log(room), before, limit)
    except StorageUnavailable as problem:
        log.warning("history is unreadable", extra={"room": room, "cause": cause_of(problem)})
        return UNREADABLE
