"""Who may enter a private room: invitations of users, and links with a secret that end at a time.

An invitation is a part of the room's rules. A row of the invited user says only where to look, so that `places` finds
it: what it tells is read from the rules.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from chat import frames
from chat.handler_context import Answer, Services
from chat.message_ids import derived_id
from chat.messages.parse import parse_client_id, parse_user
from chat.names import room_name, user_group
from chat.presence.rosters import news_time
from chat.room_log.answers import title_fields
from chat.room_log.moderation_acts import Act, InvalidInvitation, Moderation
from chat.rooms.acts import carry_out
from chat.rooms.fields import parse_known_user, parse_link_seconds, secret_digest
from chat.webhook.events import UserEvent

Fields = Mapping[str, Any]
SECRET_BYTES = 18


async def invite_user(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Invite a user to a private room, and tell that user; an invitation that is there already is told again.

    Raises NotInRoom, UnknownUser, TooManyRules, what the room's rules refuse, StorageUnavailable or ServiceUnavailable.
    """
    room = event.joined_room(room_name(fields.get("room")))
    user = await parse_known_user(fields.get("user"), services)
    act, client_id = Moderation(act=Act.INVITE, whom=user), parse_client_id(fields.get("clientId"))
    moderated = await carry_out(event, room, act, services, client_id=client_id)
    rules = moderated.rules or (await services.rooms.read_head(room)).rules
    if user in rules.invited:
        # A user with 100 open invitations is only told of this one.
        await services.places.store_invitation(user, room, news_time())
        at = moderated.entry.at if moderated.entry else services.now
        frame = frames.invited(room, title_fields(rules, user), rules.invited[user], at)
        await services.gateway.publish(user_group(user), await services.profiles.add_names(frame))
    return Answer()


async def withdraw_invitation(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Withdraw the invitation of a user; raises as `invite_user`."""
    room = event.joined_room(room_name(fields.get("room")))
    user, client_id = parse_user(fields.get("user")), parse_client_id(fields.get("clientId"))
    await carry_out(event, room, Moderation(act=Act.UNINVITE, whom=user), services, client_id=client_id)
    await services.places.forget_invitation(user, room)
    return Answer()


async def decline_invitation(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Withdraw the sender's own invitation to a private room that it has not entered.

    Raises InvalidInvitation, also for a room that never was, StorageUnavailable or ServiceUnavailable.
    """
    room, client_id = room_name(fields.get("room")), parse_client_id(fields.get("clientId"))
    # A refusal waits for nothing that happens in the room.
    if event.sender not in (await services.rooms.read_head(room)).rules.invited:
        raise InvalidInvitation
    await carry_out(event, room, Moderation(act=Act.UNINVITE, whom=event.sender), services, client_id=client_id)
    await services.places.forget_invitation(event.sender, room)
    return Answer()


async def create_link(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Answer with the secret of a new link, with which whoever has it becomes a member until a time.

    Only a digest of the secret is stored, so it cannot be told again: each request makes another link. Raises
    NotInRoom, InvalidMessage, TooManyRules or what the room's rules refuse.
    """
    room, seconds = event.joined_room(room_name(fields.get("room"))), parse_link_seconds(fields.get("for"))
    secret, until = secrets.token_urlsafe(SECRET_BYTES), services.now + seconds * 1000
    act, act_id = Moderation(act=Act.LINK, until=until), derived_id(event.sender, "link", secret)
    await carry_out(event, room, act, services, digest=secret_digest(secret), act_id=act_id)
    return Answer(frames.link(room, secret, until))


async def end_links(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """End all links of a room; raises as `invite_user`."""
    room, client_id = event.joined_room(room_name(fields.get("room"))), parse_client_id(fields.get("clientId"))
    await carry_out(event, room, Moderation(act=Act.UNLINK), services, client_id=client_id)
    return Answer()
