"""The commands that come with the chat. `chat/commands.py` shows how to add one."""

from chat.answers import Answer, entered_room
from chat.commands import COMMANDS, Call, command, is_command, run_command
from chat.errors import InvalidMessage
from chat.names import room_name
from chat.presence import ROSTER_LENGTH, read_roster
from chat.public_rooms import list_rooms
from chat.reminders import Reminder, parse_when
from chat.rooms import enter, go

__all__ = ["is_command", "run_command"]


@command("help", usage="/help", about="list the commands")
async def list_commands(call: Call) -> Answer:
    """Tell what commands there are."""
    known = sorted(COMMANDS.values(), key=lambda found: found.name)
    return call.tell_sender("\n".join(f"{found.usage}: {found.about}" for found in known))


@command("join", usage="/join design", about="enter a room")
async def join_room(call: Call) -> Answer:
    """Enter a room, as the `join` event does."""
    return await enter(call.event, room_name(call.argument.removeprefix("#")), call.services)


@command("leave", usage="/leave", about="leave this room, or the one you name")
async def leave_room(call: Call) -> Answer:
    """Leave a room, as the `leave` event does."""
    named = room_name(call.argument.removeprefix("#")) if call.argument else call.room
    return await go(call.event, entered_room(call.event, named), call.services)


@command("me", usage="/me waves", about="say what you do")
async def act(call: Call) -> Answer:
    """Say something about the sender in the room."""
    if not call.argument:
        raise InvalidMessage("say what you do: /me waves")
    return await call.tell_room(f"* {call.user} {call.argument}")


@command("who", usage="/who", about="list who is in this room")
async def who(call: Call) -> Answer:
    """Tell who is here now, as the service reports it."""
    room = entered_room(call.event, call.room)
    roster = await read_roster(call.services.gateway, room)
    more = f" and {len(roster.users) - ROSTER_LENGTH} more" if len(roster.users) > ROSTER_LENGTH else ""
    return call.tell_sender(f"{len(roster.users)} in {room}: {', '.join(roster.first)}{more}")


@command("rooms", usage="/rooms", about="list the rooms with people in them")
async def rooms(call: Call) -> Answer:
    """Tell which public rooms have people in them."""
    listed = await list_rooms(call.services.gateway, call.services.memory)
    return call.tell_sender("\n".join(f"{name} ({count})" for name, count in listed) or "nobody is in any room")


@command("remind", usage="/remind 10m tea, /remind at 17:30 tea", about="be reminded in this room")
async def remind(call: Call) -> Answer:
    """Start a durable timer that speaks in the room when it is due."""
    room, origin = entered_room(call.event, call.room), call.event.origin
    due, said_as, text = parse_when(call.argument, call.now, call.draft.utc_offset_minutes)
    source = call.draft.client_id or f"{origin.connection_id}/{origin.event_id}"
    number = await call.services.memory.remind(Reminder(room, call.user, text, due, said_as, source))
    return call.tell_sender(f"reminder {number} is set for {said_as}: {text}")


@command("reminders", usage="/reminders", about="list your reminders")
async def reminders(call: Call) -> Answer:
    """Tell the sender's own reminders."""
    waiting = await call.services.memory.reminders(call.user, call.now)
    lines = [f"{number}. {found.said_as} in {found.room}: {found.text}" for number, found in sorted(waiting.items())]
    return call.tell_sender("\n".join(lines) or "you have no reminders")


@command("forget", usage="/forget 1", about="cancel a reminder by its number")
async def forget(call: Call) -> Answer:
    """Cancel one of the sender's own reminders."""
    if not (call.argument.isascii() and call.argument.isdigit() and len(call.argument) < 4):
        raise InvalidMessage("say which one: /forget 1; /reminders lists them")
    number = int(call.argument)
    found = await call.services.memory.forget(call.user, number, call.now)
    return call.tell_sender(
        f"reminder {number} is forgotten: {found.text}" if found else f"you have no reminder {number}"
    )
