"""What a client may ask: one function for each event, listed in `HANDLERS`, and one for each command, in `COMMANDS`.

A refusal is a `ChatError`; the webhook answers it as a `system` `error` line, never as a failing request, because a
failing request closes a plain client.
"""

import reprlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chat.commands import builtin
from chat.commands.command import EventFields, RoomMessage, by_name, command_name, run_command
from chat.commands.moderation_commands import MODERATION_COMMANDS
from chat.commands.room_commands import ROOM_COMMANDS
from chat.errors import ChatError, MissingUser, UnknownEvent
from chat.frames import notice
from chat.handler_context import Answer, Services
from chat.identity import known_user
from chat.messages.changes import delete_message, edit_message, react_to_message
from chat.messages.parse import parse_draft, parse_message_id
from chat.messages.send import send_message, send_typing
from chat.names import room_name
from chat.rate_limits import COMMAND_KINDS, EVENT_KINDS, Kind
from chat.room_log.answers import history_frame, since_frame
from chat.room_log.reader import parse_limit, parse_seq
from chat.rooms.away import set_away
from chat.rooms.invitations import create_link, decline_invitation, end_links, invite_user, withdraw_invitation
from chat.rooms.members import answer_members, change_role, remove_member, rename_room
from chat.rooms.membership import answer_roster, join_room, leave_room
from chat.rooms.moderation import ACT_EVENTS, answer_audit, answer_rules, moderate_room
from chat.rooms.new_rooms import accept_invitation, create_room, open_direct_room
from chat.rooms.read_positions import list_places, move_read_position, set_level
from chat.rooms.reports import list_reports, report_message, resolve_reports
from chat.webhook.events import UserEvent, read_fields, read_payload


async def handle_event(event: UserEvent, services: Services) -> Answer:
    """Return the answer to a user event; raises a ChatError that says what was wrong with it, or RateLimited."""
    if not event.origin.user_id:
        raise MissingUser
    if event.origin.state.user is None:  # no `connect` event checked the name
        known_user(event.origin.user_id, services.settings)
    name = event.name.lower()
    if name != MESSAGE:  # what a message counts as is known when its text is
        services.limiter.charge(EVENT_KINDS.get(name, Kind.HISTORY))
    handler = HANDLERS.get(name)
    if handler is None:
        raise UnknownEvent(f"there is no event {reprlib.repr(event.name)}; docs/protocol.md lists them")
    return await handler(event, services)


async def handle_message(event: UserEvent, services: Services) -> Answer:
    """Send a message to its room; a text that begins with one slash is a command."""
    try:
        draft = parse_draft(read_payload(event), services.settings.message_bytes)
    except ChatError:
        services.limiter.charge(Kind.MESSAGE)
        raise
    name = command_name(draft.text)
    services.limiter.charge(Kind.MESSAGE if name is None else COMMAND_KINDS.get(name, Kind.HISTORY))
    if name is not None:
        outcome = await run_command(event, draft, services, COMMANDS)
        if isinstance(outcome, EventFields):
            return await handle_command_event(event, outcome, services)
        if not isinstance(outcome, RoomMessage):
            return outcome
        draft = replace(draft, text=outcome.text, form=outcome.form)
    elif draft.text.startswith("//"):
        draft = replace(draft, text=draft.text[1:])
    return await send_message(event, draft, services)


async def handle_command_event(event: UserEvent, outcome: EventFields, services: Services) -> Answer:
    """Do what a command asked for: what the event of that name does with the command's fields."""
    answer = await ROOM_EVENTS[outcome.event](event, outcome.fields, services)
    if answer.frame is None and outcome.done:
        return replace(answer, frame=notice(outcome.done, outcome.fields.get("room")))
    return answer


async def handle_join(event: UserEvent, services: Services) -> Answer:
    """Join the room that the payload names."""
    return await join_room(event, room_name(read_fields(event).get("room")), services)


async def handle_leave(event: UserEvent, services: Services) -> Answer:
    """Leave the room that the payload names."""
    return await leave_room(event, room_name(read_fields(event).get("room")), services)


async def handle_typing(event: UserEvent, services: Services) -> Answer:
    """Tell the others in the room that the sender is typing."""
    return await send_typing(event, room_name(read_fields(event).get("room")), services)


async def handle_history(event: UserEvent, services: Services) -> Answer:
    """Answer the sender with a page of a room's messages, before an entry or at the end."""
    fields = read_fields(event)
    room = event.joined_room(room_name(fields.get("room")))
    before = None if fields.get("before") is None else parse_seq(fields["before"], "before")
    limit = parse_limit(fields.get("limit"))
    return Answer(await history_frame(services.rooms, room, before, services.reading(event, room), limit))


