"""The removal of a user from a room: all connections leave its groups, and the room leaves the list of the user.

The log is first: whoever is removed by an entry can neither read nor append after it, on any instance. What follows
ends what the service still delivers. Every step may be repeated.
"""

import asyncio

from chat import frames
from chat.handler_context import Services
from chat.names import groups_of, user_group
from chat.presence.announcements import RoomMember
from chat.room_log.moderation_acts import Act, Moderation


async def remove_from_room(
    room: str, user: str, services: Services, *, moderation: Moderation, act_id: str, at: int
) -> None:
    """Remove all connections of a user from a room, after the act `act_id` of the time `at` (ms since 1970) was stored.

    The room is told that the user left, and the user is sent a `removed` frame. Raises ServiceUnavailable or
    StorageUnavailable; then the same act may be carried out again.
    """
    await services.gateway.remove_user(user, groups_of(room, rich=True))
    until = moderation.until if moderation.act is Act.BAN else None
    frame = frames.removed(room, moderation.act.value, at, until=until, reason=moderation.reason)
    # The act stands for the connection whose end is the departure: the same act again is the same departure.
    names = await services.profiles.read_names([user])
    member = RoomMember(room, user, act_id, names.get(user))
    outcomes = await asyncio.gather(
        services.gateway.publish(user_group(user), frame),
        services.announcer.announce_departure(member, unlists=True),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
