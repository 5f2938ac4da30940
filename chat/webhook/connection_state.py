"""What we remember about a connection, kept by the service itself (`ce-connectionState`).

The service sends it with every event of the connection and stores what an answer carries: base64 of a JSON object. Only
answers to blocking events may change it, and user events of one connection come strictly one after another.

The object has the version of its form in `v`. Another version of the app may have written it: an unknown field is
ignored, and a missing or unusable one has its default. Version 0, without `v`, had the same fields under the same
names, so both versions read each other's states during a deployment.
"""

import binascii
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache
from typing import Any

from chat.errors import InvalidName
from chat.json_text import parse_json
from chat.names import LOBBY, room_name
from chat.rate_limits import UNUSED, Kind, Usage
from chat.value_objects import value_object

VERSION = 1
MAX_JOINED_ROOMS = 20
LATEST = 253_370_764_800_000  # the year 9999 in milliseconds since 1970
KINDS = {str(kind): kind for kind in Kind}
_ENCODER = json.JSONEncoder(separators=(",", ":"))
# Of so many connections at most, the state that was encoded last is kept by its text: most come back to this process.
MAX_ENCODED = 2048


@value_object
class ConnectionState:
    """A connection's user, the rooms it joined (the current one last), when it last typed, and what it used of limits.

    `typed_at` is in milliseconds since 1970 (UTC), 0 for never. `name` is what the user is called, None: as its id.
    `joined` has the number of each room's last entry when the connection joined it; 0 where it is missing. `away` is
    what the client said last: its user does not look at it.
    """

    user: str | None = None
    rooms: tuple[str, ...] = (LOBBY,)
    typed_at: int = 0
    name: str | None = None
    joined: Mapping[str, int] = field(default_factory=dict)
    usage: Usage = UNUSED
    away: bool = False

    @property
    def current_room(self) -> str | None:
        """The room that plain text goes to."""
        return self.rooms[-1] if self.rooms else None

    def with_room(self, room: str, joined_seq: int | None = None) -> "ConnectionState":
        """Return the state with the room as its current one; `joined_seq` is the room's last number at a new join."""
        rooms = (*(other for other in self.rooms if other != room), room)
        joined = self.joined if joined_seq is None else {**self.joined, room: joined_seq}
        return replace(self, rooms=rooms, joined=joined)

    def with_usage(self, usage: Usage) -> "ConnectionState":
        """Return the state with what the connection used of its limits; `replace` takes ten times as long."""
        return ConnectionState(self.user, self.rooms, self.typed_at, self.name, self.joined, usage, self.away)

    def without_room(self, room: str) -> "ConnectionState":
        """Return the state without the room."""
        joined = {other: seq for other, seq in self.joined.items() if other != room}
        return replace(self, rooms=tuple(other for other in self.rooms if other != room), joined=joined)


_encoded: OrderedDict[str, ConnectionState] = OrderedDict()


def encode_state(state: ConnectionState) -> str:
    """Return the header's value, and keep the state for the connection's next event."""
    header = write_header(state)
    _encoded[header] = state
    if len(_encoded) > MAX_ENCODED:
        _encoded.popitem(last=False)
    return header


def write_header(state: ConnectionState) -> str:
    """Return the header's value."""
    content: dict[str, Any] = {
        "v": VERSION,
        "user": state.user,
        "rooms": state.rooms,
        "typed": state.typed_at,
    }
    if state.name is not None:
        content["name"] = state.name
    if state.joined:
        content["joined"] = state.joined
    if state.away:
        content["away"] = True
    if state.usage is not UNUSED:
        content["usage"] = encode_usage(state.usage)
    return binascii.b2a_base64(_ENCODER.encode(content).encode(), newline=False).decode()


def encode_usage(usage: Usage) -> dict[str, Any]:
    """Return what was used of the limits, without what is 0."""
    times = {"refused": usage.refused_until, "mutes": usage.mutes, "muted": usage.muted_until}
    return {"full": usage.full_at} | {name: value for name, value in times.items() if value}


def decode_state(header: str | None) -> ConnectionState:
    """Return what the header says; without a header that is a JSON object, the state of a connection in the lobby."""
    # An event changes the state, so the same text seldom comes again.
    return _encoded.pop(header or "", None) or read_header(header)


def read_header(header: str | None) -> ConnectionState:
    """Return what the header says, as `decode_state` does, by its text alone."""
    try:
        content: Any = parse_json(binascii.a2b_base64(header or "", strict_mode=True))
    except (binascii.Error, ValueError):
        content = None
    fields: Mapping[str, Any] = content if isinstance(content, dict) else {}
    return ConnectionState(
        user=read_text(fields.get("user")),
        rooms=read_rooms(fields.get("rooms")),
        typed_at=read_time(fields.get("typed")),
        name=read_text(fields.get("name")),
        joined=read_numbers(fields.get("joined")),
        usage=read_usage(fields.get("usage")),
        away=fields.get("away") is True,
    )


def read_text(value: object) -> str | None:
    """Return a state's user or name, or None for what is no text that UTF-8 can carry."""
    try:
        return value if isinstance(value, str) and value.encode() else None
    except UnicodeEncodeError:
        return None


def read_rooms(value: object) -> tuple[str, ...]:
    """Return a state's rooms, the newest `MAX_JOINED_ROOMS` of those that are well formed.

    A list without a well-formed room, or what is no list, is the lobby; an empty list stays empty.
    """
    if value == []:
        return ()
    if not isinstance(value, list):
        return (LOBBY,)
    return known_rooms(tuple([item for item in value if isinstance(item, str)]))


# The state changes with every event, the rooms seldom.
@lru_cache(maxsize=1024)
def known_rooms(written: tuple[str, ...]) -> tuple[str, ...]:
    """Return the newest `MAX_JOINED_ROOMS` of the rooms that are well formed, or the lobby when none is."""
    rooms: dict[str, None] = {}
    for item in written:
        try:
            rooms[room_name(item)] = None
        except InvalidName:
            continue  # written by a version with another grammar of names
    return tuple(rooms)[-MAX_JOINED_ROOMS:] or (LOBBY,)


def read_numbers(value: object) -> dict[str, int]:
    """Return a state's numbers of entries by room; without those that are no such numbers."""
    if not isinstance(value, dict):
        return {}
    return {room: seq for room, seq in value.items() if type(seq) is int and 0 <= seq < 10**12}


def read_usage(value: object) -> Usage:
    """Return what was used of the limits; what is unusable counts as unused."""
    if not isinstance(value, dict):
        return UNUSED
    full = value.get("full")
    times = full.items() if isinstance(full, dict) else ()
    return Usage(
        {KINDS[name]: read_time(moment) for name, moment in times if name in KINDS},
        read_time(value.get("refused")),
        read_time(value.get("mutes")),
        read_time(value.get("muted")),
    )


def read_time(value: object) -> int:
    """Return a state's time in milliseconds since 1970 (UTC), or 0 for what is no such time."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LATEST:
        return value
    return 0
