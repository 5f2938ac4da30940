"""The servers under load, each in a process of its own: the embedded service, and a bare aiohttp one as the limit.

`python -m bench.load.servers ours` prints one JSON line with its addresses, answers every line it reads with its
memory and its CPU time, and ends when its input does. `recorders URL` is two services, one whose inspector records;
both send the events of the hub to the URL.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

HUB = "bench"
GROUP = "room"


def resident_kib() -> int:
    """Return this process's resident memory in KiB: now on Linux, its highest elsewhere."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024
    except OSError:
        import resource

        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return highest // 1024 if sys.platform == "darwin" else highest


def allow_many_sockets() -> None:
    """Raise the limit of open files as far as the system lets us."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def ours() -> AsyncIterator[dict[str, str]]:
    """Serve the embedded Web PubSub service without event handlers."""
    from local_azure import webpubsub

    async with webpubsub.serve() as service:
        yield {"endpoint": service.endpoint, "connection_string": service.connection_string}


@asynccontextmanager
async def bare() -> AsyncIterator[dict[str, str]]:
    """Serve what aiohttp alone can do: each text that arrives goes to everybody else, then `ok` to its sender."""
    members: set[web.WebSocketResponse] = set()

    async def client(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["json.webpubsub.azure.v1"], compress=False)
        await socket.prepare(request)
        if "publisher" not in request.query:
            members.add(socket)
        await socket.send_str('{"type":"system","event":"connected"}')
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                for member in members:
                    await member.send_str(message.data)
                await socket.send_str("ok")
        members.discard(socket)
        return socket

    app = web.Application()
    app.router.add_get("/client/hubs/{hub}", client)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
    yield {"endpoint": f"http://127.0.0.1:{runner.addresses[0][1]}"}
    await runner.cleanup()


@asynccontextmanager
async def recorders(handler: str) -> AsyncIterator[dict[str, str]]:
    """Serve the embedded service twice: the inspector of one records, that of the other does not."""
    from local_azure import webpubsub

    handlers = [webpubsub.EventHandler(handler, (), "*")]
    # The clients of a measurement answer no pings.
    hubs = {HUB: webpubsub.HubSettings(handlers, keep_alive_seconds=600.0)}
    async with AsyncExitStack() as stack:
        addresses = {}
        for name, enabled in (("off", False), ("on", True)):
            settings = webpubsub.Settings(hubs=hubs, recorder=webpubsub.RecorderSettings(enabled))
            service = await stack.enter_async_context(webpubsub.serve(settings))
            addresses[name] = service.connection_string
        yield addresses


async def main(which: str, *arguments: str) -> None:
    allow_many_sockets()
    kinds: dict[str, Callable[..., AbstractAsyncContextManager[dict[str, str]]]]
    kinds = {"ours": ours, "bare": bare, "recorders": recorders}
    async with kinds[which](*arguments) as addresses:
        print(json.dumps(addresses), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            answer = {"resident_kib": resident_kib(), "cpu_seconds": time.process_time()}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
