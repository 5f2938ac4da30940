"""Who may do what in a room: its rules, which are a part of the log's head, and what acts of moderation do to them.

Every append is conditional on the head that it was judged by. So a rule that was changed on one instance of the app
holds for the next message on every other. Nothing here has input or output; times are milliseconds since 1970 (UTC).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chat.errors import ChatError, NotInRoom, UnknownRoom
from chat.names import is_members_only

FOREVER = 0


class RoomExists(ChatError):
    """The room that shall be created has a log already."""

    code = "room_exists"
    status = 409

    def __init__(self) -> None:
        super().__init__("there is a room with this name already; choose another one")


class NotAllowed(ChatError):
    """The user's role in the room does not allow the act."""

    code = "not_allowed"
    status = 403


class Banned(ChatError):
    """The user is banned from the room."""

    code = "banned"
    status = 403

    def __init__(self, until: int, now: int) -> None:
        super().__init__("you are banned from this room" + _time_left(until, now))
        self.retry_after = _seconds_left(until, now)


class Muted(ChatError):
    """The user may read the room, and say nothing."""

    code = "muted"
    status = 403

    def __init__(self, until: int, now: int) -> None:
        super().__init__("you are muted in this room" + _time_left(until, now))
        self.retry_after = _seconds_left(until, now)


class RoomClosed(ChatError):
    """The room is closed: only its moderators say something."""

    code = "room_closed"
    status = 403

    def __init__(self) -> None:
        super().__init__("this room is closed: only its moderators can say something")


class SlowMode(ChatError):
    """The room is in slow mode, and the user said something a moment ago."""

    code = "slow_mode"
    status = 429

    def __init__(self, slow: int, wait_ms: int) -> None:
        super().__init__(f"slow mode: one message every {slow} seconds")
        self.retry_after = wait_ms / 1000


class RoomKind(StrEnum):
    """Who may enter; the values are stored."""

    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"


class Role(StrEnum):
    """What a user is in a room; the values are stored. Whoever is in a public room is a member."""

    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a room.

    `banned` and `muted` say until when (0: for ever), `mute_acts` the number of the entry that muted a user. `removed`
    has the number of the entry that removed or banned a user: what a connection joined before it does not count.
    `members` are those of a private or direct room, the owner and the
    moderators included. `invited` says by whom. `links` are SHA-256 digests (hex) of secrets, and until when each is
    good. `slow` is in seconds, 0 is off. `pinned` are ids of messages.
    """

    kind: RoomKind = RoomKind.PUBLIC
    title: str = ""
    owner: str = ""
    moderators: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    invited: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, int] = field(default_factory=dict)
    banned: Mapping[str, int] = field(default_factory=dict)
    muted: Mapping[str, int] = field(default_factory=dict)
    mute_acts: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    closed: bool = False
    slow: int = 0
    pinned: tuple[str, ...] = ()

    @property
    def is_members_only(self) -> bool:
        """Whether the room exists only for its members."""
        return self.kind is not RoomKind.PUBLIC

    def role(self, user: str) -> Role | None:
        """Return what the user is in the room, None for whom it does not exist."""
        if user == self.owner:
            return Role.OWNER
        if user in self.moderators:
            return Role.MODERATOR
        return Role.MEMBER if not self.is_members_only or user in self.members else None

    def is_moderator(self, user: str) -> bool:
        """Return whether the user is the owner or a moderator."""
        return user == self.owner or user in self.moderators

    def other_member(self, user: str) -> str:
        """Return the other user of a direct room; empty in another room, and when the other one was erased."""
        if self.kind is not RoomKind.DIRECT:
            return ""
        return next((member for member in self.members if member != user), "")

    def shown_title(self, user: str) -> str:
        """Return what the user sees the room as: its title, or in a direct room the id of the other user."""
        return self.other_member(user) or self.title

    def names_user(self, user: str) -> bool:
        """Return whether the user stands anywhere in the rules."""
        lists = (self.moderators, self.members, self.invited, self.invited.values(), self.banned, self.muted)
        return user == self.owner or user in self.removed or any(user in each for each in lists)


DEFAULT_RULES = Rules()


def is_in_force(until: int | None, now: int) -> bool:
    """Return whether a ban or mute until a time (None: there is none) holds now."""
    return until is not None and (until == FOREVER or until > now)


def has_admin_power(rules: Rules, *, admin: bool) -> bool:
    """Return whether an admin of the app has an admin's power in the room: not where only members are."""
    return admin and not rules.is_members_only


def check_moderator(rules: Rules, user: str, *, admin: bool = False) -> None:
    """Raise NotAllowed unless a user who may read the room is its owner, one of its moderators, or an admin."""
    if rules.kind is RoomKind.DIRECT or not (rules.is_moderator(user) or has_admin_power(rules, admin=admin)):
        raise NotAllowed("only a moderator of the room may do this")


def check_reader(rules: Rules, room: str, user: str, now: int, joined_seq: int | None = None) -> None:
    """Raise UnknownRoom, Banned or NotInRoom unless the user may read the room and be in it.

    `joined_seq` is the log's last number when the user's connection joined; None does not ask for that.
    """
    if rules is DEFAULT_RULES and not is_members_only(room):
        return
    if is_members_only(room) is not rules.is_members_only or rules.role(user) is None:
        raise UnknownRoom(room)
    until = rules.banned.get(user)
    if until is not None and is_in_force(until, now):
        raise Banned(until, now)
    if joined_seq is not None and rules.removed.get(user, -1) > joined_seq:
        raise NotInRoom(room)


def may_read(rules: Rules, room: str, user: str, now: int) -> bool:
    """Return whether a room's rules let a user read it; `now` is in ms since 1970."""
    try:
        check_reader(rules, room, user, now)
    except ChatError:
        return False
    return True


def check_writer(rules: Rules, user: str, now: int, *, admin: bool = False) -> None:
    """Raise RoomClosed or Muted unless a user who may read the room may also change what is in it.

    The owner may mute a moderator, so a mute holds for moderators as well.
    """
    if rules is DEFAULT_RULES or has_admin_power(rules, admin=admin):
        return
    if rules.closed and not rules.is_moderator(user):
        raise RoomClosed
    until = rules.muted.get(user)
    if until is not None and is_in_force(until, now):
        raise Muted(until, now)


def check_pace(rules: Rules, user: str, spoke_at: int | None, now: int, *, admin: bool = False) -> None:
    """Raise SlowMode when the room is in slow mode and the user's last message (ms since 1970) is too recent."""
    if not rules.slow or spoke_at is None or has_admin_power(rules, admin=admin) or rules.is_moderator(user):
        return
    wait = spoke_at + rules.slow * 1000 - now
    if wait > 0:
        raise SlowMode(rules.slow, wait)


def _seconds_left(until: int, now: int) -> float | None:
    return None if until == FOREVER else max(0.0, (until - now) / 1000)


def _time_left(until: int, now: int) -> str:
    if until == FOREVER:
        return ""
    minutes = -(-max(0, until - now) // 60_000)
    return f" for {minutes} more minutes" if minutes != 1 else " for one more minute"
