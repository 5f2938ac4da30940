"""Restart the Functions host, and nothing else, when the app's files change.

The host runs in a child process, because only a new process is certain to have no module of the old code. The listening
socket stays in the parent: connections that arrive during a restart wait in it instead of being refused.
"""

import asyncio
import logging
import multiprocessing
import signal
import socket
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

from local_azure.functions.cli import HostOptions, finish_process, run_host, run_until_stopped
from local_azure.functions.console import log_to_console, print_line

WATCHED_SUFFIXES = (".py", ".json", ".example")
# Folders in an app's root that are not part of the app, beside those that `DefaultFilter` knows.
UNWATCHED_FOLDERS = frozenset({".local", ".python_packages", "tests", "local_azure"})
STOP_SECONDS = 6.0

log = logging.getLogger("local_azure.functions")


class AppFileFilter(DefaultFilter):
    """Accepts changes of the app's Python and JSON files, not those of environments, caches and data."""

    def __init__(self, app_root: Path, data: Path | None) -> None:
        super().__init__()
        self._app_root = app_root
        self._data = data

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether the change concerns the app."""
        changed = Path(path)
        if changed.suffix not in WATCHED_SUFFIXES or not super().__call__(change, path):
            return False
        if self._data is not None and changed.is_relative_to(self._data):
            return False
        parts = changed.relative_to(self._app_root).parts if changed.is_relative_to(self._app_root) else ()
        return not UNWATCHED_FOLDERS.intersection(parts[:1])


async def run_reloading(options: HostOptions, listener: socket.socket, started: float) -> None:
    """Serve the app in a child process that is replaced after every change of its files; runs until it is cancelled."""
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    child = HostProcess(options, listener, started)
    try:
        async for changes in awatch(options.app_root, watch_filter=AppFileFilter(options.app_root, options.data)):
            names = sorted({Path(path).name for _, path in changes})
            started = time.time()
            print_line(f"\n{', '.join(names[:3])} changed: restarting the app.")
            await child.stop()
            child = HostProcess(options, listener, started)
    finally:
        await child.stop()


class HostProcess:
    """One child process that serves the app; it ends when `stop` is called or this process ends."""

    def __init__(self, options: HostOptions, listener: socket.socket, started: float) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._pipe: Connection = ours
        self._process: BaseProcess = context.Process(
            target=_serve, args=(options, listener, started, theirs), name="functions-host", daemon=True
        )
        self._process.start()
        theirs.close()

    async def stop(self) -> None:
        """Ask the child to stop, and kill it when it does not stop within 6 seconds."""
        self._pipe.close()
        await asyncio.to_thread(self._process.join, STOP_SECONDS)
        if self._process.is_alive():
            log.warning("The app does not stop; ending its process.")
            self._process.kill()
            await asyncio.to_thread(self._process.join)


def _serve(options: HostOptions, listener: socket.socket, started: float, pipe: Connection) -> None:
    """Serve the app until the pipe closes."""
    log_to_console()

    async def main() -> None:
        # Ctrl-C reaches both processes; the parent decides when to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        threading.Thread(target=_wait_for_end, args=(pipe, loop, task), daemon=True).start()
        await run_host(options, listener, started)

    code = run_until_stopped(main())
    if code:
        print_line("Waiting for a change of the app's files.")
    raise SystemExit(finish_process(code))


def _wait_for_end(pipe: Connection, loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    try:
        pipe.recv()
    except (EOFError, OSError):
        loop.call_soon_threadsafe(task.cancel)
