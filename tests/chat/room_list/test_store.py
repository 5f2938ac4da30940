"""The list of rooms in a real table storage: who writes first, who writes last, who is removed."""

import asyncio

import pytest

from chat.room_list.rows import ListedRoom, RoomNews, encode_row, partition_of
from chat.room_list.store import TABLE, RoomListStore
from chat.table_storage.client import TableClient
from chat.table_storage.errors import Conflict


async def read_row(store: RoomListStore, room: str) -> ListedRoom | None:
    rows = await store.read_partition(partition_of(room), "", 1000)
    return next((row for row, _ in rows if row.room == room), None)


async def test_a_room_with_people_has_a_row_until_the_last_one_leaves(storage: TableClient) -> None:
    store = RoomListStore(storage)

    await store.write_news("design", RoomNews(people=2, people_at=1000))
    assert await read_row(store, "design") == ListedRoom("design", 2, 1000)
    await store.write_news("design", RoomNews(people=0, people_at=2000))

    assert await read_row(store, "design") is None


async def test_a_room_in_which_something_was_said_keeps_its_row(storage: TableClient) -> None:
    store = RoomListStore(storage)
    await store.ensure_listed("design")
    await store.write_news("design", RoomNews(people=1, people_at=1000))

    await store.write_news("design", RoomNews(people=0, people_at=2000))

    row = await read_row(store, "design")
    assert row is not None
    assert (row.people, row.people_at, row.message_at > 1_700_000_000_000) == (0, 2000, True)


async def test_a_room_is_listed_once_however_often_that_is_asked_for(storage: TableClient) -> None:
    store = RoomListStore(storage)
    await store.write_news("design", RoomNews(people=3, people_at=1000, message_at=10, messages=5))

    await asyncio.gather(*(store.ensure_listed("design") for _ in range(5)))

    row = await read_row(store, "design")
    assert row is not None
    assert (row.people, row.messages, await store.count_rooms()) == (3, 5, 1)


async def test_of_many_writers_at_once_the_latest_count_stays(storage: TableClient) -> None:
    store = RoomListStore(storage)
    counts = [RoomNews(people=number % 3, people_at=number) for number in (4, 1, 5, 3, 2)]

    await asyncio.gather(*(store.write_news("design", news) for news in counts))

    assert await read_row(store, "design") == ListedRoom("design", 2, 5)


async def test_a_row_that_changed_since_it_was_read_is_not_removed(storage: TableClient) -> None:
    store = RoomListStore(storage)
    await store.write_news("design", RoomNews(people=1, people_at=1000))
    [(row, etag)] = await store.read_partition(partition_of("design"), "", 10)
    await store.ensure_listed("design")

    with pytest.raises(Conflict):
        await store.remove(row, etag)

    assert await read_row(store, "design") is not None


async def test_rooms_with_people_and_rooms_with_recent_messages_are_found(storage: TableClient) -> None:
    store, day = RoomListStore(storage), 1_700_000_000_000
    for row in (
        ListedRoom("full", people=3, people_at=day),
        ListedRoom("quiet", message_at=day - 1),
        ListedRoom("recent", message_at=day + 1),
    ):
        await storage.insert(TABLE, encode_row(row))

    await store.ensure_listed("new")

    assert [row.room for row in await store.read_people()] == ["full"]
    assert {row.room for row in await store.read_recent(day)} == {"recent", "new"}


async def test_what_a_later_version_wrote_into_a_row_stays(storage: TableClient) -> None:
    store = RoomListStore(storage)
    await storage.insert(TABLE, encode_row(ListedRoom("design", people=1)) | {"topic": "tea"})

    await store.write_news("design", RoomNews(people=2, people_at=5))

    entity = await storage.get(TABLE, partition_of("design"), "design")
    assert entity is not None
    assert (entity["topic"], entity["people"]) == ("tea", 2)
