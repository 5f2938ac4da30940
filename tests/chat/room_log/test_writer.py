"""Writers of one room, each as in a process of its own: combined appends, lost races, repetitions."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from chat.room_log.append_plan import Appended
from chat.room_log.model import NotYours, UnknownMessage
from chat.room_log.reader import read_since
from chat.room_log.rows import HEAD
from chat.room_log.store import TABLE, RoomStore
from chat.room_log.writer import UNDIVIDED, RoomWriter
from local_azure.pytest_plugin import TableStorage
from tests.chat.local_chat import until
from tests.chat.room_log.conftest import ROOM, Instances
from tests.chat.room_log.requests import delete, edit, new_message, react
from tests.chat.room_log.table_proxy import Gate, TableProxy


def seq_of(appended: Appended) -> int | None:
    return appended.entry.seq if appended.entry else None


async def read_log(store: RoomStore) -> list[tuple[int, str]]:
    """Return the numbers and ids of all entries, checked to be without a gap."""
    entries: list[tuple[int, str]] = []
    while (run := await read_since(store, ROOM, len(entries))).entries:
        entries += [(entry.seq, entry.id) for entry, _ in run.entries]
    assert [seq for seq, _ in entries] == list(range(1, len(entries) + 1))
    assert (await store.read_head(ROOM)).seq == len(entries)
    return entries


async def test_one_append_is_one_transaction_and_the_head_is_read_once(writer: RoomWriter, proxy: TableProxy) -> None:
    numbers = [seq_of(await writer.append(new_message(f"m{number}"))) for number in range(1, 4)]

    assert numbers == [1, 2, 3]
    assert (proxy.transactions, proxy.reads) == (3, 1)


async def test_what_waits_meanwhile_is_appended_in_one_transaction(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    gate = Gate()
    proxy.before_transaction = gate.wait
    first = asyncio.create_task(writer.append(new_message("m1")))
    await until(lambda: gate.waiting == 1)

    others = [asyncio.create_task(writer.append(new_message(f"m{n}"))) for n in range(2, UNDIVIDED + 2)]
    await asyncio.sleep(0)
    gate.open()

    assert [seq_of(each) for each in await asyncio.gather(first, *others)] == list(range(1, UNDIVIDED + 2))
    assert proxy.transactions == 2
    assert len(await read_log(store)) == UNDIVIDED + 1


async def test_a_hundred_appends_at_once_take_few_transactions(writer: RoomWriter, proxy: TableProxy) -> None:
    appended = await asyncio.gather(*(writer.append(new_message(f"m{number}")) for number in range(100)))

    assert [seq_of(each) for each in appended] == list(range(1, 101))
    # Of what waits each takes half, 33 at most and 16 at least: 33, 33, 17, 16, 1.
    assert proxy.transactions == 5


async def test_eight_writers_of_one_room_leave_no_gap_and_nothing_twice(
    instances: Instances, table_storage: TableStorage, store: RoomStore
) -> None:
    writers = [instances.writer(table_storage.connection_string, append_seconds=60) for _ in range(8)]

    async def talk(name: int, writer: RoomWriter) -> list[tuple[int | None, str]]:
        appended = await asyncio.gather(*(writer.append(new_message(f"w{name}-{number}")) for number in range(25)))
        return [(seq_of(each), each.message.id) for each in appended]

    told = await asyncio.gather(*(talk(name, writer) for name, writer in enumerate(writers)))

    assert sorted(pair for pairs in told for pair in pairs) == await read_log(store)
    for pairs in told:
        assert [seq for seq, _ in pairs] == sorted(seq for seq, _ in pairs if seq)


async def test_an_edit_by_another_instance_between_two_reactions_is_kept(
    writer: RoomWriter, other: RoomWriter, store: RoomStore
) -> None:
    await writer.append(new_message("m1", "teh"))
    await writer.append(react("c1", "m1", user="bo"))
    await other.append(edit("c2", "m1", "tea"))

    last = await writer.append(react("c3", "m1", user="cy"))

    message = await store.find_message(ROOM, "m1")
    assert message
    assert (message.text, message.reactions, message.version) == ("tea", {"👍": ("bo", "cy")}, 4)
    assert last.message == message


async def test_changes_of_one_message_one_after_the_other_are_all_kept(writer: RoomWriter, store: RoomStore) -> None:
    await writer.append(new_message("m1", "teh"))
    for user in ("bo", "cy"):
        await writer.append(react(f"c-{user}", "m1", user=user))
    await writer.append(edit("c1", "m1", "tea"))

    last = await writer.append(react("c2", "m1", emoji="🎉"))

    message = await store.find_message(ROOM, "m1")
    assert message == last.message
    assert (message.text, message.version) == ("tea", 5)
    assert message.reactions == {"👍": ("bo", "cy"), "🎉": ("ana",)}


async def test_an_append_does_not_undo_what_retention_changed_in_the_head(writer: RoomWriter, store: RoomStore) -> None:
    for number in (1, 2, 3):
        await writer.append(new_message(f"m{number}"))
    await store.tables.merge(TABLE, {"PartitionKey": ROOM, "RowKey": HEAD, "first": 3})

    await writer.append(new_message("m4"))

    head = await store.read_head(ROOM)
    assert (head.first, head.seq, head.messages) == (3, 4, 4)


async def test_what_would_change_nothing_is_judged_by_what_the_log_has_now(
    writer: RoomWriter, other: RoomWriter
) -> None:
    await writer.append(new_message("m1"))
    await writer.append(react("c1", "m1"))
    await other.append(react("c2", "m1", on=False))

    again = await writer.append(react("c3", "m1"))

    assert (seq_of(again), again.message.reactions) == (4, {"👍": ("ana",)})


async def test_a_refusal_is_judged_by_what_the_log_has_now(writer: RoomWriter, other: RoomWriter) -> None:
    await writer.append(new_message("m1"))
    with pytest.raises(UnknownMessage):
        await writer.append(react("c1", "m2"))
    await other.append(new_message("m2"))

    assert seq_of(await writer.append(react("c1", "m2"))) == 3


async def test_a_refused_request_has_no_entry_and_does_not_touch_the_others(
    writer: RoomWriter, store: RoomStore
) -> None:
    await writer.append(new_message("m1"))

    outcomes = await asyncio.gather(
        writer.append(new_message("m2")),
        writer.append(edit("c1", "m1", "mine", user="bo")),
        writer.append(new_message("m3", answers="unknown")),
        writer.append(react("c2", "m1", user="bo")),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [Appended, NotYours, UnknownMessage, Appended]
    assert await read_log(store) == [(1, "m1"), (2, "m2"), (3, "c2")]


async def test_a_message_sent_again_is_the_stored_one_word_for_word(
    writer: RoomWriter, other: RoomWriter, store: RoomStore
) -> None:
    first = await writer.append(new_message("m1", "the first"))

    again = await other.append(new_message("m1", "another text"))
    here = await writer.append(new_message("m1", "a third one"))

    assert (again.entry, again.message) == (here.entry, here.message) == (first.entry, first.message)
    assert not again.is_new
    assert await read_log(store) == [(1, "m1")]


async def test_a_repeated_id_in_a_batch_with_others_is_found_and_the_others_are_appended(
    writer: RoomWriter, other: RoomWriter, store: RoomStore
) -> None:
    first = await other.append(new_message("m1", "the first"))
    await other.append(new_message("m2", "the second"))

    outcomes = await asyncio.gather(
        *(writer.append(new_message(f"m{number}", "again")) for number in (3, 1, 4, 2, 5, 1)),
        writer.append(react("c1", "m1", user="bo")),
    )

    assert [seq_of(outcome) for outcome in outcomes] == [3, 1, 4, 2, 5, 1, 6]
    assert outcomes[1].message.text == outcomes[5].message.text == first.message.text
    assert [identity for _, identity in await read_log(store)] == ["m1", "m2", "m3", "m4", "m5", "c1"]


async def test_a_message_sent_again_after_the_quoted_one_was_deleted_is_the_stored_one(
    writer: RoomWriter, other: RoomWriter
) -> None:
    await writer.append(new_message("m1"))
    first = await writer.append(new_message("m2", answers="m1"))
    await other.append(delete("c1", "m1"))

    again = await writer.append(new_message("m2", answers="m1"))

    assert (again.entry, again.message) == (first.entry, first.message)


async def test_a_change_sent_again_after_its_message_was_deleted_is_the_same_entry(
    writer: RoomWriter, other: RoomWriter
) -> None:
    await writer.append(new_message("m1"))
    first = await writer.append(edit("c1", "m1", "tea"))
    deletion = await other.append(delete("c2", "m1"))

    again = await writer.append(edit("c1", "m1", "tea"))
    deleted_again = await writer.append(delete("c2", "m1"))

    assert (again.entry, again.message) == (first.entry, deletion.message)
    assert (deleted_again.entry, deleted_again.message) == (deletion.entry, deletion.message)


async def test_times_grow_with_the_numbers_when_the_clocks_of_instances_differ(
    instances: Instances, table_storage: TableStorage, store: RoomStore
) -> None:
    ahead = instances.writer(table_storage.connection_string, clock=lambda: 2000.0)
    behind = instances.writer(table_storage.connection_string, clock=lambda: 1000.0)

    for number, writer in enumerate((ahead, behind, ahead, behind)):
        await writer.append(new_message(f"m{number}"))

    run = await read_since(store, ROOM, 0)
    assert [entry.at for entry, _ in run.entries] == [2_000_000, 2_000_001, 2_000_002, 2_000_003]


async def test_an_append_that_is_cancelled_while_it_waits_is_not_carried_out(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    gate = Gate()
    proxy.before_transaction = gate.wait
    first = asyncio.create_task(writer.append(new_message("m1")))
    await until(lambda: gate.waiting == 1)
    cancelled = asyncio.create_task(writer.append(new_message("m2")))
    last = asyncio.create_task(writer.append(new_message("m3")))
    await asyncio.sleep(0)

    cancelled.cancel()
    with suppress(asyncio.CancelledError):
        await cancelled
    gate.open()

    assert [seq_of(await task) for task in (first, last)] == [1, 2]
    assert await read_log(store) == [(1, "m1"), (2, "m3")]


async def test_an_append_whose_caller_goes_away_while_it_is_carried_out_is_in_the_log(
    writer: RoomWriter, proxy: TableProxy, store: RoomStore
) -> None:
    gate = Gate()
    proxy.before_transaction = gate.wait
    cancelled = asyncio.create_task(writer.append(new_message("m1")))
    await until(lambda: gate.waiting == 1)
    last = asyncio.create_task(writer.append(new_message("m2")))
    await asyncio.sleep(0)

    cancelled.cancel()
    with suppress(asyncio.CancelledError):
        await cancelled
    gate.open()

    assert seq_of(await last) == 2
    assert await read_log(store) == [(1, "m1"), (2, "m2")]
    assert seq_of(await writer.append(new_message("m1"))) == 1


async def test_a_room_is_opened_before_its_first_entry_and_never_again(
    instances: Instances, writer: RoomWriter, store: RoomStore
) -> None:
    heads: list[int] = []

    async def open_room(room: str) -> None:
        heads.append((await store.read_head(room)).seq)

    writer.before_first = open_room
    await writer.append(new_message("m1"))
    await writer.append(new_message("m2"))

    assert heads == [0]


async def test_a_defect_is_told_to_its_callers_and_the_next_append_goes_on(writer: RoomWriter) -> None:
    def failing(error: Exception) -> Callable[[str], Awaitable[None]]:
        async def fail(_: str) -> None:
            raise error

        return fail

    async def succeed(_: str) -> None: ...

    writer.before_first = failing(RuntimeError("a defect"))
    outcomes = await asyncio.gather(
        *(writer.append(new_message(f"m{number}")) for number in (1, 2)), return_exceptions=True
    )
    writer.before_first = succeed

    assert [str(outcome) for outcome in outcomes] == ["a defect", "a defect"]
    assert seq_of(await writer.append(new_message("m3"))) == 1
    await until(lambda: writer.is_idle)
