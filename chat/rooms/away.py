"""A user who does not look at the chat is away: its client says so, and the service keeps it, as groups of connections.

Nothing is stored by the app but a word in the connection's state, so what a client said ends with its connection. A
page that was hidden and then frozen stays away.
"""

import reprlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chat import frames
from chat.errors import InvalidMessage
from chat.handler_context import Answer, Services
from chat.names import away_group, rich_group, room_name
from chat.presence.rosters import is_away, read_group, read_roster
from chat.room_log.rules import check_reader
from chat.webhook.events import UserEvent


async def set_away(event: UserEvent, fields: Mapping[str, Any], services: Services) -> Answer:
    """Mark the connection as away or back in all its rooms, and tell the current room where that changes the user.

    The same again does nothing. The other rooms see it by their next roster. Raises InvalidMessage, NotInRoom, what the
    rules of the current room refuse, StorageUnavailable or ServiceUnavailable.
    """
    origin, state = event.origin, event.origin.state
    away = parse_away(fields.get("away"))
    room = event.joined_room(None if fields.get("room") is None else room_name(fields["room"]))
    if away is state.away:
        return Answer()
    head = await services.read_recent_head(room)
    check_reader(head.rules, room, event.sender, services.now, event.joined_seq(room))
    groups = [away_group(each) for each in state.rooms]
    change = services.gateway.join_groups if away else services.gateway.leave_groups
    await change(origin.connection_id, groups)
    if not away or await is_away_everywhere(room, event.sender, services):
        frame = frames.presence(room, event.sender, state.name, away=away)
        await services.gateway.publish(rich_group(room), frame, excluded=origin.connection_id)
    return Answer(state=replace(state, away=away))


async def is_away_everywhere(room: str, user: str, services: Services) -> bool:
    """Return whether all connections of the user in a room are away; raises ServiceUnavailable."""
    roster = await read_roster(services.gateway, room)
    return is_away(user, roster, await read_group(services.gateway, away_group(room)))


def parse_away(value: object) -> bool:
    """Return whether the user is away; raises InvalidMessage."""
    if isinstance(value, bool):
        return value
    raise InvalidMessage(f"away is {reprlib.repr(value)}, it must be true or false")
