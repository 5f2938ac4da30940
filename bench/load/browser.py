"""A browser with pages whose work is measured: bytes as transferred, and the longest task of their main threads."""

import json
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
TRACED = ["toplevel", "disabled-by-default-devtools.timeline"]
TASKS = ("RunTask", "ThreadControllerImpl::RunTask")
MAIN_THREAD = "CrRendererMain"
MICROSECONDS = 1000

TraceEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a page's main thread: how long it took, and the CPU time that it needed, both in milliseconds."""

    duration: float
    cpu: float


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Start a Chromium without a window; raises RuntimeError when this machine has none."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if path is None:
        raise RuntimeError(f"no browser on the PATH: install one of {', '.join(PROGRAMS)}, or set CHROMIUM to its path")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=OPTIONS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def traced_tasks(browser: Browser, page: Page) -> AsyncIterator[list[Task]]:
    """Trace what the page does in the block; after it, the list has the tasks of its main thread."""
    tasks: list[Task] = []
    await browser.start_tracing(page=page, categories=TRACED)
    try:
        yield tasks
    finally:
        trace = json.loads(await browser.stop_tracing())
        tasks += tasks_in(trace["traceEvents"])


def tasks_in(events: Iterable[TraceEvent]) -> list[Task]:
    """Return the tasks of the main threads of all pages in a trace."""
    complete = list(events)
    main_threads = {
        (event["pid"], event["tid"])
        for event in complete
        if event["name"] == "thread_name" and event["args"]["name"] == MAIN_THREAD
    }
    return [
        Task(event["dur"] / MICROSECONDS, event.get("tdur", 0) / MICROSECONDS)
        for event in complete
        if event["name"] in TASKS and "dur" in event and (event["pid"], event["tid"]) in main_threads
    ]


async def transferred_bytes(page: Page) -> int:
    """Return the bytes of the files that the page has loaded, compressed as they came."""
    sizes: list[int] = await page.evaluate(
        """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
             .filter(({name}) => /(\\/|\\.html|\\.css|\\.js|\\.svg)$/.test(new URL(name).pathname))
             .map(({encodedBodySize}) => encodedBodySize)"""
    )
    return sum(sizes)
