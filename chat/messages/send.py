"""Sending: a message goes to everyone in its room and into the room's log; a typing signal only to the others."""

from dataclasses import replace
from functools import partial

from chat import frames
from chat.handler_context import Answer, Services
from chat.lines import Line, message_time
from chat.message_ids import new_message_id
from chat.messages.parse import Draft
from chat.names import rich_group, room_group
from chat.room_log.store import RoomStore
from chat.webhook.events import UserEvent

TYPING_MILLISECONDS = 2000


async def send_message(event: UserEvent, draft: Draft, services: Services) -> Answer:
    """Publish the message to its room, and store it; raises NotInRoom or ServiceUnavailable."""
    origin, room = event.origin, event.joined_room(draft.room)
    line = Line(
        id=new_message_id(event.sender, origin.connection_id, origin.event_id, draft.client_id),
        room=room,
        sender=event.sender,
        text=draft.text,
        sent_at=message_time(origin.time, services.now, origin.state.message_at),
        client_id=draft.client_id,
        reply_to=draft.reply_to,
    )
    publishing = services.gateway.publish(room_group(room), frames.chat_line(line))
    await services.writes.publish_and_store(publishing, partial(RoomStore(services.durable).store_message, line))
    return Answer(state=replace(origin.state, message_at=line.sent_at))


async def send_typing(event: UserEvent, room: str, services: Services) -> Answer:
    """Tell the others that the user is typing, at most every two seconds; it is never stored.

    Raises NotInRoom or ServiceUnavailable.
    """
    state, room = event.origin.state, event.joined_room(room)
    if services.now - state.typed_at < TYPING_MILLISECONDS:
        return Answer()
    frame = frames.typing(room, event.sender)
    await services.gateway.publish(rich_group(room), frame, excluded=event.origin.connection_id)
    return Answer(state=replace(state, typed_at=services.now))
