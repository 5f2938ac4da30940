"""What does a payload ask for? The fields of messages and changes, each checked against its limit."""

import re
import reprlib
import unicodedata
from collections.abc import Mapping
from typing import Any

from chat.errors import ChatError, EmptyMessage, InvalidMessage, InvalidName, MessageTooLong
from chat.message_ids import is_message_id
from chat.names import room_name
from chat.room_log.model import MAX_MENTIONS, Form
from chat.text_rules import changes_direction, is_blank, is_clean, is_clean_text
from chat.user_names.visibility import find_invisible
from chat.value_objects import value_object

CLIENT_ID_LENGTH = 64
EMOJI_BYTES = 48  # the longest emoji that Unicode recommends has 35
REASON_LENGTH = 200
TITLE_LENGTH = 64
USER_LENGTH = 128
MAX_UTC_OFFSET_MINUTES = 14 * 60
_CLIENT_ID = re.compile(rf"[!-~]{{1,{CLIENT_ID_LENGTH}}}")

Payload = str | Mapping[str, Any]


@value_object
class Draft:
    """What a `message` event asks to send; without a room it is meant for the connection's current one.

    `answers` is the id of the message that it replies to. `utc_offset_minutes` is the sender's clock, minutes east of
    UTC. `mentions` are the users whom the sender picked, each once.
    """

    text: str
    room: str | None = None
    client_id: str | None = None
    answers: str | None = None
    utc_offset_minutes: int = 0
    form: Form = Form.TYPED
    mentions: tuple[str, ...] = ()


def parse_draft(payload: Payload, limit: int) -> Draft:
    """Return what a `message` event's payload asks to send, at most `limit` bytes of UTF-8.

    Raises EmptyMessage, MessageTooLong, InvalidName or InvalidMessage.
    """
    if isinstance(payload, str):
        return Draft(parse_text(payload, limit))
    return Draft(
        text=parse_text(payload.get("message"), limit),
        room=room_name(payload["room"]) if payload.get("room") is not None else None,
        client_id=parse_client_id(payload.get("clientId")),
        answers=parse_reply(payload.get("replyTo")),
        utc_offset_minutes=parse_utc_offset(payload.get("utcOffset")),
        mentions=parse_mentions(payload.get("mentions")),
    )


def named_room_and_client_id(payload: Payload) -> tuple[str | None, str | None]:
    """Return the room and the `clientId` that a payload names; (None, None) where they are absent or not well formed.

    An error answer repeats them, so that a client knows what was refused.
    """
    if isinstance(payload, str):
        return None, None
    try:
        client_id = parse_client_id(payload.get("clientId"))
        return (room_name(payload["room"]) if payload.get("room") is not None else None), client_id
    except ChatError:
        return None, None


def parse_text(value: object, limit: int) -> str:
    """Return a message's text with Unix line ends; `limit` is in bytes of UTF-8.

    Raises InvalidMessage, MessageTooLong or EmptyMessage.
    """
    if not isinstance(value, str):
        raise InvalidMessage(f"message is a {type(value).__name__}, it must be a string")
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if (size := len(text.encode(errors="surrogatepass"))) > limit:
        raise MessageTooLong(size, limit)
    if not is_clean_text(text):
        raise InvalidMessage("message has control characters, only new lines and tabs may be among them")
    if is_blank(text):
        raise EmptyMessage
    return text


def parse_title(value: object) -> str:
    """Return a room's title: one line without surrounding spaces, in Unicode normal form C; raises InvalidMessage."""
    if not isinstance(value, str):
        raise InvalidMessage(f"title is {reprlib.repr(value)}, it must be a string")
    title = unicodedata.normalize("NFC", value.strip())
    if not 0 < len(title) <= TITLE_LENGTH:
        raise InvalidMessage(f"title has {len(title)} characters, it must have 1 to {TITLE_LENGTH}")
    if (char := find_invisible(title)) is not None:
        raise InvalidMessage(f"title has U+{ord(char):04X}, which cannot be seen or is not allowed in a title")
    return title


