"""How fast is the page? In a browser it is loaded, typed into, scrolled and flooded, in a room of 100,000 messages.

The messages are written with the app's own room log. Times of tasks come from the browser's own tracing: a task is what
the page's main thread does in one go, and while it lasts nothing on the page answers. On a machine that does other work
as well a task waits for the processor: its CPU time tells what it needs itself. The peer of a figure is its target.

    python3 dev.py bench page --messages 100000 --loaded 10000
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Page, WebSocket

from bench.fault_run.connection import Connection
from bench.fault_run.servers import Servers
from bench.hundred_thousand import OLD_ROOM, write_messages
from bench.load.browser import Task, running_browser, traced_tasks, transferred_bytes
from bench.rows import Row

VISITS = 7
SENT_LINES = 200
PAUSE_SECONDS = 0.05
LINES_A_SECOND = 50
FLOOD_SECONDS = 5
WHEEL_PX = 2500
DEADLINE_SECONDS = 300
TARGET = "the target"
FIRST_LOAD_BYTES, FIRST_INPUT_MS, DELIVERY_MS, TASK_MS = 25 * 1024, 300, 40, 50
# When the name can be typed, in milliseconds since the visit began.
NOTE_FIRST_INPUT = """
addEventListener("focusin", ({ target }) => {
  if (target.id === "user-name") window.firstInputMs ??= performance.now();
});
"""
NOTE_ENTER = """
addEventListener("keydown", ({ key }) => {
  if (key === "Enter") window.enteredAt = performance.timeOrigin + performance.now();
}, true);
"""
# A line is on the screen with the frame that is drawn after it came into the document.
NOTE_LINES = """() => {
  window.shownAt = new Map();
  new MutationObserver(changes => requestAnimationFrame(() => {
    const now = performance.timeOrigin + performance.now();
    for (const { addedNodes } of changes)
      for (const node of addedNodes) {
        const text = node.querySelector?.(".text")?.textContent;
        if (text) window.shownAt.set(text, now);
      }
  })).observe(document.getElementById("timeline"), { childList: true });
}"""


def main(options: Sequence[str] = ()) -> list[Row]:
    """Load the page, write, scroll, and let lines come; return the figures beside their targets."""
    parsed = _parser().parse_args(options)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), parsed.messages, parsed.loaded))


async def _measure(folder: Path, messages: int, loaded: int) -> list[Row]:
    servers = Servers(folder, instances=1)
    try:
        os.environ["AzureWebJobsStorage"] = await servers.start_all()
        await write_messages(messages)
        async with running_browser() as browser:
            return [
                *await measure_visits(browser, servers.app_url),
                *await measure_delivery(browser, servers.app_url),
                *await measure_scrolling(browser, servers.app_url, loaded),
            ]
    finally:
        await asyncio.to_thread(servers.stop_all)


async def measure_visits(browser: Browser, app: str) -> list[Row]:
    """Return what a new visitor loads and how long it takes until the name can be typed, the median of some visits."""
    first, whole, inputs, joins = [], [], [], []
    for visit in range(VISITS):
        async with visitor(browser) as page:
            await page.add_init_script(NOTE_FIRST_INPUT)
            await page.goto(f"{app}/#{OLD_ROOM}")
            inputs.append(float(await (await page.wait_for_function("window.firstInputMs")).json_value()))
            await page.wait_for_load_state("networkidle")
            first.append(await transferred_bytes(page))
            started = time.perf_counter()
            await enter(page, f"visitor-{visit}")
            joins.append((time.perf_counter() - started) * 1000)
            whole.append(await transferred_bytes(page))
    return [
        Row("page: first load, until the name can be typed", max(first), "B", FIRST_LOAD_BYTES, TARGET),
        Row("page: loaded until a message can be typed", max(whole), "B"),
        Row("page: first input", statistics.median(inputs), "ms", FIRST_INPUT_MS, TARGET),
        Row("page: from the name to the room with its last messages", statistics.median(joins), "ms"),
    ]


async def measure_delivery(browser: Browser, app: str) -> list[Row]:
    """Return the time from one person's Enter to the line on the other's screen."""
    async with visitor(browser) as writer, visitor(browser) as reader:
        await writer.add_init_script(NOTE_ENTER)
        for page, name in ((writer, "writer"), (reader, "reader")):
            await page.goto(f"{app}/#{OLD_ROOM}")
            await enter(page, name)
        await reader.evaluate(NOTE_LINES)
        times = []
        for number in range(SENT_LINES):
            text = f"line {number}"
            await writer.locator("#message-box").fill(text)
            await writer.keyboard.press("Enter")
            shown = await reader.wait_for_function("text => window.shownAt.get(text)", arg=text)
            times.append(await shown.json_value() - await writer.evaluate("window.enteredAt"))
            await asyncio.sleep(PAUSE_SECONDS)
    times.sort()
    return [
        Row("page: Enter to the other's screen, p50", statistics.median(times), "ms", DELIVERY_MS, TARGET),
        Row("page: Enter to the other's screen, p99", times[len(times) * 99 // 100], "ms"),
    ]


async def measure_scrolling(browser: Browser, app: str, loaded: int) -> list[Row]:
    """Return the longest tasks of a page that has loaded so many messages: while it scrolls, and while lines come."""
    async with visitor(browser) as page:
        count = count_messages(page)
        await page.goto(f"{app}/#{OLD_ROOM}")
        await enter(page, "scroller")
        await load_older(page, lambda: count() >= loaded)
        async with traced_tasks(browser, page) as scrolling:
            await page.locator("#new-messages").click()
            await scroll(page, -WHEEL_PX, "log.scrollTop === 0")
            await scroll(page, WHEEL_PX, "log.scrollHeight - log.scrollTop - log.clientHeight < 2")
        async with traced_tasks(browser, page) as arriving:
            await flood(app)
            await page.locator(".text", has_text=f"flood {LINES_A_SECOND * FLOOD_SECONDS - 1}").wait_for()
        elements = await page.evaluate("document.querySelectorAll('.message').length")
    scrolled, arrived = f"{count():,} loaded lines", f"{LINES_A_SECOND} lines a second"
    return [
        *longest_task(f"while {scrolled} are scrolled", scrolling),
        *longest_task(f"while {arrived} arrive", arriving),
        Row("page: messages that have elements then", elements, ""),
    ]


def longest_task(when: str, tasks: Sequence[Task]) -> list[Row]:
    """Return how long the longest task took, and the most CPU time that one needed."""
    return [
        Row(f"page: longest task {when}", max(task.duration for task in tasks), "ms", TASK_MS, TARGET),
        Row(f"page: most CPU time of a task {when}", max(task.cpu for task in tasks), "ms", TASK_MS, TARGET),
    ]


@asynccontextmanager
async def visitor(browser: Browser) -> AsyncIterator[Page]:
    """Make a page of somebody who was never here: with a context of its own, and so without a cache."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def enter(page: Page, name: str) -> None:
    """Give the name, and wait until the room and its last messages are there."""
    await page.locator("#user-name").fill(name)
    await page.keyboard.press("Enter")
    await page.locator("#log[data-membership=joined] .message").last.wait_for()


