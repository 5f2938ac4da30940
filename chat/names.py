"""What rooms may be called, and the groups that carry a room.

One grammar for rooms: 1 to 32 of `a-z 0-9 _ -`, not beginning with `-`; capitals are folded. It is safe in a URL, a
group and an entity's key alike. A room whose name begins with `_` is unlisted. `~` and letters or digits is the name of
a room that exists only for its members.
"""

import base64
import hashlib
import re
from functools import lru_cache

from chat.errors import InvalidName

ROOM_LENGTH = 32
ROOM_PATTERN = r"[a-z0-9_][a-z0-9_-]{0,31}"
# What the name of a private or direct room begins with.
MEMBERS_ONLY = "~"
LOBBY = "lobby"
# The sender of reminders; nobody else may use the name.
REMINDER_USER = "reminder"
# What an erased user is called in what others said and did; nobody else may use the name.
ERASED_USER = "erased"

_ROOM = re.compile(rf"{ROOM_PATTERN}|{MEMBERS_ONLY}[a-z0-9]{{1,31}}")


@lru_cache(maxsize=1024)
def user_key(user: str) -> str:
    """Return a text of `a-z 2-7` that stands for a user where a name cannot be: the base32 of its SHA-256."""
    return base64.b32encode(hashlib.sha256(user.encode()).digest()).decode().rstrip("=").lower()


def room_name(value: object) -> str:
    """Return a room's name in lower case; raises InvalidName when it does not follow the grammar."""
    name = value.strip().lower() if isinstance(value, str) else ""
    if not _ROOM.fullmatch(name):
        raise InvalidName(f"a room is 1 to {ROOM_LENGTH} letters (a-z), digits, '-' or '_', and cannot begin with '-'")
    return name


def is_listed(room: str) -> bool:
    """Return whether the room appears in the list of rooms."""
    return not room.startswith(("_", MEMBERS_ONLY))


def is_members_only(room: str) -> bool:
    """Return whether the name is one of a private or direct room, which is made by the app and not by joining it."""
    return room.startswith(MEMBERS_ONLY)


def private_room_name(random: bytes) -> str:
    """Return the name of a new private room: `~` and 24 letters and digits, of 15 random bytes."""
    return MEMBERS_ONLY + base64.b32encode(random[:15]).decode().lower()


def direct_room_name(first: str, second: str, number: int = 0) -> str:
    """Return the name of the direct room of two users (ids): the same whoever asks.

    The room with the next `number` follows when one of the two was erased from the former one.
    """
    parts = [*sorted((first, second)), *([str(number)] if number else [])]
    return MEMBERS_ONLY + "d" + user_key("\0".join(parts))[:24]


def room_group(room: str) -> str:
    """Return the group of everyone in the room; a room's name has no dot, so no other group can be meant."""
    return f"room.{room}"


def rich_group(room: str) -> str:
    """Return the group of those in the room whose client speaks a PubSub subprotocol."""
    return f"rich.{room}"


def away_group(room: str) -> str:
    """Return the group of the connections in the room whose user is away; nothing is ever sent to it."""
    return f"away.{room}"


def user_group(user: str) -> str:
    """Return the group of the user's connections that speak a PubSub subprotocol."""
    return f"user.{user_key(user)}"


def groups_of(room: str, *, rich: bool, away: bool = False) -> tuple[str, ...]:
    """Return the groups that a connection in the room belongs to."""
    groups = (room_group(room), rich_group(room)) if rich else (room_group(room),)
    return (*groups, away_group(room)) if away else groups
