"""What durable functions cost on the embedded host, its state in a file, beside what the SDK costs by itself.

Client, host and app share this process, as they share a laptop. The peer of the signals is the SDK's client in front
of a server that answers 202 and does nothing; that of the episodes is the SDK's replay of the same history, called
directly. Neither does what is measured here, so these peers are the floor.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from azure.durable_functions import DurableOrchestrationClient, EntityId, Orchestrator
from azure.durable_functions.models.utils import http_utils

from bench.rows import Row, table
from local_azure import functions
from local_azure.functions.durable.management_api.urls import ManagementUrls
from local_azure.functions.durable.protocol.episode import Execution, orchestrator_input
from local_azure.functions.durable.protocol.history import Event, EventType, event, execution_started
from local_azure.functions.listener import listen

APP = Path(__file__).parent / "durable_app"
ENTITY = EntityId("Gauge", "one")
SIGNALS_APART = 200
SECONDS_APART = 0.004
SIGNALS_AT_ONCE = 1000
FLOWS = 30
PATIENCE_SECONDS = 15
STEPS = 10
MANY_STEPS = 200


def main() -> list[Row]:
    """Return what signals and episodes cost."""
    return asyncio.run(_measure())


async def _measure() -> list[Row]:
    async with _bare_server() as url, _client(url) as client:
        bare_call = statistics.median(await _signals_apart(client))
        bare_burst = await _burst(client)
    with tempfile.TemporaryDirectory() as data:
        async with functions.serve(APP, data=Path(data)) as host, _client(host.url) as client:
            latencies: list[float] = sys.modules["function_app"].latencies
            await _signals_apart(client)  # the first ones load code and open connections
            latencies.clear()
            await _signals_apart(client)
            late = sorted(latencies)
            latencies.clear()
            burst = await _burst(client, latencies)
            episode = await _episode_seconds(host.url)
            flow = await _long_flow_seconds(host.url)
    replay = statistics.mean(_replay_seconds())
    replays = sum(_replay_seconds("many_steps", MANY_STEPS, times=1))
    peer = "SDK's client, bare 202"
    return [
        Row("signal until applied, p50", statistics.median(late) * 1e3, "ms", bare_call * 1e3, peer),
        Row("signal until applied, p99", late[len(late) * 99 // 100] * 1e3, "ms"),
        Row("1,000 signals to one entity, all applied", burst * 1e3, "ms", bare_burst * 1e3, peer),
        Row("orchestration episode with an activity", episode * 1e3, "ms", replay * 1e3, "SDK's replay alone"),
        Row(f"{MANY_STEPS} activities one after the other", flow, "s", replays, "SDK's replay alone"),
    ]


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[DurableOrchestrationClient]:
    yield DurableOrchestrationClient(ManagementUrls(url, "Bench").client_binding("Bench"))
    # The SDK keeps one session for the process, bound to this loop.
    await http_utils._close_session()


@asynccontextmanager
async def _bare_server() -> AsyncIterator[str]:
    async def accept(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    application = web.Application()
    application.router.add_post("/{path:.*}", accept)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listener = listen("127.0.0.1", 0)
    await web.SockSite(runner, listener).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await runner.cleanup()


async def _signals_apart(client: DurableOrchestrationClient) -> list[float]:
    """Signal at an easy pace; return how long each call took, in seconds."""
    calls = []
    for _ in range(SIGNALS_APART):
        started = time.perf_counter()
        await client.signal_entity(ENTITY, "note", started)
        calls.append(time.perf_counter() - started)
        await asyncio.sleep(SECONDS_APART)
    return calls


async def _burst(client: DurableOrchestrationClient, applied: list[float] | None = None) -> float:
    """Signal 1,000 times as fast as the client can; return the seconds until all calls (and operations) are done."""
    started = time.perf_counter()
    await asyncio.gather(*[client.signal_entity(ENTITY, "note", started) for _ in range(SIGNALS_AT_ONCE)])
    while applied is not None and len(applied) < SIGNALS_AT_ONCE:
        assert time.perf_counter() - started < PATIENCE_SECONDS
        await asyncio.sleep(0.001)
    return time.perf_counter() - started


async def _episode_seconds(url: str) -> float:
    """Run flows of ten activities one after the other; return the seconds of one episode."""
    start = f"{url}/runtime/webhooks/durabletask/orchestrators/ten_steps?timeout=20"
    async with aiohttp.ClientSession() as http:
        started = time.perf_counter()
        for _ in range(FLOWS):
            async with http.post(start) as response:
                assert await response.json() == STEPS
        return (time.perf_counter() - started) / FLOWS / (STEPS + 1)


async def _long_flow_seconds(url: str) -> float:
    """Run a flow of 200 activities; its history is replayed for each of them."""
    start = f"{url}/runtime/webhooks/durabletask/orchestrators/many_steps?timeout=60"
    async with aiohttp.ClientSession() as http:
        started = time.perf_counter()
        async with http.post(start) as response:
            assert await response.json() == MANY_STEPS
        return time.perf_counter() - started


def _replay_seconds(name: str = "ten_steps", steps: int = STEPS, times: int = FLOWS) -> Iterator[float]:
    """Yield how long the SDK takes for each episode of such a flow, by itself."""
    from bench.durable_app import function_app

    handle = Orchestrator.create(getattr(function_app, name)._function._func.orchestrator_function)
    for length in range(steps + 1):
        execution = Execution("bench", "e1", name)
        limits = {"longest_timer": timedelta(days=6), "timer_interval": timedelta(days=3)}
        text = orchestrator_input(execution, _history(length), **limits)
        started = time.perf_counter()
        for _ in range(times):
            handle(text)
        yield (time.perf_counter() - started) / times


def _history(completed: int) -> list[Event]:
    """Return the history of a flow in which so many activities have completed."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    start = execution_started(
        now, name="ten_steps", version="", instance_id="bench", execution_id="e1", input_text=None
    )
    events = [event(EventType.ORCHESTRATOR_STARTED, now), start]
    for n in range(completed):
        events += [
            event(EventType.TASK_SCHEDULED, now, n, Name="step", Version="", Input=json.dumps([str(n)])),
            event(EventType.ORCHESTRATOR_COMPLETED, now),
            event(EventType.ORCHESTRATOR_STARTED, now),
            event(EventType.TASK_COMPLETED, now, TaskScheduledId=n, Result=str(n + 1)),
        ]
    return events


if __name__ == "__main__":
    print(table(main()))
