"""Many people without a browser: their WebSockets run in one thread beside the test, which waits for their answers."""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from itertools import count
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.e2e.conftest import Chat

ANSWER_SECONDS = 30
CROWD_SECONDS = 60
AT_ONCE = 8
SUBPROTOCOL = "json.webpubsub.azure.v1"


class Member:
    """One connection of a user; each event is acknowledged before the next one is sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ack_ids = count(1)

    async def send(self, event: str, data: dict[str, Any]) -> None:
        """Send an event; raises AssertionError when it is refused."""
        ack_id = next(self._ack_ids)
        frame = {"type": "event", "event": event, "dataType": "json", "data": data, "ackId": ack_id}
        await self._socket.send_json(frame)
        while True:
            answer = await self._socket.receive_json(timeout=ANSWER_SECONDS)
            assert answer.get("data", {}).get("event") != "error", answer
            if answer["type"] == "ack" and answer["ackId"] == ack_id:
                assert answer["success"], answer
                return


class Crowd:
    """People who are in a room while its context lasts."""

    def __init__(self, chat: Chat, room: str, *names: str) -> None:
        self._chat, self._room, self._names = chat, room, names
        self._members: list[Member] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._session = self._run(self._open_session())
        self._members = self._run(_gather(self._connect(name) for name in self._names))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._session.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def say(self, texts: Iterable[str]) -> None:
        """Let them say the texts, in turns, one after the other for each person; return when all are said."""
        members, lines = self._members, list(texts)

        async def talk(index: int) -> None:
            for text in lines[index :: len(members)]:
                await members[index].send("message", {"room": self._room, "message": text})

        self._run(_gather(talk(index) for index in range(len(members))))

    def send(self, name: str, event: str, data: dict[str, Any]) -> None:
        """Let one of them send an event about the room; raises AssertionError when it is refused."""
        self._run(self._members[self._names.index(name)].send(event, {"room": self._room} | data))

    async def _open_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def _connect(self, name: str) -> Member:
        async with self._session.get(f"{self._chat.url}/negotiate", params={"id": name}) as answer:
            url = (await answer.json())["url"]
        member = Member(await self._session.ws_connect(url, protocols=[SUBPROTOCOL], autoping=True))
        await member.send("join", {"room": self._room})
        return member

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CROWD_SECONDS)


async def _gather(work: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def within_limit(one: Coroutine[Any, Any, Any]) -> Any:
        async with limit:
            return await one

    return await asyncio.gather(*map(within_limit, work))
