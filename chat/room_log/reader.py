"""Reading a room's log: pages of messages back from a number, and runs of entries forward from one.

The cost of an answer does not depend on the room's age: rows are read by ranges of their numbers.
"""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

from chat.errors import InvalidMessage
from chat.room_log.model import Entry, Head, Kind, Message
from chat.room_log.rows import decode_entry, decode_message
from chat.room_log.store import RoomStore

PAGE_LENGTH = 50
MAX_PAGE_LENGTH = 100
# A reader that is further behind is given the newest entries first.
MAX_DISTANCE = 1000
RUN_LENGTH = 100
# The text of one answer's entries, in bytes of UTF-8: the service takes answers up to 1 MiB.
RUN_BYTES = 256 * 1024
# One page looks at so many entries at most; where most entries are changes, it is shorter than asked for.
MAX_SCANNED = 4000
FIRST_SPAN = 2


@dataclass(frozen=True, slots=True)
class Page:
    """Messages as they are now, oldest first.

    `before` is the number to read the next older page with, None where there is none.
    """

    messages: tuple[Message, ...]
    before: int | None
    head: Head


@dataclass(frozen=True, slots=True)
class Run:
    """Entries one after the other without a gap, each with its message as it is now (None: removed by retention).

    `is_complete` tells that the run begins right after the number that was asked for.
    """

    after: int
    entries: tuple[tuple[Entry, Message | None], ...]
    head: Head
    is_complete: bool


async def read_page(store: RoomStore, room: str, before: int | None = None, limit: int = PAGE_LENGTH) -> Page:
    """Return the last `limit` messages, or those before a number; raises StorageUnavailable."""
    head = await store.read_head(room)
    end = head.seq + 1 if before is None else min(before, head.seq + 1)
    messages: list[Message] = []
    span, scanned, low = limit * FIRST_SPAN, 0, end
    while len(messages) < limit and low > head.first and scanned < MAX_SCANNED:
        high, low = low - 1, max(head.first, low - span)
        rows = await store.read_rows(room, low, high, only_messages=True)
        messages[:0] = map(decode_message, rows)
        scanned += high - low + 1
        span = min(span * 4, 1000)
    page = tuple(messages[-limit:])
    # What is before the page: messages that were read, or entries that were not looked at.
    is_first = low <= head.first and len(page) == len(messages)
    if is_first or (page and page[0].count == 1):
        return Page(page, None, head)
    return Page(page, page[0].seq if page else low, head)


async def read_since(store: RoomStore, room: str, after: int, until: int | None = None) -> Run:
    """Return the entries after a number, or the first of those between two numbers; raises StorageUnavailable.

    Over a distance of 1,000 entries, without `until`, these are the newest 100.
    """
    head = await store.read_head(room)
    end = head.seq if until is None else min(head.seq, until - 1)
    low = max(after + 1, head.first)
    if until is None and end - after > MAX_DISTANCE:
        low = max(low, end - RUN_LENGTH + 1)
    high = min(end, low + RUN_LENGTH - 1)
    if high < low:
        return Run(after, (), head, low == after + 1)
    rows = await store.read_rows(room, low, high)
    entries = [decode_entry(row) for row in rows]
    messages = {
        entry.seq: decode_message(row) for entry, row in zip(entries, rows, strict=True) if entry.kind is Kind.MESSAGE
    }
    wanted = {entry.message_seq for entry in entries} - messages.keys()
    messages |= await store.read_messages(room, (seq for seq in sorted(wanted) if seq >= head.first))
    run = [(entry, messages.get(entry.message_seq)) for entry in entries]
    return Run(after, tuple(limit_bytes(run, RUN_BYTES)), head, low == after + 1)


def limit_bytes(run: Sequence[tuple[Entry, Message | None]], limit: int) -> list[tuple[Entry, Message | None]]:
    """Return the first entries of a run whose texts together take at most `limit` bytes, at least one."""
    size = 0
    kept: list[tuple[Entry, Message | None]] = []
    for entry, message in run:
        size += len(message.text.encode()) if message else 0
        if kept and size > limit:
            break
        kept.append((entry, message))
    return kept


def parse_seq(value: object, name: str) -> int:
    """Return a number of an entry, 0 or more; raises InvalidMessage that names the field."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12:
        return value
    raise InvalidMessage(f"{name} is {reprlib.repr(value)}, it must be the number of an entry")


def parse_limit(value: object) -> int:
    """Return how many messages a page may have, 1 to 100; raises InvalidMessage."""
    if value is None:
        return PAGE_LENGTH
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PAGE_LENGTH:
        return value
    raise InvalidMessage(f"limit is {reprlib.repr(value)}, it must be a number from 1 to {MAX_PAGE_LENGTH}")
