"""Messages can be edited, deleted and reacted to: edits and deletions by their author and by admins, reactions by all.

A change is an entry of the room's log with an id of its own, so a second delivery of it is the same change.
"""

from collections.abc import Mapping
from typing import Any

from chat.handler_context import Answer, Services
from chat.message_ids import new_change_id
from chat.messages.mentions import publish_mentions
from chat.messages.parse import (
    parse_client_id,
    parse_emoji,
    parse_mentions,
    parse_message_id,
    parse_on,
    parse_reason,
    parse_text,
)
from chat.messages.review import append_reviewed
from chat.names import rich_group, room_name
from chat.room_log.append_plan import Appended
from chat.room_log.entry_frames import change_frame
from chat.room_log.model import KINDS, Change, DeleteMessage, EditMessage, Entry, SetReaction
from chat.webhook.events import UserEvent

Fields = Mapping[str, Any]


async def edit_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Replace a message's text; raises what is wrong, MessageRefused, or what `publish_change` raises."""
    room = parse_room(event, fields)
    text = parse_text(fields.get("message"), services.settings.message_bytes)
    mentions = parse_mentions(fields.get("mentions"))
    change = EditMessage(**parse_change(event, room, fields, services), text=text, mentions=mentions)
    return await publish_appended(room, change, await append_reviewed(room, change, services), services)


async def delete_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Delete a message; its place remains. Raises what is wrong with the fields, or what `publish_change` raises."""
    room = parse_room(event, fields)
    reason = parse_reason(fields.get("reason"))
    change = DeleteMessage(**parse_change(event, room, fields, services), reason=reason)
    return await publish_change(room, change, services)


async def react_to_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Set or clear one's own reaction to a message; raises what is wrong, or what `publish_change` raises."""
    room, emoji = parse_room(event, fields), parse_emoji(fields.get("emoji"))
    change = SetReaction(
        **parse_change(event, room, fields, services), emoji=emoji, on=parse_on(fields.get("on", True))
    )
    return await publish_change(room, change, services)


async def publish_change(room: str, change: Change, services: Services) -> Answer:
    """Store the change, then publish what the message is now to the clients that understand it.

    Raises UnknownMessage, NotYours, TooManyReactions, StorageUnavailable (nothing was published) or
    ServiceUnavailable (it is stored, and was perhaps not published).
    """
    return await publish_appended(room, change, await services.append(room, change), services)


async def publish_appended(room: str, change: Change, appended: Appended, services: Services) -> Answer:
    """Publish what a message is now; raises ServiceUnavailable (it is stored, and was perhaps not published)."""
    entry = appended.entry or unchanged_entry(change, appended.message.version, appended.message.seq, services.now)
    frame = await services.profiles.add_names(change_frame(room, entry, appended.message))
    await services.gateway.publish(rich_group(room), frame)
    if isinstance(change, EditMessage | DeleteMessage):
        await publish_mentions(room, appended, services.mentions)
    return Answer()


def unchanged_entry(change: Change, version: int, message_seq: int, now: int) -> Entry:
    """Return what a change that changed nothing is told as: an entry with the number of the message's newest one."""
    return Entry(
        seq=version,
        kind=KINDS[type(change)],
        id=change.id,
        user=change.user,
        at=now,
        count=0,
        message_id=change.target,
        message_seq=message_seq,
        client_id=change.client_id,
        emoji=getattr(change, "emoji", ""),
        on=getattr(change, "on", True),
    )


def parse_room(event: UserEvent, fields: Fields) -> str:
    """Return the room that a change is about; raises InvalidName or NotInRoom."""
    return event.joined_room(room_name(fields.get("room")))


def parse_change(event: UserEvent, room: str, fields: Fields, services: Services) -> dict[str, Any]:
    """Return what every change has: its id, its user, its message and the client's id; raises InvalidMessage."""
    client_id = parse_client_id(fields.get("clientId"))
    return {
        "id": new_change_id(event.sender, event.origin.connection_id, event.origin.event_id, client_id),
        "user": event.sender,
        "target": parse_message_id(fields.get("id")),
        "client_id": client_id,
        "admin": services.settings.is_admin(event.sender),
        "joined_seq": event.joined_seq(room),
    }
