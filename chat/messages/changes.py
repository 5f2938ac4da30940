"""Messages can be edited, deleted and reacted to: edits and deletions by their author and by admins, reactions by all.

A message's id shows whose it is. So a change is published without reading what it changes; the room's log applies the
same rule again. A change's time is its event's, so that a second delivery of it is the same change.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chat import frames
from chat.errors import NotYours
from chat.frames import Frame
from chat.handler_context import Answer, Services
from chat.lines import message_time
from chat.message_ids import is_own
from chat.messages.parse import parse_emoji, parse_message_id, parse_on, parse_text
from chat.names import rich_group, room_name
from chat.room_log.model import Change, Deleted, Edited, Reacted
from chat.room_log.store import RoomStore
from chat.webhook.events import UserEvent

Fields = Mapping[str, Any]


async def edit_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Replace a message's text; raises NotYours or what is wrong with the fields."""
    room, message = parse_target(event, fields)
    admin, at = may_change(event, message, services), change_time(event, services)
    text = parse_text(fields.get("message"), services.settings.message_bytes)
    change = Edited(message, event.sender, text, at, admin)
    return await publish_change(change, room, frames.edited(room, message, text, at, change.by), event, services)


async def delete_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Delete a message; its place remains. Raises NotYours or what is wrong with the fields."""
    room, message = parse_target(event, fields)
    admin, at = may_change(event, message, services), change_time(event, services)
    change = Deleted(message, event.sender, at, admin)
    return await publish_change(change, room, frames.deleted(room, message, at, change.by), event, services)


async def react_to_message(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Set or clear one's own reaction to a message; raises what is wrong with the fields."""
    room, message = parse_target(event, fields)
    emoji, on = parse_emoji(fields.get("emoji")), parse_on(fields.get("on", True))
    change = Reacted(message, event.sender, emoji, change_time(event, services), on=on)
    frame = frames.reaction(room, message, emoji, change.user, on=on)
    return await publish_change(change, room, frame, event, services)


async def publish_change(change: Change, room: str, frame: Frame, event: UserEvent, services: Services) -> Answer:
    """Publish the change to the clients that understand it, and store it; raises ServiceUnavailable."""
    publishing = services.gateway.publish(rich_group(room), frame)
    store = partial(RoomStore(services.durable).store_change, room, change)
    await services.writes.publish_and_store(publishing, store)
    return Answer(state=replace(event.origin.state, message_at=change.at))


def change_time(event: UserEvent, services: Services) -> int:
    """Return a change's time (ms since 1970, UTC), later than what the connection sent before."""
    return message_time(event.origin.time, services.now, event.origin.state.message_at)


def parse_target(event: UserEvent, fields: Fields) -> tuple[str, str]:
    """Return the room and the message that a change is about; raises InvalidName, NotInRoom or InvalidMessage."""
    return event.joined_room(room_name(fields.get("room"))), parse_message_id(fields.get("id"))


def may_change(event: UserEvent, message: str, services: Services) -> bool:
    """Return whether the sender changes a message as an admin; raises NotYours when it may not at all."""
    admin = services.settings.is_admin(event.sender)
    if not admin and not is_own(message, event.sender):
        raise NotYours
    return admin
