"""The commands of moderators: each is the event of the same name, with its fields in words.

A user is named by its id, or, if here, by its name; one with spaces stands in quotation marks. A time is `10m`,
`1h30m` or `2d`, as in reminders.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from chat.commands.command import Call, Command, Outcome
from chat.commands.reminders import is_duration, parse_duration
from chat.errors import InvalidMessage

_USER = re.compile(r'@?(?:"(?P<quoted>[^"]+)"|(?P<word>\S+))\s*(?P<rest>.*)', re.S)

Fields = dict[str, Any]


def user_fields(usage: str, argument: str, *, with_time: bool) -> Fields:
    """Return the fields of an act on a user: whom, for how long if that is said, and why.

    Raises InvalidMessage, or InvalidReminder for a time that is too long.
    """
    match = _USER.fullmatch(argument)
    if match is None:
        raise InvalidMessage(f"say whom: {usage}")
    fields: Fields = {"user": match["quoted"] or match["word"]}
    first, _, rest = match["rest"].partition(" ")
    if with_time and is_duration(first):
        return fields | {"for": round(parse_duration(first).total_seconds())} | reason_field(rest)
    return fields | reason_field(match["rest"])


def reason_field(text: str) -> Fields:
    """Return the field of a reason, nothing where there is none."""
    reason = " ".join(text.split())
    return {"reason": reason} if reason else {}


def pace_fields(usage: str, argument: str) -> Fields:
    """Return the fields of slow mode: `30s`, `30`, or `off`; raises InvalidMessage, or InvalidReminder."""
    first, _, rest = argument.partition(" ")
    if first.lower() == "off":
        return {"seconds": 0} | reason_field(rest)
    if first.isascii() and first.isdigit() and len(first) < 9:
        return {"seconds": int(first)} | reason_field(rest)
    if not is_duration(first):
        raise InvalidMessage(f"say how slow: {usage}")
    return {"seconds": round(parse_duration(first).total_seconds())} | reason_field(rest)


async def message_fields(call: Call) -> Fields:
    """Return the field of a message: the one that the command answers, or the one whose id is typed."""
    if call.argument:
        return {"id": call.argument.split()[0]}
    if call.draft.answers is None:
        raise InvalidMessage(f"say which message: answer it with this command, or name its id: {call.usage}")
    return {"id": call.draft.answers}


def act_command(name: str, usage: str, about: str, read: Callable[[Call], Awaitable[Fields]]) -> Command:
    """Return the command that asks for the event of the same name."""

    async def run(call: Call) -> Outcome:
        return call.event_here(name, await read(call))

    return Command(name, usage, about, run)


async def find_user(call: Call, named: str) -> str:
    """Return the id of a user who is named by id, or, if here, by the name that is shown; raises InvalidMessage."""
    services = call.services
    if not services.profiles.has_names or ":" in named:  # an id has the provider before a colon
        return named
    roster = await services.rosters.read_recent(call.event.joined_room(call.room))
    names = await services.profiles.read_names(roster.users)
    found = [user for user, name in names.items() if name == named]
    if len(found) != 1:
        who = "nobody here has" if not found else f"{len(found)} users here have"
        raise InvalidMessage(f"{who} the name {named!r}; name the user by its id")
    return found[0]


async def on_user(call: Call, *, with_time: bool) -> Fields:
    """Return the fields of an act on a user, who is found by name."""
    fields = user_fields(call.usage, call.argument, with_time=with_time)
    return fields | {"user": await find_user(call, fields["user"])}


async def timed(call: Call) -> Fields:
    """Return the fields of an act on a user that may have an end."""
    return await on_user(call, with_time=True)


async def untimed(call: Call) -> Fields:
    """Return the fields of an act on a user."""
    return await on_user(call, with_time=False)


async def pace(call: Call) -> Fields:
    """Return the fields of slow mode."""
    return pace_fields(call.usage, call.argument)


async def of_the_room(call: Call) -> Fields:
    """Return the fields of an act on the room."""
    return reason_field(call.argument)


COMMANDS = [
    act_command("mute", "/mute bo 10m why", "let a user say nothing for a time, or for ever", timed),
    act_command("unmute", "/unmute bo", "let a user speak again", untimed),
    act_command("kick", "/kick bo why", "remove a user, who may come back", untimed),
    act_command("ban", "/ban bo 1d why", "remove a user for a time, or for ever", timed),
    act_command("unban", "/unban bo", "let a user come back", untimed),
    act_command("close", "/close", "let only moderators speak", of_the_room),
    act_command("open", "/open", "let everybody speak again", of_the_room),
    act_command("slow", "/slow 30s, /slow off", "one message of each user in that time", pace),
    act_command("pin", "/pin", "mark the message that you answer", message_fields),
    act_command("unpin", "/unpin", "end that", message_fields),
]
