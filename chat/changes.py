"""Messages that were said can be edited, taken back and reacted to: by their author, and by admins.

Whose a message is can be told from its id. So a change is published without reading what it changes; the room's memory
applies the same rule again.
"""

import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Any

from chat import frames
from chat.answers import Answer, Services, entered_room, is_admin, sender
from chat.errors import InvalidMessage, NotYours
from chat.events import UserEvent
from chat.frames import Frame
from chat.messages import checked_text, is_clean, is_own, message_id, parse_fields
from chat.names import rich_group, room_name
from chat.room_log import Change, Deleted, Edited, Reacted
from chat.signals import signals

EMOJI_BYTES = 32


async def edit(event: UserEvent, services: Services) -> Answer:
    """Replace a message's text."""
    fields, room, message = target(event)
    admin = may_change(event, message, services)
    text = checked_text(fields.get("message"), services.settings.message_bytes)
    change = Edited(message, sender(event), text, services.now, admin)
    return await make(change, room, frames.edited(room, message, text, services.now, change.by), services)


async def delete(event: UserEvent, services: Services) -> Answer:
    """Take a message back; what remains is that there was one."""
    _, room, message = target(event)
    change = Deleted(message, sender(event), services.now, may_change(event, message, services))
    return await make(change, room, frames.deleted(room, message, services.now, change.by), services)


async def react(event: UserEvent, services: Services) -> Answer:
    """Set or clear one's own reaction to a message."""
    fields, room, message = target(event)
    emoji, on = checked_emoji(fields.get("emoji")), fields.get("on", True)
    if not isinstance(on, bool):
        raise InvalidMessage(f"on is {on!r}, it must be true or false")
    change = Reacted(message, sender(event), emoji, on, services.now)
    return await make(change, room, frames.reaction(room, message, emoji, change.user, on=on), services)


async def make(change: Change, room: str, frame: Frame, services: Services) -> Answer:
    """Show the change to those whose client understands it, and remember it beside."""
    publishing = services.gateway.publish(rich_group(room), frame)
    await signals.beside(publishing, partial(services.memory.change, room, change))
    return Answer()


def target(event: UserEvent) -> tuple[Mapping[str, Any], str, str]:
    """Return the payload, with the room and the message that it is about."""
    fields = parse_fields(event)
    room = entered_room(event, room_name(fields.get("room")))
    return fields, room, message_id(fields.get("id"))


def may_change(event: UserEvent, message: str, services: Services) -> bool:
    """Return whether the sender changes a message as an admin; raises NotYours when it may not at all."""
    admin = is_admin(event, services.settings)
    if not admin and not is_own(message, sender(event)):
        raise NotYours
    return admin


def checked_emoji(value: object) -> str:
    """Return a reaction: one emoji, or a few characters that stand for one."""
    if isinstance(value, str) and value and is_clean(value) and len(value.encode()) <= EMOJI_BYTES:
        emoji = unicodedata.normalize("NFC", value)
        if not any(char.isspace() for char in emoji):
            return emoji
    raise InvalidMessage(f"emoji must be 1 to {EMOJI_BYTES} bytes of UTF-8 without spaces")
