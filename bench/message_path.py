"""The path of a message: from the event that the worker hands to the app, to the REST send and the 204.

Our app, a chat as tutorials write it, and the limit (a bare aiohttp post with a token made once) get the same signed
CloudEvents and publish to the same sink, one at a time and sixteen at a time; each runs in a process of its own. Ours
also stores the message in the room log, which neither peer does.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.load.processes import free_port, running_program
from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60
SINK = """
from aiohttp import web
async def accept(request):
    await request.read()
    if request.path.startswith("/api/") and request.method != "POST":
        # Whose is a connection, and is it open?
        return web.json_response({"value": []})
    return web.Response(status=202)
async def start():
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", accept)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
import asyncio
asyncio.run(start())
"""


@asynccontextmanager
async def sink() -> AsyncIterator[str]:
    """Start a server that takes every message, and has every connection; yields its address."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SINK, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.terminate()
        await process.wait()


async def measured(kind: str, endpoint: str, storage: str, prefix: str = "Chat") -> dict[str, float]:
    """Run one publisher with tables of its own in this storage and return its figures.

    All publishers send the same events: with the same tables, a second one would only send again.
    """
    command = [sys.executable, "-m", "bench.load.publishers", kind, endpoint]
    environment = {**os.environ, "AzureWebJobsStorage": storage, "ChatTablePrefix": prefix}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, env=environment)
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    if process.returncode:
        raise RuntimeError(f"the publisher {kind!r} failed, see above")
    figures: dict[str, float] = json.loads(output)
    return figures


async def compare(storage: str) -> list[Row]:
    """Measure all three against one sink; ours uses the storage."""
    async with sink() as endpoint:
        ours = await measured("ours", endpoint, storage)
        peers = {
            "a bare aiohttp post: the limit": await measured("bare", endpoint, storage),
            "a tutorial's chat, which stores nothing": await measured("tutorial", endpoint, storage),
        }
    rows = []
    for name, peer in peers.items():
        rows += [
            Row("event to publish, alone", ours["alone"], "ms", peer["alone"], name),
            Row("event to publish, CPU", ours["cpu"], "ms", peer["cpu"], name),
            Row("event to publish, 16 in flight", ours["per_second"], "/s", peer["per_second"], name, False),
        ]
    return rows


def main() -> list[Row]:
    """Run the comparison, with a local Table storage in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.load.storage", str(free_port()), folder]
        with running_program("storage", command, Path(folder)) as storage:
            return asyncio.run(compare(storage.wait_for_line(r"Connection string: (\S+)")))
