"""How clients are told what is in a room's log, as `docs/protocol.md` lists it.

A chat line has no `type`: the tutorial's pages print `[type][from] message` of every frame. A change's frame has all
that may have changed of its message, so a reader that keeps the highest `version` ends with what the log has,
whatever the order of arrival.
"""

from typing import Any

from chat.frames import Frame
from chat.names import ERASED_USER
from chat.room_log.model import Entry, Kind, Message
from chat.room_log.moderation_acts import Act, Moderation
from chat.times import timestamp

LISTED_USERS = 20
CHANGE_TYPES = {Kind.EDIT: "edited", Kind.DELETE: "deleted", Kind.REACT: "reaction", Kind.UNKNOWN: "edited"}


def chat_line(room: str, message: Message) -> Frame:
    """Return a message as a chat line, as it is now."""
    frame: Frame = {
        "id": message.id,
        "room": room,
        "from": message.shown_sender,
        "user": message.sender,
        "message": message.text,
        "sentAt": timestamp(message.sent_at),
        "seq": message.seq,
        "version": message.version,
    }
    if message.form:
        frame["kind"] = message.form.value
    if message.client_id is not None:
        frame["clientId"] = message.client_id
    return frame | _changes(message)


def change_frame(room: str, entry: Entry, message: Message) -> Frame:
    """Return the frame of an entry that changed a message, with what the message is now."""
    frame: Frame = {
        "type": change_type(entry, message),
        "room": room,
        "id": message.id,
        "seq": entry.seq,
        "version": message.version,
        "messageSeq": message.seq,
        "message": message.text,
        "by": entry.user,
        "at": timestamp(entry.at),
    }
    if message.sender == ERASED_USER:
        frame["from"] = message.sender
    if entry.client_id is not None:
        frame["clientId"] = entry.client_id
    if entry.kind is Kind.REACT:
        frame |= {"emoji": entry.emoji, "user": entry.user, "on": entry.on}
    return frame | _changes(message)


def moderation_frame(room: str, entry: Entry, moderation: Moderation) -> Frame:
    """Return an act of moderation as everybody in the room is told it: without its reason, which moderators read."""
    frame: Frame = {
        "type": "moderation",
        "room": room,
        "id": entry.id,
        "seq": entry.seq,
        "act": moderation.act.value,
        "by": entry.user,
        "at": timestamp(entry.at),
    }
    if entry.client_id is not None:
        frame["clientId"] = entry.client_id
    if moderation.whom:
        frame["user"] = moderation.whom
    if moderation.act in (Act.MUTE, Act.BAN):
        frame["until"] = timestamp(moderation.until) if moderation.until else None
    if moderation.act is Act.SLOW:
        frame["seconds"] = moderation.seconds
    if moderation.role is not None:
        frame["role"] = moderation.role.value
    if moderation.message:
        frame["messageId"] = moderation.message
    if moderation.act in (Act.CREATE, Act.RENAME):
        frame["title"] = moderation.text
    if moderation.kind is not None:
        frame["kind"] = moderation.kind.value
    return frame


def change_type(entry: Entry, message: Message) -> str:
    """Return the type of a change's frame; an erasure deletes the user's own messages and edits those of others."""
    if entry.kind is Kind.ERASE:
        return "edited" if message.deleted_at is None else "deleted"
    return CHANGE_TYPES[entry.kind]


def entry_frame(room: str, entry: Entry, message: Message | None) -> Frame:
    """Return an entry as clients are told it: a chat line, or the frame of a change.

    Without a message, which retention removed, a change is told as the deletion that it amounts to. An entry of a
    later version of the app that is about no message is told by its number only.
    """
    if entry.moderation is not None:
        return moderation_frame(room, entry, entry.moderation)
    if message is None:
        frame = {"type": "deleted", "room": room, "id": entry.message_id, "seq": entry.seq, "version": entry.seq}
        if entry.is_of_its_own:
            return frame | {"type": "unknown"}
        return frame | {"messageSeq": entry.message_seq, "message": "", "by": entry.user, "at": timestamp(entry.at)}
    return chat_line(room, message) if entry.kind is Kind.MESSAGE else change_frame(room, entry, message)


def _changes(message: Message) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if message.reply_to is not None:
        quote = message.reply_to
        fields["replyTo"] = {"id": quote.id, "from": quote.sender, "user": quote.user_id, "message": quote.text}
    if message.edited_at is not None and message.deleted_at is None:
        fields["editedAt"] = timestamp(message.edited_at)
    if message.deleted_at is not None:
        fields["deletedAt"] = timestamp(message.deleted_at)
    if message.mentions:
        fields["mentions"] = list(message.mentions)
    if message.reactions:
        fields["reactions"] = {emoji: list(users[:LISTED_USERS]) for emoji, users in message.reactions.items()}
        if any(len(users) > LISTED_USERS for users in message.reactions.values()):
            fields["reactionCounts"] = {emoji: len(users) for emoji, users in message.reactions.items()}
    return fields
