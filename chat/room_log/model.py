"""What is in a room's log, and what a request does to it. Nothing here has input or output.

Every entry of a room has the next number (`seq`): a message, an edit, a deletion, a reaction. The entry of a change
names its message; what the message is now stands in the message's own entry, with the number of the newest entry that
changed it (`version`). Times are milliseconds since 1970 (UTC).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chat.errors import ChatError
from chat.names import ERASED_USER, REMINDER_USER
from chat.room_log.moderation_acts import Moderate, Moderation
from chat.room_log.rules import DEFAULT_RULES, Rules
from chat.value_objects import value_object

MAX_EMOJIS = 20
MAX_REACTIONS = 200
MAX_MENTIONS = 10
QUOTE_LENGTH = 200


class UnknownMessage(ChatError):
    """The room's log has no such message, or the message was deleted."""

    code = "unknown_message"

    def __init__(self, message: str) -> None:
        super().__init__(f"there is no message {message!r} in this room, or it was deleted")


class NotYours(ChatError):
    """The message of another user."""

    code = "not_yours"

    def __init__(self) -> None:
        super().__init__("only your own messages can be changed")


class TooManyReactions(ChatError):
    """The message has as many reactions as one may have."""

    code = "too_many_reactions"

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"the message has {limit} {what}, the limit")


class Kind(StrEnum):
    """What an entry is; the values are stored. `UNKNOWN` is read for what a later version of the app wrote."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"
    ERASE = "erase"
    MODERATE = "moderate"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, _: object) -> "Kind":
        return cls.UNKNOWN


class Form(StrEnum):
    """How a message came to be; the values are stored, and told as `kind`. What its sender typed has none."""

    TYPED = ""
    ACTION = "action"
    REMINDER = "reminder"

    @classmethod
    def _missing_(cls, _: object) -> "Form":
        return cls.TYPED


@value_object
class Head:
    """Where a room's log ends: its last number, how many messages were ever sent, and the last entry's time.

    `first` is the lowest number that is kept. `etag` is empty while the room has no entry. `rules` say who may do what.
    `spoke` has, while the room is in slow mode, the time of the last message of each user (by `speaker_key`).
    """

    seq: int = 0
    messages: int = 0
    at: int = 0
    first: int = 1
    etag: str = ""
    rules: Rules = DEFAULT_RULES
    spoke: Mapping[str, int] = field(default_factory=dict)


@value_object
class Quote:
    """The message that another one answers, and one line of it as it was then.

    `sender` is the name that was shown, `user` the sender's id (empty: the same).
    """

    id: str
    sender: str
    text: str
    user: str = ""

    @property
    def user_id(self) -> str:
        """The id of who said it."""
        return self.user or self.sender


@value_object
class Message:
    """A message as it is now; `text` is empty after its deletion.

    `sender` is the id of the user, `sender_name` the name that the user had (empty: the same). `reactions` are the
    users of each emoji, in the order in which they reacted. `count` is the number of messages in the room up to and
    with this one. `mentions` are the ids of the users whose name the text has after an `@`.
    """

    id: str
    seq: int
    version: int
    sender: str
    text: str
    sent_at: int
    count: int
    client_id: str | None = None
    reply_to: Quote | None = None
    edited_at: int | None = None
    deleted_at: int | None = None
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sender_name: str = ""
    form: Form = Form.TYPED
    mentions: tuple[str, ...] = ()

    @property
    def shown_sender(self) -> str:
        """The name that the message is shown with: a reminder is shown as said by the reminder."""
        if self.form is Form.REMINDER and self.sender != ERASED_USER:
            return REMINDER_USER
        return self.sender_name or self.sender


@value_object
class Entry:
    """One entry of the log, without what its message is now.

    `message_id` and `message_seq` name the message that it is or changes. `count` is the number of messages up to it.
    `reason` is that of deleting the message of another user.
    """

    seq: int
    kind: Kind
    id: str
    user: str
    at: int
    count: int
    message_id: str
    message_seq: int
    client_id: str | None = None
    emoji: str = ""
    on: bool = True
    moderation: Moderation | None = None
    reason: str = ""

    @property
    def is_of_its_own(self) -> bool:
        """Whether the entry is no message and about none: an act of moderation, or what a later version wrote."""
        return self.kind in (Kind.MODERATE, Kind.UNKNOWN) and self.message_seq == self.seq


@value_object
class NewMessage:
    """A request to append a message; `answers` is the id of the message that it replies to.

    `joined_seq` is the log's last number when the connection joined the room, None where no connection asks. `admin`
    tells that the user is an admin of the app. `mentions` are the users to mention, as far as the room's rules let them
    in.
    """

    id: str
    user: str
    text: str
    client_id: str | None = None
    answers: str | None = None
    user_name: str = ""
    form: Form = Form.TYPED
    joined_seq: int | None = None
    admin: bool = False
    mentions: tuple[str, ...] = ()

    @property
    def target(self) -> str | None:
        """The message that must be read before."""
        return self.answers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A request to change the message `target`; `id` is the id of the change itself.

    `admin` tells that the user is an admin of the app, who may change the messages of others. `joined_seq` is that of
    `NewMessage`.
    """

    id: str
    user: str
    target: str
    client_id: str | None = None
    admin: bool = False
    joined_seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMessage(_Change):
    """A request to replace a message's text; `mentions` are those of `NewMessage`."""

    text: str
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteMessage(_Change):
    """A request to remove a message's text; its place remains. `moderator` allows it for the messages of others.

    `reason` says why the message of another one is deleted, for moderators only.
    """

    moderator: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReaction(_Change):
    """A request to set (`on`) or clear the user's reaction to a message."""

    emoji: str
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseUser(_Change):
    """A request to remove from a message what it has of the user `erased`, who is not stored; `user` is who asked."""

    erased: str


