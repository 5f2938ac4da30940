"""When news of a room are written: at once or within a minute, and again when storage failed."""

import asyncio

from chat.room_list.recorder import WRITE_INTERVAL_SECONDS, RoomListRecorder, RoomProgress, due_rooms, next_due
from chat.room_list.rows import ListedRoom, RoomNews, partition_of
from chat.room_list.store import TABLE, RoomListStore
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from tests.chat.local_chat import until

MESSAGE = RoomNews(message_at=1000, messages=1)


def test_the_first_news_of_a_room_are_due_at_once() -> None:
    assert due_rooms([("design", RoomProgress(news=MESSAGE))], now=5.0) == ["design"]


def test_further_news_are_due_a_minute_after_the_last_try() -> None:
    progress = RoomProgress(tried_at=100.0, people=2, news=MESSAGE.merge(RoomNews(people=3, people_at=9)))

    assert progress.due_at == 100.0 + WRITE_INTERVAL_SECONDS
    assert due_rooms([("design", progress)], now=159.0) == []


def test_a_room_that_becomes_empty_or_stops_being_empty_is_due_at_once() -> None:
    left = RoomProgress(tried_at=100.0, people=2, news=RoomNews(people=0, people_at=9))
    entered = RoomProgress(tried_at=100.0, people=0, news=RoomNews(people=1, people_at=9))

    assert due_rooms([("left", left), ("entered", entered)], now=101.0) == ["left", "entered"]


def test_news_that_could_not_be_written_wait_for_a_minute_too() -> None:
    progress = RoomProgress(tried_at=100.0, people=2, news=RoomNews(people=0, people_at=9), failed=True)

    assert next_due([progress, RoomProgress()]) == 160.0


async def test_many_news_within_a_minute_are_one_write(storage: TableClient) -> None:
    recorder = RoomListRecorder(RoomListStore(storage))
    for number in range(1, 50):
        recorder.note_message("design", at=1000 + number, messages=number)
        recorder.note_people("design", 1 + number % 2, at=1000 + number)

    await until(lambda: recorder.rooms["design"].people is not None)  # the write ended
    row = await storage.get(TABLE, partition_of("design"), "design")
    recorder.note_message("design", at=2000, messages=50)

    assert row is not None
    assert (row["people"], row["messages"], row["messageAt"]) == (2, 49, 1049)
    assert next_due(recorder.rooms.values()) == recorder.rooms["design"].tried_at + WRITE_INTERVAL_SECONDS
    await stop(recorder)


async def test_an_empty_room_is_written_although_other_news_wait(storage: TableClient) -> None:
    recorder, store = RoomListRecorder(RoomListStore(storage)), RoomListStore(storage)
    recorder.note_people("design", 2)
    await until(lambda: recorder.rooms["design"].people is not None)  # the write ended
    recorder.note_people("design", 3)
    await until(lambda: recorder.sleeps_until > 0)

    recorder.note_people("design", 0)

    async def is_removed() -> bool:
        return await store.read_people() == []

    await until(is_removed)
    await stop(recorder)


async def test_a_minute_later_the_news_that_waited_are_written(storage: TableClient) -> None:
    now = [1000.0]
    recorder = RoomListRecorder(RoomListStore(storage), clock=lambda: now[0])
    recorder.note_people("design", 2, at=1)
    await until(lambda: recorder.rooms["design"].people is not None)  # the write ended
    now[0] += WRITE_INTERVAL_SECONDS
    recorder.note_people("design", 3, at=2)

    async def is_written() -> bool:
        return await recorder.store.read_people() == [ListedRoom("design", 3, 2)]

    await until(is_written)


async def test_news_stay_noted_while_storage_cannot_be_reached() -> None:
    """Nothing listens on port 9."""
    address = "AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/devstoreaccount1;"
    client = TableClient(read_storage_connection(Settings({"AzureWebJobsStorage": address})), "Chat")
    recorder = RoomListRecorder(RoomListStore(client))

    recorder.note_people("design", 2, at=7)
    await until(lambda: recorder.rooms["design"].failed)
    recorder.note_message("design", at=8, messages=1)

    assert recorder.rooms["design"].news == RoomNews(people=2, people_at=7, message_at=8, messages=1)
    await stop(recorder)
    await client.close()


async def stop(recorder: RoomListRecorder) -> None:
    assert recorder.task is not None
    recorder.task.cancel()
    await asyncio.wait({recorder.task})
