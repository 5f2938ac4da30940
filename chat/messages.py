"""What is a message? Its text, its id, its time: all from the event, so that every delivery of it agrees.

The service delivers at least once, and people send again after a cut. A message's id derives from its sender and the
`clientId` it gave, else from the connection and the event's id.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from chat.characters import is_blank, is_clean_text, is_readable_name
from chat.errors import BinaryRefused, ChatError, EmptyMessage, InvalidMessage, MessageTooLong
from chat.events import UserEvent
from chat.names import USER_ID_LENGTH, room_name

CLIENT_ID_LENGTH = 64
QUOTE_LENGTH = 200
MAX_UTC_OFFSET_MINUTES = 14 * 60
_OWNER_LENGTH, _REST_LENGTH = 12, 20
# Base32 writes five bytes as eight letters; 15 bytes are enough for either part.
_DIGEST_BYTES = 15
_MESSAGE_ID = re.compile(rf"[a-z2-7]{{{_OWNER_LENGTH}}}-[a-z2-7]{{{_REST_LENGTH}}}")
_CLIENT_ID = re.compile(rf"[!-~]{{1,{CLIENT_ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Quote:
    """The message being answered, and one line of it as the sender quoted it."""

    id: str
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a `message` event asks to say; without a room it is meant for the connection's current one.

    `utc_offset_minutes` is the sender's clock, minutes east of UTC.
    """

    text: str
    room: str | None = None
    client_id: str | None = None
    reply_to: Quote | None = None
    utc_offset_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said in a room; `sent_at` is milliseconds since 1970 (UTC)."""

    id: str
    room: str
    sender: str
    text: str
    sent_at: int
    client_id: str | None = None
    reply_to: Quote | None = None


def parse_content(event: UserEvent) -> str | Mapping[str, Any]:
    """Return a user event's payload: text, or a JSON object (a JSON string is text).

    Raises BinaryRefused or InvalidMessage.
    """
    if event.content_type not in ("text/plain", "application/json"):
        raise BinaryRefused
    try:
        content = event.body.decode() if event.content_type == "text/plain" else json.loads(event.body)
    except (ValueError, RecursionError):
        raise InvalidMessage(f"the payload is no valid {event.content_type}") from None
    if not isinstance(content, str | dict):
        raise InvalidMessage(f"the payload is a JSON {type(content).__name__}, it must be an object or a string")
    return content


def parse_fields(event: UserEvent) -> Mapping[str, Any]:
    """Return the payload of an event that takes a JSON object only."""
    content = parse_content(event)
    if isinstance(content, str):
        raise InvalidMessage(f"the {event.name} event takes a JSON object")
    return content


def parse_draft(event: UserEvent, limit: int) -> Draft:
    """Return what a `message` event says, at most `limit` bytes of UTF-8.

    Raises EmptyMessage, MessageTooLong, BinaryRefused, InvalidName or InvalidMessage.
    """
    content = parse_content(event)
    if isinstance(content, str):
        return Draft(checked_text(content, limit))
    return Draft(
        text=checked_text(content.get("message"), limit),
        room=room_name(content["room"]) if content.get("room") is not None else None,
        client_id=parse_client_id(content.get("clientId")),
        reply_to=parse_quote(content.get("replyTo")),
        utc_offset_minutes=parse_utc_offset(content.get("utcOffset")),
    )


def mentioned(event: UserEvent) -> tuple[str | None, str | None]:
    """Return the room and the `clientId` that a payload names, as far as it is readable and they are well formed."""
    try:
        fields = parse_fields(event)
        client_id = parse_client_id(fields.get("clientId"))
        return (room_name(fields["room"]) if "room" in fields else None), client_id
    except ChatError:
        return None, None


def checked_text(value: object, limit: int) -> str:
    """Return a message's text with Unix line ends; `limit` is in bytes of UTF-8."""
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


def parse_client_id(value: object) -> str | None:
    """Return the id that the sender gave its message."""
    if value is None:
        return None
    if isinstance(value, str) and _CLIENT_ID.fullmatch(value):
        return value
    raise InvalidMessage(f"clientId must be 1 to {CLIENT_ID_LENGTH} printable ASCII characters without spaces")


def parse_quote(value: object) -> Quote | None:
    """Return the message being answered; its quoted text is cut to one line of 200 characters."""
    if value is None:
        return None
    parts = [value.get(key) for key in ("id", "from", "message")] if isinstance(value, dict) else []
    if not parts or not all(isinstance(part, str) and is_clean_text(part) for part in parts):
        raise InvalidMessage('replyTo must be {"id", "from", "message"}, three strings')
    quoted_id, sender, text = map(str, parts)
    if not is_readable_name(sender := " ".join(sender.split())[:USER_ID_LENGTH]):
        raise InvalidMessage("replyTo.from has characters that no name has")
    return Quote(message_id(quoted_id), sender, " ".join(text.split())[:QUOTE_LENGTH])


def parse_utc_offset(value: object) -> int:
    """Return the sender's clock in minutes east of UTC."""
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_UTC_OFFSET_MINUTES:
        return value
    raise InvalidMessage(f"utcOffset is minutes east of UTC, at most {MAX_UTC_OFFSET_MINUTES} either way")


def message_id(value: object) -> str:
    """Return a message's id; raises InvalidMessage when it has not the form that ours have."""
    if isinstance(value, str) and _MESSAGE_ID.fullmatch(value):
        return value
    raise InvalidMessage("id is not the id of a message")


def new_message_id(sender: str, event: UserEvent, client_id: str | None) -> str:
    """Return the id of what the event says: the same for every delivery of it."""
    if client_id is not None:
        return derived_id(sender, "client", client_id)
    return derived_id(sender, "event", event.origin.connection_id, event.origin.event_id)


def derived_id(sender: str, *parts: str) -> str:
    """Return an id that belongs to the sender and follows from the parts alone."""
    return f"{owner_part(sender)}-{_digest(sender, *parts)[:_REST_LENGTH]}"


@lru_cache(maxsize=1024)
def owner_part(user: str) -> str:
    """Return the first part of the ids of everything the user says."""
    return _digest("owner", user)[:_OWNER_LENGTH]


def is_own(message: str, user: str) -> bool:
    """Return whether the message with this id was said by the user: it can be told without reading it."""
    return message.startswith(owner_part(user) + "-")


def _digest(*parts: str) -> str:
    joined = "\0".join(f"{len(part)}:{part}" for part in parts)
    return base64.b32encode(hashlib.sha256(joined.encode()).digest()[:_DIGEST_BYTES]).decode().lower()


def milliseconds(time: datetime) -> int:
    """Return milliseconds since 1970 (UTC)."""
    return round(time.timestamp() * 1000)


def sent_at(event_time: datetime, now: int, previous: int) -> int:
    """Return a message's time, in milliseconds since 1970 (UTC).

    `ce-time` counts whole seconds. Our clock (`now`) refines it within that second, and one connection's messages stay
    in the order it sent them: each is later than its `previous` one.
    """
    time = milliseconds(event_time)
    if event_time.microsecond == 0:
        time = min(max(time, now), time + 999)
    return max(time, previous + 1)


def timestamp(time: int) -> str:
    """Return milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    return datetime.fromtimestamp(time // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time % 1000:03}Z"
