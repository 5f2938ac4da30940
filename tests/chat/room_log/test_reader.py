"""Pages back from a number, and runs forward from one, of rooms in the local Table storage."""

import json
from itertools import pairwise

import pytest

from chat.errors import InvalidMessage
from chat.room_log.answers import page_fields, since_frame
from chat.room_log.entry_frames import entry_frame
from chat.room_log.model import Head, Kind, Message
from chat.room_log.reader import (
    MAX_DISTANCE,
    MAX_SCANNED,
    RUN_LENGTH,
    Page,
    Run,
    parse_limit,
    parse_seq,
    read_page,
    read_since,
)
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rows import encode_head, entry_key
from chat.room_log.rules import Rules
from chat.room_log.store import TABLE, RoomStore
from chat.table_storage.entities import Value
from chat.table_storage.operations import Insert, Merge
from tests.chat.room_log.conftest import ROOM, Instances
from tests.chat.room_log.requests import new_message, react
from tests.chat.room_log.stored_room import changed_messages, new_messages, remove_before, write_room
from tests.chat.room_log.table_proxy import TableProxy

MAX_ANSWER_BYTES = 1024 * 1024  # what the service takes as one message


async def read_pages(store: RoomStore, limit: int) -> list[Page]:
    """Read a room back to its beginning."""
    pages = [await read_page(store, ROOM, limit=limit)]
    while (before := pages[-1].before) is not None:
        pages.append(await read_page(store, ROOM, before, limit))
    return pages


def messages_of(pages: list[Page]) -> list[Message]:
    return [message for page in reversed(pages) for message in page.messages]


def numbers_of(run: Run) -> list[int]:
    return [entry.seq for entry, _ in run.entries]


async def test_a_room_where_nothing_was_said_has_an_empty_page_and_an_empty_run(store: RoomStore) -> None:
    page, run = await read_page(store, ROOM), await read_since(store, ROOM, 0)

    assert (page.messages, page.before, page.head.seq) == ((), None, 0)
    assert (run.entries, run.is_complete, run.head.seq) == ((), True, 0)


@pytest.mark.parametrize(("messages", "changes"), [(130, 0), (60, 1), (12, 20)])
@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_pages_have_every_message_once_with_what_it_is_now(
    store: RoomStore, messages: int, changes: int, limit: int
) -> None:
    written = await write_room(store, changed_messages(messages, changes))

    pages = await read_pages(store, limit)

    assert messages_of(pages) == list(written.values())
    assert all(len(page.messages) <= limit for page in pages)
    assert all(one.before > other.before for one, other in pairwise(pages[:-1]) if one.before and other.before)


