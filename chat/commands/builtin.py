"""The commands that come with the chat. `COMMANDS` in `chat/handlers.py` lists them."""

from chat.commands.command import Call, Outcome, command
from chat.commands.reminder_store import ReminderStore
from chat.commands.reminders import Reminder, parse_when
from chat.commands.waiting_reminders import WaitingReminders
from chat.errors import InvalidMessage
from chat.messages.review import review_text
from chat.moderation import TextContext, TextKind
from chat.names import room_name
from chat.presence.rosters import ROSTER_LENGTH, away_users, sort_users
from chat.room_log.rules import check_writer
from chat.rooms.membership import join_room, leave_room, read_roster_and_head
from chat.rooms.room_list import list_rooms
from chat.settings import Auth


@command("help", usage="/help", about="list the commands")
async def show_help(call: Call) -> Outcome:
    """Tell the sender which commands there are."""
    known = sorted(call.commands.values(), key=lambda each: each.name)
    return call.notice("\n".join(f"{each.usage}: {each.about}" for each in known))


@command("join", usage="/join design", about="enter a room")
async def join(call: Call) -> Outcome:
    """Join a room, as the `join` event does."""
    return await join_room(call.event, room_name(call.argument.removeprefix("#")), call.services)


@command("leave", usage="/leave", about="leave this room, or the one you name")
async def leave(call: Call) -> Outcome:
    """Leave a room, as the `leave` event does."""
    named = room_name(call.argument.removeprefix("#")) if call.argument else call.room
    return await leave_room(call.event, call.event.joined_room(named), call.services)


@command("me", usage="/me waves", about="say what you do")
async def describe_action(call: Call) -> Outcome:
    """Send a message about what the sender does."""
    if not call.argument:
        raise InvalidMessage("say what you do: /me waves")
    return call.room_message(f"* {call.event.sender_name} {call.argument}")


@command("who", usage="/who", about="list who is in this room")
async def show_users(call: Call) -> Outcome:
    """Tell the sender who is in the room now, as the service reports it."""
    room = call.event.joined_room(call.room)
    roster, away, _ = await read_roster_and_head(call.event, room, call.services)
    more = f" and {len(roster.users) - ROSTER_LENGTH} more" if len(roster.users) > ROSTER_LENGTH else ""
    names = await call.services.profiles.read_names(roster.first)
    marks = dict.fromkeys(away_users(roster, away), " (away)")
    shown = ", ".join(sort_users(names.get(user, user) + marks.get(user, "") for user in roster.first))
    count = f"{len(roster.users)}{' or more' if roster.is_truncated else ''}"
    return call.notice(f"{count} in {room}: {shown}{more}")


@command("rooms", usage="/rooms", about="list the rooms with people or new messages")
async def show_rooms(call: Call) -> Outcome:
    """Tell the sender in which public rooms people are, or something was said today."""
    services = call.services
    listed = await list_rooms(services.rosters, services.room_list.store, services.listed_rooms)
    return call.notice("\n".join(f"{row.room} ({row.people})" for row in listed) or "nobody is in any room")


@command("remind", usage="/remind 10m tea, /remind at 17:30 tea", about="be reminded in this room")
async def remind(call: Call) -> Outcome:
    """Start a durable timer that sends a message to the room when the reminder is due."""
    room, origin = call.event.joined_room(call.room), call.event.origin
    due, due_text, text = parse_when(call.argument, call.now, call.draft.utc_offset_minutes)
    rules = (await call.services.read_recent_head(room)).rules
    call.services.reading(call.event, room)(rules)
    check_writer(rules, call.user, call.services.now)
    context = TextContext(TextKind.REMINDER, call.user, room)
    text = await review_text(text, context, call.services.settings)
    source = call.draft.client_id or f"{origin.connection_id}/{origin.event_id}"
    reminder = Reminder(room, call.user, text, due, due_text, source, origin.state.name or "")
    number = await reminder_store(call).start(reminder, call.now)
    return call.notice(f"reminder {number} is set for {due_text}: {text}")


def reminder_store(call: Call) -> ReminderStore:
    """Return where reminders are; where anyone names themselves, rooms have a limit too."""
    services = call.services
    is_open = services.settings.auth is Auth.OPEN
    return ReminderStore(services.durable, WaitingReminders(services.places.tables) if is_open else None)


@command("reminders", usage="/reminders", about="list your reminders")
async def show_reminders(call: Call) -> Outcome:
    """Tell the sender its own reminders."""
    waiting = await ReminderStore(call.services.durable).read_waiting(call.user, call.now)
    lines = [f"{number}. {each.due_text} in {each.room}: {each.text}" for number, each in sorted(waiting.items())]
    return call.notice("\n".join(lines) or "you have no reminders")


@command("forget", usage="/forget 1", about="cancel a reminder by its number")
async def cancel_reminder(call: Call) -> Outcome:
    """Cancel one of the sender's own reminders."""
    if not (call.argument.isascii() and call.argument.isdigit() and len(call.argument) < 4):
        raise InvalidMessage("say which one: /forget 1; /reminders lists them")
    number = int(call.argument)
    found = await reminder_store(call).cancel(call.user, number, call.now)
    return call.notice(f"reminder {number} is cancelled: {found.text}" if found else f"you have no reminder {number}")
