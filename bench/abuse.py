"""What people notice of abuse: floods by many connections, joins of ever new rooms, questions about a full room.

    python3 dev.py bench abuse --flooders 40 --seconds 20

Bystanders say something twice a second in the room that is flooded, first alone, then during the flood. The flood comes
twice: with the limits as they are by default, and beside it with `ChatRateLimits=off`.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.load.chats import PYTHON, Chat, ours
from bench.load.clients import JSON, Client, connect_clients
from bench.load.processes import Program, running_program
from bench.load.senders import Member
from bench.load.servers import allow_many_sockets
from bench.rows import Row
from chat.names import user_key
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from local_azure.tables.settings import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY

BYSTANDERS = 4
PAUSE_SECONDS = 0.5
CROWD, QUESTIONS = 1200, 100
CONNECTIONS, JOINS = 50, 20
DIALS_AT_ONCE = 20
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Heard:
    """What bystanders said and heard: how many messages, and the milliseconds from sending to delivery."""

    said: int
    heard: int
    p50: float
    p99: float


def main(options: Sequence[str] = ()) -> list[Row]:
    """Measure all three."""
    parsed = _parser().parse_args(options)
    allow_many_sockets()
    return [*measure_floods(parsed.flooders, parsed.seconds), *measure_joins(), *measure_questions(CROWD, QUESTIONS)]


def measure_floods(flooders: int, seconds: float) -> list[Row]:
    """Measure the bystanders with limits, and without them beside it."""
    limited, unlimited = (
        run_flood(settings, flooders, seconds, seconds) for settings in ({}, {"ChatRateLimits": "off"})
    )
    (before, during, flood), (before_off, during_off, flood_off) = limited, unlimited
    off = "without limits"
    return [
        Row("bystander p50, before a flood", before.p50, "ms", before_off.p50, off),
        Row("bystander p50, during the flood", during.p50, "ms", during_off.p50, off),
        Row("bystander p99, during the flood", during.p99, "ms", during_off.p99, off),
        Row("bystander p50, times of before", during.p50 / before.p50, "x", during_off.p50 / before_off.p50, off),
        Row("honest messages said during the flood", during.said, ""),
        Row("honest messages not delivered", during.said - during.heard, ""),
        Row("events that the flooders sent", flood["sent"], "", flood_off["sent"], off),
        Row("flooding connections that were closed", flood["closed"], ""),
        Row("attempts to connect again that were refused", flood["refused"], ""),
    ]


def run_flood(
    settings: Mapping[str, str], flooders: int, seconds: float, quiet_seconds: float
) -> tuple[Heard, Heard, dict[str, int]]:
    """Return what bystanders heard in the quiet seconds before a flood and during it, and the flooders' counts."""
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder), settings) as chat:
        command = [*PYTHON, "bench.load.flooders", chat.url, str(flooders)]
        with running_program("flooders", command, Path(folder)) as flood:
            flood.wait_for_line("(ready)")
            return asyncio.run(listen_before_and_during(chat, flood, seconds, quiet_seconds))


async def listen_before_and_during(
    chat: Chat, flood: Program, seconds: float, quiet_seconds: float
) -> tuple[Heard, Heard, dict[str, int]]:
    """Let bystanders talk, begin the flood, and let them talk again."""
    async with aiohttp.ClientSession() as http:
        listener = await enter(chat, http, "listener", listens=True)
        people = [await enter(chat, http, f"bystander-{number}") for number in range(BYSTANDERS)]
    before = await talk(people, listener, quiet_seconds)
    flood.write_line("begin")
    await asyncio.sleep(SETTLE_SECONDS)
    during = await talk(people, listener, seconds)
    flood.write_line("end")
    counts: dict[str, int] = json.loads(flood.wait_for_line(r'(\{"sent".*\})'))
    for member in (*people, listener):
        member.close()
    return before, during, counts


async def enter(chat: Chat, http: aiohttp.ClientSession, user: str, *, listens: bool = False) -> Member:
    """Return a user in the lobby."""
    [client] = await dial(chat, http, user)
    return Member(client, None, listens=listens)


async def dial(chat: Chat, http: aiohttp.ClientSession, user: str) -> list[Client]:
    """Connect a user once."""
    async with http.get(f"{chat.url}/negotiate", params={"id": user}) as response:
        response.raise_for_status()
        url = (await response.json())["url"]
    return await connect_clients(url, 1, JSON)


