"""The path of a message: from the service's webhook call to the app's REST send and the 204 that answers it.

Our app, a chat as tutorials write it, and the limit (a bare aiohttp handler that posts with a token made once) get the
same CloudEvents on this machine and publish to the same sink, one at a time and sixteen at a time. The two apps run on
the embedded Functions host in processes of their own.
"""

import asyncio
import hashlib
import hmac
import os
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientConnectionError, ClientSession, ClientTimeout, TCPConnector, web

from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
CONNECTION_ID = "0123456789abcdef0123456789abcdef"
ALONE, AT_ONCE, IN_FLIGHT = 200, 1200, 16


@dataclass(frozen=True)
class Figures:
    """The median time of one message alone, in milliseconds, and messages per second with sixteen in flight."""

    milliseconds: float
    per_second: float


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve an aiohttp application on a free port; yields its address."""
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def sink() -> web.Application:
    """Return a service that accepts every REST call and delivers nothing."""

    async def accept(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=202)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", accept)
    return app


async def limit(endpoint: str, stack: AsyncExitStack) -> str:
    """Start the bare handler: it verifies the signature and posts the line, and does nothing else."""
    session = await stack.enter_async_context(ClientSession())
    signature = "sha256=" + hmac.new(KEY.encode(), CONNECTION_ID.encode(), hashlib.sha256).hexdigest()

    async def publish(request: web.Request) -> web.Response:
        assert hmac.compare_digest(request.headers["ce-signature"], signature)
        line = {"from": request.headers["ce-userId"], "message": (await request.read()).decode()}
        url = f"{endpoint}/api/hubs/sample_chatapp/groups/lobby/:send?api-version=2024-12-01"
        async with session.post(url, json=line, headers={"Authorization": "Bearer made-once"}):
            return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/eventhandler/message", publish)
    return await stack.enter_async_context(serving(app))


@asynccontextmanager
async def function_app(folder: Path, endpoint: str) -> AsyncIterator[str]:
    """Run a Function App on the embedded host in its own process; yields its address."""
    settings = {
        "WebPubSubConnectionString": f"Endpoint={endpoint};AccessKey={KEY};Version=1.0;",
        "WebPubSubHub": "Sample_ChatApp",
        "ChatAuth": "open",
        "PYTHONPATH": str(ROOT),
    }
    port = free_port()
    command = [sys.executable, "-m", "emulator.functions", str(folder), "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **settings}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await answering(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answering(address: str) -> None:
    """Return when something answers there."""
    async with asyncio.timeout(20), ClientSession() as session:
        while True:
            try:
                async with session.get(address):
                    return
            except ClientConnectionError:
                await asyncio.sleep(0.05)


def event_headers(number: int) -> dict[str, str]:
    """Return the headers of one signed `message` event."""
    signature = hmac.new(KEY.encode(), CONNECTION_ID.encode(), hashlib.sha256).hexdigest()
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "ce-specversion": "1.0",
        "ce-type": "azure.webpubsub.user.message",
        "ce-source": f"/hubs/sample_chatapp/client/{CONNECTION_ID}",
        "ce-id": str(number),
        "ce-time": "2026-01-31T12:00:00Z",
        "ce-signature": f"sha256={signature}",
        "ce-userId": "ana",
        "ce-connectionId": CONNECTION_ID,
        "ce-hub": "sample_chatapp",
        "ce-eventName": "message",
    }


async def measure(address: str) -> Figures:
    """Send events to one event handler and time its answers."""
    numbers = iter(range(1, 1_000_000))
    async with ClientSession(connector=TCPConnector(limit=IN_FLIGHT), timeout=ClientTimeout(30)) as session:

        async def tell() -> float:
            started = time.perf_counter()
            headers = event_headers(next(numbers))
            async with session.post(f"{address}/eventhandler/message", data=b"hello", headers=headers) as answer:
                assert answer.status == 204, await answer.text()
            return (time.perf_counter() - started) * 1000

        for _ in range(50):  # the first calls import, connect and fill caches
            await tell()
        alone = statistics.median([await tell() for _ in range(ALONE)])

        async def worker() -> None:
            for _ in range(AT_ONCE // IN_FLIGHT):
                await tell()

        started = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
        return Figures(alone, AT_ONCE / (time.perf_counter() - started))


async def compare() -> list[Row]:
    """Measure all three against one sink."""
    async with AsyncExitStack() as stack:
        endpoint = await stack.enter_async_context(serving(sink()))
        bare = await measure(await limit(endpoint, stack))
        async with function_app(ROOT / "bench/peers/tutorial", endpoint) as address:
            tutorial = await measure(address)
        async with function_app(ROOT, endpoint) as address:
            ours = await measure(address)
    rows = []
    for peer, name in ((bare, "bare aiohttp, no host: the limit"), (tutorial, "a tutorial's chat")):
        rows.append(Row("webhook to publish, alone", ours.milliseconds, "ms", peer.milliseconds, name))
        rows.append(Row("webhook to publish, 16 in flight", ours.per_second, "/s", peer.per_second, name, False))
    return rows


def main() -> list[Row]:
    """Run the comparison."""
    return asyncio.run(compare())