def parse_client_id(value: object) -> str | None:
    """Return the id that the sender gave its message; raises InvalidMessage."""
    if value is None:
        return None
    if isinstance(value, str) and _CLIENT_ID.fullmatch(value):
        return value
    raise InvalidMessage(f"clientId must be 1 to {CLIENT_ID_LENGTH} printable ASCII characters without spaces")


def parse_reply(value: object) -> str | None:
    """Return the id of the message being answered, given as a string or in an object's `id`; raises InvalidMessage.

    Who said it and what it says is looked up in the log: nothing else of the object is read.
    """
    if value is None:
        return None
    try:
        return parse_message_id(value.get("id") if isinstance(value, dict) else value)
    except InvalidMessage:
        raise InvalidMessage("replyTo is not the id of a message") from None


def parse_mentions(value: object) -> tuple[str, ...]:
    """Return the users (ids) that the sender picked, each once; raises InvalidMessage."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_MENTIONS:
        size = f"has {len(value)} ids" if isinstance(value, list) else f"is a {type(value).__name__}"
        raise InvalidMessage(f"mentions {size}, it must be a list of at most {MAX_MENTIONS} ids of users")
    try:
        return tuple(dict.fromkeys(map(parse_user, value)))
    except InvalidName as problem:
        raise InvalidMessage(f"mentions: {problem}") from None


def parse_utc_offset(value: object) -> int:
    """Return the sender's clock in minutes east of UTC; raises InvalidMessage."""
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_UTC_OFFSET_MINUTES:
        return value
    raise InvalidMessage(f"utcOffset is minutes east of UTC, at most {MAX_UTC_OFFSET_MINUTES} either way")


def parse_message_id(value: object) -> str:
    """Return a message's id; raises InvalidMessage when it has not the form that ours have."""
    if isinstance(value, str) and is_message_id(value):
        return value
    raise InvalidMessage("id is not the id of a message")


def parse_emoji(value: object) -> str:
    """Return a reaction: one emoji, or a few characters that stand for one; raises InvalidMessage."""
    emoji = unicodedata.normalize("NFC", value) if isinstance(value, str) and is_clean(value) else ""
    if len(emoji.encode()) > EMOJI_BYTES or any(char.isspace() for char in emoji):
        raise InvalidMessage(f"emoji must be 1 to {EMOJI_BYTES} bytes of UTF-8 without spaces")
    if is_blank(emoji) or changes_direction(emoji):
        raise InvalidMessage("emoji must have something that can be seen")
    return emoji


def parse_on(value: object) -> bool:
    """Return whether something is set (`on`) or cleared; raises InvalidMessage."""
    if isinstance(value, bool):
        return value
    raise InvalidMessage(f"on is {reprlib.repr(value)}, it must be true or false")


def parse_user(value: object) -> str:
    """Return the id of a user that an act is about, who need not exist; raises InvalidName."""
    user = unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else ""
    if not user or len(user) > USER_LENGTH or not is_clean(user):
        raise InvalidName(f"user must be the id of a user, 1 to {USER_LENGTH} characters")
    return user


def parse_reason(value: object, *, is_required: bool = False) -> str:
    """Return why something is done or reported, one line; raises InvalidMessage."""
    if value is None and not is_required:
        return ""
    if not isinstance(value, str) or not is_clean(value) or changes_direction(value):
        raise InvalidMessage("reason must be a string of one line, without marks that change the direction of text")
    reason = value.strip()
    if len(reason) > REASON_LENGTH:
        raise InvalidMessage(f"reason has {len(reason)} characters, the limit is {REASON_LENGTH}")
    if is_required and is_blank(reason):
        raise InvalidMessage("reason is empty, it must say what is wrong with the message")
    return reason
