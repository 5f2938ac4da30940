"""The fields of the events that are about rooms and their members, each checked against its limit."""

import hashlib
import reprlib

from chat.errors import ChatError, InvalidMessage
from chat.handler_context import Services
from chat.identity import known_user
from chat.messages.parse import parse_user
from chat.room_log.rules import Role, RoomKind
from chat.settings import Auth

SECRET_LENGTH = 128
DAY_SECONDS = 24 * 60 * 60
LINK_SECONDS, LONGEST_LINK_SECONDS = 7 * DAY_SECONDS, 30 * DAY_SECONDS


class UnknownUser(ChatError):
    """Nobody with this id has ever been here (where the platform signs users in)."""

    code = "unknown_user"
    status = 404

    def __init__(self, user: str) -> None:
        super().__init__(f"there is no user {user!r}")


def parse_kind(value: object) -> RoomKind:
    """Return the kind of a room that one can create; raises InvalidMessage."""
    kinds = (RoomKind.PUBLIC, RoomKind.PRIVATE)
    if isinstance(value, str) and value in kinds:
        return RoomKind(value)
    raise InvalidMessage(f"kind is {reprlib.repr(value)}, it must be {' or '.join(kinds)}")


def parse_role(value: object) -> Role:
    """Return a role; raises InvalidMessage."""
    if isinstance(value, str) and value in tuple(Role):
        return Role(value)
    raise InvalidMessage(f"role is {reprlib.repr(value)}, it must be one of {', '.join(Role)}")


def parse_link_seconds(value: object) -> int:
    """Return for how long a link is good, in whole seconds, 7 days by default; raises InvalidMessage."""
    if value is None:
        return LINK_SECONDS
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST_LINK_SECONDS:
        return value
    limit = f"whole seconds, 1 to {LONGEST_LINK_SECONDS} (30 days)"
    raise InvalidMessage(f"for is {reprlib.repr(value)}, it must be {limit}")


def parse_secret(value: object) -> str:
    """Return a link's secret, empty without one; raises InvalidMessage, which does not repeat the value."""
    if value is None:
        return ""
    if isinstance(value, str) and value.isascii() and len(value) <= SECRET_LENGTH:
        return value
    raise InvalidMessage(f"secret must be a string of at most {SECRET_LENGTH} ASCII characters")


def secret_digest(secret: str) -> str:
    """Return the SHA-256 of a link's secret (hex), which is all that is stored of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def parse_known_user(value: object, services: Services) -> str:
    """Return the id of a user who can be talked to: in open mode any name, else one who has been here.

    Raises InvalidName, UnknownUser or StorageUnavailable.
    """
    user = parse_user(value)
    if services.settings.auth is Auth.OPEN:
        return known_user(user, services.settings)
    if not await services.places.is_known(user):
        raise UnknownUser(user)
    return user
