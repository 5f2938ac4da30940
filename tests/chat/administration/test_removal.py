"""Old entries are removed completely, whenever the work is cut off, and while people go on talking."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from chat.administration.removal import LogRemoval, find_first_kept
from chat.room_log.model import Head
from chat.room_log.rows import entry_key
from chat.table_storage.client import TableClient
from tests.chat.administration.conversations import Conversation, contents, new_room_logs, read_rows
from tests.chat.administration.stopping_storage import serve_stopping_storage


@given(times=st.lists(st.integers(0, 50), max_size=40), first=st.integers(1, 10), before=st.integers(0, 51))
def test_the_first_entry_that_is_kept_is_the_first_that_is_not_older(times: list[int], first: int, before: int) -> None:
    at = dict(enumerate(sorted(times), start=first))
    head = Head(seq=first + len(at) - 1, at=max(times, default=0), first=first)

    async def read_time(seq: int) -> int | None:
        return at[seq]

    expected = next((seq for seq, time in at.items() if time >= before), head.seq + 1)
    assert asyncio.run(find_first_kept(head, before, read_time)) == expected


async def test_about_as_many_entries_are_read_as_their_number_has_digits() -> None:
    reads: list[int] = []

    async def read_time(seq: int) -> int | None:
        reads.append(seq)
        return seq

    assert await find_first_kept(Head(seq=100_000, at=100_000, first=1), 77_777, read_time) == 77_777
    assert len(reads) <= 18


async def test_one_entry_is_read_where_nothing_is_old_enough() -> None:
    reads: list[int] = []

    async def read_time(seq: int) -> int | None:
        reads.append(seq)
        return seq

    assert await find_first_kept(Head(seq=100_000, at=100_000, first=1000), 500, read_time) == 1000
    assert reads == [1000]


async def remove_old(tables: TableClient, room: str, before: int) -> None:
    removal = LogRemoval(tables)
    await removal.remove_before(room, before)
    first = (await removal.read_head(room)).first
    while await removal.delete_rows(room, first):
        pass


async def test_old_entries_go_with_their_index_rows_and_numbers_go_on(storage: TableClient) -> None:
    rooms = new_room_logs(storage)
    talk = Conversation(rooms, "design")
    said = await talk.say_many("ana", 120)
    await remove_old(storage, "design", before=said[100].message.sent_at)

    later = await talk.say("ana", "later")

    kept = await read_rows(storage, "design", "e-")
    assert [row["RowKey"] for row in kept] == [entry_key(seq) for seq in range(101, 122)]
    assert len(await read_rows(storage, "design", "i-")) == 21
    head = await rooms.read_head("design")
    assert (head.first, head.seq, head.messages, later.message.count) == (101, 121, 121, 121)


async def test_a_log_whose_entries_are_all_old_becomes_empty_and_goes_on(storage: TableClient) -> None:
    rooms = new_room_logs(storage)
    talk = Conversation(rooms, "design")
    await talk.say_many("ana", 3)

    await remove_old(storage, "design", before=10**15)

    assert [row["RowKey"] for row in await read_rows(storage, "design")] == ["head"]
    assert (await rooms.read_page("design")).messages == ()
    assert (await talk.say("ana", "again")).message.seq == 4
    assert [message.text for message in (await rooms.read_page("design")).messages] == ["again"]


async def test_wherever_the_removal_is_cut_off_the_next_run_completes_it() -> None:
    outcomes = []
    for writes in range(8):
        async with serve_stopping_storage() as storage:
            tables = storage.new_client()
            said = await Conversation(new_room_logs(tables), "design").say_many("ana", 130)
            before = said[120].message.sent_at
            is_done = await storage.run_until_stopped(remove_old(tables, "design", before), writes)
            await remove_old(tables, "design", before)
            outcomes.append((is_done, contents(await read_rows(tables, "design"))))
            await tables.close()

    assert [is_done for is_done, _ in outcomes] == [False] * 5 + [True] * 3
    assert all(rows == outcomes[-1][1] for _, rows in outcomes)


async def test_rows_of_which_one_is_gone_are_deleted_all_the_same(storage: TableClient) -> None:
    await Conversation(new_room_logs(storage), "design").say_many("ana", 5)
    index = (await read_rows(storage, "design", "i-"))[2]
    await storage.delete("Rooms", "design", index["RowKey"])

    await remove_old(storage, "design", before=10**15)

    assert [row["RowKey"] for row in await read_rows(storage, "design")] == ["head"]


async def test_people_go_on_talking_while_old_entries_are_removed(storage: TableClient) -> None:
    talk = Conversation(new_room_logs(storage), "design")
    said = await talk.say_many("ana", 150)
    before = said[140].message.sent_at

    removing = asyncio.create_task(remove_old(storage, "design", before))
    later = [await talk.say("bo", f"later {number}") for number in range(30)]
    await removing

    assert [appended.message.seq for appended in later] == list(range(151, 181))
    kept = await read_rows(storage, "design", "e-")
    assert [row["RowKey"] for row in kept] == [entry_key(seq) for seq in range(141, 181)]


async def test_a_log_in_which_something_was_said_since_its_head_was_read_stays_as_it_is(storage: TableClient) -> None:
    rooms = new_room_logs(storage)
    talk, removal = Conversation(rooms, "design"), LogRemoval(storage)
    await talk.say("ana", "early")
    head = await removal.read_head("design")
    await talk.say("ana", "just now")

    assert not await removal.move_first("design", head, head.seq + 1)
    assert (await removal.read_head("design")).first == 1