Change = EditMessage | DeleteMessage | SetReaction | EraseUser
MessageRequest = NewMessage | Change
Request = MessageRequest | Moderate

KINDS: dict[type[Request], Kind] = {
    NewMessage: Kind.MESSAGE,
    EditMessage: Kind.EDIT,
    DeleteMessage: Kind.DELETE,
    SetReaction: Kind.REACT,
    EraseUser: Kind.ERASE,
    Moderate: Kind.MODERATE,
}


def first_message(request: NewMessage, quoted: Message | None, seq: int, at: int, count: int) -> Message:
    """Return the message that a request appends; raises UnknownMessage when it answers one that is not there."""
    reply_to = None
    if request.answers is not None:
        if quoted is None or quoted.deleted_at is not None:
            raise UnknownMessage(request.answers)
        line, shown = " ".join(quoted.text.split())[:QUOTE_LENGTH], quoted.shown_sender
        reply_to = Quote(quoted.id, shown, line, "" if shown == quoted.sender else quoted.sender)
    return Message(
        id=request.id,
        seq=seq,
        version=seq,
        sender=request.user,
        text=request.text,
        sent_at=at,
        count=count,
        client_id=request.client_id,
        reply_to=reply_to,
        sender_name="" if request.user_name == request.user else request.user_name,
        form=request.form,
        mentions=request.mentions,
    )


def change_message(message: Message | None, change: Change, seq: int, at: int) -> Message:
    """Return the message after a change with this number and time; the same object when nothing changes.

    Raises UnknownMessage, NotYours or TooManyReactions.
    """
    if message is None:
        raise UnknownMessage(change.target)
    if isinstance(change, EraseUser):
        return erase_user(message, change.erased, seq, at)
    if not may_change(message, change):
        raise NotYours
    if message.deleted_at is not None:
        if isinstance(change, DeleteMessage):
            return message
        raise UnknownMessage(change.target)
    match change:
        case EditMessage(text=text, mentions=mentions):
            if text == message.text:
                return message
            return replace(message, text=text, mentions=mentions, edited_at=at, version=seq)
        case DeleteMessage():
            return replace(message, text="", mentions=(), reply_to=None, reactions={}, deleted_at=at, version=seq)
        case SetReaction():
            reactions = with_reaction(message.reactions, change.emoji, change.user, on=change.on)
            return message if reactions is None else replace(message, reactions=reactions, version=seq)


def may_change(message: Message, change: EditMessage | DeleteMessage | SetReaction) -> bool:
    """Return whether the user may change the message in this way; nobody edits what a reminder said."""
    match change:
        case EditMessage():
            return (change.admin or change.user == message.sender) and message.form is not Form.REMINDER
        case DeleteMessage():
            return change.admin or change.moderator or change.user == message.sender
        case SetReaction():
            return True


def with_reaction(
    reactions: Mapping[str, tuple[str, ...]], emoji: str, user: str, *, on: bool
) -> dict[str, tuple[str, ...]] | None:
    """Return the reactions with one set or cleared, or None when nothing changes; raises TooManyReactions."""
    users = reactions.get(emoji, ())
    if (user in users) is on:
        return None
    if not on:
        rest = tuple(other for other in users if other != user)
        return {other: rest if other == emoji else each for other, each in reactions.items() if other != emoji or rest}
    if emoji not in reactions and len(reactions) >= MAX_EMOJIS:
        raise TooManyReactions(MAX_EMOJIS, "different reactions")
    if sum(map(len, reactions.values())) >= MAX_REACTIONS:
        raise TooManyReactions(MAX_REACTIONS, "reactions")
    return {**reactions, emoji: (*users, user)}


def erase_user(message: Message, user: str, seq: int, at: int) -> Message:
    """Return the message without what it has of a user; the same object when it has nothing.

    The user's own message loses its text, its quote, its reactions and its sender. The message of another one loses
    the user's reactions, its mention of the user, and the name and text in its quote.
    """
    if is_about(message.sender, message.text, user):
        return replace(
            message,
            sender=erased_name(message.sender, user),
            sender_name="",
            text="",
            mentions=(),
            client_id=None,
            reply_to=None,
            reactions={},
            deleted_at=message.deleted_at or at,
            version=seq,
        )
    quote = message.reply_to
    if quote is not None and is_about(quote.user_id, quote.text, user):
        quote = Quote(quote.id, ERASED_USER if quote.user_id == user else quote.sender, "")
    kept = {emoji: tuple(other for other in users if other != user) for emoji, users in message.reactions.items()}
    reactions = {emoji: users for emoji, users in kept.items() if users}
    mentions = tuple(other for other in message.mentions if other != user)
    if quote == message.reply_to and reactions == dict(message.reactions) and mentions == message.mentions:
        return message
    return replace(message, reply_to=quote, reactions=reactions, mentions=mentions, version=seq)


def is_about(sender: str, text: str, user: str) -> bool:
    """Return whether a message is the user's: sent by the user, or a reminder, which begins with its user's name."""
    if sender == user:
        return True
    return sender == REMINDER_USER and " ".join(text.split()).startswith(" ".join(user.split()) + ": ")


def erased_name(sender: str, user: str) -> str:
    """Return the sender of a message after the user was erased."""
    return ERASED_USER if sender == user else sender