@pytest.mark.parametrize("changes", [0, 3])
async def test_a_page_before_any_number_has_the_messages_right_before_it(store: RoomStore, changes: int) -> None:
    written = list((await write_room(store, changed_messages(12 // (changes + 1), changes))).values())

    for before in range(15):
        page = await read_page(store, ROOM, before, 2)
        older = [message for message in written if message.seq < before]
        assert list(page.messages) == older[-2:]
        if page.before is None:
            assert len(older) <= 2


async def test_a_page_between_many_changes_may_be_short_and_the_next_one_goes_on(store: RoomStore) -> None:
    emojis = [f"e{number}" for number in range(20)]
    changes = [react(f"c{n}", "m2", emojis[n % 20], on=(n // 20) % 2 == 0) for n in range(MAX_SCANNED + 1000)]
    written = await write_room(store, [*new_messages(2), *changes, new_message("m3")])

    pages = await read_pages(store, 3)

    assert messages_of(pages) == list(written.values())
    assert [len(page.messages) for page in pages] == [1, 2]


async def test_the_oldest_page_after_a_removal_ends_at_the_first_entry_that_is_kept(store: RoomStore) -> None:
    requests = new_messages(30)
    written = await write_room(store, requests)
    await remove_before(store, 11, requests)

    pages = await read_pages(store, 8)

    assert messages_of(pages) == list(written.values())[10:]
    assert (pages[-1].before, pages[-1].head.first) == (None, 11)
    empty = await read_page(store, ROOM, 5)
    assert (empty.messages, empty.before) == ((), None)


async def test_the_number_of_reads_does_not_depend_on_the_rooms_age(
    store: RoomStore, instances: Instances, proxy: TableProxy
) -> None:
    await write_room(store, new_messages(3000))
    watched = instances.store(proxy.connection_string)

    async def count_reads(before: int) -> int:
        proxy.reads = 0
        assert len((await read_page(watched, ROOM, before)).messages) == 50
        return proxy.reads

    assert await count_reads(60) == await count_reads(1500) == await count_reads(3001) == 2


@pytest.mark.parametrize("after", [0, 1, 57, 149, 150, 151])
async def test_a_run_begins_right_after_the_number_and_has_at_most_100_entries(store: RoomStore, after: int) -> None:
    written = await write_room(store, changed_messages(50, 2))

    run = await read_since(store, ROOM, after)

    assert numbers_of(run) == list(range(after + 1, min(150, after + RUN_LENGTH) + 1))
    assert (run.is_complete, run.head.seq, run.after) == (True, 150, after)
    for entry, message in run.entries:
        assert message == written[entry.message_id]


async def test_runs_one_after_the_other_reach_the_head(store: RoomStore) -> None:
    await write_room(store, new_messages(250))

    runs, seq = list[Run](), 0
    while seq < 250:
        runs.append(await read_since(store, ROOM, seq))
        seq = numbers_of(runs[-1])[-1]

    assert [number for run in runs for number in numbers_of(run)] == list(range(1, 251))


async def test_over_a_distance_of_1000_entries_the_newest_ones_are_read(store: RoomStore) -> None:
    await write_room(store, new_messages(1100))

    near, far = await read_since(store, ROOM, 1100 - MAX_DISTANCE), await read_since(store, ROOM, 99)

    assert MAX_DISTANCE == 1000
    assert (numbers_of(near)[0], near.is_complete) == (101, True)
    assert (numbers_of(far), far.is_complete) == (list(range(1001, 1101)), False)


async def test_a_gap_is_filled_from_its_beginning_however_wide_it_is(store: RoomStore) -> None:
    await write_room(store, new_messages(1300))

    filled, after = list[int](), 7
    while after < 1199:
        run = await read_since(store, ROOM, after, until=1200)
        assert run.is_complete
        filled += numbers_of(run)
        after = filled[-1]

    assert filled == list(range(8, 1200))
    assert (await read_since(store, ROOM, 1199, until=1200)).entries == ()


async def test_a_run_after_a_removal_begins_at_the_first_entry_and_says_that_it_is_not_complete(
    store: RoomStore,
) -> None:
    requests = [*new_messages(130), react("c1", "m2"), react("c2", "m130")]
    await write_room(store, requests)
    await remove_before(store, 121, requests)

    for after in (0, 50, 119):
        run = await read_since(store, ROOM, after)
        assert (numbers_of(run), run.is_complete, run.head.first) == (list(range(121, 133)), False, 121)
        told = {entry.id: message for entry, message in run.entries}
        assert told["c1"] is None
        assert told["c2"]
    assert (await read_since(store, ROOM, 120)).is_complete


async def test_a_run_whose_beginning_is_removed_while_it_is_read_says_that_it_is_not_complete(
    store: RoomStore,
) -> None:
    await write_room(store, new_messages(10))
    for seq in (1, 2, 3):
        await store.tables.delete(TABLE, ROOM, entry_key(seq))

    run = await read_since(store, ROOM, 0)

    assert (numbers_of(run), run.is_complete) == (list(range(4, 11)), False)


def allow(_: Rules) -> None:
    """Let everybody read."""


async def test_a_change_of_a_removed_message_is_told_as_its_deletion(store: RoomStore) -> None:
    requests = [*new_messages(2), react("c1", "m1")]
    await write_room(store, requests)
    await remove_before(store, 2, requests)

    async def ignore(_: str) -> None: ...

    frame = await since_frame(RoomLogs(store, ignore), ROOM, 1, None, allow)

    deleted = frame["entries"][1]
    assert (deleted["type"], deleted["id"], deleted["message"]) == ("deleted", "m1", "")
    assert (deleted["seq"], deleted["version"], deleted["messageSeq"]) == (3, 3, 1)


async def test_entries_of_a_later_version_are_told_by_their_numbers_and_the_run_goes_on(store: RoomStore) -> None:
    await write_room(store, new_messages(2))
    head = await store.read_head(ROOM)
    later: dict[str, Value] = {"PartitionKey": ROOM, "v": 2, "user": "ana", "at": head.at, "messages": 2}
    mute = later | {"RowKey": entry_key(3), "kind": "mute", "id": "c3", "whom": "bo"}
    pin = later | {"RowKey": entry_key(4), "kind": "pin", "id": "c4", "target": "m1", "targetSeq": 1}
    moved = encode_head(ROOM, Head(4, 2, head.at, 1))
    await store.tables.transaction(TABLE, [Merge(moved, head.etag), Insert(mute), Insert(pin)])

    run = await read_since(store, ROOM, 1)

    told = [entry_frame(ROOM, entry, message) for entry, message in run.entries]
    assert [(frame.get("type"), frame["id"], frame["seq"]) for frame in told] == [
        (None, "m2", 2),
        ("unknown", "c3", 3),
        ("edited", "m1", 4),
    ]
    assert [message.id for message in (await read_page(store, ROOM)).messages] == ["m1", "m2"]


async def test_a_run_of_long_messages_is_shorter_and_the_next_one_goes_on(store: RoomStore) -> None:
    await write_room(store, new_messages(100, "é" * 3000))

    run = await read_since(store, ROOM, 0)
    rest = await read_since(store, ROOM, numbers_of(run)[-1])

    assert 50 <= len(run.entries) < 100
    assert numbers_of(run) + numbers_of(rest) == list(range(1, 101))


async def test_no_answer_is_larger_than_what_the_service_takes(store: RoomStore) -> None:
    """The longest texts, in characters that JSON writes as two, and as many reactions as there may be."""
    name = "\U0001d49c" * 60
    requests = new_messages(100, '"' * 6144)
    for number in (100, 99, 98):
        requests += [react(f"c{number}-{n}", f"m{number}", f"{n % 20:016}", user=f"{name}{n:04}") for n in range(200)]
    written = await write_room(store, requests)

    pages = await read_pages(store, 100)
    runs, seq = list[Run](), 0
    while seq < len(requests):
        runs.append(await read_since(store, ROOM, seq, until=10_000))
        seq = numbers_of(runs[-1])[-1]

    async def ignore(_: str) -> None: ...

    logs = RoomLogs(store, ignore)
    answers = [page_fields(ROOM, page) for page in pages]
    answers += [await since_frame(logs, ROOM, run.after, 10_000, allow) for run in runs]
    assert max(len(json.dumps(answer, ensure_ascii=False).encode()) for answer in answers) < MAX_ANSWER_BYTES
    assert messages_of(pages) == list(written.values())
    assert [number for run in runs for number in numbers_of(run)] == list(range(1, len(requests) + 1))


async def test_a_message_in_a_run_is_what_it_is_now_and_its_entries_what_they_were(store: RoomStore) -> None:
    written = await write_room(store, changed_messages(1, 3))

    run = await read_since(store, ROOM, 1)

    assert [entry.kind for entry, _ in run.entries] == [Kind.EDIT, Kind.REACT, Kind.EDIT]
    assert all(message == written["m1"] for _, message in run.entries)


@pytest.mark.parametrize("value", [-1, 10**12, True, None, 1.0, "1", [], {}])
def test_what_is_no_number_of_an_entry_is_refused(value: object) -> None:
    with pytest.raises(InvalidMessage, match="seq"):
        parse_seq(value, "seq")


@pytest.mark.parametrize("value", [0, 1, 10**12 - 1])
def test_a_number_of_an_entry_is_taken(value: int) -> None:
    assert parse_seq(value, "seq") == value


@pytest.mark.parametrize("value", [0, 101, True, 1.0, "50", []])
def test_a_page_has_1_to_100_messages(value: object) -> None:
    assert [parse_limit(limit) for limit in (None, 1, 100)] == [50, 1, 100]

    with pytest.raises(InvalidMessage, match="from 1 to 100"):
        parse_limit(value)
