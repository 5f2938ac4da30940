"""One run: clients talk while things go wrong; then it is quiet, and what they show is compared with the log."""

import asyncio
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
    """How much is sent by whom, and what goes wrong.

    A step lasts `step_seconds`, and longer until `step_events` messages and changes were sent during it.
    """

    messages: int
    clients: int
    rooms: int
    steps: Sequence[Step]
    step_seconds: float
    step_events: int = 20
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
    talk = _Talk(profile, servers, http, talkers, away=client("away"), late=client("late"), report=report)
    everyone = [*talkers, talk.away, talk.late]
    reader = LogReader(http, servers.app_url)
    reader.start()
    try:
        async with asyncio.timeout(ENTER_SECONDS):
            await asyncio.gather(*(each.enter() for each in (*talkers, talk.away)))
        await talk.run()
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


@dataclass
class _Talk:
    """The part of a run in which talkers send while things go wrong.

    Two do not talk: one is away most of the time, the other comes late and has to read everything.
    """

    profile: Profile
    servers: Servers
    http: aiohttp.ClientSession
    talkers: Sequence[ChatClient]
    away: ChatClient
    late: ChatClient
    report: Report
    _progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        """Let all talkers send until the steps are over and the messages are sent."""
        async with asyncio.TaskGroup() as tasks:
            steps = tasks.create_task(self._carry_out_steps())
            for client in self.talkers:
                tasks.create_task(self._let_talk(client, steps))

    async def _let_talk(self, client: ChatClient, steps: "asyncio.Task[None]") -> None:
        while not steps.done() or sum(each.messages for each in self.talkers) < self.profile.messages:
            await client.do_something()
            client.raise_problems()
            async with self._progress:
                self._progress.notify_all()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _carry_out_steps(self) -> None:
        for number, step in enumerate(self.profile.steps):
            self.report(step.name)
            await self._come_or_go(number)
            for fault in step.faults:
                await self.servers.add_fault(self.http, fault)
            if INSTANCE in step.killed:
                self.servers.kill_instance()
            elif step.killed:
                for name in step.killed:
                    self.servers.kill(name)
                await asyncio.sleep(step.down_seconds)
                await self.servers.start(*step.killed)
            await self._let_step_last()

    async def _come_or_go(self, step: int) -> None:
        steps = len(self.profile.steps)
        if step == steps // 10:
            await self.away.stop()
        if step == steps // 2:
            await self.late.enter()
        if step == steps * 9 // 10:
            await self.away.enter()

    async def _let_step_last(self) -> None:
        """Wait for the time of a step, and until enough was sent during it to meet its faults."""
        enough = self._count_sent() + self.profile.step_events
        await asyncio.sleep(self.profile.step_seconds)
        async with self._progress:
            await self._progress.wait_for(lambda: self._count_sent() >= enough)

    def _count_sent(self) -> int:
        return sum(len(each.sent) for each in self.talkers)


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
