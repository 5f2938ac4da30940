"""Connections come and go: who a new one is, and what the others are told about its user."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chat import frames
from chat.connection_state import ConnectionState
from chat.errors import ServiceUnavailable, UnsupportedSubprotocol
from chat.events import SUBPROTOCOLS, Connect, Connected, Disconnected
from chat.frames import Frame
from chat.gateway import Gateway
from chat.identity import connecting_user
from chat.logs import cause_of, log
from chat.memory import Memory
from chat.messages import milliseconds
from chat.names import LOBBY, groups_of, room_group
from chat.presence import announcements, read_roster
from chat.settings import Settings
from chat.signals import signals

# A client waits to be let in only so long for what merely decides whether the others hear of it.
GREETING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Admission:
    """How a connection is let in: its user, groups, subprotocol (None for a plain one), and what we remember of it.

    It is given no roles: whatever a client wants to publish or join goes through our event handler.
    """

    user: str
    groups: tuple[str, ...]
    subprotocol: str | None
    state: ConnectionState


async def admit(event: Connect, gateway: Gateway, settings: Settings) -> Admission:
    """Return how to let a connection in; raises the ChatError that refuses it."""
    user = connecting_user(event.origin.user_id, event.query.get("id", ()), settings)
    subprotocol = choose_subprotocol(event.subprotocols)
    state = ConnectionState(user=user, arrived=await is_absent(user, LOBBY, gateway))
    return Admission(user, groups_of(LOBBY, rich=subprotocol is not None), subprotocol, state)


def choose_subprotocol(offered: Sequence[str]) -> str | None:
    """Return the first offered subprotocol that we know, None when none was offered.

    Raises UnsupportedSubprotocol when all are unknown: a browser would fail such a connection anyway, without a word.
    """
    known = {name.lower() for name in SUBPROTOCOLS}
    chosen = next((name for name in offered if name.lower() in known), None)
    if offered and chosen is None:
        raise UnsupportedSubprotocol(f"of the subprotocols {', '.join(offered)!r} none is known here")
    return chosen


async def is_absent(user: str, room: str, gateway: Gateway) -> bool:
    """Return whether nobody of this user is in the room, so that the others should hear of it."""
    try:
        async with asyncio.timeout(GREETING_SECONDS):
            roster = await read_roster(gateway, room)
    except (ServiceUnavailable, TimeoutError) as problem:
        log.warning("presence is unknown", extra={"room": room, "user": user, "cause": cause_of(problem)})
        return True
    return user not in roster and not roster.is_crowded


async def welcome(event: Connected, gateway: Gateway, memory: Memory) -> None:
    """Tell the lobby that a user came, unless another tab of theirs was there already."""
    origin = event.origin
    if origin.user_id and origin.state.arrived:
        at = milliseconds(origin.time)
        telling = announce_joined(LOBBY, origin.user_id, at, gateway, origin.connection_id)
        await signals.beside(telling, partial(memory.note_opened, LOBBY, at))


async def farewell(event: Disconnected, gateway: Gateway) -> None:
    """Tell each room of the connection that its user went, unless another connection of theirs stays."""
    origin = event.origin
    log.info(
        "connection ended",
        extra={"connection": origin.connection_id, "user": origin.user_id, "reason": event.reason},
    )
    if user := origin.user_id:
        at = milliseconds(origin.time)
        goodbyes = [announce_left(room, user, at, gateway, origin.connection_id) for room in origin.state.rooms]
        outcomes = await asyncio.gather(*goodbyes, return_exceptions=True)
        for problem in filter(None, outcomes):
            raise problem  # the service delivers the event again; what was said is not said twice


async def announce_joined(room: str, user: str, at: int, gateway: Gateway, connection_id: str) -> None:
    """Tell the others in the room that a user came."""
    await announce("joined", frames.user_joined(room, user, at), gateway, excluded=connection_id)


async def announce_left(room: str, user: str, at: int, gateway: Gateway, connection_id: str) -> None:
    """Tell a room that a user went, unless another connection of theirs is still there."""
    roster = await read_roster(gateway, room, without=connection_id)
    if user not in roster and not roster.is_crowded:
        await announce("left", frames.user_left(room, user, at), gateway)


async def announce(event: str, frame: Frame, gateway: Gateway, *, excluded: str | None = None) -> None:
    """Publish who came or went, unless that was just said."""
    room, user = frame["room"], frame["user"]
    if not announcements.is_news(room, user, event):
        return
    try:
        await gateway.publish(room_group(room), frame, excluded=excluded)
    except ServiceUnavailable:
        announcements.take_back(room, user)  # the service delivers the event again
        raise
