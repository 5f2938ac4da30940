"""The child process: it serves one app until its pipe says that it should stop, or closes."""

import asyncio
import contextlib
import socket
import threading
from multiprocessing.connection import Connection

from local_azure.functions.console import set_log_level
from local_azure.functions.errors import HostError
from local_azure.functions.instances.messages import Failed, Started, Task
from local_azure.functions.process import finish_process, ignore_interrupts, run_until_stopped
from local_azure.functions.serving import serve_with_options, startup_text
from local_azure.log_lines import log_to_stdout


def run(pipe: Connection, listener: socket.socket, number: int | None) -> None:
    """Wait for the task, serve the app, and end the process."""
    log_to_stdout("" if number is None else f"instance {number}")
    try:
        task: Task | None = pipe.recv()
    except (EOFError, OSError):
        return
    if task is not None:
        raise SystemExit(finish_process(run_until_stopped(_serve(task, pipe, listener))))


async def _serve(task: Task, pipe: Connection, listener: socket.socket) -> None:
    ignore_interrupts()
    loop, serving = asyncio.get_running_loop(), asyncio.current_task()
    assert serving is not None
    threading.Thread(target=_cancel_at_end, args=(pipe, loop, serving), daemon=True).start()
    try:
        async with serve_with_options(task.options, listener, task.instance) as host:
            pipe.send(Started(startup_text(host), host.log_level, host.app.failure is None))
            set_log_level(host.log_level)
            await asyncio.Event().wait()
    except HostError as error:
        pipe.send(Failed(str(error)))


def _cancel_at_end(pipe: Connection, loop: asyncio.AbstractEventLoop, serving: "asyncio.Task[None]") -> None:
    """Cancel the task when the command's process asks for it, or has ended."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    loop.call_soon_threadsafe(serving.cancel)
