"""Does a room's age cost anything? 100,000 messages are written, all are read, and some more are sent.

The messages are written with the app's own room log. Then a client reads them page by page with `history`, and sends at
the end of this room and into an empty one in turn.

    python3 dev.py bench hundred_thousand --messages 100000
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

import aiohttp

from bench.fault_run.connection import Answer, Connection, Frame
from bench.fault_run.reader import LogReader
from bench.fault_run.servers import Servers
from bench.rows import Row
from chat.functions.process_state import process_state
from chat.message_ids import derived_id
from chat.room_log.model import NewMessage
from chat.settings import current_settings

OLD_ROOM = "old"
AT_ONCE = 1000
BLOCKS, MESSAGES_IN_A_BLOCK = 20, 25
TEXT = "a message of an ordinary length, as people write them"


def main(options: Sequence[str] = ()) -> list[Row]:
    """Write, read and send; return the counts and the times."""
    parsed = _parser().parse_args(options)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), parsed.messages, parsed.page))


async def _measure(folder: Path, messages: int, length: int) -> list[Row]:
    servers = Servers(folder, instances=1)
    try:
        os.environ["AzureWebJobsStorage"] = await servers.start_all()
        started = time.perf_counter()
        await write_messages(messages)
        written = time.perf_counter() - started
        async with aiohttp.ClientSession() as http:
            before = servers.cpu_seconds()
            lines, pages = await read_all(http, servers.app_url, length)
            cpu = {name: used - before[name] for name, used in servers.cpu_seconds().items()}
            old, new = await send_in_turn(http, servers.app_url)
    finally:
        await asyncio.to_thread(servers.stop_all)
    tenth = max(1, len(pages) // 10)
    newest, oldest = statistics.median(pages[:tenth]), statistics.median(pages[-tenth:])
    sent_to_old, sent_to_new = statistics.median(old), statistics.median(new)
    pages.sort()
    return [
        Row("old room: messages written", messages, ""),
        Row("old room: time to write them", written, "s"),
        Row("old room: messages that `history` gave", lines, ""),
        Row(f"old room: a page of {length}, p50", statistics.median(pages), "ms"),
        Row(f"old room: a page of {length}, p99", pages[len(pages) * 99 // 100], "ms"),
        Row("old room: the slowest page", pages[-1], "ms"),
        *[Row(f"old room: CPU of {name} for a page", used * 1000 / len(pages), "ms") for name, used in cpu.items()],
        Row("old room: one of the oldest pages, p50", oldest, "ms", newest, "one of the newest pages"),
        Row("send at the end of an old room, p50", sent_to_old, "ms", sent_to_new, "into a new room"),
    ]


async def write_messages(messages: int) -> None:
    """Append so many messages as the app does: what waits for a transaction shares the next one."""
    logs = await process_state().room_logs(current_settings())
    for first in range(0, messages, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, messages))
        await asyncio.gather(*(logs.append(OLD_ROOM, _message(number)) for number in numbers))
    await logs.store.tables.close()


def _message(number: int) -> NewMessage:
    user = f"user-{number % 50}"
    return NewMessage(derived_id(user, "bench", str(number)), user, f"{TEXT} {number}", f"c-{number}")


async def read_all(http: aiohttp.ClientSession, app: str, length: int) -> tuple[int, list[float]]:
    """Return how many messages a client got by paging back to the first, and the milliseconds of each page."""
    reader = LogReader(http, app)
    reader.start()
    try:
        joined = await reader.ask("join", "joined", {"room": OLD_ROOM})
        seen, before, times = {line["seq"] for line in joined["messages"]}, joined["before"], []
        while before is not None:
            started = time.perf_counter()
            page = await reader.ask("history", "history", {"room": OLD_ROOM, "before": before, "limit": length})
            times.append((time.perf_counter() - started) * 1000)
            before = page["before"]
            seen |= {line["seq"] for line in page["messages"]}
        return len(seen), times
    finally:
        await reader.stop()


async def send_in_turn(http: aiohttp.ClientSession, app: str) -> tuple[list[float], list[float]]:
    """Return the milliseconds of messages that were sent to the old room and to a new one, in blocks that alternate."""
    errors: list[Frame] = []

    def note_errors(frame: Frame) -> None:
        if frame.get("event") == "error":
            errors.append(frame)

    connection = Connection(http, app, "sender", note_errors, lambda: None)
    task = asyncio.create_task(connection.run())
    times: dict[str, list[float]] = {OLD_ROOM: [], "new": []}
    numbers = count()

    async def send(room: str) -> float:
        started = time.perf_counter()
        data = {"room": room, "message": TEXT, "clientId": f"s-{next(numbers)}"}
        if await connection.send("message", data) is not Answer.DONE or errors:
            raise RuntimeError(f"a message was not accepted: {errors}")
        return (time.perf_counter() - started) * 1000

    try:
        for room in times:
            await connection.send("join", {"room": room})
            await send(room)
        for _ in range(BLOCKS):
            for room, taken in times.items():
                taken += [await send(room) for _ in range(MESSAGES_IN_A_BLOCK)]
    finally:
        task.cancel()
        await asyncio.wait({task})
    return times[OLD_ROOM], times["new"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench hundred_thousand", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000, help="in the old room (default %(default)s)")
    parser.add_argument("--page", type=int, default=50, help="messages in a page, up to 100 (default %(default)s)")
    return parser
