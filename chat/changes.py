"""Messages that were said can be edited, taken back and reacted to: by their author, and by admins.

Whose a message is can be told from its id. So a change is published without reading what it changes; the room's memory
applies the same rule again. A change's time is its event's, so that a second delivery of it is the same change.
"""

import reprlib
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chat import frames
from chat.answers import Answer, Services, entered_room, is_admin, sender
from chat.characters import is_blank, is_clean, turns_direction
from chat.errors import InvalidMessage, NotYours
from chat.events import UserEvent
from chat.frames import Frame
from chat.messages import checked_text, is_own, message_id, parse_fields, sent_at
from chat.names import rich_group, room_name
from chat.room_log import Change, Deleted, Edited, Reacted
from chat.signals import signals

EMOJI_BYTES = 32


async def edit(event: UserEvent, services: Services) -> Answer:
    """Replace a message's text."""
    fields, room, message = target(event)
    admin, at = may_change(event, message, services), changed_at(event, services)
    text = checked_text(fields.get("message"), services.settings.message_bytes)
    change = Edited(message, sender(event), text, at, admin)
    return await make(change, room, frames.edited(room, message, text, at, change.by), event, services)


async def delete(event: UserEvent, services: Services) -> Answer:
    """Take a message back; what remains is that there was one."""
    _, room, message = target(event)
    admin, at = may_change(event, message, services), changed_at(event, services)
    change = Deleted(message, sender(event), at, admin)
    return await make(change, room, frames.deleted(room, message, at, change.by), event, services)


async def react(event: UserEvent, services: Services) -> Answer:
    """Set or clear one's own reaction to a message."""
    fields, room, message = target(event)
    emoji, on = checked_emoji(fields.get("emoji")), fields.get("on", True)
    if not isinstance(on, bool):
        raise InvalidMessage(f"on is {reprlib.repr(on)}, it must be true or false")
    change = Reacted(message, sender(event), emoji, on, changed_at(event, services))
    return await make(change, room, frames.reaction(room, message, emoji, change.user, on=on), event, services)


async def make(change: Change, room: str, frame: Frame, event: UserEvent, services: Services) -> Answer:
    """Show the change to those whose client understands it, and remember it beside."""
    publishing = services.gateway.publish(rich_group(room), frame)
    await signals.beside(publishing, partial(services.memory.change, room, change))
    return Answer(state=replace(event.origin.state, spoke_at=change.at))


def changed_at(event: UserEvent, services: Services) -> int:
    """Return a change's time (ms since 1970, UTC): in the order of what else its connection says."""
    return sent_at(event.origin.time, services.now, event.origin.state.spoke_at)


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
    emoji = unicodedata.normalize("NFC", value) if isinstance(value, str) and is_clean(value) else ""
    if len(emoji.encode()) > EMOJI_BYTES or any(char.isspace() for char in emoji):
        raise InvalidMessage(f"emoji must be 1 to {EMOJI_BYTES} bytes of UTF-8 without spaces")
    if is_blank(emoji) or turns_direction(emoji):
        raise InvalidMessage("emoji must be something to see")
    return emoji