def count_messages(page: Page) -> Callable[[], int]:
    """Return a function that returns how many messages of the past the page was sent."""
    sizes: list[int] = []

    def note(payload: str | bytes) -> None:
        data = json.loads(payload).get("data")
        if isinstance(data, dict) and data.get("type") in ("joined", "history"):
            sizes.append(len(data["messages"]))

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", note)

    page.on("websocket", listen)
    return lambda: sum(sizes)


async def load_older(page: Page, is_enough: Callable[[], bool]) -> None:
    """Scroll up to what is loaded, again and again, until enough is."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not is_enough():
            await page.evaluate("document.getElementById('log').scrollTop = 0")
            await asyncio.sleep(0.01)


async def scroll(page: Page, step: int, is_there: str) -> None:
    """Turn the wheel until the log is there, as far as it loads no more."""
    await page.locator("#log").hover()
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await page.evaluate(f"() => {{ const log = document.getElementById('log'); return {is_there}; }}"):
            await page.mouse.wheel(0, step)
            await page.evaluate("new Promise(requestAnimationFrame)")


async def flood(app: str) -> None:
    """Let somebody write at a steady pace."""
    async with aiohttp.ClientSession() as http:
        connection = Connection(http, app, "flooder", lambda _: None, lambda: None)
        task = asyncio.create_task(connection.run())
        try:
            await connection.send("join", {"room": OLD_ROOM})
            sends = []
            for number in range(LINES_A_SECOND * FLOOD_SECONDS):
                data = {"room": OLD_ROOM, "message": f"flood {number}", "clientId": f"f-{number}"}
                sends.append(asyncio.create_task(connection.send("message", data)))
                await asyncio.sleep(1 / LINES_A_SECOND)
            await asyncio.gather(*sends)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench page", description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000, help="in the room (default %(default)s)")
    parser.add_argument("--loaded", type=int, default=10_000, help="that are loaded and scrolled (default %(default)s)")
    return parser
