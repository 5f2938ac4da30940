"""The load of the chats: clients that say one thing after the other, and one client in each room that listens.

All run in this process and do little, because they share the machine with what they measure. Every text has the time
at which it was sent.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bench.load.chats import Chat
from bench.load.clients import JSON, Client, connect_clients
from bench.load.frames import PING, PONG, FrameReader, client_frame

MARK = b"sent-at-"
STAMP_DIGITS = 20
TEXT_CHARACTERS = 100
PATIENCE_SECONDS = 15.0
WARM_UP_MESSAGES = 30
REFUSALS = (b'"event":"error"', b'"success":false')


@dataclass(frozen=True)
class Figures:
    """What came out of one load: rates a second, milliseconds from send to delivery, CPU milliseconds a message.

    `cpu` has one entry for each program of the chat, and one for the load itself.
    """

    acknowledged: float
    delivered: float
    p50: float
    p99: float
    cpu: Mapping[str, float]


class Member:
    """A client in a room, or where everyone is: it says texts, and notes the latencies of those that arrive (ms)."""

    def __init__(self, client: Client, room: str | None, *, listens: bool) -> None:
        self._client = client
        self._room = room
        self._frames = FrameReader()
        self._ack_id = 0
        self._answer: asyncio.Future[None] | None = None
        self.latencies: list[float] = []
        self._listens = listens
        client.on_data = self._take

    async def join(self) -> None:
        """Enter the room by an event."""
        await self._send("join", {"room": self._room})

    async def say(self) -> None:
        """Say a text and wait until it is acknowledged; raises RuntimeError when it is refused."""
        text = f"{MARK.decode()}{time.perf_counter_ns():0{STAMP_DIGITS}} ".ljust(TEXT_CHARACTERS, ".")
        await self._send("message", {"room": self._room, "message": text} if self._room else text)

    def close(self) -> None:
        """Drop the connection."""
        self._client.transport.abort()

    async def _send(self, event: str, data: object) -> None:
        self._ack_id += 1
        data_type = "text" if isinstance(data, str) else "json"
        frame = {"type": "event", "event": event, "ackId": self._ack_id, "dataType": data_type, "data": data}
        self._answer = asyncio.get_running_loop().create_future()
        self._client.transport.write(client_frame(json.dumps(frame).encode()))
        await asyncio.wait_for(self._answer, PATIENCE_SECONDS)

    def _take(self, data: bytes) -> None:
        for opcode, content in self._frames.read(data):
            if opcode == PING:
                self._client.transport.write(client_frame(content, PONG))
            elif any(refusal in content for refusal in REFUSALS):
                self._end(RuntimeError(f"the chat refused: {content[:300]!r}"))
            elif b'"type":"ack"' in content:
                self._end(None)
            elif self._listens and (mark := content.find(MARK)) >= 0:
                sent = int(content[mark + len(MARK) : mark + len(MARK) + STAMP_DIGITS])
                self.latencies.append((time.perf_counter_ns() - sent) / 1e6)

    def _end(self, problem: Exception | None) -> None:
        if self._answer is None or self._answer.done():
            return
        if problem:
            self._answer.set_exception(problem)
        else:
            self._answer.set_result(None)


class Load:
    """The clients of one chat: senders, and one listener in each room."""

    def __init__(self, chat: Chat, senders: Sequence[Member], listeners: Sequence[Member]) -> None:
        self._chat = chat
        self._senders = senders
        self._listeners = listeners

    async def measure(self, in_flight: int, seconds: float) -> Figures:
        """Let so many senders say one text after the other for a time, and return what came out.

        Raises RuntimeError when the chat refuses a text, and TimeoutError when an answer or a delivery does not come.
        """
        for listener in self._listeners:
            listener.latencies.clear()
        cpu, own_cpu, started = self._chat.cpu_seconds(), time.process_time(), time.perf_counter()
        saying = (_say_until(member, started + seconds) for member in self._senders[:in_flight])
        said = sum(await asyncio.gather(*saying))
        acknowledged = time.perf_counter() - started
        await _until_delivered(self._listeners, said)
        delivered = time.perf_counter() - started
        used = {name: spent - cpu[name] for name, spent in self._chat.cpu_seconds().items()}
        used["load"] = time.process_time() - own_cpu
        times = sorted(latency for listener in self._listeners for latency in listener.latencies)
        return Figures(
            acknowledged=said / acknowledged,
            delivered=said / delivered,
            p50=times[len(times) // 2],
            p99=times[len(times) * 99 // 100],
            cpu={name: spent * 1000 / said for name, spent in used.items()},
        )

    def close(self) -> None:
        """Drop all connections."""
        for member in (*self._senders, *self._listeners):
            member.close()


@asynccontextmanager
async def connected_load(chat: Chat, senders: int, rooms: int) -> AsyncIterator[Load]:
    """Connect so many senders, spread over the rooms, and the listeners; everyone has said something already.

    One room is the place where everyone is by default: the lobby, or the whole hub.
    """
    names = [f"room-{number}" for number in range(rooms)] if rooms > 1 else [None]
    async with aiohttp.ClientSession() as http:
        listeners = [await _enter(chat, http, f"listener-{room}", room, listens=True) for room in names]
        saying = [
            await _enter(chat, http, f"sender-{number}", names[number % rooms], listens=False)
            for number in range(senders)
        ]
    load = Load(chat, saying, listeners)
    try:
        await asyncio.gather(*(_say_many(member, WARM_UP_MESSAGES) for member in saying))
        await _until_delivered(listeners, senders * WARM_UP_MESSAGES)
        yield load
    finally:
        load.close()


async def _say_until(member: Member, end: float) -> int:
    """Say one text after the other until a time of `perf_counter`; return how many."""
    count = 0
    while time.perf_counter() < end:
        await member.say()
        count += 1
    return count


async def _say_many(member: Member, count: int) -> None:
    for _ in range(count):
        await member.say()


async def _until_delivered(listeners: Sequence[Member], count: int) -> None:
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while sum(len(listener.latencies) for listener in listeners) < count:
        if time.perf_counter() > deadline:
            raise TimeoutError("some messages were acknowledged and not delivered")
        await asyncio.sleep(0.001)


async def _enter(chat: Chat, http: aiohttp.ClientSession, user: str, room: str | None, *, listens: bool) -> Member:
    """Return a member of the room, connected as `/negotiate` says."""
    asked = {"id": user} | ({"room": room} if room else {})
    async with http.get(f"{chat.url}/negotiate", params=asked) as response:
        response.raise_for_status()
        url = (await response.json())["url"]
    [client] = await connect_clients(url, 1, JSON)
    member = Member(client, room, listens=listens)
    if room and chat.joins_by_event:
        await member.join()
    return member
