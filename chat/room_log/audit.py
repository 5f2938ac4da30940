"""Reading what moderators did in a room: the acts in its log, and who deleted the messages of others.

The cost of a page does not depend on the room's age: one page looks at so many entries at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.message_ids import owner_part
from chat.room_log.model import Entry, Head, Kind, Message
from chat.room_log.reader import FIRST_SPAN, MAX_SCANNED
from chat.room_log.rows import decode_entry
from chat.room_log.store import RoomStore

KINDS = (Kind.MODERATE, Kind.DELETE)
LONGEST_SPAN = 1000


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Acts, the newest first; a deletion with its message.

    `before` is the number to read the next older page with, None where there is none.
    """

    acts: tuple[tuple[Entry, Message | None], ...]
    before: int | None


async def read_audit(store: RoomStore, room: str, head: Head, before: int | None, limit: int) -> AuditPage:
    """Return the last `limit` acts of a room, or those before a number; raises StorageUnavailable."""
    low = head.seq + 1 if before is None else min(before, head.seq + 1)
    found: list[tuple[Entry, Message | None]] = []
    span, scanned = limit * FIRST_SPAN, 0
    while len(found) < limit and low > head.first and scanned < MAX_SCANNED:
        high, low = low - 1, max(head.first, low - span)
        entries = [decode_entry(row) for row in await store.read_rows(room, low, high, kinds=KINDS)]
        found += await _with_messages(store, room, [entry for entry in reversed(entries) if may_be_an_act(entry)])
        scanned += high - low + 1
        span = min(span * 4, LONGEST_SPAN)
    if len(found) > limit:
        return AuditPage(tuple(found[:limit]), found[limit - 1][0].seq)
    return AuditPage(tuple(found), low if low > head.first else None)


def may_be_an_act(entry: Entry) -> bool:
    """Return whether an entry is an act, or a deletion that is perhaps that of another user's message."""
    return entry.kind is Kind.MODERATE or not entry.message_id.startswith(owner_part(entry.user))


async def _with_messages(store: RoomStore, room: str, entries: Sequence[Entry]) -> list[tuple[Entry, Message | None]]:
    deletions = {entry.message_seq for entry in entries if entry.kind is Kind.DELETE}
    messages = await store.read_messages(room, sorted(deletions))
    pairs = [(entry, messages.get(entry.message_seq)) for entry in entries]
    return [(entry, message) for entry, message in pairs if message is None or message.sender != entry.user]
