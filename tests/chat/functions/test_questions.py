"""What anybody may ask over HTTP: about rooms that are listed only, shared by all who ask, and so many at a time."""

import asyncio
from collections import Counter
from urllib.parse import unquote

import aiohttp
import pytest

from chat.functions.rooms import MAX_QUESTIONS
from local_azure.observations import StorageCalled
from local_azure.webpubsub.observations import RestCalled
from tests.chat.local_chat import LocalChat, until


@pytest.mark.parametrize("room", ["_secret", "_never-was", "~k3m5n7p2", "_", "%20_secret", "_SECRET"])
async def test_a_room_that_is_not_public_is_not_told_of_whether_there_is_one_or_not(chat: LocalChat, room: str) -> None:
    await chat.enter("ana", "_secret")
    calls: list[str] = []
    chat.service.observations.subscribe(lambda seen: calls.append(seen.path) if isinstance(seen, RestCalled) else None)

    answer = await chat.get(f"/rooms/{room}", status=404)

    name = unquote(room).strip().lower()
    assert answer == {"error": {"code": "unknown_room", "message": f"there is no room '{name}'"}}
    assert calls == []


async def test_who_is_in_an_unlisted_room_is_told_over_the_connection(chat: LocalChat) -> None:
    ana, _ = await chat.enter("ana", "_secret")
    bo = await chat.open("bo")

    await ana.send("roster", {"room": "_secret"})
    await bo.ask("roster", {"room": "_secret"})

    assert (await ana.next(type="roster"))["users"] == ["ana"]
    assert (await bo.next(event="error"))["code"] == "not_in_room"


async def test_a_roster_is_answered_from_the_last_one_while_the_service_fails(chat: LocalChat) -> None:
    await chat.open("ana")
    assert (await chat.get("/rooms/lobby"))["users"] == ["ana"]
    chat.service.faults.add("fail rest 500 for=60s")

    failed: list[str] = []
    chat.service.observations.subscribe(lambda seen: failed.append(seen.path) if isinstance(seen, RestCalled) else None)

    async def is_asked_again() -> bool:
        assert (await chat.get("/rooms/lobby"))["users"] == ["ana"]
        return bool(failed)

    await until(is_asked_again)
    assert (await chat.get("/rooms/design", status=503))["error"]["code"] == "service_unavailable"


async def test_so_many_questions_are_answered_at_a_time_and_the_others_told_when_to_come_again(
    chat: LocalChat,
) -> None:
    chat.service.faults.add("slow rest 1s for=60s")

    async def ask(number: int) -> tuple[int, str | None]:
        async with chat.http.get(f"{chat.url}/rooms/room-{number}", timeout=aiohttp.ClientTimeout(20)) as answer:
            await answer.read()
            return answer.status, answer.headers.get("Retry-After")

    answers = Counter(await asyncio.gather(*(ask(number) for number in range(MAX_QUESTIONS + 20))))

    assert answers[429, "1"] >= 1
    assert set(answers) <= {(200, None), (429, "1"), (503, None)}
    chat.service.faults.clear()
    assert (await chat.get("/rooms/lobby"))["count"] == 0


async def test_many_who_ask_for_the_same_newest_page_share_reads(chat: LocalChat) -> None:
    tabs = [await chat.open(f"user-{number}") for number in range(20)]
    await tabs[0].ask("message", "hello")
    reads: list[str] = []
    chat.storage.observations.subscribe(
        lambda seen: reads.append(seen.operation) if isinstance(seen, StorageCalled) and seen.method == "GET" else None
    )

    for event, data in (("history", {"room": "lobby"}), ("since", {"room": "lobby", "seq": 0})):
        reads.clear()
        await asyncio.gather(*(tab.ask(event, data) for tab in tabs))
        answers = [await tab.next(type=event) for tab in tabs]

        assert all(answer == answers[0] for answer in answers)
        assert len(reads) < len(tabs)
