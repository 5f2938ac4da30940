"""The child process: it serves one app until its pipe says that it should stop, or closes."""

import asyncio
import socket
from multiprocessing.connection import Connection

from local_azure.functions.console import set_log_level
from local_azure.functions.errors import HostError
from local_azure.functions.instances.child_process import Failed, cancel_at_end, ignore_interrupts, receive_task
from local_azure.functions.instances.messages import Started, Task
from local_azure.functions.process import finish_process, run_until_stopped
from local_azure.functions.serving import serve_with_options, startup_text
from local_azure.garbage_collection import collect_seldom
from local_azure.log_lines import log_to_stdout


def run(pipe: Connection, listener: socket.socket, number: int | None) -> None:
    """Wait for the task, serve the app, and end the process."""
    log_to_stdout("" if number is None else f"instance {number}")
    task: Task | None = receive_task(pipe)
    if task is not None:
        raise SystemExit(finish_process(run_until_stopped(_serve(task, pipe, listener))))


async def _serve(task: Task, pipe: Connection, listener: socket.socket) -> None:
    ignore_interrupts()
    cancel_at_end(pipe)
    try:
        async with serve_with_options(task.options, listener, task.instance) as host:
            pipe.send(Started(startup_text(host), host.log_level, host.app.failure is None))
            set_log_level(host.log_level)
            collect_seldom()
            await asyncio.Event().wait()
    except HostError as error:
        pipe.send(Failed(str(error)))
