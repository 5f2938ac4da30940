"""A host that is killed at any moment loses nothing, and no effect happens twice (D-065)."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest

from tests.system_parts import miss

ROOT = Path(__file__).resolve().parents[4]
APP = Path(__file__).parent / "app"
HOST = """
import asyncio, sys
from pathlib import Path
from local_azure import functions

async def main():
    async with functions.serve(Path(sys.argv[1]), data=Path(sys.argv[2])) as host:
        print(host.url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class KillableHost:
    """A host in a process of its own, and requests to its management API."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, http: aiohttp.ClientSession) -> None:
        self.process = process
        self.http = http
        self.base = f"{url}/runtime/webhooks/durabletask"

    async def kill(self) -> None:
        """End the process at once, as `kill -9` does."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()

    async def start(self, name: str, instance_id: str, value: Any) -> None:
        """Start an orchestration, its input JSON within JSON, as the SDK sends it."""
        url = f"{self.base}/orchestrators/{name}/{instance_id}"
        async with self.http.post(url, json=json.dumps(value)) as response:
            assert response.status == 202

    async def output(self, instance_id: str) -> Any:
        """Return the output of the instance once it has completed."""

        async def completed() -> Any:
            async with self.http.get(f"{self.base}/instances/{instance_id}") as response:
                body = await response.json()
            assert body["runtimeStatus"] != "Failed", body["output"]
            return (body["output"],) if body["runtimeStatus"] == "Completed" else None

        return (await until(completed))[0]

    async def entity(self, name: str, key: str) -> Any:
        async with self.http.get(f"{self.base}/entities/{name}/{key}") as response:
            return await response.json() if response.status == 200 else None


async def until(question: Any) -> Any:
    """Return the first answer that is not None."""
    deadline = time.monotonic() + 30
    while (answer := await question()) is None:
        assert time.monotonic() < deadline, "nothing was returned in time"
        await asyncio.sleep(0.005)
    return answer


@asynccontextmanager
async def host(data: Path) -> AsyncIterator[KillableHost]:
    """Run a host on the data folder; it is killed at the end, if not before."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOST, str(APP), str(data)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    assert url, (await process.communicate())[1].decode()
    async with aiohttp.ClientSession() as http:
        running = KillableHost(process, url, http)
        try:
            yield running
        finally:
            await running.kill()


async def test_a_timer_that_came_due_while_the_host_was_down_fires_once(tmp_path: Path) -> None:
    async with host(tmp_path) as first:
        await first.start("sleeps", "sleeping", 1.0)

        async def has_begun() -> Any:
            async with first.http.get(f"{first.base}/instances/sleeping") as response:
                return True if (await response.json())["runtimeStatus"] == "Running" else None

        await until(has_begun)
        due = time.time() + 1.0

    async def is_due() -> Any:
        return True if time.time() > due else None

    await until(is_due)
    async with host(tmp_path) as second:
        assert (await second.output("sleeping"))["late"] >= 0
        url = f"{second.base}/instances/sleeping?showHistory=true"
        async with second.http.get(url) as response:
            events = [entry["EventType"] for entry in (await response.json())["historyEvents"]]

    assert events.count("TimerFired") == 1


async def test_timers_and_activities_go_on_when_a_full_disk_has_room_again(tmp_path: Path) -> None:
    """A limit for the size of files makes every write of the running host fail, as a full disk does."""
    if sys.platform != "linux":
        miss("a limit for the files of another process (Linux)")
    async with host(tmp_path) as running:
        await running.start("sleeps", "sleeping", 0.5)
        await running.start("calls_one", "called", ["holds", str(tmp_path)])
        began = tmp_path / "began"

        async def has_begun() -> Any:
            return True if began.exists() and began.read_text() else None

        await until(has_begun)
        process = psutil.Process(running.process.pid)
        unlimited = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (0, unlimited[1]))
        (tmp_path / "go").touch()
        assert running.process.stderr is not None
        while b"cannot be written" not in await running.process.stderr.readline():
            pass
        process.rlimit(psutil.RLIMIT_FSIZE, unlimited)

        assert (await running.output("sleeping"))["late"] >= 0
        assert await running.output("called") == 1  # it ran once


async def test_an_activity_that_was_cut_off_runs_again(tmp_path: Path) -> None:
    began = tmp_path / "began"
    async with host(tmp_path) as first:
        await first.start("calls_one", "cut", ["holds", str(tmp_path)])

        async def has_begun() -> Any:
            # The file is there before its content: what counts is the content.
            return True if began.exists() and began.read_text() else None

        await until(has_begun)
    (tmp_path / "go").touch()
    async with host(tmp_path) as second:
        assert await second.output("cut") == 2

    assert began.read_text() == "xx"


async def test_every_accepted_signal_is_applied_exactly_once_and_in_order(tmp_path: Path) -> None:
    accepted: list[int] = []
    sent = 0
    for target in (60, 150, 240):
        async with host(tmp_path) as running:
            killing: asyncio.Task[None] | None = None
            while killing is None or not killing.done():
                sent += 1
                try:
                    url = f"{running.base}/entities/journal/log?op=note"
                    async with running.http.post(url, json=str(sent)) as response:
                        assert response.status == 202
                except aiohttp.ClientError:
                    break
                accepted.append(sent)
                if len(accepted) >= target and killing is None:
                    killing = asyncio.create_task(running.kill())
            assert killing is not None
            await killing

    async with host(tmp_path) as last:

        async def all_applied() -> Any:
            state = await last.entity("journal", "log")
            return state if state and set(accepted) <= set(state) else None

        state = await until(all_applied)
    assert state == sorted(set(state))
    assert len(accepted) >= 240
    # A signal whose answer was lost with the host may have been accepted; there was one for each kill.
    assert len(set(state) - set(accepted)) <= 3


@pytest.mark.parametrize("after", ["the first start", "a few completions"])
async def test_orchestrations_that_run_during_a_kill_all_complete(tmp_path: Path, after: str) -> None:
    """Their entity calls are applied once each: the sum of 41 holds one from an entity of their own."""
    ids = [f"flight-{n}" for n in range(8)]
    async with host(tmp_path) as first:
        if after == "the first start":
            await first.start("many_steps", ids[0], None)
        else:
            for instance_id in ids:
                await first.start("many_steps", instance_id, None)
            await first.output(ids[2])
    async with host(tmp_path) as second:
        started = ids[:1] if after == "the first start" else ids
        assert [await second.output(instance_id) for instance_id in started] == [41] * len(started)