async def handle_since(event: UserEvent, services: Services) -> Answer:
    """Answer the sender with the entries of a room after a number."""
    fields = read_fields(event)
    room = event.joined_room(room_name(fields.get("room")))
    until = None if fields.get("until") is None else parse_seq(fields["until"], "until")
    after = parse_seq(fields.get("seq"), "seq")
    return Answer(await since_frame(services.rooms, room, after, until, services.reading(event, room)))


async def handle_around(event: UserEvent, services: Services) -> Answer:
    """Answer the sender with the messages around one of a room."""
    from chat.room_log.around import around_frame

    fields = read_fields(event)
    room = event.joined_room(room_name(fields.get("room")))
    target = parse_message_id(fields["id"]) if fields.get("id") is not None else parse_seq(fields.get("seq"), "seq")
    limit = parse_limit(fields.get("limit"))
    return Answer(await around_frame(services.rooms, room, target, limit, services.reading(event, room)))


async def handle_search(event: UserEvent, services: Services) -> Answer:
    """Answer the sender with the messages that are searched for."""
    from chat.rooms.search import search_messages

    return await search_messages(event, read_fields(event), services)


async def handle_roster(event: UserEvent, services: Services) -> Answer:
    """Answer the sender with who is in a room now."""
    return await answer_roster(event, room_name(read_fields(event).get("room")), services)


async def handle_read(event: UserEvent, services: Services) -> Answer:
    """Keep how far the sender has read in a room."""
    fields = read_fields(event)
    return await move_read_position(event, room_name(fields.get("room")), parse_seq(fields.get("seq"), "seq"), services)


async def handle_places(event: UserEvent, services: Services) -> Answer:
    """Answer the sender with the rooms of its list."""
    read_fields(event)
    return await list_places(event, services)


async def handle_edit(event: UserEvent, services: Services) -> Answer:
    """Replace a message's text."""
    return await edit_message(event, read_fields(event), services)


async def handle_delete(event: UserEvent, services: Services) -> Answer:
    """Delete a message."""
    return await delete_message(event, read_fields(event), services)


async def handle_react(event: UserEvent, services: Services) -> Answer:
    """Set or clear a reaction to a message."""
    return await react_to_message(event, read_fields(event), services)


Handler = Callable[[UserEvent, Services], Awaitable[Answer]]
FieldsHandler = Callable[[UserEvent, Mapping[str, Any], Services], Awaitable[Answer]]

ROOM_EVENTS: dict[str, FieldsHandler] = {
    "create": create_room,
    "direct": open_direct_room,
    "invite": invite_user,
    "uninvite": withdraw_invitation,
    "link": create_link,
    "unlink": end_links,
    "accept": accept_invitation,
    "decline": decline_invitation,
    "members": answer_members,
    "remove": remove_member,
    "role": change_role,
    "rename": rename_room,
    **{act: partial(moderate_room, act) for act in ACT_EVENTS},
    "audit": answer_audit,
    "rules": answer_rules,
    "report": report_message,
    "reports": list_reports,
    "resolve": resolve_reports,
    "level": set_level,
    "away": set_away,
}
"""The events about rooms, their members and their moderation; commands ask for many of them."""


def with_fields(handle: FieldsHandler) -> Handler:
    """Return a handler that reads the payload's fields, a JSON object, and passes them on."""

    async def handle_fields(event: UserEvent, services: Services) -> Answer:
        return await handle(event, read_fields(event), services)

    return handle_fields


MESSAGE = "message"

HANDLERS: dict[str, Handler] = {
    MESSAGE: handle_message,
    "join": handle_join,
    "leave": handle_leave,
    "typing": handle_typing,
    "history": handle_history,
    "since": handle_since,
    "around": handle_around,
    "search": handle_search,
    "roster": handle_roster,
    "read": handle_read,
    "places": handle_places,
    "edit": handle_edit,
    "delete": handle_delete,
    "react": handle_react,
} | {name: with_fields(handle) for name, handle in ROOM_EVENTS.items()}

COMMANDS = by_name(
    [
        builtin.show_help,
        builtin.join,
        builtin.leave,
        builtin.describe_action,
        builtin.show_users,
        builtin.show_rooms,
        builtin.remind,
        builtin.show_reminders,
        builtin.cancel_reminder,
        *MODERATION_COMMANDS,
        *ROOM_COMMANDS,
    ]
)
