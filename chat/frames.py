"""What clients are sent, as `docs/protocol.md` lists it.

A chat line has no `type`: the tutorial's pages print `[type][from] message` of every frame.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.errors import ChatError
from chat.lines import Line, timestamp

Frame = dict[str, Any]


def chat_line(line: Line, changes: Mapping[str, Any] | None = None) -> Frame:
    """Return a message as a chat line, live or from the history; `changes` are the fields that its changes add."""
    frame: Frame = {
        "id": line.id,
        "room": line.room,
        "from": line.sender,
        "message": line.text,
        "sentAt": timestamp(line.sent_at),
    }
    if line.client_id is not None:
        frame["clientId"] = line.client_id
    if line.reply_to is not None:
        frame["replyTo"] = {"id": line.reply_to.id, "from": line.reply_to.sender, "message": line.reply_to.text}
    return frame | dict(changes or {})


def user_joined(room: str, user: str, at: int) -> Frame:
    """Return the line that tells a room that a user joined."""
    return _system("joined", message=f"{user} joined", room=room, user=user, at=timestamp(at))


def user_left(room: str, user: str, at: int) -> Frame:
    """Return the line that tells a room that a user left."""
    return _system("left", message=f"{user} left", room=room, user=user, at=timestamp(at))


def notice(message: str, room: str | None = None) -> Frame:
    """Return a notice to one user."""
    return _system("notice", message=message, room=room)


def error(problem: ChatError, room: str | None = None, client_id: str | None = None) -> Frame:
    """Return the line that tells a sender what was refused and why."""
    return _system("error", code=problem.code, message=str(problem), room=room, clientId=client_id)


def room_joined(room: str, user: str, users: Sequence[str], count: int, page: Frame, *, admin: bool) -> Frame:
    """Return the answer to `join`; `page` holds the last messages."""
    return {"type": "joined", "room": room, "user": user, "admin": admin, "users": list(users), "count": count} | page


def history(room: str, page: Frame) -> Frame:
    """Return the answer to `history`."""
    return {"type": "history", "room": room} | page


def room_left(room: str) -> Frame:
    """Return the answer to `leave`."""
    return {"type": "left", "room": room}


def typing(room: str, user: str) -> Frame:
    """Return the frame that tells that a user is typing."""
    return {"type": "typing", "room": room, "user": user}


def edited(room: str, message: str, text: str, at: int, by: str) -> Frame:
    """Return the frame that replaces a message's text."""
    return {"type": "edited", "room": room, "id": message, "message": text, "editedAt": timestamp(at), "by": by}


def deleted(room: str, message: str, at: int, by: str) -> Frame:
    """Return the frame that deletes a message."""
    return {"type": "deleted", "room": room, "id": message, "deletedAt": timestamp(at), "by": by}


def reaction(room: str, message: str, emoji: str, user: str, *, on: bool) -> Frame:
    """Return the frame that sets or clears one user's reaction to a message."""
    return {"type": "reaction", "room": room, "id": message, "emoji": emoji, "user": user, "on": on}


def _system(event: str, **fields: Any) -> Frame:
    return {"type": "system", "event": event} | {key: value for key, value in fields.items() if value is not None}
