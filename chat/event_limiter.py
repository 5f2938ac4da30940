"""Counts one event against the limits of its connection and of its user.

What the connection used is in its state, which the service keeps: exact, because its events come one after another.
What the user used is kept in this process: exact for one instance. With N instances, a user with several connections
may do up to N times as much.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from chat.rate_limits import (
    MINUTE_MS,
    REFUSALS_BEFORE_CLOSE,
    UNUSED,
    Kind,
    Limit,
    RateLimited,
    RateLimits,
    Usage,
    extend_mute,
    refuse,
    remaining_mute,
    spend,
)

MAX_USERS = 10_000


@dataclass(slots=True)
class UserRecord:
    """What a user used, how often the user was refused during the last mute, and until when it may not connect (ms)."""

    usage: Usage = UNUSED
    refusals: int = 0
    blocked_until: int = 0


@dataclass(slots=True)
class UserRecords:
    """The records of the users that this process saw last, 10,000 at most."""

    records: "OrderedDict[str, UserRecord]" = field(default_factory=OrderedDict)

    def get(self, user: str) -> UserRecord:
        """Return the user's record, made when there is none."""
        record = self.records.get(user)
        if record is None:
            record = self.records[user] = UserRecord()
            if len(self.records) > MAX_USERS:
                self.records.popitem(last=False)
        else:
            self.records.move_to_end(user)
        return record

    def check_connect(self, user: str, now: int) -> None:
        """Return when the user may connect at `now` (ms since 1970); raises RateLimited."""
        record = self.records.get(user)
        if record and record.blocked_until > now:
            raise RateLimited("your connection was closed because it went on while muted", record.blocked_until - now)


@dataclass(slots=True)
class EventLimiter:
    """The limits of one event; `usage` is the connection's, as it is after what was charged.

    `limits` is None where nothing is limited. `now` is in milliseconds since 1970 (UTC). `begins_mute` tells that this
    event began a mute, `must_close` that the connection is to be closed.
    """

    limits: RateLimits | None
    users: UserRecords
    user: str
    usage: Usage
    now: int
    begins_mute: bool = False
    must_close: bool = False

    def check_mute(self) -> None:
        """Return when neither the connection nor its user is muted; raises RateLimited."""
        if self.limits is None:
            return
        record = self.users.records.get(self.user)
        wait = remaining_mute(self.usage, self.now)
        if record is not None:
            wait = max(wait, remaining_mute(record.usage, self.now))
        if wait:
            self._count_refusal(self.users.get(self.user))
            raise RateLimited("you went on while you were told to wait", wait)

    def charge(self, kind: Kind) -> None:
        """Count one event of the kind; raises RateLimited, with nothing counted, when there were too many."""
        if self.limits is None:
            return
        record = self.users.get(self.user)
        limit = self.limits.connection[kind]
        usage, wait = spend(self.usage, kind, limit, self.now)
        if not wait:
            limit = self.limits.user[kind]
            user_usage, wait = spend(record.usage, kind, limit, self.now)
        if wait:
            wait = self._refuse(record, wait)
            raise RateLimited(describe_limit(kind, limit), wait)
        self.usage, record.usage = usage, user_usage

    def _refuse(self, record: UserRecord, wait: int) -> int:
        """Note a refusal for the connection and the user; return how long to wait now."""
        self.usage = refuse(self.usage, wait, self.now)
        record.usage = refuse(record.usage, wait, self.now)
        mute = max(remaining_mute(self.usage, self.now), remaining_mute(record.usage, self.now))
        if mute:
            self.begins_mute, record.refusals = True, 0
        return mute or wait

    def _count_refusal(self, record: UserRecord) -> None:
        record.refusals += 1
        if record.refusals >= REFUSALS_BEFORE_CLOSE:
            self.must_close, record.refusals = True, 0
            record.usage = extend_mute(record.usage, self.now)
            record.blocked_until = record.usage.muted_until


def describe_limit(kind: Kind, limit: Limit) -> str:
    """Return which limit was met."""
    rate = f"{MINUTE_MS / limit.interval:g} a minute and {limit.burst} at once"
    return f"too many events of the kind {kind}, the limit is {rate}"
