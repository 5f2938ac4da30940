"""What every process of a command does: it stops at Ctrl-C or SIGTERM, and ends with an exit code."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import Any

from local_azure.functions.console import print_error
from local_azure.functions.errors import HostError


def run_until_stopped(work: Coroutine[Any, Any, None]) -> int:
    """Run the coroutine until it ends or the process is told to stop (Ctrl-C, SIGTERM); return the exit code.

    A HostError (bad settings, a port in use) is one line on standard error and the code 1.
    """

    async def main() -> None:
        cancel_on_signals()
        await work

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        return 0
    except HostError as error:
        print_error(f"error: {error}")
        return 1
    return 0


def cancel_on_signals() -> None:
    """Cancel the current task at the first Ctrl-C or SIGTERM; end the process at the second."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    assert task is not None
    is_stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_stopping
        if is_stopping:
            os._exit(128 + number)
        is_stopping = True
        with contextlib.suppress(RuntimeError):  # the loop has been closed: the process ends
            loop.call_soon_threadsafe(task.cancel)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def finish_process(code: int) -> int:
    """Return the exit code, or end the process at once when a thread of a function still runs.

    The interpreter would wait for that thread, and it may never end.
    """
    threads = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if threads:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code
