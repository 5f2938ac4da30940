"""The messages around one, of rooms in the local Table storage."""

from itertools import pairwise

import pytest

from chat.room_log.around import Surroundings, read_around
from chat.room_log.model import UnknownMessage
from chat.room_log.reader import check_nothing, read_page, read_since
from chat.room_log.rules import Rules
from chat.room_log.store import RoomStore
from tests.chat.room_log.conftest import ROOM, Instances
from tests.chat.room_log.requests import delete, new_message
from tests.chat.room_log.stored_room import changed_messages, new_messages, remove_before, write_room
from tests.chat.room_log.table_proxy import TableProxy


async def around(store: RoomStore, target: int | str, limit: int = 10) -> Surroundings:
    return await read_around(store, ROOM, target, limit, check_nothing)


async def test_a_message_stands_between_those_before_and_those_after_it(store: RoomStore) -> None:
    await write_room(store, new_messages(100))

    found = await around(store, 50)

    assert [message.seq for message in found.messages] == list(range(45, 55))
    assert (found.seq, found.before, found.after, found.head.seq) == (50, 45, 54, 100)


async def test_a_message_is_found_by_its_id_as_by_its_number(store: RoomStore) -> None:
    await write_room(store, new_messages(100))

    assert await around(store, "m50") == await around(store, 50)


@pytest.mark.parametrize(("seq", "before", "after"), [(1, None, 5), (3, None, 7), (20, 15, None), (18, 13, None)])
async def test_at_the_ends_of_the_log_there_is_nothing_more_to_read(
    store: RoomStore, seq: int, before: int | None, after: int | None
) -> None:
    await write_room(store, new_messages(20))

    found = await around(store, seq)

    assert (found.before, found.after) == (before, after)
    assert seq in [message.seq for message in found.messages]


@pytest.mark.parametrize("changes", [0, 3, 11])
@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_what_is_around_any_message_is_complete_and_joins_what_is_before_and_after(
    store: RoomStore, changes: int, limit: int
) -> None:
    written = list((await write_room(store, changed_messages(8, changes))).values())

    for message in written:
        found = await around(store, message.id, limit)
        first = found.before or 1
        last = found.after or found.head.seq
        assert list(found.messages) == [other for other in written if first <= other.seq <= last]
        assert len(found.messages) <= limit
        older = await read_page(store, ROOM, first, 50)
        newer = await read_since(store, ROOM, last, None)
        messages = [*older.messages, *found.messages]
        messages += [other for entry, other in newer.entries if other and entry.seq == other.seq]
        assert messages == written
        assert all(one.seq < other.seq for one, other in pairwise(messages))


async def test_long_messages_are_fewer(store: RoomStore) -> None:
    await write_room(store, [new_message(f"m{number}", "x" * 30_000) for number in range(1, 21)])

    found = await around(store, 10, 20)

    seqs = [message.seq for message in found.messages]
    assert 10 in seqs
    assert 10 <= len(seqs) < 20
    assert (found.before, found.after) == (seqs[0], seqs[-1])


async def test_a_deleted_message_stands_in_its_place(store: RoomStore) -> None:
    await write_room(store, [*new_messages(5), delete("c1", "m3")])

    found = await around(store, "m3")

    assert found.seq == 3
    assert found.messages[2].deleted_at is not None


@pytest.mark.parametrize("target", [0, 4, 999, "m9", "c1"])
async def test_what_is_no_message_of_the_room_is_unknown(store: RoomStore, target: int | str) -> None:
    await write_room(store, [*new_messages(3), delete("c1", "m3")])

    with pytest.raises(UnknownMessage):
        await around(store, target)


@pytest.mark.parametrize("target", [5, "m5"])
async def test_a_message_that_retention_removed_is_unknown(store: RoomStore, target: int | str) -> None:
    requests = new_messages(20)
    await write_room(store, requests)
    await remove_before(store, 11, requests)

    with pytest.raises(UnknownMessage):
        await around(store, target)
    assert (await around(store, 12)).before is None


async def test_who_is_refused_by_the_rules_causes_the_read_of_the_head_alone(
    store: RoomStore, instances: Instances, proxy: TableProxy
) -> None:
    await write_room(store, new_messages(3))

    def refuse(_: Rules) -> None:
        raise PermissionError

    watched = instances.store(proxy.connection_string)
    for target in (2, "m2", "unknown"):
        proxy.reads = 0
        with pytest.raises(PermissionError):
            await read_around(watched, ROOM, target, 10, refuse)
        assert proxy.reads == 1


async def test_the_number_of_reads_does_not_depend_on_where_the_message_is(
    store: RoomStore, instances: Instances, proxy: TableProxy
) -> None:
    await write_room(store, new_messages(1000))
    watched = instances.store(proxy.connection_string)

    for target, reads in ((30, 3), (500, 3), ("m30", 4), ("m970", 4)):
        proxy.reads = 0
        await around(watched, target)
        assert proxy.reads == reads
