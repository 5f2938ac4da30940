"""The list of rooms that users see: which rooms, in which order, what it costs, and what strangers leave behind."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from chat.gateway import Gateways
from chat.names import LOBBY, is_listed
from chat.presence.rosters import Roster, RosterReader
from chat.room_list.rows import ListedRoom, encode_row, partition_of
from chat.room_list.store import TABLE, RoomListStore, now_ms
from chat.rooms.room_list import MAX_LISTED, RECENT_MS, list_rooms, select_rooms
from chat.settings import Settings
from chat.shared_reads import SharedReads
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from chat.table_storage.operations import Insert
from local_azure import tables, webpubsub
from local_azure.webpubsub.observations import RestCalled
from tests.chat.local_chat import LocalChat, run_chat, until


def test_the_lobby_is_always_looked_at() -> None:
    rows = [ListedRoom(f"room-{number}", people=1) for number in range(150)]

    selected = select_rooms(rows)

    assert (len(selected), selected[0]) == (MAX_LISTED, ListedRoom(LOBBY))
    known = ListedRoom(LOBBY, people=2)
    assert select_rooms([*rows, known])[0] == known


def test_an_unlisted_room_is_never_selected() -> None:
    assert select_rooms([ListedRoom("_secret", people=9)]) == [ListedRoom(LOBBY)]


async def test_rooms_are_listed_by_people_and_then_by_the_latest_message(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "design")
    bo, _ = await chat.enter("bo", "design")
    await bo.ask("join", {"room": "support"})
    await chat.enter("cy", "_secret")
    for room in ("earlier", "later"):
        await ana.ask("join", {"room": room})
        await ana.ask("message", {"room": room, "message": "hello"})
        await ana.ask("leave", {"room": room})

    # The answer of `/rooms` is kept for five seconds: it is asked for when all rows are written.
    settings = Settings(chat.settings)
    client = TableClient(read_storage_connection(settings), settings.table_prefix)
    store = RoomListStore(client)

    async def are_written() -> bool:
        rows = await asyncio.gather(store.read_people(), store.read_recent(0))
        people, recent = ({row.room for row in found if is_listed(row.room)} for found in rows)
        return (people, recent) == ({"lobby", "design", "support"}, {"later", "earlier"})

    await until(are_written)
    await client.close()

    async def listed() -> list[dict[str, object]]:
        return list((await chat.get("/rooms"))["rooms"])

    async def are_listed() -> bool:
        rooms = [(each["room"], each["count"]) for each in await listed()]
        return rooms == [("lobby", 3), ("design", 2), ("support", 1), ("later", 0), ("earlier", 0)]

    await until(are_listed)
    assert ["messageAt" in each for each in await listed()] == [False, False, False, True, True]
    assert len((await chat.get("/rooms?limit=2"))["rooms"]) == 2
    await ana.send("message", "/rooms")
    assert (await ana.next(event="notice"))["message"] == "lobby (3)\ndesign (2)\nsupport (1)\nlater (0)\nearlier (0)"


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1e2"])
async def test_a_limit_that_is_none_is_refused(chat: LocalChat, limit: str) -> None:
    assert (await chat.get(f"/rooms?limit={limit}", status=400))["error"]["code"] == "invalid_request"


async def test_many_requests_at_once_are_one_read(chat: LocalChat) -> None:
    await chat.enter("ana", "design")
    reads: list[str] = []
    chat.service.observations.subscribe(
        lambda seen: reads.append(seen.path) if isinstance(seen, RestCalled) and "room.lobby" in seen.path else None
    )

    answers = await asyncio.gather(*(chat.get("/rooms") for _ in range(20)))

    assert all(answer == answers[0] for answer in answers)
    assert len(reads) <= 1  # none, when the roster was read within the last second


async def test_the_lobby_is_listed_while_storage_is_broken(chat: LocalChat) -> None:
    await chat.open("ana")
    chat.storage.faults.add("fail storage 500 for=60s")

    assert (await chat.get("/rooms"))["rooms"] == [{"room": "lobby", "count": 1}]


async def test_nobody_connects_while_the_rules_of_the_lobby_are_unknown() -> None:
    """Nothing listens on port 9."""
    broken = "AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:9/devstoreaccount1;"
    async with run_chat(ChatStorage="Broken", Broken=broken) as chat:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await chat.open("ana")

    assert refused.value.status == 503


@pytest.fixture
async def full_storage() -> AsyncIterator[TableClient]:
    """A storage with 10,000 listed rooms: in each tenth are people, as far as its row says."""
    async with tables.serve() as service:
        settings = Settings({"AzureWebJobsStorage": service.connection_string})
        client = TableClient(read_storage_connection(settings), settings.table_prefix)
        now = now_ms()
        by_partition: dict[str, list[ListedRoom]] = {}
        for number in range(10_000):
            row = ListedRoom(f"room-{number}", people=number // 10 if number % 10 == 0 else 0, message_at=now - number)
            by_partition.setdefault(partition_of(row.room), []).append(row)
        for rows in by_partition.values():
            for begin in range(0, len(rows), 100):
                await client.transaction(TABLE, [Insert(encode_row(row)) for row in rows[begin : begin + 100]])
        yield client
        await client.close()


async def test_ten_thousand_rooms_are_listed(full_storage: TableClient, capsys: pytest.CaptureFixture[str]) -> None:
    async with webpubsub.serve() as service:
        gateway = await Gateways().get(Settings({"WebPubSubConnectionString": service.connection_string}))
        counted: dict[str, int] = {}
        rosters = RosterReader(gateway, SharedReads[Roster](1.0), lambda room, count, _: counted.update({room: count}))
        store, began = RoomListStore(full_storage), time.perf_counter()

        rooms = await list_rooms(rosters, store, SharedReads(5.0))

        seconds = time.perf_counter() - began
    with capsys.disabled():
        print(f"\nlist of 10,000 rooms: {seconds * 1000:.0f} ms, with {len(counted)} rosters")
    # The service is asked about the fullest rooms: nobody is there, which their rows are told.
    assert set(counted) == {LOBBY} | {f"room-{number}" for number in range(9010, 10_000, 10)}
    assert [row.room for row in rooms] == [f"room-{number}" for number in range(9010, 10_000, 10)]
    assert all(row.message_at > now_ms() - RECENT_MS for row in rooms)
