"""Sending: a message is appended to its room's log, then published to everyone in the room."""

from dataclasses import replace

from chat import frames
from chat.handler_context import Answer, Services
from chat.message_ids import new_message_id
from chat.messages.mentions import publish_mentions
from chat.messages.parse import Draft
from chat.messages.review import append_reviewed
from chat.names import rich_group, room_group
from chat.room_log.entry_frames import chat_line
from chat.room_log.model import NewMessage
from chat.room_log.rules import check_reader, check_writer
from chat.webhook.events import UserEvent

TYPING_MILLISECONDS = 2000


async def send_message(event: UserEvent, draft: Draft, services: Services) -> Answer:
    """Store the message, then publish exactly what was stored.

    A message that the log has already is published again, word for word. Raises NotInRoom, MessageRefused,
    UnknownMessage, StorageUnavailable (nothing was published) or ServiceUnavailable (it is stored, and was perhaps not
    published).
    """
    origin, room = event.origin, event.joined_room(draft.room)
    services.record.room = room
    identity = new_message_id(event.sender, origin.connection_id, origin.event_id, draft.client_id)
    request = NewMessage(
        identity,
        event.sender,
        draft.text,
        draft.client_id,
        draft.answers,
        user_name=event.sender_name,
        form=draft.form,
        joined_seq=event.joined_seq(room),
        admin=services.settings.is_admin(event.sender),
        mentions=draft.mentions,
    )
    appended = await append_reviewed(room, request, services)
    services.room_list.note_message(room, appended.message.sent_at, appended.message.count)
    line = chat_line(room, appended.message)
    if appended.message.mentions:
        line = await services.profiles.add_names(line)
    await services.gateway.publish(room_group(room), line)
    if appended.message.mentions or appended.unmentioned:
        await publish_mentions(room, appended, services.mentions)
    return Answer()


async def send_typing(event: UserEvent, room: str, services: Services) -> Answer:
    """Tell the others that the user is typing, at most every two seconds; it is never stored.

    Those who type at the same moment share a read of the room's rules. Raises NotInRoom, what these rules refuse,
    StorageUnavailable or ServiceUnavailable.
    """
    state, room = event.origin.state, event.joined_room(room)
    services.record.room = room
    if services.now - state.typed_at < TYPING_MILLISECONDS:
        return Answer()
    rules = (await services.read_current_head(room)).rules
    check_reader(rules, room, event.sender, services.now, event.joined_seq(room))
    check_writer(rules, event.sender, services.now, admin=services.settings.is_admin(event.sender))
    frame = frames.typing(room, event.sender, state.name)
    await services.gateway.publish(rich_group(room), frame, excluded=event.origin.connection_id)
    return Answer(state=replace(state, typed_at=services.now))
