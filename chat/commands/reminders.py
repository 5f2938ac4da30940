"""When is a reminder due? `10m tea`, `1h30m tea`, `at 17:30 tea`, `at 2026-02-01 09:00 tea`.

A time of day is on the sender's clock: the offset that its client sent with the message, or one written after the time
(`17:30+02:00`, `17:30Z`), else UTC. The answer names the time zone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from chat.errors import ChatError
from chat.message_ids import derived_id, owner_part
from chat.names import REMINDER_USER
from chat.times import milliseconds

VERSION = 1
PER_USER = 10
LONGEST = timedelta(days=366)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# `(?ai:…)`: in any letter case of ASCII. Unicode's rules would also take the long s (U+017F) for an s.
_UNIT = r"(?ai:s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)"
_DURATION = re.compile(rf"(?:(?ai:in)\s+)?(?P<duration>(?:\d{{1,6}}\s*{_UNIT}\s*)+)(?:(?<=\s)|$)(?P<text>.*)", re.S)
_PART = re.compile(r"(\d+)\s*([a-zA-Z])")
_TIME = re.compile(
    r"(?ai:at)\s+(?P<time>(?:(?P<day>\d{4}-\d{2}-\d{2})[Tt\s]+)?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"\s*(?P<zone>(?ai:Z|UTC)|[+-]\d{2}:?\d{2})?)(?:\s+|$)(?P<text>.*)",
    re.S,
)


class InvalidReminder(ChatError):
    """A time that cannot be understood, has passed, or is too far away; or nothing to remind of."""

    code = "invalid_reminder"


class TooManyReminders(ChatError):
    """As many reminders wait as may: for the user, for the room, or in all."""

    code = "too_many_reminders"

    def __init__(self, waiting: str = f"you have {PER_USER} reminders") -> None:
        super().__init__(f"{waiting}, the limit; /forget one first")


@dataclass(frozen=True, slots=True)
class Reminder:
    """What to send, where, when (UTC) and for whom; `due_text` is the time as its user's clock shows it.

    `source` names the event that asked for it, so that a second delivery starts no second reminder. `name` is what the
    user was called, empty where that is the user's id.
    """

    room: str
    user: str
    text: str
    due: datetime
    due_text: str
    source: str
    name: str = ""

    @property
    def line(self) -> str:
        """The text of the message that will be sent: one line, so that nothing in it looks like another message."""
        return f"{self.name or self.user}: {' '.join(self.text.split())}"

    @property
    def message_id(self) -> str:
        """The id of the message that will be sent: the same, however often the platform sends it."""
        return derived_id(REMINDER_USER, self.user, self.source)

    def encode(self) -> dict[str, Any]:
        """Return the orchestration's input; `saidAs` is the stored name of `due_text`."""
        content = {
            "v": VERSION,
            "room": self.room,
            "user": self.user,
            "text": self.text,
            "due": milliseconds(self.due),
            "saidAs": self.due_text,
            "source": self.source,
        }
        return content | ({"name": self.name} if self.name else {})


def decode_reminder(content: Mapping[str, Any]) -> Reminder:
    """Return the reminder that an orchestration's input of any version describes; version 0 had no `v`."""
    due = datetime.fromtimestamp(content["due"] / 1000, UTC)
    return Reminder(
        room=content["room"],
        user=content["user"],
        text=content["text"],
        due=due,
        due_text=content.get("saidAs") or format_due(due, UTC),
        source=content.get("source", ""),
        name=content.get("name", ""),
    )


def instance_id(user: str, number: int) -> str:
    """Return the id of the orchestration that keeps a user's reminder: one for each number, so the limit is exact."""
    return f"reminder-{owner_part(user)}-{number}"


def parse_when(argument: str, now: datetime, utc_offset_minutes: int = 0) -> tuple[datetime, str, str]:
    """Return when a reminder is due (UTC), that time on its user's clock as text, and the reminder's text.

    The text is one line. Raises InvalidReminder.
    """
    if match := _DURATION.fullmatch(argument.strip()):
        zone = parse_zone(None, utc_offset_minutes)
        due = now + parse_duration(match["duration"])
    elif match := _TIME.fullmatch(argument.strip()):
        zone = parse_zone(match["zone"], utc_offset_minutes)
        due = parse_time(match, now.astimezone(zone))
    else:
        raise InvalidReminder("say when: /remind 10m tea, or /remind at 17:30 tea")
    text = " ".join(match["text"].split())
    if not text:
        raise InvalidReminder("say what to be reminded of: /remind 10m tea")
    if due <= now:
        raise InvalidReminder(f"{match['time']} has passed")
    if due > now + LONGEST:
        raise InvalidReminder(f"that is too far away, the limit is {LONGEST.days} days")
    return due.astimezone(UTC), format_due(due, zone), text


def is_duration(text: str) -> bool:
    """Return whether a word is a time to wait, such as `10m` or `1h30m`."""
    match = _DURATION.fullmatch(text)
    return match is not None and not match["text"]


def parse_duration(text: str) -> timedelta:
    """Return the sum of `1h30m` and the like."""
    seconds = sum(int(number) * _UNIT_SECONDS[unit.lower()] for number, unit in _PART.findall(text))
    if not 0 < seconds <= LONGEST.total_seconds():
        raise InvalidReminder(f"{text.strip()} is not a time to wait, the limit is {LONGEST.days} days")
    return timedelta(seconds=seconds)


def parse_time(match: re.Match[str], local: datetime) -> datetime:
    """Return the next moment at which the local clock shows the time, or that time on the named day."""
    try:
        day = datetime.fromisoformat(match["day"]) if match["day"] else local
        due = datetime(day.year, day.month, day.day, int(match["hour"]), int(match["minute"]), tzinfo=local.tzinfo)
    except ValueError:
        raise InvalidReminder(f"there is no time {match['time'].strip()}") from None
    return due if match["day"] or due > local else due + timedelta(days=1)


def parse_zone(written: str | None, utc_offset_minutes: int) -> timezone:
    """Return the time zone: the written offset, else the client's; raises InvalidReminder."""
    if not written:
        return timezone(timedelta(minutes=utc_offset_minutes))
    if written.upper() in ("Z", "UTC"):
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    if hours > 14 or minutes > 59:
        raise InvalidReminder(f"there is no time zone {written}")
    return timezone(-offset if written[0] == "-" else offset)


def format_due(due: datetime, zone: timezone) -> str:
    """Return a moment as `2026-01-31 17:30 UTC+02:00`."""
    local = due.astimezone(zone)
    shape = "%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M"
    return f"{local.strftime(shape)} {zone.tzname(None)}"
