"""Does a message wait for its room log? Webhook latency with storage made slow, beside fast storage in one run.

Our app answers signed `message` events as a worker would let it, and publishes to a sink that answers at once. The
sink's durable endpoints answer the warm-up at once; then they answer at once, after half a second, later than a signal
may take, or with an error. A message may wait for storage a stated bound, once: after that, nobody waits for a
minute.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load.publishers import WARM_UP
from bench.rows import Row

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 30
SINK = """
import asyncio, sys
from aiohttp import web
late, status, prompt = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
async def publish(request):
    await request.read()
    return web.Response(status=202)
async def signal(request):
    global prompt
    await request.read()
    if prompt > 0:
        prompt -= 1
        return web.Response(status=202)
    await asyncio.sleep(late)
    return web.Response(status=status)
async def start():
    app = web.Application()
    app.router.add_route("*", "/api/{path:.*}", publish)
    app.router.add_route("*", "/entities/{path:.*}", signal)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(start())
"""


@dataclass(frozen=True, slots=True)
class Case:
    """How storage behaves (seconds until it answers, status), and how many messages come how far apart (seconds)."""

    late: float
    status: int
    count: int = 300
    pause: float = 0.0


CASES = {
    "half a second late": Case(0.5, 202),
    "late, few messages": Case(0.26, 202, count=5, pause=0.3),
    "never in time": Case(60.0, 202),
    "failing": Case(0.0, 500),
}


@asynccontextmanager
async def sink(case: Case) -> AsyncIterator[str]:
    """Start a server that takes messages at once, and signals when and as told; yields its address."""
    command = [sys.executable, "-c", SINK, str(case.late), str(case.status), str(WARM_UP)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


async def measured(case: Case) -> dict[str, float]:
    """Return milliseconds of messages one at a time: `p50`, `p99` and `worst`."""
    async with sink(case) as endpoint:
        told = [str(case.count), str(case.pause)]
        command = [sys.executable, "-m", "bench.load.publishers", "ours", endpoint, *told]
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=nowhere)
        output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
    if process.returncode:
        raise RuntimeError("the publisher failed; run it by hand to see why: " + " ".join(command[1:]))
    figures: dict[str, float] = json.loads(output)
    return figures


async def compare() -> list[Row]:
    """Measure each kind of storage beside fast storage."""
    paces = {(case.count, case.pause) for case in CASES.values()}
    at_pace = {pace: await measured(Case(0.0, 202, *pace)) for pace in paces}
    rows = []
    for name, case in CASES.items():
        slow, fast = await measured(case), at_pace[case.count, case.pause]
        what, peer = f"webhook, storage {name}", "the same with fast storage"
        rows += [
            Row(f"{what}, p50", slow["p50"], "ms", fast["p50"], peer),
            Row(f"{what}, slowest of {case.count}", slow["worst"], "ms", fast["worst"], f"{peer}; the bound is 250 ms"),
        ]
    return rows


def main() -> list[Row]:
    """Run the comparison."""
    return asyncio.run(compare())
