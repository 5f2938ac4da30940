"""What we remember about a connection, kept by the service itself (`ce-connectionState`).

The service sends it with every event of the connection and stores what an answer carries: base64 of a JSON object. Only
answers to blocking events may change it, and user events of one connection come strictly one after another.
"""

import base64
import binascii
import json
from dataclasses import dataclass, replace
from typing import Any

from chat.errors import InvalidName
from chat.names import LOBBY, room_name

MAX_ROOMS = 20
LATEST = 253_370_764_800_000  # the year 9999 in milliseconds since 1970
_ENCODER = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A connection's user, the rooms it entered (the current one last), and when it last spoke or typed.

    `arrived` tells that nobody else of this user was in the lobby when it connected; `spoke_at` and `typed_at` are
    milliseconds since 1970 (UTC), 0 for never.
    """

    user: str | None = None
    rooms: tuple[str, ...] = (LOBBY,)
    arrived: bool = False
    spoke_at: int = 0
    typed_at: int = 0

    @property
    def current_room(self) -> str | None:
        """The room that plain text goes to."""
        return self.rooms[-1] if self.rooms else None

    def entered(self, room: str) -> "ConnectionState":
        """Return the state with the room as its current one."""
        return replace(self, rooms=(*(other for other in self.rooms if other != room), room))

    def left(self, room: str) -> "ConnectionState":
        """Return the state without the room."""
        return replace(self, rooms=tuple(other for other in self.rooms if other != room))


def encode_state(state: ConnectionState) -> str:
    """Return the header's value."""
    content = {
        "user": state.user,
        "rooms": state.rooms,
        "arrived": state.arrived,
        "spoke": state.spoke_at,
        "typed": state.typed_at,
    }
    return base64.b64encode(_ENCODER.encode(content).encode()).decode()


def decode_state(header: str | None) -> ConnectionState:
    """Return what the header says; a missing one, or one that we did not write, is a connection in the lobby."""
    try:
        content: Any = json.loads(base64.b64decode(header or "", validate=True))
        rooms = [room_name(room) for room in content["rooms"]]
        if len(rooms) > MAX_ROOMS:
            raise ValueError("more rooms than a connection may enter")
        return ConnectionState(
            user=read_user(content["user"]),
            rooms=tuple(rooms),
            arrived=bool(content["arrived"]),
            spoke_at=read_time(content["spoke"]),
            typed_at=read_time(content["typed"]),
        )
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError, InvalidName):
        return ConnectionState()


def read_user(value: object) -> str | None:
    """Return a state's user; raises ValueError for what is no text."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("the user is no text")
    value.encode()
    return value


def read_time(value: object) -> int:
    """Return a state's time in milliseconds since 1970 (UTC); raises ValueError for what is none."""
    if not isinstance(value, int) or not 0 <= value < LATEST:
        raise ValueError("the time is no time")
    return value
