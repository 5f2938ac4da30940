"""The instances of an app: their processes are started, started again when they end, and replaced when files change."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType

from local_azure.functions.console import print_error, print_line, print_startup, set_log_level
from local_azure.functions.http_server.access_keys import load_or_create_keys
from local_azure.functions.instances.app_process import AppProcess, StartFailed
from local_azure.functions.instances.child_process import describe_end
from local_azure.functions.instances.messages import Started, Task
from local_azure.functions.listener import listen, port_of, url_of
from local_azure.functions.options import HostOptions, Instance

# Before a process is started again that ended before it served the app.
RESTART_PAUSE_SECONDS = 1.0
LOOPBACK = "127.0.0.1"


class _Slot:
    """One instance: its number (None when there is only one), its listener, and the process that serves it now.

    The listener stays open while a process is replaced, so that connections wait instead of being refused.
    """

    def __init__(self, number: int | None, listener: socket.socket) -> None:
        self.number = number
        self.listener = listener
        self.url = url_of(listener)
        self.process = AppProcess(listener, number)
        self.is_ready = False

    def start_again(self) -> None:
        self.process = AppProcess(self.listener, self.number)

    @property
    def name(self) -> str:
        return "The app's process" if self.number is None else f"Instance {self.number}"


class AppInstances:
    """The processes that serve one app at one listener: directly when there is one, else behind a load balancer.

    The processes start at once, and serve when `run` is called. Use it as a context manager: no process outlives it.
    """

    def __init__(self, options: HostOptions, listener: socket.socket) -> None:
        """Start the processes. `options.settings` may be completed in `run`."""
        self._options = options
        self._listener = listener
        self._slots: Sequence[_Slot]
        if options.instances == 1:
            self._slots = [_Slot(None, listener)]
        else:
            self._slots = [_Slot(number, listen(LOOPBACK, 0)) for number in range(1, options.instances + 1)]

    def __enter__(self) -> "AppInstances":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for slot in self._slots:
            slot.process.kill()
            slot.listener.close()

    async def run(self, settings: dict[str, str], started: float) -> None:
        """Serve the app with these settings until this is cancelled; print its functions and the time since `started`.

        The log's level becomes that of host.json.

        Raises StartFailed when a process cannot serve it at the first start; with `--reload` it waits for a change.
        Raises ConfigurationError when the access keys cannot be used.
        """
        options = self._options = replace(self._options, settings=settings)
        if options.enable_auth and options.data:
            load_or_create_keys(options.data)  # before several processes would do it at the same time
        async with contextlib.AsyncExitStack() as stack:
            if len(self._slots) > 1:
                # Imported here, because most runs have one instance.
                from local_azure.functions.instances.load_balancer import serve_balanced

                balancing = serve_balanced(self._listener, self._ready_urls, self._slots[0].url)
                await stack.enter_async_context(balancing)
            if options.reload:
                await self._serve_and_reload(started)
            else:
                await self._serve(started)

    def _ready_urls(self) -> list[str]:
        """Return the URLs of the instances that are ready, of all when none is: requests wait in their listeners."""
        return [slot.url for slot in self._slots if slot.is_ready] or [slot.url for slot in self._slots]

    async def _serve_and_reload(self, started: float) -> None:
        from local_azure.functions.reload import watch_files

        changes = watch_files(self._options.app_root, self._options.data)
        serving = asyncio.create_task(self._serve_or_wait(started))
        try:
            async for names in changes:
                started = time.time()
                print_line(f"\n{', '.join(names[:3])} changed: restarting the app.")
                await _cancel(serving)
                for slot in self._slots:
                    slot.start_again()
                serving = asyncio.create_task(self._serve_or_wait(started))
        finally:
            await _cancel(serving)

    async def _serve_or_wait(self, started: float) -> None:
        try:
            await self._serve(started)
        except StartFailed as error:
            print_error(f"error: {error}")
            print_line("Waiting for a change of the app's files.")

    async def _serve(self, started: float) -> None:
        """Serve until this is cancelled; then the processes have stopped."""
        try:
            answers = await asyncio.gather(*(self._start(slot) for slot in self._slots))
            set_log_level(answers[0].log_level)
            is_loaded = all(answer.is_loaded for answer in answers)
            print_startup(answers[0].text, time.time() - started, is_loaded=is_loaded)
            if len(self._slots) > 1:
                print_line("".join(f"{slot.name} is process {slot.process.id}.\n" for slot in self._slots).rstrip())
            await asyncio.gather(*(self._keep_running(slot) for slot in self._slots))
        finally:
            await asyncio.gather(*(self._stop(slot) for slot in self._slots))

    async def _start(self, slot: _Slot) -> Started:
        slot.process.serve(Task(self._options, self._place(slot)))
        started = await slot.process.started()
        slot.is_ready = True
        return started

    def _place(self, slot: _Slot) -> Instance | None:
        return None if slot.number is None else Instance(slot.number, url_of(self._listener), port_of(self._listener))

    async def _keep_running(self, slot: _Slot) -> None:
        """Start a process again whenever it ends."""
        while True:
            end = await slot.process.ended()
            slot.is_ready = False
            print_line(f"{slot.name} {describe_end(end)}: starting it again.")
            began = time.time()
            slot.start_again()
            try:
                await self._start(slot)
            except StartFailed as error:
                print_error(f"error: {error}")
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
            else:
                seconds = time.time() - began
                print_line(f"{slot.name} is ready again after {seconds:.2f} s, as process {slot.process.id}.")

    async def _stop(self, slot: _Slot) -> None:
        slot.is_ready = False
        if await slot.process.stop():
            print_line(f"{slot.name} did not stop and was killed.")


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
