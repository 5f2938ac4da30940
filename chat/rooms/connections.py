"""A connection starts and ends: who its user is, which groups it belongs to, and what the others are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chat.errors import ChatError, StorageUnavailable, UnsupportedSubprotocol
from chat.handler_context import Services
from chat.identity import User, connecting_user
from chat.logs import cause_of, log, or_none
from chat.names import LOBBY, groups_of, user_group
from chat.presence.admission import admission_groups, confirm_admission, require_admission
from chat.presence.announcements import Announcer, RoomMember, is_arrival
from chat.presence.connection_owners import find_ownership
from chat.presence.places import Place
from chat.presence.rosters import news_time
from chat.room_log.rules import Banned, check_reader
from chat.webhook.connection_state import ConnectionState
from chat.webhook.events import SUBPROTOCOLS, Connect, Connected, Disconnected
from chat.webhook.known_connections import Ownership

# The departures of one connection that are handled at the same time.
MAX_PARALLEL_DEPARTURES = 8
UNRECORDED = "an arrival was not recorded"


@dataclass(frozen=True, slots=True)
class Admission:
    """How a connection is accepted: its user, groups, subprotocol (None for a plain one) and first state.

    It is given no roles: everything that a client wants to publish or join goes through our event handler.
    """

    user: str
    groups: tuple[str, ...]
    subprotocol: str | None
    state: ConnectionState


async def admit_connection(event: Connect, services: Services) -> Admission:
    """Return how to accept a connection; raises the ChatError that refuses it.

    Who is banned from the lobby connects without it; a plain client, which could be nowhere else, is refused. The rules
    are up to a second old. Raises NameTaken, TooManyConnections, RateLimited, and while it is unknown who is here or
    what the rules are, ServiceUnavailable or StorageUnavailable.
    """
    settings = services.settings
    user = connecting_user(event.origin.user_id, event.roles, event.query.get("id", ()), settings)
    services.limiter.users.check_connect(user.id, services.now)
    subprotocol = choose_subprotocol(event.subprotocols)
    head, _ = await asyncio.gather(
        services.read_recent_head(LOBBY), require_admission(user, services.gateway, settings)
    )
    rooms: tuple[str, ...] = (LOBBY,)
    joined = {LOBBY: head.seq} if head.seq else {}
    groups = groups_of(LOBBY, rich=subprotocol is not None)
    try:
        check_reader(head.rules, LOBBY, user.id, services.now)
    except Banned:
        if subprotocol is None:
            raise
        groups, rooms, joined = (), (), {}
    groups += admission_groups(user, settings)
    if subprotocol is not None:
        groups += (user_group(user.id),)
    return Admission(user.id, groups, subprotocol, ConnectionState(user.id, rooms, name=user.own_name, joined=joined))


def choose_subprotocol(offered: Sequence[str]) -> str | None:
    """Return the first offered subprotocol that we know, None when none was offered.

    Raises UnsupportedSubprotocol when all are unknown: a browser would close such a connection without a reason.
    """
    known = {name.lower() for name in SUBPROTOCOLS}
    chosen = next((name for name in offered if name.lower() in known), None)
    if offered and chosen is None:
        raise UnsupportedSubprotocol(f"of the subprotocols {', '.join(offered)!r} none is known here")
    return chosen


async def on_connected(event: Connected, services: Services) -> bool:
    """Tell the lobby that a user came, unless another connection of the user was there already.

    Returns whether the service says that the connection is open and the user's. A connection that must not be here, as
    others came at the same moment, is closed and not announced; one that the lobby's rules refuse by now leaves its
    groups. Nothing is told when it has ended before. Raises ServiceUnavailable.
    """
    origin, announcer = event.origin, services.announcer
    if not origin.user_id:
        return False
    user = User(origin.user_id, origin.state.name or origin.user_id)
    if not await confirm_admission(origin.connection_id, user, services.gateway, services.settings):
        return False
    at, member = news_time(), RoomMember(LOBBY, user.id, origin.connection_id, user.own_name)
    roster, place = await asyncio.gather(
        announcer.rosters.read_current(LOBBY), or_none(announcer.places.read(member.user, LOBBY), UNRECORDED, LOBBY)
    )
    # The event alone does not prove whose connection it is.
    is_here = roster.has_connection(member.user, member.connection_id)
    if not is_here and not await is_owned(event, services):
        return False
    await services.profiles.store(user.id, user.own_name)
    # Else banned from the lobby, or the lobby has too many for a roster.
    if await leave_lobby_if_refused(event, services) or not is_here:
        return True
    was_here, told_at = False, 0
    if place is not None:
        update = announcer.places.update(place, lambda current: current.arrived(at))
        if changed := await or_none(update, UNRECORDED, LOBBY):
            was_here, told_at, at = changed[0].is_here, changed[0].news_at, changed[1].news_at
    is_news = is_arrival(roster, member, was_here=was_here, told_at=told_at)
    return await announcer.announce_arrival(member, at, is_news=is_news)


async def leave_lobby_if_refused(event: Connected, services: Services) -> bool:
    """Return whether a new connection left the lobby, because its user was removed while it connected.

    The rules at `connect` are up to a second old, and who removed the user did not find a connection that was not there
    yet. Where the rules cannot be read, the connection stays. Raises ServiceUnavailable.
    """
    origin, user = event.origin, event.origin.user_id or ""
    if LOBBY not in origin.state.rooms:
        return False
    head = await or_none(services.read_current_head(LOBBY), "a room's rules are unreadable", LOBBY)
    if head is None:
        return False
    try:
        check_reader(head.rules, LOBBY, user, services.now, origin.state.joined.get(LOBBY, 0))
    except ChatError as refusal:
        log.info("a connection left the lobby", extra={"connection": origin.connection_id, "code": refusal.code})
        await services.gateway.leave(origin.connection_id, groups_of(LOBBY, rich=origin.is_rich))
        return True
    return False


async def is_owned(event: Connected, services: Services) -> bool:
    """Return whether the service says that the connection is the user's; raises ServiceUnavailable."""
    owner = event.origin.user_id or ""
    return await find_ownership(event.origin, owner, services.gateway, services.settings) is Ownership.OWNED


async def on_disconnected(event: Disconnected, announcer: Announcer) -> None:
    """Tell each room of the user that the user left, unless another connection of the user stays.

    All rooms are looked at where the user is said to be: the connection may have ended while it joined one of them.
    Raises ServiceUnavailable when a room could not be told: the service then delivers the event again.
    """
    origin = event.origin
    log.info(
        "connection ended",
        extra={"connection": origin.connection_id, "user": origin.user_id, "reason": event.reason},
    )
    if not origin.user_id:
        return
    user, connection_id = origin.user_id, origin.connection_id
    limit = asyncio.Semaphore(MAX_PARALLEL_DEPARTURES)

    async def announce(room: str, place: Place | None) -> None:
        member = RoomMember(room, user, connection_id, origin.state.name)
        async with limit:
            await (announcer.announce_departure(member, place) if place else announcer.announce_by_roster(member))

    rooms: dict[str, Place | None]
    try:
        rooms = {place.room: place for place in await announcer.places.read_departing(user, connection_id)}
    except StorageUnavailable as problem:
        log.warning("places are unreadable", extra={"user": user, "cause": cause_of(problem)})
        rooms = dict.fromkeys(origin.state.rooms)
    outcomes = await asyncio.gather(*(announce(*item) for item in rooms.items()), return_exceptions=True)
    for failure in filter(None, outcomes):
        raise failure  # at the second delivery the rooms that were told have no news
