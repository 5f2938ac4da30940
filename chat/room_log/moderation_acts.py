"""What an act of moderation does to the rules of a room. Nothing here has input or output."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from chat.errors import ChatError, UnknownRoom
from chat.names import ERASED_USER
from chat.room_log.rules import (
    FOREVER,
    NotAllowed,
    Role,
    RoomExists,
    RoomKind,
    Rules,
    has_admin_power,
    is_in_force,
)

# Lists in the rules; all of them are in one row, which a transaction may write.
MAX_MODERATORS, MAX_MEMBERS, MAX_INVITED, MAX_LINKS = 50, 200, 100, 20
MAX_BANNED, MAX_MUTED, MAX_PINNED = 200, 200, 20
# Of more removals, the oldest are forgotten: their connections have left the groups long ago. Bans are kept.
MAX_REMOVED = 200
LONGEST_SLOW_SECONDS = 6 * 60 * 60
K = TypeVar("K")


class TooManyRules(ChatError):
    """A list in the rules of a room is as long as it may be."""

    code = "too_many_rules"

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"the room has {limit} {what}, the limit")


class InvalidInvitation(ChatError):
    """The user was not invited, or the link is wrong, used up or too old."""

    code = "invalid_invitation"
    status = 403

    def __init__(self) -> None:
        super().__init__("this invitation is not valid (any more)")


class Act(StrEnum):
    """What a moderator, an owner or a member does to a room; the values are stored."""

    CREATE = "create"
    RENAME = "rename"
    CLOSE = "close"
    OPEN = "open"
    SLOW = "slow"
    PIN = "pin"
    UNPIN = "unpin"
    MUTE = "mute"
    UNMUTE = "unmute"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    ROLE = "role"
    INVITE = "invite"
    UNINVITE = "uninvite"
    LINK = "link"
    UNLINK = "unlink"
    ACCEPT = "accept"
    REMOVE = "remove"
    ERASE = "erase"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, _: object) -> "Act":
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """An act and its details, as the log keeps it.

    `whom` is a user's id, `until` ms since 1970 (0: for ever), `seconds` the pace of slow mode, `message` a message's
    id, `text` a title, `reason` what the moderator wrote, for moderators only.
    """

    act: Act
    whom: str = ""
    until: int = FOREVER
    seconds: int = 0
    role: Role | None = None
    message: str = ""
    text: str = ""
    kind: RoomKind | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderate:
    """A request to change the rules of a room; `id` is the id of the act.

    `admin` tells that the user is an admin of the app, `is_whom_admin` that the other one is. `digest` is that of a
    link's secret. `joined_seq` is None where no connection asks.
    """

    id: str
    user: str
    moderation: Moderation
    admin: bool = False
    is_whom_admin: bool = False
    digest: str = ""
    client_id: str | None = None
    joined_seq: int | None = None

    @property
    def target(self) -> str | None:
        """The message that must be read before."""
        return self.moderation.message if self.moderation.act is Act.PIN else None


def change_rules(rules: Rules, request: Moderate, room: str, seq: int, at: int) -> Rules:
    """Return the rules after an act with this number and time; equal ones when it changes nothing.

    Raises UnknownRoom, RoomExists, NotAllowed, InvalidInvitation or TooManyRules.
    """
    act = request.moderation.act
    if act is Act.CREATE:
        return _create(request, seq)
    if act is not Act.ACCEPT and not may_act(rules, request):
        raise _refusal(rules, request, room)
    return _ACTS[act](rules, request, seq, at)


def is_declined(rules: Rules, request: Moderate) -> bool:
    """Return whether a user who is invited to the room withdraws the own invitation."""
    moderation = request.moderation
    return moderation.act is Act.UNINVITE and moderation.whom == request.user and request.user in rules.invited


def may_act(rules: Rules, request: Moderate) -> bool:
    """Return whether who asks may do this in the room, to this user."""
    act, user, whom = request.moderation.act, request.user, request.moderation.whom
    if act is Act.ERASE:
        return request.admin
    if rules.kind is RoomKind.DIRECT:
        return False
    if is_declined(rules, request):
        return True
    own, is_admin = rules.role(user), has_admin_power(rules, admin=request.admin)
    if act is Act.REMOVE and user == whom:
        # An owner who has other members hands the room over first.
        return rules.is_members_only and own is not None and (own is not Role.OWNER or rules.members == (user,))
    if not is_admin and own not in (Role.OWNER, Role.MODERATOR):
        return False
    if act is Act.ROLE:
        return (is_admin or own is Role.OWNER) and whom != rules.owner
    if act in (Act.MUTE, Act.KICK, Act.BAN, Act.REMOVE):
        if whom in (user, rules.owner) or has_admin_power(rules, admin=request.is_whom_admin):
            return False
        return is_admin or own is Role.OWNER or whom not in rules.moderators
    if act is Act.UNMUTE and whom == user:  # a moderator whom the owner muted
        return is_admin or own is Role.OWNER
    return True


def _refusal(rules: Rules, request: Moderate, room: str) -> ChatError:
    if rules.role(request.user) is None:
        return UnknownRoom(room)
    if rules.kind is RoomKind.DIRECT:
        return NotAllowed("a direct conversation has no moderators")
    return NotAllowed(f"your role in this room does not allow {request.moderation.act.value!r} here")


def _create(request: Moderate, seq: int) -> Rules:
    if seq != 1:
        raise RoomExists
    moderation, user = request.moderation, request.user
    kind = moderation.kind or RoomKind.PUBLIC
    if kind is RoomKind.DIRECT:
        return Rules(kind=kind, members=tuple(sorted({user, moderation.whom})))
    members = (user,) if kind is RoomKind.PRIVATE else ()
    return Rules(kind=kind, title=moderation.text, owner=user, members=members)


def _close(rules: Rules, _: Moderate, __: int, ___: int) -> Rules:
    return replace(rules, closed=True)


def _open(rules: Rules, _: Moderate, __: int, ___: int) -> Rules:
    return replace(rules, closed=False)


def _rename(rules: Rules, request: Moderate, _: int, __: int) -> Rules:
    return replace(rules, title=request.moderation.text)


def _slow(rules: Rules, request: Moderate, _: int, __: int) -> Rules:
    return replace(rules, slow=request.moderation.seconds)


def _pin(rules: Rules, request: Moderate, _: int, __: int) -> Rules:
    message = request.moderation.message
    rest = tuple(other for other in rules.pinned if other != message)
    if len(rest) == len(rules.pinned) >= MAX_PINNED:
        raise TooManyRules("pinned messages", MAX_PINNED)
    return rules if message in rules.pinned else replace(rules, pinned=(*rest, message))


def _unpin(rules: Rules, request: Moderate, _: int, __: int) -> Rules:
    return replace(rules, pinned=tuple(other for other in rules.pinned if other != request.moderation.message))


def _mute(rules: Rules, request: Moderate, seq: int, at: int) -> Rules:
    moderation = request.moderation
    muted = with_limit(in_force(rules.muted, at), moderation.whom, moderation.until, MAX_MUTED, "muted users")
    return _with_muted(rules, muted, {**rules.mute_acts, moderation.whom: seq})


def _unmute(rules: Rules, request: Moderate, _: int, at: int) -> Rules:
    whom = request.moderation.whom
    if not is_in_force(rules.muted.get(whom), at):
        return rules
    return _with_muted(rules, without(in_force(rules.muted, at), whom), rules.mute_acts)


def _kick(rules: Rules, request: Moderate, seq: int, at: int) -> Rules:
    whom = request.moderation.whom
    if is_in_force(rules.banned.get(whom), at):  # the number in `removed` is that of the ban
        return rules
    return _with_removed(rules, whom, seq)


def _ban(rules: Rules, request: Moderate, seq: int, at: int) -> Rules:
    moderation, whom = request.moderation, request.moderation.whom
    banned = with_limit(in_force(rules.banned, at), whom, moderation.until, MAX_BANNED, "banned users")
    return _with_removed(replace(_without_member(rules, whom), banned=banned), whom, seq)


def _unban(rules: Rules, request: Moderate, _: int, at: int) -> Rules:
    if not is_in_force(rules.banned.get(request.moderation.whom), at):
        return rules
    return replace(rules, banned=without(in_force(rules.banned, at), request.moderation.whom))


def _role(rules: Rules, request: Moderate, _: int, at: int) -> Rules:
    moderation = request.moderation
    if is_in_force(rules.banned.get(moderation.whom), at):
        raise NotAllowed("this user is banned from the room; unban first")
    if rules.is_members_only and moderation.whom not in rules.members:
        raise NotAllowed("only a member of the room can have a role in it")
    moderators = tuple(other for other in rules.moderators if other != moderation.whom)
    if moderation.role is Role.OWNER:
        # The room has one owner; the former one becomes a moderator.
        former = (rules.owner,) if rules.owner else ()
        if len(moderators) + len(former) > MAX_MODERATORS:
            raise TooManyRules("moderators", MAX_MODERATORS)
        return replace(rules, owner=moderation.whom, moderators=(*moderators, *former))
    if moderation.role is Role.MODERATOR:
        if len(moderators) >= MAX_MODERATORS:
            raise TooManyRules("moderators", MAX_MODERATORS)
        moderators = rules.moderators if moderation.whom in rules.moderators else (*moderators, moderation.whom)
    return replace(rules, moderators=moderators)


def _invite(rules: Rules, request: Moderate, _: int, at: int) -> Rules:
    whom = request.moderation.whom
    if not rules.is_members_only:
        raise NotAllowed("everybody may enter a public room: there is nothing to invite to")
    if is_in_force(rules.banned.get(whom), at):
        raise NotAllowed("this user is banned from the room; unban first")
    if whom in rules.members or whom in rules.invited:
        return rules
    return replace(rules, invited=with_limit(rules.invited, whom, request.user, MAX_INVITED, "invitations"))


def _uninvite(rules: Rules, request: Moderate, _: int, __: int) -> Rules:
    return replace(rules, invited=without(rules.invited, request.moderation.whom))


def _link(rules: Rules, request: Moderate, _: int, at: int) -> Rules:
    if not rules.is_members_only:
        raise NotAllowed("everybody may enter a public room: there is nothing to invite to")
    links = with_limit(in_force(rules.links, at), request.digest, request.moderation.until, MAX_LINKS, "links")
    return replace(rules, links=links)


def _unlink(rules: Rules, _: Moderate, __: int, ___: int) -> Rules:
    return replace(rules, links={})


def may_enter(rules: Rules, user: str, digest: str, at: int) -> bool:
    """Return whether a user may become a member of a room, or is one; `digest` is that of a link's secret, if any.

    Who was removed, or gave up the membership, comes back by an invitation and not by a link.
    """
    if not rules.is_members_only or is_in_force(rules.banned.get(user), at):
        return False
    if user in rules.members or user in rules.invited:
        return True
    return bool(digest) and user not in rules.removed and is_in_force(rules.links.get(digest), at)


def _accept(rules: Rules, request: Moderate, _: int, at: int) -> Rules:
    user = request.user
    if not may_enter(rules, user, request.digest, at):
        raise InvalidInvitation
    if user in rules.members:
        return rules
    if len(rules.members) >= MAX_MEMBERS:
        raise TooManyRules("members", MAX_MEMBERS)
    return replace(rules, members=(*rules.members, user), invited=without(rules.invited, user))


def _remove(rules: Rules, request: Moderate, seq: int, _: int) -> Rules:
    whom = request.moderation.whom
    if not rules.is_members_only:
        raise NotAllowed("a public room has no members to remove; kick or ban the user")
    if whom not in rules.members:
        return replace(rules, invited=without(rules.invited, whom))
    rules = _with_removed(_without_member(rules, whom), whom, seq)
    return replace(rules, owner="") if rules.owner == whom else rules


def _erase(rules: Rules, request: Moderate, _: int, __: int) -> Rules:
    whom = request.moderation.whom
    invited = {user: ERASED_USER if by == whom else by for user, by in without(rules.invited, whom).items()}
    left = _without_member(rules, whom)
    # A room that only its members know needs somebody who can invite and remove.
    successor = next(iter(left.moderators or left.members), "") if rules.kind is RoomKind.PRIVATE else ""
    return replace(
        left,
        owner=successor if rules.owner == whom else rules.owner,
        moderators=tuple(each for each in left.moderators if rules.owner != whom or each != successor),
        invited=invited,
        banned=without(rules.banned, whom),
        muted=without(rules.muted, whom),
        mute_acts=without(rules.mute_acts, whom),
        removed=without(rules.removed, whom),
    )


def _unknown(rules: Rules, _: Moderate, __: int, ___: int) -> Rules:
    raise ValueError("an act without a meaning cannot be requested")


_ACTS: dict[Act, Callable[[Rules, Moderate, int, int], Rules]] = {
    Act.RENAME: _rename,
    Act.CLOSE: _close,
    Act.OPEN: _open,
    Act.SLOW: _slow,
    Act.PIN: _pin,
    Act.UNPIN: _unpin,
    Act.MUTE: _mute,
    Act.UNMUTE: _unmute,
    Act.KICK: _kick,
    Act.BAN: _ban,
    Act.UNBAN: _unban,
    Act.ROLE: _role,
    Act.INVITE: _invite,
    Act.UNINVITE: _uninvite,
    Act.LINK: _link,
    Act.UNLINK: _unlink,
    Act.ACCEPT: _accept,
    Act.REMOVE: _remove,
    Act.ERASE: _erase,
    Act.UNKNOWN: _unknown,
}


def in_force(times: Mapping[str, int], now: int) -> dict[str, int]:
    """Return those of a list's times that hold now."""
    return {key: until for key, until in times.items() if is_in_force(until, now)}


def with_limit(values: Mapping[str, Any], key: str, value: Any, limit: int, what: str) -> dict[str, Any]:
    """Return the values with one more, or with another one; raises TooManyRules."""
    if key not in values and len(values) >= limit:
        raise TooManyRules(what, limit)
    return {**values, key: value}


def without(values: Mapping[str, K], key: str) -> dict[str, K]:
    """Return the values without one."""
    return {other: value for other, value in values.items() if other != key}


def _without_member(rules: Rules, user: str) -> Rules:
    return replace(
        rules,
        members=tuple(other for other in rules.members if other != user),
        moderators=tuple(other for other in rules.moderators if other != user),
        invited=without(rules.invited, user),
    )


def _with_muted(rules: Rules, muted: Mapping[str, int], acts: Mapping[str, int]) -> Rules:
    return replace(rules, muted=muted, mute_acts={user: acts[user] for user in muted if user in acts})


def _with_removed(rules: Rules, user: str, seq: int) -> Rules:
    removed = {**without(rules.removed, user), user: seq}
    surplus = [other for other in removed if other != user and other not in rules.banned]
    for other in surplus[: max(0, len(removed) - MAX_REMOVED)]:
        del removed[other]
    return replace(rules, removed=removed)
