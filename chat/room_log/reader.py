"""Reading a room's log: pages of messages back from a number, and runs of entries forward from one.

The cost of an answer does not depend on the room's age: rows are read by ranges of their numbers.
"""

import reprlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chat.errors import InvalidMessage
from chat.room_log.entry_frames import LISTED_USERS
from chat.room_log.model import Entry, Head, Kind, Message
from chat.room_log.rows import decode_entry, decode_message
from chat.room_log.rules import Rules
from chat.room_log.store import RoomStore

PAGE_LENGTH = 50
MAX_PAGE_LENGTH = 100
# A reader that is further behind is given the newest entries first.
MAX_DISTANCE = 1000
RUN_LENGTH = 100
# The entries of one answer, in bytes of JSON, estimated upwards: the service takes messages up to 1 MiB.
ANSWER_BYTES = 768 * 1024
# What a frame takes at most without its text and its reactions, and what a quote adds.
FRAME_BYTES, QUOTE_BYTES = 1200, 1200
# One page looks at so many entries at most; where most entries are changes, it is shorter than asked for.
MAX_SCANNED = 4000
FIRST_SPAN = 2


CheckRules = Callable[[Rules], None]


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


def check_nothing(_: Rules) -> None:
    """Let everything be read: for what the app reads for itself."""


async def read_page(
    store: RoomStore,
    room: str,
    before: int | None = None,
    limit: int = PAGE_LENGTH,
    check: CheckRules = check_nothing,
) -> Page:
    """Return the last `limit` messages, or those before a number.

    Raises StorageUnavailable, or what `check` raises for the room's rules: then nothing but the head was read.
    """
    head = await store.read_head(room)
    check(head.rules)
    end = head.seq + 1 if before is None else min(before, head.seq + 1)
    messages, low = await read_messages_back(store, room, head.first, end, limit)
    page = tuple(messages[-limit:])
    page = page[len(page) - count_fitting(reversed(page)) :]
    if len(page) < len(messages):
        return Page(page, page[0].seq, head)
    # What is before the page are entries that were not looked at, if any.
    is_first = low <= head.first or (page and page[0].count == 1)
    return Page(page, None if is_first else low, head)


async def read_messages_back(
    store: RoomStore, room: str, first: int, end: int, limit: int
) -> tuple[list[Message], int]:
    """Return at least `limit` messages before the number `end`, and down to which number that is all.

    There are fewer where the log begins (`first`), or where most entries are changes. Raises StorageUnavailable.
    """
    messages: list[Message] = []
    span, scanned, low = limit * FIRST_SPAN, 0, end
    while len(messages) < limit and low > first and scanned < MAX_SCANNED:
        high, low = low - 1, max(first, low - span)
        rows = await store.read_rows(room, low, high, kinds=(Kind.MESSAGE,))
        messages[:0] = map(decode_message, rows)
        scanned += high - low + 1
        span = min(span * 4, 1000)
    return messages, low


async def read_since(
    store: RoomStore, room: str, after: int, until: int | None = None, check: CheckRules = check_nothing
) -> Run:
    """Return the entries after a number, or the first of those between two numbers.

    Over a distance of 1,000 entries, without `until`, these are the newest 100. Raises StorageUnavailable, or what
    `check` raises for the room's rules: then nothing but the head was read.
    """
    head = await store.read_head(room)
    check(head.rules)
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
    wanted = {entry.message_seq for entry in entries if not entry.is_of_its_own} - messages.keys()
    messages |= await store.read_messages(room, (seq for seq in sorted(wanted) if seq >= head.first))
    run = [(entry, messages.get(entry.message_seq)) for entry in entries]
    # Retention may have removed the first entries since the head was read.
    begin = entries[0].seq if entries else high + 1
    return Run(after, tuple(run[: count_fitting(message for _, message in run)]), head, begin == after + 1)


def count_fitting(messages: Iterable[Message | None], limit: int = ANSWER_BYTES) -> int:
    """Return how many of the first messages fit into one answer of so many bytes, at least one."""
    size = count = 0
    for message in messages:
        size += estimate_bytes(message)
        if count and size > limit:
            break
        count += 1
    return count


def estimate_bytes(message: Message | None) -> int:
    """Return how many bytes a message takes in an answer, as JSON in UTF-8; an estimate that is not too low."""
    if message is None:
        return FRAME_BYTES
    # JSON writes some characters, such as quotation marks, as two.
    size = FRAME_BYTES + 2 * len(message.text.encode()) + (QUOTE_BYTES if message.reply_to else 0)
    size += sum(4 * len(user.encode()) + 3 for user in message.mentions)  # the ids, and their names
    for emoji, users in message.reactions.items():
        size += 2 * len(emoji.encode()) + sum(2 * len(user.encode()) + 3 for user in users[:LISTED_USERS]) + 20
    return size


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