async def talk(people: Sequence[Member], listener: Member, seconds: float) -> Heard:
    """Let people say one thing every half second, each with its own beat; return what came to the listener."""
    listener.latencies.clear()
    end = time.perf_counter() + seconds

    async def say(number: int, member: Member) -> int:
        await asyncio.sleep(PAUSE_SECONDS * number / len(people))
        count = 0
        while (began := time.perf_counter()) < end:
            await member.say()
            count += 1
            await asyncio.sleep(max(0.0, began + PAUSE_SECONDS - time.perf_counter()))
        return count

    said = sum(await asyncio.gather(*(say(number, member) for number, member in enumerate(people))))
    await asyncio.sleep(SETTLE_SECONDS)
    times = sorted(listener.latencies)
    return Heard(said, len(times), times[len(times) // 2], times[len(times) * 99 // 100])


def measure_joins() -> list[Row]:
    """Let one user join a thousand new rooms, over connections that end and come again; count the user's rows."""
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder), {}) as chat:
        before, after = asyncio.run(join_many(chat))
    return [Row("rows of a user before 1,000 joins of new rooms", before, ""), Row("… and after them", after, "")]


async def join_many(chat: Chat, connections: int = CONNECTIONS) -> tuple[int, int]:
    """Return the number of the user's rows before and after the joins over so many connections, 20 over each."""
    account = f"DefaultEndpointsProtocol=http;AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
    settings = Settings({"AzureWebJobsStorage": f"{account};TableEndpoint={chat.tables};"})
    client = TableClient(read_storage_connection(settings), settings.table_prefix)
    before = await count_rows(client, "ana")
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for connection in range(connections):
            await join_rooms(chat, http, [f"new-{connection}-{number}" for number in range(JOINS)])
    after = await count_rows(client, "ana")
    await client.close()
    return before, after


async def join_rooms(chat: Chat, http: aiohttp.ClientSession, rooms: Sequence[str]) -> None:
    """Join the rooms over one connection of the user, whether the chat refuses that or not."""
    url, deadline = "", time.monotonic() + 400
    while not url and time.monotonic() < deadline:
        async with http.get(f"{chat.url}/negotiate", params={"id": "ana"}) as response:
            url = (await response.json()).get("url", "")
            if not url:
                return  # the user may not connect now
    async with http.ws_connect(url, protocols=[JSON]) as socket:
        for number, room in enumerate(rooms):
            event = {"type": "event", "event": "join", "dataType": "json", "data": {"room": room}, "ackId": number + 1}
            await socket.send_json(event)
        async for message in socket:
            frame = json.loads(message.data)
            if frame.get("type") == "ack" and frame["ackId"] == len(rooms):
                return


async def count_rows(client: TableClient, user: str) -> int:
    """Return how many rows a user has."""
    return len((await client.query_all("Users", f"PartitionKey eq '{user_key(user)}'", limit=2000)).entities)


def measure_questions(crowd: int, questions: int) -> list[Row]:
    """Ask for the roster of a full room many times at once, while the room fills and when it is full."""
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder), {}) as chat:
        filling, full, slowest = asyncio.run(ask_about_crowd(chat, crowd, questions))
    what = f"of {questions} questions about a room of {crowd:,}"
    return [
        Row(f"{what}, not answered while it fills", questions - filling, ""),
        Row(f"{what}, not answered when it is full", questions - full, ""),
        Row("… the slowest answer", slowest, "ms"),
    ]


async def ask_about_crowd(chat: Chat, crowd: int, questions: int) -> tuple[int, int, float]:
    """Return how many questions were answered while the room filled and after that, and the slowest time (ms)."""
    limit = asyncio.Semaphore(DIALS_AT_ONCE)
    clients: list[Client] = []

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def arrive(number: int) -> None:
            async with limit:
                clients.extend(await dial(chat, http, f"person-{number}"))

        async def ask() -> tuple[int, float]:
            began = time.perf_counter()
            async with http.get(f"{chat.url}/rooms/lobby") as response:
                await response.read()
                return response.status, (time.perf_counter() - began) * 1000

        await asyncio.gather(*(arrive(number) for number in range(crowd // 2)))
        filling = asyncio.gather(*(arrive(number) for number in range(crowd // 2, crowd)))
        early = await asyncio.gather(*(ask() for _ in range(questions)))
        await filling
        late = await asyncio.gather(*(ask() for _ in range(questions)))
    for client in clients:
        client.transport.abort()
    answered = [sum(status == 200 for status, _ in answers) for answers in (early, late)]
    return answered[0], answered[1], max(milliseconds for _, milliseconds in (*early, *late))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench abuse", description=__doc__.partition("\n")[0])
    parser.add_argument("--flooders", type=int, default=40, help="flooding connections (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long bystanders talk (default %(default)s)")
    return parser
