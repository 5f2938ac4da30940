"""One run: clients talk while things go wrong; then it is quiet, and what they show is compared with the log."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.fault_run.client import ChatClient, shown
from bench.fault_run.plan import INSTANCE, Step
from bench.fault_run.reader import LogReader
from bench.fault_run.servers import Servers
from bench.fault_run.verdict import RoomLog, Verdict, differences, judge

ENTER_SECONDS = 30.0
QUIET_SECONDS = 30.0
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.005
Report = Callable[[str], None]


@dataclass(frozen=True)
class Profile:
    """How much is sent by whom, what goes wrong, and how long each step lasts (seconds)."""

    messages: int
    clients: int
    rooms: int
    steps: Sequence[Step]
    step_seconds: float
    instances: int = 1
    seed: int = 1


@dataclass
class Result:
    """What came of a run: the verdict, how long it lasted, and how long the screens took to be the log (seconds)."""

    verdict: Verdict
    seconds: float
    quiet_seconds: float
    opened: int
    recovered: int
    heads: dict[str, int] = field(default_factory=dict)


async def run_profile(profile: Profile, folder: Path, report: Report) -> Result:
    """Run a profile with its own servers, whose data and output are in `folder`; `report` gets each step in words.

    Raises RuntimeError when a server does not start and TimeoutError when the clients cannot enter their rooms.
    """
    servers = Servers(folder, profile.instances)
    try:
        await asyncio.to_thread(servers.start_all)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            return await _run(profile, servers, http, report)
    finally:
        await asyncio.to_thread(servers.stop_all)


async def _run(profile: Profile, servers: Servers, http: aiohttp.ClientSession, report: Report) -> Result:
    started = time.perf_counter()
    rooms = [f"room-{number}" for number in range(profile.rooms)]
    clients = [
        ChatClient(http, servers.app_url, f"user-{number}", rooms, profile.seed) for number in range(profile.clients)
    ]
    reader = LogReader(http, servers.app_url)
    reader.start()
    try:
        for client in clients:
            client.start()
        async with asyncio.timeout(ENTER_SECONDS):
            await asyncio.gather(*(client.entered() for client in clients))
        await _talk(profile, servers, http, clients, report)
        quiet = time.perf_counter()
        logs = await _wait_until_equal(reader, clients, rooms)
        quiet_seconds = time.perf_counter() - quiet
        for client in clients:
            client.raise_problems()
        sent = [each for client in clients for each in client.sent]
        return Result(
            verdict=judge(logs, sent, shown(clients)),
            seconds=quiet - started,
            quiet_seconds=quiet_seconds,
            opened=sum(client.connections[0] for client in clients),
            recovered=sum(client.connections[1] for client in clients),
            heads={room: log.head for room, log in logs.items()},
        )
    finally:
        await asyncio.gather(reader.stop(), *(client.stop() for client in clients))


async def _talk(
    profile: Profile,
    servers: Servers,
    http: aiohttp.ClientSession,
    clients: Sequence[ChatClient],
    report: Report,
) -> None:
    """Let all clients send until the steps are over and the messages are sent."""
    trouble = asyncio.create_task(_make_trouble(profile, servers, http, report))
    numbers = itertools.count()

    async def talk(client: ChatClient) -> None:
        while next(numbers) < profile.messages or not trouble.done():
            await client.do_something()
            client.raise_problems()
            await asyncio.sleep(PAUSE_SECONDS)

    try:
        await asyncio.gather(*(talk(client) for client in clients))
        await trouble
    finally:
        trouble.cancel()


async def _make_trouble(profile: Profile, servers: Servers, http: aiohttp.ClientSession, report: Report) -> None:
    for step in profile.steps:
        report(step.name)
        for fault in step.faults:
            await servers.add_fault(http, fault)
        if step.killed == INSTANCE:
            await asyncio.to_thread(servers.kill_instance)
        elif step.killed:
            await asyncio.to_thread(servers.kill, step.killed)
            await asyncio.sleep(step.down_seconds)
            await asyncio.to_thread(servers.start, step.killed)
        await asyncio.sleep(profile.step_seconds)


async def _wait_until_equal(
    reader: LogReader, clients: Sequence[ChatClient], rooms: Sequence[str]
) -> dict[str, RoomLog]:
    """Return the logs once every screen is equal to them, or as they are after 30 seconds."""
    deadline = time.perf_counter() + QUIET_SECONDS
    while True:
        logs = {room: await reader.read_log(room) for room in rooms}
        screens = shown(clients)
        equal = all(
            not differences(logs[room].lines, screens[client.user][room]) for client in clients for room in rooms
        )
        if equal or time.perf_counter() > deadline:
            return logs
        await asyncio.sleep(LOOK_SECONDS)
