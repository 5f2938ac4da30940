"""Is a connection open, and is it the user's? The service's groups know: an event alone does not prove it.

Our answer to `connect` puts a connection into groups of its user, and nobody else can. So a connection that is in such
a group is the user's.
"""

from chat.gateway import Gateway
from chat.identity import User
from chat.names import user_group
from chat.presence.admission import admission_groups
from chat.settings import Auth, Settings
from chat.webhook.events import Origin
from chat.webhook.known_connections import Ownership

MAX_CONNECTIONS = 1000


async def find_ownership(origin: Origin, user: str, gateway: Gateway, settings: Settings) -> Ownership:
    """Return what the service says of an event's connection; raises ServiceUnavailable.

    In open mode a hub may deliver no `connect` events; then it is known only that the connection is open.
    """
    group = user_group(user) if origin.is_rich else admission_groups(User(user, user), settings)[0]
    members = await gateway.members(group, MAX_CONNECTIONS)
    if any(member.connection_id == origin.connection_id and member.user_id == user for member in members):
        return Ownership.OWNED
    if settings.auth is Auth.OPEN and await gateway.exists(origin.connection_id):
        return Ownership.OPEN
    return Ownership.NONE
