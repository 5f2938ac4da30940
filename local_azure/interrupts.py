"""Ctrl-C while a command is starting: most of that time it imports its modules.

This module imports nothing large, so that a command can call it before all other imports.
"""

import os
import signal
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

# What a shell reports for a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130
MESSAGE = b"Stopped before the start was complete.\n"


def exit_at_interrupt() -> None:
    """From now on, let Ctrl-C end this process with one line and the code 130, until another handler is set.

    Processes that were started meanwhile end by themselves, because their pipe closes.
    """
    signal.signal(signal.SIGINT, _exit)


def raise_at_interrupt() -> None:
    """Let Ctrl-C raise KeyboardInterrupt, as it does in any Python program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def stop_at_signals(stopped: "asyncio.Event") -> None:
    """From now on, let Ctrl-C and SIGTERM set the event, in the event loop that runs here.

    Windows has no signal handlers in its event loop: there Ctrl-C raises KeyboardInterrupt.
    """
    import asyncio  # here, because this module must be imported at once

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped.set)
        except NotImplementedError:
            raise_at_interrupt()


def _exit(_number: int, _frame: FrameType | None) -> None:
    # No exception: the import system prints one that is raised inside its callbacks, and goes on.
    os.write(2, MESSAGE)
    os._exit(INTERRUPTED)
