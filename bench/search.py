"""What does a search of a long room cost, and does it hold up who sends meanwhile?

A room of 100,000 messages is searched for a word that every message has, and for one that only its first message has:
from the end to the beginning, step by step. Meanwhile somebody sends to another room of the same process, and to
compare, also while nobody searches.

    python3 dev.py bench search --messages 100000
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

from bench.fault_run.connection import Answer, Connection, Frame
from bench.fault_run.servers import Servers
from bench.hundred_thousand import OLD_ROOM, TEXT, write_messages
from bench.rows import Row

SENDING_SECONDS = 3.0
SEND_INTERVAL_SECONDS = 0.01


class Client:
    """A user who asks, and waits for the answers."""

    def __init__(self, http: aiohttp.ClientSession, app: str, user: str) -> None:
        self.frames: list[Frame] = []
        self._connection = Connection(http, app, user, self.frames.append, lambda: None)
        self._task = asyncio.create_task(self._connection.run())

    async def send(self, event: str, data: dict[str, Any]) -> list[Frame]:
        """Send an event, and return what came until it was acknowledged; raises RuntimeError for a refusal."""
        self.frames.clear()
        answer = await self._connection.send(event, data)
        errors = [frame for frame in self.frames if frame.get("event") == "error"]
        if answer is not Answer.DONE or errors:
            raise RuntimeError(f"{event} was not accepted: {errors}")
        return list(self.frames)

    async def search(self, **fields: Any) -> Frame:
        """Return the answer to one step of a search."""
        frames = await self.send("search", {"room": OLD_ROOM, **fields})
        return next(frame for frame in frames if frame.get("type") == "found")

    async def close(self) -> None:
        """Close the connection."""
        self._task.cancel()
        await asyncio.wait({self._task})


def main(options: Sequence[str] = ()) -> list[Row]:
    """Write, search and send; return the times."""
    parser = argparse.ArgumentParser(prog="bench search", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000, help="in the room (default %(default)s)")
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), parser.parse_args(options).messages))


async def _measure(folder: Path, messages: int) -> list[Row]:
    servers = Servers(folder, instances=1)
    try:
        os.environ["AzureWebJobsStorage"] = await servers.start_all()
        await write_messages(messages)
        async with aiohttp.ClientSession() as http:
            searcher, sender = Client(http, servers.app_url, "searcher"), Client(http, servers.app_url, "sender")
            await searcher.send("join", {"room": OLD_ROOM})
            first = [await _time(searcher.search(text="ordinary")) for _ in range(20)]
            alone = await _send_for(sender, asyncio.create_task(asyncio.sleep(SENDING_SECONDS)))
            before = servers.cpu_seconds()
            steps: list[float] = []
            search = asyncio.create_task(_search_to_the_end(searcher, steps))
            beside = await _send_for(sender, search)
            cpu = {name: used - before[name] for name, used in servers.cpu_seconds().items()}
            found, searched = await search
            await searcher.close()
            await sender.close()
    finally:
        await asyncio.to_thread(servers.stop_all)
    if (found, searched) != (1, messages):
        raise RuntimeError(f"{found} messages were found among {searched}, not 1 among {messages}")
    return [
        Row("search: the newest 20 messages with a word, p50", statistics.median(first), "ms"),
        Row("search: the first message of the room, to the end", sum(steps) / 1000, "s"),
        Row("search: steps to the end", len(steps), ""),
        Row("search: the slowest step", max(steps), "ms"),
        *[Row(f"search: CPU of {name} to the end", used, "s") for name, used in cpu.items()],
        Row("send while somebody searches, p50", statistics.median(beside), "ms", statistics.median(alone), "alone"),
        Row("send while somebody searches, p99", _p99(beside), "ms", _p99(alone), "alone"),
        Row("send while somebody searches, slowest", max(beside), "ms", max(alone), "alone"),
    ]


async def _time(work: Any) -> float:
    started = time.perf_counter()
    await work
    return (time.perf_counter() - started) * 1000


async def _search_to_the_end(searcher: Client, steps: list[float]) -> tuple[int, int]:
    """Return how many messages were found, and how many entries were looked at; note the milliseconds of each step."""
    found = searched = 0
    cursor: str | None = None
    while True:
        started = time.perf_counter()
        frame = await searcher.search(text="0 ordinary", **({"cursor": cursor} if cursor else {}))
        steps.append((time.perf_counter() - started) * 1000)
        found, searched, cursor = found + len(frame["messages"]), searched + frame["searched"], frame["cursor"]
        if cursor is None:
            return found, searched


async def _send_for(sender: Client, work: "asyncio.Task[Any]") -> list[float]:
    """Send to the lobby while the work goes on, and return the milliseconds of each message."""
    times: list[float] = []
    for number in count():
        if work.done():
            return times
        data = {"room": "lobby", "message": TEXT, "clientId": f"s-{id(work)}-{number}"}
        times.append(await _time(sender.send("message", data)))
        await asyncio.sleep(SEND_INTERVAL_SECONDS)
    return times


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]
