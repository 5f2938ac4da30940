"""The commands about rooms and their members: each is typed for the event of the same name."""

import re

from chat.commands.command import Call, Command, Outcome, command
from chat.errors import InvalidMessage
from chat.room_log.rules import Role, RoomKind

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"(\d{1,8})\s*([smhd])", re.IGNORECASE | re.ASCII)


def parse_seconds(text: str) -> int:
    """Return the seconds of a time such as `30m` or `7d`; raises InvalidMessage."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise InvalidMessage("say for how long: a number with s, m, h or d")
    return int(match[1]) * _UNIT_SECONDS[match[2].lower()]


def named_user(call: Call) -> str:
    """Return the user that the command names; raises InvalidMessage."""
    user = call.argument.removeprefix("@").strip()
    if not user:
        raise InvalidMessage(f"say who: {call.usage}")
    return user


@command("create", usage="/create private Team plans, /create public design", about="make a room of your own")
async def create(call: Call) -> Outcome:
    """Create a public room by its name, or a private one by its title."""
    kind, _, rest = call.argument.partition(" ")
    if not rest.strip() or kind.lower() not in (RoomKind.PUBLIC, RoomKind.PRIVATE):
        raise InvalidMessage(f"say what kind of room and what it is called: {call.usage}")
    name = "room" if kind.lower() == RoomKind.PUBLIC else "title"
    return call.event_here("create", {"room": None, "kind": kind.lower(), name: rest.strip().removeprefix("#")})


@command("direct", usage="/direct bo", about="talk with one person alone")
async def direct(call: Call) -> Outcome:
    """Open the direct room with a user."""
    return call.event_here("direct", {"user": named_user(call)})


@command("invite", usage="/invite bo", about="invite somebody to this private room")
async def invite(call: Call) -> Outcome:
    """Invite a user to the room."""
    user = named_user(call)
    return call.event_here("invite", {"user": user}, f"{user} is invited")


@command("uninvite", usage="/uninvite bo", about="take an invitation back")
async def uninvite(call: Call) -> Outcome:
    """Withdraw the invitation of a user."""
    user = named_user(call)
    return call.event_here("uninvite", {"user": user}, f"{user} is not invited any more")


@command("link", usage="/link 7d", about="make a link that lets in whoever has it, until a time")
async def link(call: Call) -> Outcome:
    """Answer with the secret of a new link."""
    return call.event_here("link", {"for": parse_seconds(call.argument) if call.argument else None})


@command("unlink", usage="/unlink", about="end all links to this room")
async def unlink(call: Call) -> Outcome:
    """End all links of the room."""
    return call.event_here("unlink", {}, "all links have ended")


@command("accept", usage="/accept ~room", about="enter a private room that you are invited to")
async def accept(call: Call) -> Outcome:
    """Accept an invitation; the secret of a link follows the room after a dot or a space."""
    room, secret = [*re.split(r"[.\s]+", call.argument.removeprefix("#"), maxsplit=1), ""][:2]
    return call.event_here("accept", {"room": room, "secret": secret.strip() or None})


@command("members", usage="/members", about="list the members of this room and their roles")
async def members(call: Call) -> Outcome:
    """Answer with the members of the room."""
    return call.event_here("members", {})


@command("remove", usage="/remove bo", about="end somebody's membership in this private room, or your own")
async def remove(call: Call) -> Outcome:
    """Remove a member from the room."""
    user = named_user(call)
    return call.event_here("remove", {"user": user}, f"{user} is not a member any more")


@command("role", usage="/role bo moderator", about="make somebody owner, moderator or member of this room")
async def role(call: Call) -> Outcome:
    """Give a user a role in the room."""
    user, _, name = call.argument.rpartition(" ")
    if not user.strip() or name.lower() not in tuple(Role):
        raise InvalidMessage(f"say who and which role: {call.usage}")
    user = user.strip().removeprefix("@")
    return call.event_here("role", {"user": user, "role": name.lower()}, f"{user} is {name.lower()} now")


@command("rename", usage="/rename Team plans", about="give this room another title")
async def rename(call: Call) -> Outcome:
    """Give the room another title."""
    return call.event_here("rename", {"title": call.argument})


COMMANDS: tuple[Command, ...] = (
    create,
    direct,
    invite,
    uninvite,
    link,
    unlink,
    accept,
    members,
    remove,
    role,
    rename,
)
