"""The members of a room: who they are, what they may do, and how one stops being a member."""

from collections.abc import Mapping
from typing import Any

from chat import frames
from chat.frames import Frame
from chat.handler_context import Answer, Services
from chat.messages.parse import parse_client_id, parse_user
from chat.messages.review import review_title
from chat.names import room_name
from chat.room_log.answers import title_fields
from chat.room_log.moderation_acts import Act, Moderation
from chat.room_log.rules import Role, Rules
from chat.rooms.acts import carry_out
from chat.rooms.fields import parse_role
from chat.rooms.removal import remove_from_room
from chat.webhook.events import UserEvent

Fields = Mapping[str, Any]


async def answer_members(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Answer with the members of a room and their roles; in a public room with its owner and moderators.

    Moderators are told also who is invited. Raises NotInRoom, what the room's rules refuse, or StorageUnavailable.
    """
    room = event.joined_room(room_name(fields.get("room")))
    rules = (await services.rooms.read_head(room)).rules
    services.reading(event, room)(rules)
    content = title_fields(rules, event.sender) | {"members": list_members(rules)}
    if rules.is_members_only and rules.is_moderator(event.sender):
        content["invited"] = [{"user": user, "by": by} for user, by in sorted(rules.invited.items())]
    return Answer(frames.members(room, content))


def list_members(rules: Rules) -> list[Frame]:
    """Return each member with the role: the owner first, then the moderators, then the others, each by id."""
    users = {rules.owner, *rules.moderators, *rules.members} - {""}
    order = tuple(Role)

    def key(user: str) -> tuple[int, str]:
        return order.index(rules.role(user) or Role.MEMBER), user

    return [{"user": user, "role": (rules.role(user) or Role.MEMBER).value} for user in sorted(users, key=key)]


async def remove_member(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """End a user's membership in a private room, or an invitation; whoever names oneself gives up the own one.

    Raises NotInRoom, what the room's rules refuse, StorageUnavailable or ServiceUnavailable (sent again with the same
    `clientId`, the removal is completed).
    """
    room, user = event.joined_room(room_name(fields.get("room"))), parse_user(fields.get("user"))
    act, client_id = Moderation(act=Act.REMOVE, whom=user), parse_client_id(fields.get("clientId"))
    moderated = await carry_out(event, room, act, services, client_id=client_id)
    entry, rules = moderated.entry, moderated.rules
    if entry is not None and (rules is None or rules.removed.get(user) == entry.seq):
        await remove_from_room(room, user, services, moderation=act, act_id=entry.id, at=entry.at)
    elif entry is not None:
        await services.places.forget_invitation(user, room)
    return Answer(state=event.origin.state.without_room(room) if user == event.sender else None)


async def change_role(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Give a user a role in a room; the room's former owner becomes a moderator. Raises as `remove_member`."""
    room, user = event.joined_room(room_name(fields.get("room"))), parse_user(fields.get("user"))
    act, client_id = (
        Moderation(act=Act.ROLE, whom=user, role=parse_role(fields.get("role"))),
        parse_client_id(fields.get("clientId")),
    )
    await carry_out(event, room, act, services, client_id=client_id)
    return Answer()


async def rename_room(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Give a room another title; its name stays. Raises InvalidMessage, or as `remove_member`."""
    room = event.joined_room(room_name(fields.get("room")))
    title = await review_title(fields.get("title"), event.sender, room, services.settings)
    act, client_id = Moderation(act=Act.RENAME, text=title), parse_client_id(fields.get("clientId"))
    await carry_out(event, room, act, services, client_id=client_id)
    return Answer()
