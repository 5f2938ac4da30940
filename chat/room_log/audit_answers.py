"""The answers that only a room's moderators are sent, as `docs/protocol.md` lists them."""

from collections.abc import Callable, Mapping
from typing import Any

from chat.frames import Frame
from chat.room_log.audit import read_audit
from chat.room_log.entry_frames import moderation_frame
from chat.room_log.model import Entry, Message
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rules import Rules, is_in_force
from chat.times import timestamp

CheckRules = Callable[[Rules], None]


async def audit_frame(rooms: RoomLogs, room: str, before: int | None, limit: int, check: CheckRules) -> Frame:
    """Return the answer to `audit`; raises StorageUnavailable, and what `check` raises for the room's rules."""
    head = await rooms.read_head(room)
    check(head.rules)
    page = await read_audit(rooms.store, room, head, before, limit)
    acts = [act_fields(room, entry, message) for entry, message in page.acts]
    return {"type": "audit", "room": room, "acts": acts, "before": page.before, "head": head.seq, "first": head.first}


def act_fields(room: str, entry: Entry, message: Message | None) -> Frame:
    """Return what moderators read of an act: what the room was told, and why.

    A deletion is the act `delete` on the user whose message it was.
    """
    if entry.moderation is not None:
        frame, reason = moderation_frame(room, entry, entry.moderation), entry.moderation.reason
    else:
        frame = {"id": entry.id, "seq": entry.seq, "act": "delete", "by": entry.user, "at": timestamp(entry.at)}
        frame |= {"messageId": entry.message_id} | ({"user": message.sender} if message else {})
        reason = entry.reason
    fields = {name: value for name, value in frame.items() if name not in ("type", "room", "clientId")}
    return fields | ({"reason": reason} if reason else {})


async def rules_frame(rooms: RoomLogs, room: str, now: int, check: CheckRules) -> Frame:
    """Return the answer to `rules`; raises StorageUnavailable, and what `check` raises for the room's rules.

    `now` is in milliseconds since 1970 (UTC).
    """
    head = await rooms.read_head(room)
    rules = head.rules
    check(rules)
    banned = {user: until for user, until in rules.banned.items() if is_in_force(until, now)}
    muted = {user: until for user, until in rules.muted.items() if is_in_force(until, now)}
    numbers = {rules.removed.get(user, 0) for user in banned} | {rules.mute_acts.get(user, 0) for user in muted}
    acts = await rooms.store.read_entries(room, sorted(seq for seq in numbers if seq >= head.first))
    return {
        "type": "rules",
        "room": room,
        "kind": rules.kind.value,
        "title": rules.title,
        "owner": rules.owner,
        "moderators": list(rules.moderators),
        "closed": rules.closed,
        "slow": rules.slow,
        "pinned": list(rules.pinned),
        "banned": [restriction(user, until, acts.get(rules.removed.get(user, 0))) for user, until in banned.items()],
        "muted": [restriction(user, until, acts.get(rules.mute_acts.get(user, 0))) for user, until in muted.items()],
        "invited": [{"user": user, "by": by} for user, by in rules.invited.items()],
        "links": [{"until": timestamp(until)} for until in in_force_times(rules.links, now)],
        "head": head.seq,
    }


def restriction(user: str, until: int, act: Entry | None) -> dict[str, Any]:
    """Return who is banned or muted and until when; and by whom, when and why, while the log keeps that act."""
    fields: dict[str, Any] = {"user": user, "until": timestamp(until) if until else None}
    if act is not None and act.moderation is not None:
        fields |= {"by": act.user, "at": timestamp(act.at)}
        fields |= {"reason": act.moderation.reason} if act.moderation.reason else {}
    return fields


def in_force_times(times: Mapping[str, int], now: int) -> list[int]:
    """Return the times of a list that hold now, the earliest first."""
    return sorted(until for until in times.values() if is_in_force(until, now))
