"""May a user connect? Nobody in open mode who looks like somebody here, and nobody with too many connections.

The service's member lists decide. In open mode every connection is in the groups of its name's skeletons, so those who
look alike are in a group together. Under `easyauth`, where an id tells users apart, it is in a group of the user.

Two who come at the same moment do not see each other when they ask to connect. So the groups are read again when a
connection has begun, and whoever reads last sees both.
"""

import asyncio
from collections.abc import Sequence

from chat.errors import NameTaken, TooManyConnections
from chat.gateway import Gateway, Member
from chat.identity import User
from chat.logs import log
from chat.names import user_key
from chat.settings import Auth, Settings
from chat.user_names.skeletons import name_keys

TAKEN = "somebody with this name, or one that looks like it, is here"
TOO_MANY = "too many connections of this user"


def admission_groups(user: User, settings: Settings) -> tuple[str, ...]:
    """Return the groups that every connection of the user belongs to; one or two."""
    if settings.auth is Auth.EASYAUTH:
        return (f"connections.{user_key(user.id)}",)
    return tuple(f"name.{user_key(key)}" for key in name_keys(user.id))


async def require_admission(user: User, gateway: Gateway, settings: Settings) -> None:
    """Do nothing when the user may connect once more; raises NameTaken, TooManyConnections or ServiceUnavailable."""
    members = await read_members(user, gateway, settings)
    if any(member.user_id != user.id for member in members):
        raise NameTaken(user.name)
    if len(members) >= settings.user_connections:
        raise TooManyConnections(settings.user_connections)


async def confirm_admission(connection_id: str, user: User, gateway: Gateway, settings: Settings) -> bool:
    """Close who must not be here as others came at the same moment; return whether this connection may stay.

    Of two users who look alike, the one whose connection has the larger id goes. A user's connection that is one too
    many goes itself. Raises ServiceUnavailable.
    """
    members = await read_members(user, gateway, settings)
    if any(member.user_id != user.id for member in members):
        stays = min(members, key=lambda member: member.connection_id).user_id
        losers = [member for member in members if member.user_id != stays]
        await close_connections(losers, TAKEN, gateway)
        return stays == user.id
    if len(members) > settings.user_connections:
        await close_connections([Member(connection_id, user.id)], TOO_MANY, gateway)
        return False
    return True


async def read_members(user: User, gateway: Gateway, settings: Settings) -> list[Member]:
    """Return the connections in the user's groups, each once; one more than a user may have is enough.

    Raises ServiceUnavailable.
    """
    groups, limit = admission_groups(user, settings), settings.user_connections + 1
    pages = await asyncio.gather(*(gateway.members(group, limit) for group in groups))
    return list({member.connection_id: member for page in pages for member in page if member.user_id}.values())


async def close_connections(members: Sequence[Member], reason: str, gateway: Gateway) -> None:
    """Close connections, and note that in the log; raises ServiceUnavailable."""
    for member in members:
        log.info(
            "a connection is closed",
            extra={"connection": member.connection_id, "user": member.user_id, "reason": reason},
        )
    await asyncio.gather(*(gateway.close(member.connection_id, reason) for member in members))
