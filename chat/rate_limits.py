"""How much may a connection and a user do? Token buckets, and mutes that grow for who goes on while refused.

A bucket is one integer: the time at which it is full again (GCRA, the generic cell rate algorithm). All times here are
whole milliseconds, moments are since 1970 (UTC).
"""

import re
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import lru_cache

from chat.errors import ChatError, NotConfigured
from chat.value_objects import value_object

SETTING = "ChatRateLimits"
OFF = "off"
MINUTE_MS = 60_000
MAX_PER_MINUTE = MAX_BURST = 60_000
# All connections of a user together may do so many times as much as one.
USER_FACTOR = 3
FIRST_MUTE_MS, LONGEST_MUTE_MS = 1000, 300_000
# After so long without a mute the next one is short again.
FORGET_MUTES_MS = 300_000
# Who is refused so often during a mute does not read the answers: its connection is closed.
REFUSALS_BEFORE_CLOSE = 20
# The mute of who was closed is that of so many mutes in a row at least: 32 s, then twice as long each time.
MUTES_OF_FLOODER = 6
_OVERRIDE = re.compile(r"(\w+)\s*=\s*(\d{1,6})\s*/\s*(\d{1,6})", re.ASCII)


class Kind(StrEnum):
    """What an event counts as; each kind has a bucket of its own."""

    MESSAGE = "message"
    CHANGE = "change"
    TYPING = "typing"
    HISTORY = "history"
    SEARCH = "search"
    JOIN = "join"
    CREATE = "create"
    REMINDER = "reminder"
    REPORT = "report"
    MODERATE = "moderate"


ROOM_KINDS: dict[str, Kind] = {
    "create": Kind.CREATE,
    "direct": Kind.CREATE,
    "invite": Kind.CREATE,
    "link": Kind.CREATE,
    "accept": Kind.JOIN,
    "members": Kind.HISTORY,
    "uninvite": Kind.MODERATE,
    "unlink": Kind.MODERATE,
    "remove": Kind.MODERATE,
    "role": Kind.MODERATE,
    "rename": Kind.MODERATE,
    "mute": Kind.MODERATE,
    "unmute": Kind.MODERATE,
    "kick": Kind.MODERATE,
    "ban": Kind.MODERATE,
    "unban": Kind.MODERATE,
    "close": Kind.MODERATE,
    "open": Kind.MODERATE,
    "slow": Kind.MODERATE,
    "pin": Kind.MODERATE,
    "unpin": Kind.MODERATE,
}
"""What the events about rooms and their members, and the commands of the same names, count as."""

EVENT_KINDS: dict[str, Kind] = {
    "edit": Kind.CHANGE,
    "delete": Kind.CHANGE,
    "react": Kind.CHANGE,
    "typing": Kind.TYPING,
    "away": Kind.TYPING,
    "history": Kind.HISTORY,
    "since": Kind.HISTORY,
    "around": Kind.HISTORY,
    "search": Kind.SEARCH,
    "roster": Kind.HISTORY,
    "read": Kind.HISTORY,
    "places": Kind.HISTORY,
    "level": Kind.HISTORY,
    "join": Kind.JOIN,
    "leave": Kind.JOIN,
    "decline": Kind.JOIN,
    "report": Kind.REPORT,
    "resolve": Kind.MODERATE,
    "reports": Kind.HISTORY,
    "audit": Kind.HISTORY,
    "rules": Kind.HISTORY,
} | ROOM_KINDS
"""What an event counts as; any other one, `message` excepted, as a question (`history`)."""

COMMAND_KINDS: dict[str, Kind] = {
    "me": Kind.MESSAGE,
    "join": Kind.JOIN,
    "leave": Kind.JOIN,
    "remind": Kind.REMINDER,
    "reminders": Kind.REMINDER,
    "forget": Kind.REMINDER,
    "help": Kind.HISTORY,
    "who": Kind.HISTORY,
    "rooms": Kind.HISTORY,
} | ROOM_KINDS
"""What a slash command counts as; any other one as a question (`history`)."""


class RateLimited(ChatError):
    """Too much in too short a time; `retry_after` says how many seconds to wait."""

    code = "rate_limited"
    status = 429

    def __init__(self, problem: str, wait: int) -> None:
        """`wait` is in milliseconds."""
        self.retry_after = wait / 1000
        super().__init__(f"{problem}; try again in {self.retry_after:.3g} s")


@value_object
class Limit:
    """A bucket of `burst` tokens, which gets one token every `interval` milliseconds."""

    interval: int
    burst: int


