"""The sweep on a real service and a real table storage: what it corrects, removes and keeps."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from chat.administration.removal import LogRemoval
from chat.administration.sweep import UNUSED_MS, Position, Sweep, SweepCounts, decode_position
from chat.gateway import Gateways
from chat.room_list.rows import ListedRoom, RoomNews, encode_row, partition_of
from chat.room_list.store import TABLE, RoomListStore, now_ms
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from local_azure import webpubsub
from tests.chat.administration.conversations import Conversation, new_room_logs, read_rows
from tests.chat.local_chat import LocalChat, run_chat, until

HOUR_MS = 3_600_000
HOUR_DAYS = str(1 / 24)


@dataclass
class Rooms:
    """An empty storage, and a service in which nobody is connected."""

    tables: TableClient
    service: webpubsub.Service

    async def sweep(self, now: int | None = None, *, seconds: float = 30.0, **settings: str) -> SweepCounts:
        """Sweep all partitions, with as many calls as that takes."""
        values = {"WebPubSubConnectionString": self.service.connection_string} | settings
        gateway = await Gateways().get(Settings(values))
        store, removal = RoomListStore(self.tables), LogRemoval(self.tables)
        sweep = Sweep(gateway, store, removal, Settings(values), now or now_ms())
        position = Position()
        while not position.is_end:
            position = decode_position((await sweep.run(position, seconds)).encode()) or Position()
        return sweep.counts

    async def listed(self) -> dict[str, ListedRoom]:
        store = RoomListStore(self.tables)
        return {row.room: row for row in [*await store.read_people(), *await store.read_recent(0)]}

    async def numbers(self, room: str) -> list[str]:
        return [row["RowKey"] for row in await read_rows(self.tables, room)]


@pytest.fixture
async def rooms(storage: TableClient) -> AsyncIterator[Rooms]:
    async with webpubsub.serve() as service:
        yield Rooms(storage, service)


def test_a_position_is_read_as_it_was_stored() -> None:
    assert decode_position(Position(3, "design").encode() | {"later": 1}) == Position(3, "design")
    assert decode_position({"v": 1}) is None
    assert decode_position(None) is None


async def test_people_who_are_gone_are_corrected_and_a_room_without_a_log_is_removed(rooms: Rooms) -> None:
    store = RoomListStore(rooms.tables)
    await store.write_news("walked-through", RoomNews(people=3, people_at=1))
    await store.write_news("talked-in", RoomNews(people=2, people_at=1))
    await Conversation(new_room_logs(rooms.tables), "talked-in").say("ana", "hello")

    counts = await rooms.sweep()

    assert (counts.rooms, counts.corrected) == (2, 2)
    assert {room: row.people for room, row in (await rooms.listed()).items()} == {"talked-in": 0}


async def test_a_row_without_a_log_is_removed_after_an_hour_and_not_before(rooms: Rooms) -> None:
    """The row is written before the first entry of a log."""
    now = now_ms()
    row = encode_row(ListedRoom("design", message_at=now))
    await rooms.tables.insert(TABLE, row)

    assert (await rooms.sweep(now)).removed == 0
    assert (await rooms.sweep(now + UNUSED_MS)).removed == 1
    assert await rooms.listed() == {}


async def test_nothing_that_was_said_is_removed_without_a_setting(rooms: Rooms) -> None:
    await Conversation(new_room_logs(rooms.tables), "design").say_many("ana", 3)
    before = await rooms.numbers("design")

    await rooms.sweep(now_ms() + 10_000 * 24 * HOUR_MS)

    assert await rooms.numbers("design") == before
    assert list(await rooms.listed()) == ["design"]


async def test_an_idle_room_loses_its_entries_and_keeps_its_head_and_row(rooms: Rooms) -> None:
    talk = Conversation(new_room_logs(rooms.tables), "design")
    await talk.say_many("ana", 3)
    now = now_ms()
    assert (await rooms.sweep(now, ChatRoomIdleDays=HOUR_DAYS)).closed == 0

    counts = await rooms.sweep(now + HOUR_MS + 1000, ChatRoomIdleDays=HOUR_DAYS)

    assert (counts.closed, counts.entries, await rooms.numbers("design")) == (1, 3, ["head"])
    assert list(await rooms.listed()) == ["design"]
    assert (await talk.say("ana", "again")).message.seq == 4
    assert (await rooms.sweep(ChatRoomIdleDays=HOUR_DAYS)).closed == 0


async def test_only_entries_older_than_the_retention_are_removed(rooms: Rooms) -> None:
    talk = Conversation(new_room_logs(rooms.tables), "design")
    said = await talk.say_many("ana", 10)
    now = said[4].message.sent_at + HOUR_MS

    counts = await rooms.sweep(now, ChatRetentionDays=HOUR_DAYS)

    assert counts.entries == 4
    assert (await rooms.numbers("design"))[:2] == ["e-000000000005", "e-000000000006"]


async def test_what_an_earlier_run_left_is_removed_also_without_a_setting(rooms: Rooms) -> None:
    talk = Conversation(new_room_logs(rooms.tables), "design")
    said = await talk.say_many("ana", 10)
    await LogRemoval(rooms.tables).remove_before("design", said[7].message.sent_at)

    assert (await rooms.sweep()).entries == 7
    assert len(await rooms.numbers("design")) == 1 + 2 * 3


async def test_a_sweep_goes_on_from_where_the_last_call_ended(rooms: Rooms) -> None:
    for number in range(40):
        await Conversation(new_room_logs(rooms.tables), f"room-{number}").say("ana", "hello")

    counts = await rooms.sweep(seconds=0.0)

    assert counts.rooms == 40


async def start_sweep(chat: LocalChat) -> None:
    """Start a further instance of the sweep, without its pause, and wait until it swept everything."""
    url = f"{chat.url}/runtime/webhooks/durabletask/orchestrators/sweep_rooms/swept-now"
    async with chat.http.post(url, json={"v": 1, "partition": 0, "after": ""}) as response:
        assert response.status == 202

    async def has_swept() -> bool:
        status = await chat.get("/runtime/webhooks/durabletask/instances/swept-now", status=202)
        return (status["customStatus"] or {}).get("partition") == 16

    await until(has_swept)


async def test_the_first_person_starts_one_sweep_that_waits(rooms: Rooms) -> None:
    async with run_chat() as chat:
        await chat.open("ana")
        await chat.open("bo")

        async def is_running() -> bool:
            async with chat.http.get(f"{chat.url}/runtime/webhooks/durabletask/instances/sweep-rooms") as response:
                return response.status == 202 and (await response.json())["runtimeStatus"] == "Running"

        await until(is_running)
        async with chat.http.get(f"{chat.url}/runtime/webhooks/durabletask/instances") as response:
            assert [instance["name"] for instance in await response.json()] == ["sweep_rooms"]


async def test_the_orchestration_closes_an_idle_room_and_not_one_with_people() -> None:
    async with run_chat(ChatRoomIdleDays="0") as chat:
        await chat.enter("bo", "kept")
        ana, _ = await chat.enter("ana", "design")
        for room in ("design", "kept"):
            await (ana if room == "design" else chat.tabs[0]).ask("message", {"room": room, "message": "hello"})
        await ana.ask("leave", {"room": "design"})

        await start_sweep(chat)

        await ana.ask("join", {"room": "design"})
        await ana.ask("join", {"room": "kept"})
        closed, kept = await ana.next(type="joined", room="design"), await ana.next(type="joined", room="kept")
        assert (closed["messages"], closed["head"], closed["first"]) == ([], 1, 2)
        assert [line["message"] for line in kept["messages"]] == ["hello"]


async def test_people_whom_a_killed_process_did_not_write_down_are_found() -> None:
    async with run_chat() as chat:
        ana, _ = await chat.enter("ana", "design")
        await ana.ask("message", {"room": "design", "message": "hello"})
        store = RoomListStore(storage_client(chat))

        async def has_row() -> bool:
            return [row.people for row in await store.read_people() if row.room == "design"] == [1]

        await until(has_row)
        await store.tables.merge(TABLE, {"PartitionKey": partition_of("design"), "RowKey": "design", "people": 0})
        await start_sweep(chat)

        assert await has_row()
        await store.tables.close()


async def test_a_room_that_cannot_be_swept_does_not_keep_the_others_waiting(rooms: Rooms) -> None:
    broken, *others = (f"room-{number}" for number in range(100) if partition_of(f"room-{number}") == "07")
    for room in (broken, *others):
        await rooms.tables.insert(TABLE, encode_row(ListedRoom(room, message_at=1)))
    await rooms.tables.insert("Rooms", {"PartitionKey": broken, "RowKey": "head", "seq": "no number"})

    assert (await rooms.sweep()).removed == len(others) > 0


async def test_a_room_that_nobody_spoke_in_leaves_nothing() -> None:
    async with run_chat() as chat:
        ana = await chat.open("ana")
        for number in range(5):
            await ana.ask("join", {"room": f"room-{number}"})
            await ana.ask("leave", {"room": f"room-{number}"})
        store = RoomListStore(storage_client(chat))

        async def is_empty() -> bool:
            rows = [await store.read_partition(partition_of(f"room-{number}"), "", 10) for number in range(5)]
            return not [row for each in rows for row, _ in each if row.room.startswith("room-")]

        await until(is_empty)
        await store.tables.close()


def storage_client(chat: LocalChat) -> TableClient:
    settings = Settings({"AzureWebJobsStorage": chat.storage.connection_string})
    return TableClient(read_storage_connection(settings), settings.table_prefix)
