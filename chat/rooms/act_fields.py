"""What does a payload ask to do to a room or a user? The fields of acts of moderation, each checked against its limit.

Nothing here has input or output; times are milliseconds since 1970 (UTC).
"""

import reprlib
from collections.abc import Mapping
from typing import Any

from chat.errors import InvalidMessage
from chat.messages.parse import parse_message_id, parse_reason, parse_user
from chat.room_log.moderation_acts import LONGEST_SLOW_SECONDS, Act, Moderation
from chat.room_log.rules import FOREVER

LONGEST_SECONDS = 366 * 24 * 60 * 60
ON_USERS = frozenset({Act.MUTE, Act.UNMUTE, Act.KICK, Act.BAN, Act.UNBAN})
WITH_END = frozenset({Act.MUTE, Act.BAN})
ON_MESSAGES = frozenset({Act.PIN, Act.UNPIN})

Fields = Mapping[str, Any]


def parse_act(act: Act, fields: Fields, now: int) -> Moderation:
    """Return the act that the fields of the event of the same name ask for; raises InvalidMessage or InvalidName."""
    return Moderation(
        act=act,
        whom=parse_user(fields.get("user")) if act in ON_USERS else "",
        until=parse_until(fields.get("for"), now) if act in WITH_END else FOREVER,
        seconds=parse_pace(fields.get("seconds")) if act is Act.SLOW else 0,
        message=parse_message_id(fields.get("id")) if act in ON_MESSAGES else "",
        reason=parse_reason(fields.get("reason")),
    )


def parse_until(value: object, now: int) -> int:
    """Return the time until which an act holds, given for how many seconds; none is for ever. Raises InvalidMessage."""
    if value is None:
        return FOREVER
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST_SECONDS:
        return now + value * 1000
    raise InvalidMessage(f"for is {reprlib.repr(value)}, it must be a number of seconds from 1 to {LONGEST_SECONDS}")


def parse_pace(value: object) -> int:
    """Return the seconds between two messages of a user in slow mode, 0 is off; raises InvalidMessage."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_SLOW_SECONDS:
        return value
    raise InvalidMessage(f"seconds is {reprlib.repr(value)}, it must be a number from 0 to {LONGEST_SLOW_SECONDS}")
