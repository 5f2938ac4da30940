"""Reading a room's log around one message: some messages before it and some after it.

What is between the first and the last of them is complete, so a client knows one more part of the log without a gap.
"""

import asyncio
from dataclasses import dataclass

from chat.frames import Frame
from chat.room_log.entry_frames import chat_line
from chat.room_log.model import Head, Kind, Message, UnknownMessage
from chat.room_log.reader import ANSWER_BYTES, CheckRules, count_fitting, read_messages_back
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rows import decode_message
from chat.room_log.store import RoomStore

MAX_SCANNED_AFTER = 2000
FIRST_SPAN, LONGEST_SPAN = 2, 1000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Messages as they are now, oldest first, and the number of the one in the middle.

    `before` is the number to read the next older page with, `after` the one after which newer entries are to be read;
    None where there is nothing more.
    """

    messages: tuple[Message, ...]
    seq: int
    before: int | None
    after: int | None
    head: Head


async def read_around(store: RoomStore, room: str, target: int | str, limit: int, check: CheckRules) -> Surroundings:
    """Return up to `limit` messages around the one with a number or an id, and this one.

    Raises UnknownMessage where the log has no such message, StorageUnavailable, or what `check` raises for the room's
    rules: then nothing but the head was read.
    """
    head = await store.read_head(room)
    check(head.rules)
    seq = target if isinstance(target, int) else await store.find_seq(room, target)
    if seq is None or not head.first <= seq <= head.seq:
        raise UnknownMessage(str(target))
    older = limit // 2
    (back, low), (forward, high) = await asyncio.gather(
        read_messages_back(store, room, head.first, seq + 1, older + 1),
        _read_messages_forward(store, room, seq + 1, head.seq, limit - older - 1),
    )
    if not back or back[-1].seq != seq or (isinstance(target, str) and back[-1].id != target):
        raise UnknownMessage(str(target))
    before = back[-older - 1 :]
    before = before[len(before) - count_fitting(reversed(before), ANSWER_BYTES // 2) :]
    after = forward[: limit - older - 1]
    after = after[: count_fitting(after, ANSWER_BYTES // 2)]
    is_first = len(before) == len(back) and (low <= head.first or before[0].count == 1)
    last = high if len(after) == len(forward) else after[-1].seq
    return Surroundings(
        messages=(*before, *after),
        seq=seq,
        before=None if is_first else (low if len(before) == len(back) else before[0].seq),
        after=None if last >= head.seq else last,
        head=head,
    )


async def _read_messages_forward(
    store: RoomStore, room: str, first: int, end: int, limit: int
) -> tuple[list[Message], int]:
    """Return at least `limit` messages from a number on, fewer at the end of the log, and up to where that is all."""
    messages: list[Message] = []
    span, scanned, high = max(limit, 1) * FIRST_SPAN, 0, first - 1
    while len(messages) < limit and high < end and scanned < MAX_SCANNED_AFTER:
        low, high = high + 1, min(end, high + span)
        messages += map(decode_message, await store.read_rows(room, low, high, kinds=(Kind.MESSAGE,)))
        scanned += high - low + 1
        span = min(span * 4, LONGEST_SPAN)
    return messages, high


async def around_frame(rooms: RoomLogs, room: str, target: int | str, limit: int, check: CheckRules) -> Frame:
    """Return the answer to `around`; raises what `read_around` raises."""
    found = await read_around(rooms.store, room, target, limit, check)
    return {
        "type": "around",
        "room": room,
        "messages": [chat_line(room, message) for message in found.messages],
        "seq": found.seq,
        "before": found.before,
        "after": found.after,
        "head": found.head.seq,
        "first": found.head.first,
    }
