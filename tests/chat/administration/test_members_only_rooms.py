"""What the sweep, an export and an erasure do to a room that exists only for its members."""

import json

from chat.administration.export import encode_entry
from chat.names import direct_room_name
from chat.room_list.rows import partition_of
from chat.room_list.store import TABLE as LIST
from chat.room_list.store import RoomListStore, now_ms
from chat.room_log.model import Head
from chat.room_log.moderation_acts import Act
from chat.room_log.room_logs import RoomLogs
from chat.room_log.rows import decode_entry
from chat.room_log.rules import Role, RoomKind
from chat.settings import Settings
from chat.table_storage.client import TableClient, TableClients
from local_azure import webpubsub
from tests.chat.administration.conversations import Conversation, new_room_logs, read_rows
from tests.chat.administration.test_erasure import Process
from tests.chat.administration.test_sweep import HOUR_DAYS, HOUR_MS, Rooms
from tests.chat.local_chat import LocalChat, Tab
from tests.chat.room_log.requests import act, create

ROOM = "~abcdefghabcdefghabcdefgh"


async def make_room(rooms: RoomLogs) -> Head:
    """Let ana have a private room with bo, to which she invited cy, and say something there."""
    await rooms.moderate(ROOM, create("ana", RoomKind.PRIVATE))
    await rooms.moderate(ROOM, act("i1", Act.INVITE, "bo", user="ana"))
    await rooms.moderate(ROOM, act("a1", Act.ACCEPT, user="bo"))
    await rooms.moderate(ROOM, act("r1", Act.ROLE, "bo", user="ana", role=Role.MODERATOR))
    await rooms.moderate(ROOM, act("m1", Act.MUTE, "bo", user="ana", until=0, reason="loud"))
    await rooms.moderate(ROOM, act("i2", Act.INVITE, "cy", user="ana"))
    await Conversation(rooms, ROOM).say("ana", "hers")
    return await rooms.read_head(ROOM)


async def test_an_idle_private_room_loses_its_messages_and_keeps_its_rules(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        rooms = Rooms(storage, service)
        before = await make_room(new_room_logs(storage))

        counts = await rooms.sweep(now_ms() + 2 * HOUR_MS, ChatRoomIdleDays=HOUR_DAYS)

        assert counts.closed == 1
        assert await rooms.numbers(ROOM) == ["head"]
        after = await new_room_logs(storage).read_head(ROOM)
        assert (after.rules, after.seq) == (before.rules, before.seq)
        await rooms.sweep(now_ms() + 100 * HOUR_MS, ChatRetentionDays=HOUR_DAYS)
        assert (await new_room_logs(storage).read_head(ROOM)).rules == before.rules


async def test_a_private_room_has_a_row_for_the_jobs_and_is_in_no_answer(storage: TableClient) -> None:
    await make_room(new_room_logs(storage))

    assert await storage.get(LIST, partition_of(ROOM), ROOM)
    store = RoomListStore(storage)
    assert await store.count_rooms() == 1
    assert [*await store.read_people(), *await store.read_recent(0)] == []


async def test_an_export_has_the_acts_of_a_private_room_with_whom_and_why(storage: TableClient) -> None:
    await make_room(new_room_logs(storage))

    entries = [decode_entry(row) for row in await read_rows(storage, ROOM, "e-")]
    lines = [json.loads(encode_entry(ROOM, entry, None)) for entry in entries if entry.moderation]

    assert [(line["act"], line["by"], line.get("user"), line.get("reason")) for line in lines] == [
        ("create", "ana", None, None),
        ("invite", "ana", "bo", None),
        ("accept", "bo", None, None),
        ("role", "ana", "bo", None),
        ("mute", "ana", "bo", "loud"),
        ("invite", "ana", "cy", None),
    ]


async def test_an_erased_owner_is_in_no_row_of_the_room_and_a_moderator_follows(storage: TableClient) -> None:
    async with webpubsub.serve() as service:
        await make_room(new_room_logs(storage))

        process = Process(storage, Settings({"WebPubSubConnectionString": service.connection_string}))
        await process.run()

        rules = (await new_room_logs(storage).read_head(ROOM)).rules
        assert (rules.owner, rules.members, rules.invited) == ("bo", ("bo",), {"cy": "erased"})
        assert '"ana"' not in json.dumps(await read_rows(storage, ROOM), default=str).replace('\\"', '"')
        assert not rules.names_user("ana")


async def open_direct(tab: Tab, user: str) -> str:
    await tab.ask("direct", {"user": user})
    return str((await tab.next(type="joined", kind="direct"))["room"])


async def test_after_an_erasure_two_of_the_same_names_talk_in_another_room(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    room = await open_direct(ana, "bo")
    await open_direct(bo, "ana")
    await ana.ask("message", {"room": room, "message": "hers"})
    await bo.next(message="hers")
    process = Process(await TableClients().get(Settings(chat.settings)), Settings(chat.settings))
    await process.run()

    await ana.ask("history", {"room": room})

    assert (await ana.next(event="error"))["code"] == "unknown_room"
    second = await open_direct(ana, "bo")
    assert second == direct_room_name("ana", "bo", 1) != room
    assert await open_direct(bo, "ana") == second
