"""What a client's events do: one function for each, listed in `HANDLERS`.

Each gets the event and what it may use, and returns what the sender alone is told. A refusal is a `ChatError`; the edge
answers it as a `system` `error` line, never as a failing webhook, because that would close a plain client.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from chat import frames
from chat.connection_state import ConnectionState
from chat.errors import MissingUser, NotInRoom, UnknownEvent
from chat.events import UserEvent
from chat.frames import Frame
from chat.gateway import Gateway
from chat.messages import Line, new_message_id, parse_draft, sent_at
from chat.names import room_group
from chat.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What an event's handler may use."""

    settings: Settings
    gateway: Gateway


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender is told, if anything, and what is remembered of its connection from now on, if that changed."""

    frame: Frame | None = None
    state: ConnectionState | None = None


Handler = Callable[[UserEvent, Services], Awaitable[Answer]]


async def handle_event(event: UserEvent, services: Services) -> Answer:
    """Return the answer to a user event; raises a ChatError that says what was wrong with it."""
    if not event.origin.user_id:
        raise MissingUser
    handler = HANDLERS.get(event.name.lower())
    if handler is None:
        raise UnknownEvent(f"there is no event {event.name!r}, only {', '.join(sorted(HANDLERS))}")
    return await handler(event, services)


async def say(event: UserEvent, services: Services) -> Answer:
    """Everyone in the room reads the message."""
    draft = parse_draft(event, services.settings.message_bytes)
    room = entered_room(event, draft.room)
    line = Line(
        id=new_message_id(sender(event), event, draft.client_id),
        room=room,
        sender=sender(event),
        text=draft.text,
        sent_at=sent_at(event.origin.time, round(time.time() * 1000), event.origin.state.spoke_at),
        client_id=draft.client_id,
        reply_to=draft.reply_to,
    )
    await services.gateway.publish(room_group(room), frames.chat_line(line))
    return Answer(state=replace(event.origin.state, spoke_at=line.sent_at))


def sender(event: UserEvent) -> str:
    """Return the connection's user: never a field of the payload."""
    return event.origin.user_id or ""


def entered_room(event: UserEvent, room: str | None) -> str:
    """Return the room that an event is about, the current one by default; raises NotInRoom."""
    state = event.origin.state
    meant = room if room is not None else state.current_room
    if meant is None or meant not in state.rooms:
        raise NotInRoom(meant)
    return meant


HANDLERS: dict[str, Handler] = {"message": say}
