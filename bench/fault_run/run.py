"""One run: clients talk while things go wrong; then it is quiet, and what they show is compared with the log."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    """What came of a run: the verdict, how long it lasted, and how long the screens took to be the log (seconds).

    `opened` and `recovered` count connections, `triggered` the faults that did something, and `heads` are the highest
    numbers by room.
    """

    verdict: Verdict
    seconds: float
    quiet_seconds: float
    opened: int
    recovered: int
    triggered: int
    heads: dict[str, int]


async def run_profile(profile: Profile, folder: Path, report: Report) -> Result:
    """Run a profile with its own servers, whose data and output are in `folder`; `report` gets each step in words.

    Raises RuntimeError when a server does not start and TimeoutError when the clients cannot enter their rooms.
    """
    servers = Servers(folder, profile.instances)
    try:
        await servers.start_all()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            return await _run(profile, servers, http, report)
    finally:
        await asyncio.to_thread(servers.stop_all)


async def _run(profile: Profile, servers: Servers, http: aiohttp.ClientSession, report: Report) -> Result:
    started = time.perf_counter()
    rooms = [f"room-{number}" for number in range(profile.rooms)]

    def client(user: str) -> ChatClient:
        return ChatClient(http, servers.app_url, user, rooms, profile.seed)

    talkers = [client(f"user-{number}") for number in range(profile.clients)]
    everyone = [*talkers, away := client("away"), late := client("late")]
    reader = LogReader(http, servers.app_url)
    reader.start()
    try:
        async with asyncio.timeout(ENTER_SECONDS):
            await asyncio.gather(*(each.enter() for each in (*talkers, away)))
        await _talk(profile, servers, http, talkers, _Visitors(away, late), report)
        quiet = time.perf_counter()
        logs = await _wait_until_equal(reader, everyone, rooms)
        for each in everyone:
            each.raise_problems()
        return Result(
            verdict=judge(logs, [sent for each in talkers for sent in each.sent], shown(everyone)),
            seconds=quiet - started,
            quiet_seconds=time.perf_counter() - quiet,
            opened=sum(each.connections[0] for each in everyone),
            recovered=sum(each.connections[1] for each in everyone),
            triggered=servers.triggered_faults(),
            heads={room: log.head for room, log in logs.items()},
        )
    finally:
        await asyncio.gather(reader.stop(), *(each.stop() for each in everyone))


@dataclass(frozen=True)
class _Visitors:
    """Who does not talk: one is away most of the time, the other comes late and has to read everything."""

    away: ChatClient
    late: ChatClient

    async def act(self, step: int, steps: int) -> None:
        """Come and go before a step."""
        if step == steps // 10:
            await self.away.stop()
        if step == steps // 2:
            await self.late.enter()
        if step == steps * 9 // 10:
            await self.away.enter()


async def _talk(
    profile: Profile,
    servers: Servers,
    http: aiohttp.ClientSession,
    talkers: Sequence[ChatClient],
    visitors: _Visitors,
    report: Report,
) -> None:
    """Let all talkers send until the steps are over and the messages are sent."""
    trouble = asyncio.create_task(_make_trouble(profile, servers, http, visitors, report))

    async def talk(client: ChatClient) -> None:
        while sum(each.messages for each in talkers) < profile.messages or not trouble.done():
            await client.do_something()
            client.raise_problems()
            await asyncio.sleep(PAUSE_SECONDS)

    try:
        await asyncio.gather(*(talk(client) for client in talkers))
        await trouble
    finally:
        trouble.cancel()


async def _make_trouble(
    profile: Profile, servers: Servers, http: aiohttp.ClientSession, visitors: _Visitors, report: Report
) -> None:
    for number, step in enumerate(profile.steps):
        report(step.name)
        await visitors.act(number, len(profile.steps))
        for fault in step.faults:
            await servers.add_fault(http, fault)
        if INSTANCE in step.killed:
            servers.kill_instance()
        elif step.killed:
            for name in step.killed:
                servers.kill(name)
            await asyncio.sleep(step.down_seconds)
            await servers.start(*step.killed)
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
