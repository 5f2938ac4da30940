"""What a client's events do: one function for each, listed in `HANDLERS`.

A refusal is a `ChatError`; the edge answers it as a `system` `error` line, never as a failing webhook, because that
would close a plain client.
"""

import reprlib
from dataclasses import replace

from chat import frames
from chat.answers import Answer, Handler, Services, entered_room, sender
from chat.builtin_commands import is_command, run_command
from chat.changes import delete, edit, react
from chat.errors import MissingUser, UnknownEvent
from chat.events import UserEvent
from chat.messages import parse_draft, parse_fields
from chat.names import rich_group, room_name, user_id
from chat.rooms import history, join, leave
from chat.speaking import publish

TYPING_MILLISECONDS = 2000


async def handle_event(event: UserEvent, services: Services) -> Answer:
    """Return the answer to a user event; raises a ChatError that says what was wrong with it."""
    if not event.origin.user_id:
        raise MissingUser
    if event.origin.state.user is None:  # no `connect` event was asked who that is
        user_id(event.origin.user_id)
    handler = HANDLERS.get(event.name.lower())
    if handler is None:
        raise UnknownEvent(f"there is no event {reprlib.repr(event.name)}, only {', '.join(sorted(HANDLERS))}")
    return await handler(event, services)


async def say(event: UserEvent, services: Services) -> Answer:
    """Everyone in the room reads the message; one that begins with a slash is a command."""
    draft = parse_draft(event, services.settings.message_bytes)
    if is_command(draft.text):
        return await run_command(event, draft, services)
    if draft.text.startswith("//"):
        draft = replace(draft, text=draft.text[1:])
    return await publish(event, draft, services)


async def typing(event: UserEvent, services: Services) -> Answer:
    """Tell the others that somebody is writing, at most every two seconds; it is never stored."""
    state = event.origin.state
    room = entered_room(event, room_name(parse_fields(event).get("room")))
    if services.now - state.typed_at < TYPING_MILLISECONDS:
        return Answer()
    frame = frames.typing(room, sender(event))
    await services.gateway.publish(rich_group(room), frame, excluded=event.origin.connection_id)
    return Answer(state=replace(state, typed_at=services.now))


HANDLERS: dict[str, Handler] = {
    "message": say,
    "join": join,
    "leave": leave,
    "typing": typing,
    "history": history,
    "edit": edit,
    "delete": delete,
    "react": react,
}
