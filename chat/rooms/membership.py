"""Joining and leaving a room: the groups, the user's list of rooms, the answer with who is there and what was said."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from chat import frames
from chat.errors import ChatError, NotInRoom, ServiceUnavailable, StorageUnavailable
from chat.frames import Frame
from chat.gateway import ConnectionClosed, Gateway
from chat.handler_context import Answer, Services
from chat.logs import cause_of, log, or_none
from chat.names import groups_of, is_members_only
from chat.presence.announcements import RoomMember, is_arrival
from chat.presence.places import MAX_PLACES, Place, Position, place_fields
from chat.presence.rosters import Roster, away_users, news_time
from chat.rate_limits import Kind
from chat.room_log.answers import UNREADABLE, page_fields, room_fields
from chat.room_log.model import Head
from chat.room_log.reader import Page
from chat.room_log.rules import Rules, check_reader, may_read
from chat.webhook.connection_state import MAX_JOINED_ROOMS
from chat.webhook.events import UserEvent

AWAY_UNKNOWN = "who is away is unknown"


class TooManyRooms(ChatError):
    """The connection is in as many rooms as one may be, or the user's list has as many as it may have."""

    code = "too_many_rooms"


class RichClientNeeded(ChatError):
    """A plain WebSocket client: it could not tell messages of several rooms apart."""

    code = "rich_client_needed"

    def __init__(self) -> None:
        super().__init__("a plain WebSocket client stays in the lobby; rooms need a PubSub subprotocol")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was read and stored while a connection joined; None for what the service or storage did not answer.

    `was_here` tells that the room was told of the user before, `at` is the time of the news in ms since 1970 (UTC).
    `away` has the connections whose user is away.
    """

    roster: Roster | None
    page: Page | None
    place: Place | None
    was_here: bool
    at: int
    away: Roster | None


async def join_room(event: UserEvent, room: str, services: Services) -> Answer:
    """Make a room the connection's current one and add it to the user's list; the others are told of a new user.

    A connection that has ended meanwhile joins nothing. Raises RichClientNeeded, TooManyRooms, RateLimited, what the
    room's rules refuse, StorageUnavailable (the rules are unknown) or ServiceUnavailable.
    """
    origin, state = event.origin, event.origin.state
    if not origin.is_rich:
        raise RichClientNeeded
    member = RoomMember(room, event.sender, origin.connection_id, origin.state.name)
    is_joined = room in state.rooms and not is_members_only(room)
    head, place = await asyncio.gather(
        or_none(services.rooms.read_head(room), "a room's rules are unreadable", room)
        if is_joined
        else services.rooms.read_head(room),
        or_none(read_joinable_place(member, services), "a place is unknown", room),
    )
    is_new = room not in state.rooms
    if head is not None:
        check_reader(head.rules, room, member.user, services.now)
        # After a removal from the room, the connection is in none of its groups.
        is_new = is_new or head.rules.removed.get(member.user, -1) > event.joined_seq(room)
        if not head.seq and place is not None and not place.is_listed:
            services.limiter.charge(Kind.CREATE)
    check_can_join(event, room)
    # A removal that was repeated took the connection out of the groups after a later join.
    is_unlisted = place is not None and not place.is_listed
    if is_new or is_unlisted:
        try:
            await join_groups(member, services.gateway, away=state.away)
        except ConnectionClosed:
            log.info("a connection ended while it joined", extra={"room": room, "connection": member.connection_id})
            return Answer()
    # The number before the join: whoever is removed meanwhile joins nothing.
    joined_seq = head.seq if head is not None and is_new else event.joined_seq(room)
    arrival = await record_arrival(member, place, services, is_new=is_new)
    if is_new or arrival.page is not None:
        head = await leave_if_refused(arrival.page, member, joined_seq, services)
    if is_new:
        is_news = is_arrival(arrival.roster, member, was_here=arrival.was_here)
        announcing = services.announcer.announce_arrival(member, arrival.at, is_news=is_news)
        await or_none(announcing, "an arrival was not announced", room)
    about = room_fields(head.rules if head else None, member.user, services.now)
    return Answer(joined_frame(member, arrival, about, services), state.with_room(room, joined_seq if is_new else None))


def check_can_join(event: UserEvent, room: str | None = None) -> None:
    """Raise RichClientNeeded or TooManyRooms unless the connection can join a room, or one that is yet to be made."""
    state = event.origin.state
    if not event.origin.is_rich:
        raise RichClientNeeded
    if len(state.rooms) >= MAX_JOINED_ROOMS and room not in state.rooms:
        raise TooManyRooms(f"this connection is in {MAX_JOINED_ROOMS} rooms, the limit; leave one first")


async def leave_if_refused(page: Page | None, member: RoomMember, joined_seq: int, services: Services) -> Head:
    """Return where the log ends after a join; undo a join that the rules refuse then, and raise what they refuse.

    `page` was read after the connection joined the groups; without one, the rules are read here, and a join after which
    nobody knows them is undone: StorageUnavailable. `joined_seq` is the log's last number before the connection joined:
    an act of moderation after it removed the connection perhaps before it was there. An act that comes after these
    rules were read removes the connection itself.
    """
    room = member.room
    try:
        head = page.head if page is not None else await services.rooms.read_head(room)
        check_reader(head.rules, room, member.user, services.now, joined_seq)
    except ChatError:
        await undo_join(member, services)
        raise
    return head


async def undo_join(member: RoomMember, services: Services) -> None:
    """Let the connection leave the room's groups, and remove the room from the user's list, as far as that succeeds."""
    groups, problem_text = groups_of(member.room, rich=True), "a refused join was not undone"
    await or_none(services.gateway.leave(member.connection_id, groups), problem_text, member.room)
    await or_none(services.announcer.announce_departure(member, unlists=True), problem_text, member.room)


async def read_joinable_place(member: RoomMember, services: Services) -> Place:
    """Return the user's place in a room that the user's list has or may take.

    Raises TooManyRooms or StorageUnavailable.
    """
    place = await services.places.read(member.user, member.room)
    if not place.is_listed and await services.places.count_listed(member.user) >= MAX_PLACES:
        raise TooManyRooms(f"your list has {MAX_PLACES} rooms, the limit; leave one first")
    return place


async def join_groups(member: RoomMember, gateway: Gateway, *, away: bool) -> None:
    """Make the connection a member of the room's groups, of all or of none.

    Raises ConnectionClosed, or ServiceUnavailable.
    """
    groups = groups_of(member.room, rich=True, away=away)
    try:
        await gateway.join(member.connection_id, groups)
    except ConnectionClosed:
        raise
    except ServiceUnavailable:
        await or_none(gateway.leave(member.connection_id, groups), "a failed join was not undone", member.room)
        raise


async def record_arrival(member: RoomMember, place: Place | None, services: Services, *, is_new: bool) -> Arrival:
    """Read the roster and the newest page, and store the user's place, at the same time.

    The connection is a member already: what is said and who comes after these reads reaches it.
    """
    at, room = news_time(), member.room
    reading = asyncio.ensure_future(or_none(services.rooms.read_page(room), "history is unreadable", room))

    async def store_place() -> tuple[Place | None, Place | None]:
        # A room that is new in the list counts as read up to now.
        page = None if place is None or place.is_listed else await reading
        position = Position(page.head.seq, page.head.messages) if page else None

        def change(current: Place) -> Place | None:
            listed = current.listed(at, position) if position else current
            changed = listed.arrived(at) if is_new else listed
            return None if changed == current else changed

        if place is None:
            return None, None
        return await or_none(services.places.update(place, change), "a place was not stored", room) or (None, None)

    roster_reading = or_none(services.rosters.read_current(room), "presence is unknown", room)
    away_reading = or_none(services.rosters.read_current_away(room), AWAY_UNKNOWN, room)
    roster, (before, after), page, away = await asyncio.gather(roster_reading, store_place(), reading, away_reading)
    was_here = before.is_here if before else False
    return Arrival(roster, page, after, was_here, after.news_at if after and is_new else at, away)


def joined_frame(member: RoomMember, arrival: Arrival, about: Frame, services: Services) -> Frame:
    """Return the answer to joining a room; what storage did not tell is null, and the answer is not complete.

    `about` has the fields that tell what the room is.

    A roster that the service did not tell has only the user, and is older than any other.
    """
    page, place = arrival.page, arrival.place
    fields = UNREADABLE if page is None else page_fields(member.room, page)
    is_known = page is not None and place is not None and place.is_listed
    counts = place_fields(place if is_known else None, page.head if page else None)
    fields = fields | {"complete": is_known} | counts
    roster = (arrival.roster or Roster((), 0)).with_user(member.user)
    people = people_fields(roster, arrival.away)
    is_admin = services.settings.is_admin(member.user)
    return frames.room_joined(member.room, member.user, about | people | fields, admin=is_admin)


def people_fields(roster: Roster, away: Roster | None) -> Frame:
    """Return the fields that tell who is in a room and who is away; `away` is None where that is not known."""
    users, away_there = roster.first, away_users(roster, away)
    return frames.people(users, away_there, len(roster.users), roster.at, at_least=roster.is_truncated)


async def answer_roster(event: UserEvent, room: str, services: Services) -> Answer:
    """Answer with who is in a room and where its log ends, both up to a second old.

    Whom the room's rules refuse, and who is there all the same, is removed. Raises NotInRoom, what the room's rules
    refuse, StorageUnavailable (a members-only room's rules are unknown) or ServiceUnavailable.
    """
    room = event.joined_room(room)
    roster, away, head = await read_roster_and_head(event, room, services)
    if head is not None:
        removing = remove_outsiders(room, roster, head.rules, services)
        await or_none(removing, "a removal was not completed", room)
    people = people_fields(roster, away)
    return Answer(frames.roster(room, people, head.seq if head else None, head.first if head else None))


async def read_roster_and_head(
    event: UserEvent, room: str, services: Services
) -> tuple[Roster, Roster | None, Head | None]:
    """Return who is in a room, whose connections are away, and where its log ends; raises as `answer_roster`.

    The second is None where the service does not say, the third where storage does not.
    """
    check = services.reading(event, room)

    async def read_people() -> tuple[Roster, Roster | None]:
        reading_away = or_none(services.rosters.read_recent_away(room), AWAY_UNKNOWN, room)
        return await asyncio.gather(services.rosters.read_recent(room), reading_away)

    if is_members_only(room):
        # One after the other: for whom is no member, the service is not asked about the room.
        head = await services.read_recent_head(room)
        check(head.rules)
        return *(await read_people()), head
    people, known = await asyncio.gather(
        read_people(), or_none(services.read_recent_head(room), "history is unreadable", room)
    )
    if known is not None:
        check(known.rules)
    return *people, known


async def remove_outsiders(room: str, roster: Roster, rules: Rules, services: Services) -> None:
    """Remove those from the room's groups whom its rules refuse: the removal after an act may have been cut off.

    The rules are read again before: who was let in a moment ago stays. Raises StorageUnavailable or ServiceUnavailable.
    """
    if not find_outsiders(rules, room, roster.users, services.now):
        return
    rules = (await services.rooms.read_head(room)).rules
    for user in find_outsiders(rules, room, roster.users, services.now):
        log.warning("a removal is completed", extra={"room": room, "user": user})
        await services.gateway.remove_user(user, groups_of(room, rich=True))


def find_outsiders(rules: Rules, room: str, users: Iterable[str], now: int) -> list[str]:
    """Return those of the users whom the room's rules do not let in at `now` (ms since 1970)."""
    if not (rules.is_members_only or rules.banned):
        return []
    return [user for user in users if not may_read(rules, room, user, now)]


async def leave_room(event: UserEvent, room: str, services: Services) -> Answer:
    """Leave a room and remove it from the user's list; the others are told when no other connection of the user stays.

    A room of the list that the connection is not in can be left too. Raises NotInRoom, RichClientNeeded,
    StorageUnavailable or ServiceUnavailable; then the connection is where it was.
    """
    origin = event.origin
    if not origin.is_rich:
        raise RichClientNeeded
    member = RoomMember(room, event.sender, origin.connection_id, origin.state.name)
    place = await services.places.read(member.user, room)
    if room not in origin.state.rooms and not place.is_listed:
        raise NotInRoom(room)
    await services.gateway.leave(origin.connection_id, groups_of(room, rich=True, away=origin.state.away))
    state = origin.state.without_room(room)
    if place.etag is None:  # the room was told of nobody, and nothing is stored
        return Answer(frames.room_left(room), state)
    try:
        await services.announcer.announce_departure(member, place, unlists=True)
    except StorageUnavailable as problem:
        return Answer(frames.error(problem, room), state)
    except ServiceUnavailable as problem:
        log.warning("a left line was not published", extra={"room": room, "cause": cause_of(problem)})
    return Answer(frames.room_left(room), state)
