"""Connections that send as fast as they can, in a process of their own.

`python -m bench.load.flooders URL COUNT` connects so many users to the chat at this address. It prints `ready`, begins
when it reads a line, ends at the next one, and prints one JSON object: how many events were `sent`, how many
connections were `closed`, and how many attempts to connect again were `refused`.
"""

import asyncio
import json
import sys
from collections import Counter

import aiohttp

from bench.load.clients import JSON, Client, connect_clients_of
from bench.load.frames import client_frame
from bench.load.servers import allow_many_sockets

# Written at once; the transport says when it takes more.
EVENTS_AT_ONCE = 20
EVENT = {"type": "event", "event": "message", "dataType": "text", "data": "flood " * 10}
BATCH = client_frame(json.dumps(EVENT).encode()) * EVENTS_AT_ONCE
PAUSE_SECONDS = 1.0


class Flooder(Client):
    """A client that notes when it may write, and when its connection is lost."""

    def __init__(self, url: str, subprotocol: str) -> None:
        super().__init__(url, subprotocol)
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_lost = False

    def pause_writing(self) -> None:
        self.may_write.clear()

    def resume_writing(self) -> None:
        self.may_write.set()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.is_lost = True
        self.may_write.set()


async def flood(
    chat: str,
    http: aiohttp.ClientSession,
    user: str,
    counts: Counter[str],
    all_connected: asyncio.Barrier,
    start: asyncio.Event,
) -> None:
    """Connect, send events without waiting for answers, and connect again after a second when the connection ends."""
    while True:
        client = await connect(chat, http, user)
        if client is None:
            counts["refused"] += 1
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        if not start.is_set():
            await all_connected.wait()
            await start.wait()
        while not client.is_lost:
            client.transport.write(BATCH)
            counts["sent"] += EVENTS_AT_ONCE
            await client.may_write.wait()
            await asyncio.sleep(0)
        counts["closed"] += 1
        await asyncio.sleep(PAUSE_SECONDS)


async def connect(chat: str, http: aiohttp.ClientSession, user: str) -> Flooder | None:
    """Return a connection of the user, None when the chat refuses it."""
    async with http.get(f"{chat}/negotiate", params={"id": user}) as response:
        if response.status != 200:
            return None
        url = (await response.json())["url"]
    try:
        [client] = await connect_clients_of(Flooder, url, 1, JSON)
    except (AssertionError, ConnectionError):
        return None
    return client


async def main(chat: str, count: int) -> None:
    """Flood between two lines of input."""
    allow_many_sockets()
    counts: Counter[str] = Counter()
    start, all_connected = asyncio.Event(), asyncio.Barrier(count + 1)
    async with aiohttp.ClientSession() as http:
        users = [f"flooder-{number}" for number in range(count)]
        tasks = [asyncio.create_task(flood(chat, http, user, counts, all_connected, start)) for user in users]
        await all_connected.wait()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        start.set()
        await asyncio.to_thread(sys.stdin.readline)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({name: counts[name] for name in ("sent", "closed", "refused")}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
