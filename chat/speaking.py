"""Saying something in a room: everyone there is sent it, and its memory is told beside."""

from dataclasses import replace
from functools import partial

from chat import frames
from chat.answers import Answer, Services, entered_room, sender
from chat.events import UserEvent
from chat.messages import Draft, Line, new_message_id, sent_at
from chat.names import room_group
from chat.signals import signals


async def publish(event: UserEvent, draft: Draft, services: Services) -> Answer:
    """Send the message to its room, and remember it beside."""
    room = entered_room(event, draft.room)
    line = Line(
        id=new_message_id(sender(event), event, draft.client_id),
        room=room,
        sender=sender(event),
        text=draft.text,
        sent_at=sent_at(event.origin.time, services.now, event.origin.state.spoke_at),
        client_id=draft.client_id,
        reply_to=draft.reply_to,
    )
    publishing = services.gateway.publish(room_group(room), frames.chat_line(line))
    await signals.beside(publishing, partial(services.memory.say, line))
    return Answer(state=replace(event.origin.state, spoke_at=line.sent_at))
