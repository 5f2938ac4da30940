"""What the limits do to who sends too much, and to nobody else; the whole chat with small limits."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from chat.names import user_key
from chat.rate_limits import REFUSALS_BEFORE_CLOSE, USER_FACTOR
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from local_azure.webpubsub.observations import RestCalled, WebhookCalled
from tests.chat.local_chat import HIGH_LIMITS, LocalChat, Tab, run_chat

# Of messages, one in ten seconds comes back, so that nothing depends on how fast a test runs.
SMALL = f"{HIGH_LIMITS}, message=6/3, create=1/2, typing=6/2"


@pytest.fixture
async def limited() -> AsyncIterator[LocalChat]:
    """A chat in which three messages may be said at once."""
    async with run_chat(ChatRateLimits=SMALL) as running:
        yield running


async def say(tab: Tab, count: int, **more: Any) -> None:
    for number in range(count):
        await tab.ask("message", {"message": f"line {number}"} | more)


def refusals(tab: Tab) -> list[dict[str, Any]]:
    return [frame for frame in tab.seen if frame.get("code") == "rate_limited"]


async def test_a_message_over_the_limit_is_refused_with_the_time_to_wait_its_room_and_its_client_id(
    limited: LocalChat,
) -> None:
    ana = await limited.open("ana")
    await say(ana, 3)
    await ana.ask("message", {"room": "lobby", "message": "too much", "clientId": "m-4"})

    refusal = await ana.next(code="rate_limited")

    assert (refusal["room"], refusal["clientId"]) == ("lobby", "m-4")
    assert 0 < refusal["retryAfter"] <= 10
    assert "6 a minute and 3 at once" in refusal["message"]


async def test_a_refusal_costs_no_call_of_storage_and_no_publish(limited: LocalChat) -> None:
    ana = await limited.open("ana")
    await say(ana, 3)
    calls: list[object] = []
    limited.storage.observations.subscribe(calls.append)
    limited.service.observations.subscribe(lambda seen: calls.append(seen) if isinstance(seen, RestCalled) else None)

    await say(ana, 5)

    assert len(refusals(ana)) == 5
    assert calls == []


async def test_who_goes_on_while_refused_is_muted_and_so_is_every_other_event(limited: LocalChat) -> None:
    ana = await limited.open("ana")
    await say(ana, 5)
    await ana.ask("history", {"room": "lobby"})

    assert len(refusals(ana)) == 3
    assert "while you were told to wait" in refusals(ana)[-1]["message"]
    assert "history" not in {frame.get("type") for frame in ana.seen}


async def test_a_mute_is_one_line_in_the_log(limited: LocalChat, caplog: pytest.LogCaptureFixture) -> None:
    ana = await limited.open("ana")
    await say(ana, 20)

    [line] = [record.message for record in caplog.records if record.name == "chat"]
    assert line.startswith("a user is muted")
    assert '"user":"ana"' in line


async def test_another_user_is_not_limited_by_one_who_floods(limited: LocalChat) -> None:
    ana, bo = await limited.open("ana"), await limited.open("bo")
    await say(ana, 20)
    await say(bo, 3)

    assert refusals(bo) == []
    assert [(await ana.next(sender="bo"))["message"] for _ in range(3)] == ["line 0", "line 1", "line 2"]


async def test_the_connections_of_a_user_together_may_do_three_times_as_much_as_one(limited: LocalChat) -> None:
    tabs = [await limited.open("ana") for _ in range(USER_FACTOR + 1)]
    for tab in tabs[:-1]:
        await say(tab, 3)
    await say(tabs[-1], 1)

    assert [len(refusals(tab)) for tab in tabs] == [0] * USER_FACTOR + [1]


async def test_a_limit_of_a_connection_holds_on_every_instance(limited: LocalChat) -> None:
    ana = await limited.open("ana")
    await say(ana, 3)
    async with limited.another_instance() as url:
        limited.deliver("connect", "connected", "disconnected", url=url)
        await say(ana, 1)

    assert len(refusals(ana)) == 1


async def test_what_is_refused_for_another_reason_counts_too(limited: LocalChat) -> None:
    ana = await limited.open("ana")
    for _ in range(4):
        await ana.ask("message", "")

    assert [frame["code"] for frame in ana.seen if "code" in frame] == [*["message_empty"] * 3, "rate_limited"]


async def test_a_command_counts_as_what_it_does_and_not_as_a_message(limited: LocalChat) -> None:
    ana = await limited.open("ana")
    for _ in range(6):
        await ana.ask("message", "/help")
    await say(ana, 3)
    await ana.ask("message", "/me waves")

    assert len(refusals(ana)) == 1


async def test_typing_over_the_limit_is_refused_without_an_answer(limited: LocalChat) -> None:
    ana, bo = await limited.open("ana"), await limited.open("bo")
    for _ in range(6):
        await ana.ask("typing", {"room": "lobby"})
    await bo.ask("message", "the end")

    assert [frame for frame in ana.seen if frame.get("event") == "error"] == []
    await bo.next(sender="bo")
    assert Counter(frame.get("type") for frame in bo.seen)["typing"] == 1


async def test_new_rooms_are_limited_and_rooms_with_a_log_are_not(limited: LocalChat) -> None:
    ana, bo = await limited.open("ana"), await limited.open("bo")
    for room in ("one", "two"):
        await ana.ask("join", {"room": room})
        await ana.ask("message", {"room": room, "message": "hello"})
        await bo.ask("join", {"room": room})
    await ana.ask("join", {"room": "three"})
    await bo.ask("join", {"room": "four"})

    assert (await ana.next(code="rate_limited"))["room"] == "three"
    assert await bo.next(type="joined", room="four")
    assert "three" not in [place["room"] for place in (await places(ana))["rooms"]]


async def places(tab: Tab) -> dict[str, Any]:
    await tab.send("places", {})
    return await tab.next(type="places")


async def flood(tab: Tab, count: int) -> None:
    """Send without waiting for answers."""
    for number in range(count):
        await tab.send("message", f"line {number}")


async def closed(tab: Tab) -> bool:
    """Read until the socket is closed, or a deadline is over."""
    async with asyncio.timeout(10):
        while True:
            message = await tab.socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                return message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            tab.seen.append(json.loads(message.data))


@pytest.fixture
async def strict() -> AsyncIterator[LocalChat]:
    """A chat in which a mute lasts at least a minute, so that a flood meets one mute however slow the machine is."""
    async with run_chat(ChatRateLimits=f"{HIGH_LIMITS}, message=1/3") as running:
        yield running


async def test_a_connection_that_floods_on_while_muted_is_closed_with_a_reason_and_its_user_has_to_wait(
    strict: LocalChat,
) -> None:
    ana, bo = await strict.open("ana"), await strict.open("bo")
    webhooks: list[str] = []
    strict.service.observations.subscribe(
        lambda seen: webhooks.append(seen.event) if isinstance(seen, WebhookCalled) else None
    )

    await flood(ana, 5 * REFUSALS_BEFORE_CLOSE)

    assert await closed(ana)
    [farewell] = [frame for frame in ana.seen if frame.get("event") == "disconnected"]
    assert farewell["message"].endswith("too many events while muted")
    # What it had sent already is not delivered to the app.
    assert len([event for event in webhooks if event.endswith("user.message")]) >= 3 + REFUSALS_BEFORE_CLOSE
    assert len([event for event in webhooks if event.endswith("user.message")]) < 4 * REFUSALS_BEFORE_CLOSE
    refused = await strict.get("/negotiate?id=ana", status=429)
    assert refused["error"]["code"] == "rate_limited"
    await say(bo, 1)
    assert (await bo.next(sender="bo"))["message"] == "line 0"


async def test_a_closed_user_is_refused_by_connect_as_well_and_told_when_to_come_again(strict: LocalChat) -> None:
    url = (await strict.get("/negotiate?id=ana"))["url"]
    ana = await strict.open("ana")
    await flood(ana, 2 * REFUSALS_BEFORE_CLOSE)
    assert await closed(ana)

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await strict.dial(url)
    async with strict.http.get(f"{strict.url}/negotiate?id=ana") as answer:
        assert 0 < int(answer.headers["Retry-After"]) <= 60

    assert refused.value.status == 429


async def test_a_setting_that_is_not_understood_lets_nobody_connect_and_names_itself() -> None:
    async with run_chat(ChatRateLimits="messages=1/1") as chat:
        url = (await chat.get("/negotiate?id=ana"))["url"]
        async with chat.http.get(url) as answer:
            assert answer.status != 101


async def test_without_limits_nothing_is_refused_and_nothing_is_kept() -> None:
    async with run_chat(ChatRateLimits="off") as chat:
        ana = await chat.open("ana")
        await say(ana, 100)

        assert refusals(ana) == []


async def test_joins_of_ever_new_rooms_leave_as_many_rows_as_the_limit_of_the_user_lets_through() -> None:
    async with run_chat(ChatRateLimits=f"{HIGH_LIMITS}, create=1/5") as chat:
        for connection in range(2):
            ana = await chat.open("ana")
            for number in range(11):
                await ana.ask("join", {"room": f"room-{connection}-{number}"})
            ana.kill()

        client = TableClient(read_storage_connection(Settings(chat.settings)), "Chat")
        rows = (await client.query_all("Users", f"PartitionKey eq '{user_key('ana')}'", limit=1000)).entities
        await client.close()

    assert 1 <= len([row for row in rows if row["RowKey"].startswith("room-")]) <= 5 * USER_FACTOR


async def test_what_a_page_does_after_a_long_absence_meets_no_limit_by_default() -> None:
    async with run_chat(ChatRateLimits="") as chat:
        rooms = [f"room-{number}" for number in range(19)]
        for _ in range(2):  # the second time after the connection was lost
            ana = await chat.open("ana")
            for room in rooms:
                await ana.ask("join", {"room": room})
                await ana.ask("read", {"room": room, "seq": 0})
            for _ in range(100):
                await ana.ask("since", {"room": "room-1", "seq": 0})
            await ana.ask("places", {})
            for number in range(10):  # what was not sent
                await ana.ask("message", {"room": "room-1", "message": f"line {number}"})

            assert refusals(ana) == []
            await ana.close()
