"""What the handlers of user events are given, and what they give back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chat.connection_state import ConnectionState
from chat.errors import NotInRoom
from chat.events import UserEvent
from chat.frames import Frame
from chat.gateway import Gateway
from chat.memory import Memory
from chat.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What a handler may use; `now` is our clock when the event came, in milliseconds since 1970 (UTC)."""

    settings: Settings
    gateway: Gateway
    memory: Memory
    now: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender alone is told, if anything, and what is remembered of its connection, if that changed."""

    frame: Frame | None = None
    state: ConnectionState | None = None


Handler = Callable[[UserEvent, Services], Awaitable[Answer]]


def sender(event: UserEvent) -> str:
    """Return the connection's user: never a field of the payload."""
    return event.origin.user_id or ""


def is_admin(event: UserEvent, settings: Settings) -> bool:
    """Return whether the sender may change anybody's messages."""
    return sender(event) in settings.admins


def entered_room(event: UserEvent, room: str | None) -> str:
    """Return the room that an event is about, the current one by default; raises NotInRoom."""
    state = event.origin.state
    meant = room if room is not None else state.current_room
    if meant is None or meant not in state.rooms:
        raise NotInRoom(meant)
    return meant