@value_object
class RateLimits:
    """The limits of one connection, and of all connections of a user together."""

    connection: Mapping[Kind, Limit]
    user: Mapping[Kind, Limit]


DEFAULTS: dict[Kind, tuple[int, int]] = {
    Kind.MESSAGE: (120, 20),
    Kind.CHANGE: (120, 60),
    Kind.TYPING: (120, 60),
    Kind.HISTORY: (600, 300),
    Kind.SEARCH: (60, 40),
    Kind.JOIN: (120, 80),
    Kind.CREATE: (10, 30),
    Kind.REMINDER: (20, 20),
    Kind.REPORT: (10, 20),
    Kind.MODERATE: (120, 60),
}
"""Of each kind how many a minute, and how many at once after a pause, for one connection."""


@lru_cache(maxsize=8)
def parse_rate_limits(text: str) -> RateLimits | None:
    """Return the limits with the overrides of `kind=perMinute/burst, …`, or None for `off`; raises NotConfigured."""
    if text.strip().lower() == OFF:
        return None
    chosen = dict(DEFAULTS)
    for part in filter(None, (each.strip() for each in text.split(","))):
        match = _OVERRIDE.fullmatch(part)
        if not match or match[1] not in tuple(Kind):
            raise NotConfigured(
                SETTING, f"has {part!r}: it must be 'off', or kind=perMinute/burst of {', '.join(Kind)}"
            )
        per_minute, burst = int(match[2]), int(match[3])
        if not (1 <= per_minute <= MAX_PER_MINUTE and 1 <= burst <= MAX_BURST):
            raise NotConfigured(SETTING, f"has {part!r}: both numbers must be from 1 to {MAX_BURST}")
        chosen[Kind(match[1])] = per_minute, burst
    return RateLimits(
        connection={kind: make_limit(*numbers) for kind, numbers in chosen.items()},
        user={kind: make_limit(*(USER_FACTOR * number for number in numbers)) for kind, numbers in chosen.items()},
    )


def make_limit(per_minute: int, burst: int) -> Limit:
    """Return the limit; the time between two tokens is a whole number of milliseconds, 1 at least."""
    return Limit(max(1, round(MINUTE_MS / per_minute)), burst)


@value_object
class Usage:
    """What was used of the limits.

    `full_at` has for each kind the moment at which its bucket is full again; a kind that is absent has a full one.
    `refused_until` is when the last refusal told to come again, `muted_until` when the last mute ends, and `mutes` how
    many there were in a row. 0: never.
    """

    full_at: Mapping[Kind, int] = field(default_factory=dict)
    refused_until: int = 0
    mutes: int = 0
    muted_until: int = 0


UNUSED = Usage()


def spend(usage: Usage, kind: Kind, limit: Limit, now: int) -> tuple[Usage, int]:
    """Return the usage after one event of the kind, and 0; or the usage as it is, and how long to wait."""
    allowed = now + limit.burst * limit.interval
    # Another instance's clock may be wrong: no bucket is emptier than empty.
    full_at = min(max(usage.full_at.get(kind, 0), now), allowed) + limit.interval
    if full_at > allowed:
        return usage, full_at - allowed
    in_use = {other: moment for other, moment in usage.full_at.items() if moment > now}
    in_use[kind] = full_at
    return Usage(in_use, usage.refused_until, usage.mutes, usage.muted_until), 0


def refuse(usage: Usage, wait: int, now: int) -> Usage:
    """Return the usage after a refusal; who was told to wait and did not is muted, each time for twice as long."""
    if remaining_mute(usage, now):
        return usage
    if usage.refused_until <= now or usage.refused_until > now + LONGEST_MUTE_MS:
        return replace(usage, refused_until=now + wait)
    mutes = usage.mutes + 1 if now - usage.muted_until < FORGET_MUTES_MS else 1
    return _mute(usage, mutes, wait, now)


def extend_mute(usage: Usage, now: int) -> Usage:
    """Return the usage of who floods on while muted: the mute begins anew, and is longer."""
    return _mute(usage, max(usage.mutes + 1, MUTES_OF_FLOODER), remaining_mute(usage, now), now)


def _mute(usage: Usage, mutes: int, wait: int, now: int) -> Usage:
    length = min(FIRST_MUTE_MS * 2 ** min(mutes - 1, 16), LONGEST_MUTE_MS)
    return replace(usage, mutes=mutes, muted_until=now + max(wait, length))


def remaining_mute(usage: Usage, now: int) -> int:
    """Return how long the mute still lasts; 0 without one, or with one that no right clock can have written."""
    remaining = usage.muted_until - now
    return remaining if 0 < remaining <= LONGEST_MUTE_MS + MINUTE_MS else 0
