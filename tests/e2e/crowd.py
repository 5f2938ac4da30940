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
        self._heard: list[dict[str, Any]] = []

    async def send(self, event: str, data: dict[str, Any]) -> None:
        """Send an event; raises AssertionError when it is refused."""
        ack_id = next(self._ack_ids)
        frame = {"type": "event", "event": event, "dataType": "json", "data": data, "ackId": ack_id}
        await self._socket.send_json(frame)
        while True:
            answer = await self._receive()
            assert answer.get("data", {}).get("event") != "error", answer
            if answer["type"] == "ack" and answer["ackId"] == ack_id:
                assert answer["success"], answer
                return

    async def hear(self, **fields: object) -> dict[str, Any]:
        """Return the first frame that has these fields, whether it came already or is still to come."""
        while True:
            for frame in self._heard:
                if fields.items() <= frame.items():
                    return frame
            await self._receive()

    async def leave(self) -> None:
        """Close the connection, as a tab that is closed does."""
        await self._socket.close()

    async def _receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = await self._socket.receive_json(timeout=ANSWER_SECONDS)
        if answer["type"] == "message":
            self._heard.append(answer["data"])
        return answer


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

    def send(self, name: str, event: str, **data: object) -> None:
        """Let one of them send an event about the room; return when it is done."""
        self._run(self._member(name).send(event, {"room": self._room} | data))

    def hear(self, name: str, **fields: object) -> dict[str, Any]:
        """Return the first frame with these fields that one of them was sent, waiting for it."""
        frame: dict[str, Any] = self._run(self._member(name).hear(**fields))
        return frame

    def leave(self, name: str) -> None:
        """Let one of them go."""
        self._run(self._member(name).leave())

    def _member(self, name: str) -> Member:
        return self._members[self._names.index(name)]

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
