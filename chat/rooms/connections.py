"""A connection starts and ends: who its user is, which groups it belongs to, and what the others are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chat.errors import ServiceUnavailable, UnsupportedSubprotocol
from chat.gateway import Gateway
from chat.identity import connecting_user
from chat.logs import cause_of, log
from chat.names import LOBBY, groups_of
from chat.rooms.presence import Announcer, read_roster
from chat.settings import Settings
from chat.times import milliseconds
from chat.webhook.connection_state import ConnectionState
from chat.webhook.events import SUBPROTOCOLS, Connect, Connected, Disconnected

# A client waits for its answer to `connect` only so long while we ask whether its user is in the lobby.
PRESENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Admission:
    """How a connection is accepted: its user, groups, subprotocol (None for a plain one) and first state.

    It is given no roles: everything that a client wants to publish or join goes through our event handler.
    """

    user: str
    groups: tuple[str, ...]
    subprotocol: str | None
    state: ConnectionState


async def admit_connection(
    event: Connect, gateway: Gateway, settings: Settings, presence_seconds: float = PRESENCE_SECONDS
) -> Admission:
    """Return how to accept a connection; raises the ChatError that refuses it."""
    user = connecting_user(event.origin.user_id, event.query.get("id", ()), settings)
    subprotocol = choose_subprotocol(event.subprotocols)
    state = ConnectionState(user=user, arrived=await is_absent(user, LOBBY, gateway, presence_seconds))
    return Admission(user, groups_of(LOBBY, rich=subprotocol is not None), subprotocol, state)


def choose_subprotocol(offered: Sequence[str]) -> str | None:
    """Return the first offered subprotocol that we know, None when none was offered.

    Raises UnsupportedSubprotocol when all are unknown: a browser would close such a connection without a reason.
    """
    known = {name.lower() for name in SUBPROTOCOLS}
    chosen = next((name for name in offered if name.lower() in known), None)
    if offered and chosen is None:
        raise UnsupportedSubprotocol(f"of the subprotocols {', '.join(offered)!r} none is known here")
    return chosen


async def is_absent(user: str, room: str, gateway: Gateway, seconds: float) -> bool:
    """Return whether no connection of this user is in the room: then the others are told of the user.

    True as well when the service does not answer within `seconds`.
    """
    try:
        async with asyncio.timeout(seconds):
            roster = await read_roster(gateway, room)
    except (ServiceUnavailable, TimeoutError) as problem:
        log.warning("presence is unknown", extra={"room": room, "user": user, "cause": cause_of(problem)})
        return True
    return user not in roster and not roster.is_truncated


async def on_connected(event: Connected, announcer: Announcer) -> None:
    """Tell the lobby that a user came, unless another connection of the user was there already.

    Raises ServiceUnavailable.
    """
    origin = event.origin
    if origin.user_id and origin.state.arrived:
        at = milliseconds(origin.time)
        await announcer.announce_joined(LOBBY, origin.user_id, at, origin.connection_id)


async def on_disconnected(event: Disconnected, announcer: Announcer) -> None:
    """Tell each room of the connection that its user left, unless another connection of the user stays.

    Raises ServiceUnavailable when a room could not be told: the service then delivers the event again.
    """
    origin = event.origin
    log.info(
        "connection ended",
        extra={"connection": origin.connection_id, "user": origin.user_id, "reason": event.reason},
    )
    if user := origin.user_id:
        at = milliseconds(origin.time)
        calls = [announcer.announce_left(room, user, at, origin.connection_id) for room in origin.state.rooms]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for problem in filter(None, outcomes):
            raise problem  # a second delivery announces only in the rooms that failed
