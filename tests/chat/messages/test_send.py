"""Acknowledged means stored and published, and a refusal says truly what became of the message."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from chat.room_log.store import RoomStore
from chat.room_log.writer import RoomWriter
from chat.table_storage.client import TableClient
from chat.table_storage.connection import parse_storage_string
from tests.chat.local_chat import Frame, LocalChat, Tab
from tests.chat.room_log.requests import delete, new_message, react

PUBLISH_FAILS = "fail rest 503 operation=send_to_group for=60s"
APPEND_FAILS = "fail storage 500 operation=transaction for=60s"
ANSWER_IS_LOST = "fail storage 500 carried-out operation=transaction count=1"


async def read_lines(tab: Tab, room: str = "lobby") -> list[Frame]:
    await tab.send("history", {"room": room})
    page = await tab.next(type="history")
    assert page["complete"]
    return list(page["messages"])


@asynccontextmanager
async def other_instance(chat: LocalChat, clock: Callable[[], float], room: str = "lobby") -> AsyncIterator[RoomWriter]:
    """Another instance of the app as far as the log knows, with a clock of its own."""
    tables = TableClient(parse_storage_string(chat.storage.connection_string, "ChatStorage"), "Chat")

    async def ignore(_: str) -> None: ...

    try:
        yield RoomWriter(room, RoomStore(tables), ignore, clock=clock)
    finally:
        await tables.close()


async def test_an_acknowledged_message_is_stored_as_it_was_published(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    for number in range(1, 6):
        await ana.ask("message", {"message": f"message {number}", "clientId": f"m-{number}"})
        stored = await read_lines(bo)
        assert [line["seq"] for line in stored] == list(range(1, number + 1))
        assert await bo.next(message=f"message {number}") == stored[-1]


async def test_a_message_that_was_stored_and_not_published_is_published_when_it_is_sent_again(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    chat.service.faults.add(PUBLISH_FAILS)

    await ana.ask("message", {"room": "lobby", "message": "hello", "clientId": "m-1"})

    refusal = await ana.next(event="error")
    assert (refusal["code"], refusal["room"], refusal["clientId"]) == ("service_unavailable", "lobby", "m-1")
    stored = await read_lines(bo)
    assert [line["message"] for line in stored] == ["hello"]
    chat.service.faults.clear()
    await ana.ask("message", {"room": "lobby", "message": "hello", "clientId": "m-1"})
    assert await bo.next(sender="ana") == stored[0]
    assert await read_lines(bo) == stored


async def test_a_change_that_was_stored_and_not_published_is_published_when_it_is_sent_again(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", "teh")
    edit = {"room": "lobby", "id": (await bo.next(sender="ana"))["id"], "message": "tea", "clientId": "e-1"}
    chat.service.faults.add(PUBLISH_FAILS)

    await ana.ask("edit", edit)

    refusal = await ana.next(event="error")
    assert (refusal["code"], refusal["clientId"]) == ("service_unavailable", "e-1")
    assert [line["message"] for line in await read_lines(bo)] == ["tea"]
    chat.service.faults.clear()
    await ana.ask("edit", edit)
    edited = await bo.next(type="edited")
    assert (edited["message"], edited["seq"], edited["version"], edited["clientId"]) == ("tea", 2, 2, "e-1")


async def test_another_text_under_the_same_client_id_changes_nothing(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", {"message": "the first", "clientId": "m-1"})

    await ana.ask("message", {"message": "another text", "clientId": "m-1"})

    first, again = await bo.next(sender="ana"), await bo.next(sender="ana")
    assert first == again == (await read_lines(bo))[0]
    assert (first["message"], first["seq"]) == ("the first", 1)
    assert len(await read_lines(bo)) == 1


async def test_a_message_sent_again_after_a_change_is_published_as_it_is_now(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", {"message": "teh", "clientId": "m-1"})
    line = await bo.next(sender="ana")
    await ana.ask("edit", {"room": "lobby", "id": line["id"], "message": "tea"})

    await ana.ask("message", {"message": "teh", "clientId": "m-1"})

    again = await bo.next(sender="ana")
    assert (again["id"], again["seq"], again["sentAt"]) == (line["id"], 1, line["sentAt"])
    assert (again["message"], again["version"]) == ("tea", 2)


async def test_the_same_client_id_of_two_users_is_two_messages(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")

    await ana.ask("message", {"message": "of ana", "clientId": "m-1"})
    await bo.ask("message", {"message": "of bo", "clientId": "m-1"})

    assert [line["message"] for line in await read_lines(ana)] == ["of ana", "of bo"]


async def test_while_storage_fails_nothing_is_published_and_nothing_is_in_the_log(chat: LocalChat) -> None:
    ana, phone, bo = [await chat.open(user) for user in ("ana", "ana", "bo")]
    await ana.ask("message", {"message": "before", "clientId": "m-0"})
    line = await bo.next(sender="ana")
    chat.storage.faults.add(APPEND_FAILS)

    async def expect_refusal(tab: Tab, event: str, data: Frame) -> None:
        await tab.ask(event, {"room": "lobby"} | data)
        refusal = await tab.next(event="error")
        assert (refusal["code"], refusal["clientId"]) == ("storage_unavailable", data["clientId"])

    # At the same time, because each is tried for five seconds.
    await asyncio.gather(
        expect_refusal(ana, "message", {"message": "lost?", "clientId": "m-1"}),
        expect_refusal(phone, "edit", {"id": line["id"], "message": "lost?", "clientId": "e-1"}),
    )

    chat.storage.faults.clear()
    assert await read_lines(ana) == [line]
    await ana.ask("message", {"message": "lost?", "clientId": "m-1"})
    assert (await bo.next(sender="ana"))["seq"] == 2
    assert [frame for frame in bo.frames if frame.get("message") == "lost?"] == []


async def test_a_lost_answer_of_storage_is_no_second_message(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", "first")
    chat.storage.faults.add(ANSWER_IS_LOST)

    await ana.ask("message", {"message": "second", "clientId": "m-1"})

    assert [line["message"] for line in await read_lines(ana)] == ["first", "second"]
    assert (await bo.next(message="second"))["seq"] == 2


async def test_times_have_the_order_of_numbers_when_another_instances_clock_is_ahead(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", "before")

    async with other_instance(chat, clock=lambda: 4_000_000_000.0) as other:
        await other.append(new_message("m1", "of the other instance", user="bo"))
        await ana.ask("message", "after")
        await other.append(new_message("m2", "of the other instance again", user="bo"))

    lines = await read_lines(ana)
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    times = [line["sentAt"] for line in lines]
    assert times == sorted(set(times))
    assert times[2] == "2096-10-02T07:06:40.001Z"


async def test_a_quote_is_looked_up_in_the_log_and_never_believed(chat: LocalChat) -> None:
    ana, bo = await chat.open("ana"), await chat.open("bo")
    await ana.ask("message", "  shall\nwe   go?  ")
    line = await bo.next(sender="ana")

    await bo.ask("message", {"message": "yes", "replyTo": {"id": line["id"], "from": "cy", "message": "a lie"}})

    assert (await ana.next(sender="bo"))["replyTo"] == {
        "id": line["id"],
        "from": "ana",
        "user": "ana",
        "message": "shall we go?",
    }


@pytest.mark.parametrize("room", ["lobby", "design"])
async def test_a_message_that_is_deleted_or_of_another_room_cannot_be_quoted(chat: LocalChat, room: str) -> None:
    ana, _ = await chat.enter("ana", "design")
    await ana.send("message", {"room": "lobby", "message": "tea?"})
    line = await ana.next(sender="ana")
    if room == "lobby":
        await ana.ask("delete", {"room": "lobby", "id": line["id"]})

    await ana.ask("message", {"room": room, "message": "yes", "replyTo": line["id"], "clientId": "m-1"})

    refusal = await ana.next(event="error")
    assert (refusal["code"], refusal["clientId"]) == ("unknown_message", "m-1")


async def test_a_reaction_of_another_instance_is_in_the_next_change(chat: LocalChat) -> None:
    ana = await chat.open("ana")
    await ana.ask("message", "tea?")
    line = await ana.next(sender="ana")
    await ana.ask("react", {"room": "lobby", "id": line["id"], "emoji": "🎉"})

    async with other_instance(chat, clock=lambda: 0.0) as other:
        await other.append(react("c1", line["id"], user="bo"))
        await ana.ask("edit", {"room": "lobby", "id": line["id"], "message": "coffee?"})
        await other.append(delete("c2", line["id"]))
        await ana.ask("react", {"room": "lobby", "id": line["id"], "emoji": "👍"})

    edited = await ana.next(type="edited")
    assert edited["reactions"] == {"🎉": ["ana"], "👍": ["bo"]}
    assert (await ana.next(event="error"))["code"] == "unknown_message"
