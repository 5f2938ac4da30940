"""What clients are sent beside the entries of a room's log, as `docs/protocol.md` lists it."""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.errors import ChatError
from chat.times import timestamp

Frame = dict[str, Any]


def user_joined(room: str, user: str, at: int, name: str | None = None) -> Frame:
    """Return the line that tells a room that a user joined; `name` where it is another text than the user's id."""
    line = f"{name or user} joined"
    return with_names(_system("joined", message=line, room=room, user=user, at=timestamp(at)), {user: name})


def user_left(room: str, user: str, at: int, name: str | None = None) -> Frame:
    """Return the line that tells a room that a user left; `name` where it is another text than the user's id."""
    line = f"{name or user} left"
    return with_names(_system("left", message=line, room=room, user=user, at=timestamp(at)), {user: name})


def notice(message: str, room: str | None = None) -> Frame:
    """Return a notice to one user."""
    return _system("notice", message=message, room=room)


def error(problem: ChatError, room: str | None = None, client_id: str | None = None) -> Frame:
    """Return the line that tells a sender what was refused and why."""
    wait = None if problem.retry_after is None else round(problem.retry_after, 3)
    return _system("error", code=problem.code, message=str(problem), room=room, clientId=client_id, retryAfter=wait)


def people(users: Sequence[str], away: Sequence[str], count: int, at: int, *, at_least: bool = False) -> Frame:
    """Return the fields that tell who is in a room; `at` is when the service was asked, in ms since 1970 (UTC).

    `away` are those of the users who are away. `at_least` tells that there may be more people than `count`.
    """
    fields = {"users": list(users), "away": list(away), "count": count, "at": timestamp(at)}
    return fields | ({"atLeast": True} if at_least else {})


def room_joined(room: str, user: str, fields: Frame, *, admin: bool) -> Frame:
    """Return the answer to `join`; `fields` are those of the roster, of the last messages and of the position."""
    return {"type": "joined", "room": room, "user": user, "admin": admin} | fields


def roster(room: str, fields: Frame, head: int | None, first: int | None) -> Frame:
    """Return the answer to `roster`; `head` and `first` are None when storage cannot be read."""
    return {"type": "roster", "room": room} | fields | {"head": head, "first": first}


def read_position(room: str, seq: int, unread: int, mentioned: list[int]) -> Frame:
    """Return the frame that tells a user's other connections how far the user has read.

    `mentioned` are the numbers of the unread messages that mention the user.
    """
    return {"type": "read", "room": room, "seq": seq, "unread": unread, "mentioned": mentioned}


def place(room: str, counts: Frame, head: int, about: Frame) -> Frame:
    """Return one room of the answer to `places`; `about` tells what kind of room it is, and its title."""
    return {"room": room} | counts | {"head": head} | about


def unread_counts(read: int | None, unread: int | None, mentioned: list[int] | None, level: str | None) -> Frame:
    """Return the fields that tell how far a user has read a room; all are None where that is not known.

    `mentioned` are the numbers of the unread messages that mention the user, `level` of which the user is notified.
    """
    return {"read": read, "unread": unread, "mentioned": mentioned, "level": level}


def room_level(room: str, level: str) -> Frame:
    """Return the frame that tells a user's other connections of which messages of a room the user is notified."""
    return {"type": "level", "room": room, "level": level}


def mentioned(line: Frame, excerpt: str) -> Frame:
    """Return the frame that tells a user of a message that mentions it; `line` is its chat line."""
    fields = {name: line[name] for name in ("room", "id", "seq", "from", "user", "sentAt")}
    return {"type": "mentioned"} | fields | {"message": excerpt}


def unmentioned(room: str, identity: str, seq: int) -> Frame:
    """Return the frame that tells a user that a message does not mention it any more."""
    return {"type": "unmentioned", "room": room, "id": identity, "seq": seq}


def presence(room: str, user: str, name: str | None, *, away: bool) -> Frame:
    """Return the frame that tells that a user is away, or back; `name` where it is another text than the user's id."""
    return with_names({"type": "presence", "room": room, "user": user, "away": away}, {user: name})


def places(listed: Sequence[Frame], invitations: Sequence[Frame]) -> Frame:
    """Return the answer to `places`."""
    return {"type": "places", "rooms": list(listed), "invitations": list(invitations)}


def invitation(room: str, about: Frame, by: str, at: int) -> Frame:
    """Return what a user is told of an invitation; `at` is in ms since 1970."""
    return {"room": room} | about | {"by": by, "at": timestamp(at)}


def invited(room: str, about: Frame, by: str, at: int) -> Frame:
    """Return the frame that tells a user of an invitation, or of a direct room that another user has opened."""
    return {"type": "invited"} | invitation(room, about, by, at)


def link(room: str, secret: str, until: int) -> Frame:
    """Return the answer to `link`; `until` is in ms since 1970."""
    return {"type": "link", "room": room, "secret": secret, "until": timestamp(until)}


def members(room: str, content: Frame) -> Frame:
    """Return the answer to `members`."""
    return {"type": "members", "room": room} | content


def room_left(room: str) -> Frame:
    """Return the answer to `leave`."""
    return {"type": "left", "room": room}


def removed(room: str, act: str, at: int, *, until: int | None = None, reason: str = "") -> Frame:
    """Return the frame that tells a user of its removal from a room; times in ms since 1970, `until` 0 is for ever."""
    frame: Frame = {"type": "removed", "room": room, "act": act, "at": timestamp(at)}
    if until is not None:
        frame["until"] = timestamp(until) if until else None
    return frame | ({"reason": reason} if reason else {})


def typing(room: str, user: str, name: str | None = None) -> Frame:
    """Return the frame that tells that a user is typing; `name` where it is another text than the user's id."""
    return with_names({"type": "typing", "room": room, "user": user}, {user: name})


def with_names(frame: Frame, names: Mapping[str, str | None]) -> Frame:
    """Return the frame with the names of its users, where they are other texts than the users' ids."""
    known = {user: name for user, name in names.items() if name}
    return frame | {"names": known} if known else frame


def _system(event: str, **fields: Any) -> Frame:
    return {"type": "system", "event": event} | {key: value for key, value in fields.items() if value is not None}
