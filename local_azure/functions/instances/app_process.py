"""A child process that serves the app, seen from the command that started it.

The process imports the host at once and waits for its task, so that the command can import and start the services
meanwhile. Both ends are told by the pipe between them: the child stops when it is asked to, and when the command's
process has ended in any way.
"""

import asyncio
import contextlib
import multiprocessing
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

from local_azure.functions.errors import HostError
from local_azure.functions.instances.messages import Failed, Started, Task
from local_azure.functions.process import ignore_interrupts

T = TypeVar("T")

# A host gives calls that run 2 seconds and its app 3 more.
STOP_SECONDS = 6.0


class StartFailed(HostError):
    """The process did not come as far as serving the app."""

    code = "start_failed"


class AppProcess:
    """One process. Call `serve` once, then wait for `started` and `ended`."""

    def __init__(self, listener: socket.socket, number: int | None = None) -> None:
        """Start the process. It accepts connections from the listener; a number names it in its log."""
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=_run, args=(theirs, listener, number), name="functions-host"
        )
        with _interrupts_blocked():
            self._process.start()
        theirs.close()
        self._started: Future[Started] = _make_uncancellable(Future())
        self._ended: Future[int] = _make_uncancellable(Future())
        threading.Thread(target=self._watch, name="functions-host", daemon=True).start()

    @property
    def id(self) -> int:
        """The process's id, for `kill`."""
        assert self._process.pid is not None
        return self._process.pid

    def serve(self, task: Task) -> None:
        """Tell the process what to serve."""
        with contextlib.suppress(OSError):  # it has ended: `started` raises
            self._pipe.send(task)

    async def started(self) -> Started:
        """Return what the process says when it listens. Raises StartFailed when it cannot serve the app."""
        return await asyncio.wrap_future(self._started)

    async def ended(self) -> int:
        """Return the exit code once the process has ended, negative when a signal ended it."""
        return await asyncio.wrap_future(self._ended)

    async def stop(self) -> bool:
        """Ask the process to stop, and kill it when it does not within 6 seconds; return whether it was killed."""
        with contextlib.suppress(OSError):  # it has ended already
            self._pipe.send(None)
        try:
            await asyncio.wait_for(self.ended(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self.ended()
            return True
        return False

    def kill(self) -> None:
        """End the process at once, if it still runs, and wait for its end."""
        if not self._ended.done():
            self._process.kill()
            self._ended.result(STOP_SECONDS)

    def _watch(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            answer: Started | Failed = self._pipe.recv()
            if isinstance(answer, Started):
                self._started.set_result(answer)
            else:
                self._started.set_exception(StartFailed(answer.reason))
        self._process.join()
        exit_code = self._process.exitcode
        assert exit_code is not None
        if not self._started.done():
            self._started.set_exception(StartFailed(f"the app's process {describe_end(exit_code)}"))
        self._ended.set_result(exit_code)


def describe_end(exit_code: int) -> str:
    """Return how a process ended, as the rest of a sentence."""
    if exit_code >= 0:
        return f"ended with the exit code {exit_code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"was ended by signal {-exit_code}"


def _make_uncancellable(future: Future[T]) -> Future[T]:
    """Return the future, which a caller who is cancelled does not cancel for the others."""
    future.set_running_or_notify_cancel()
    return future


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Let a Ctrl-C that comes now wait, here and in the process that is started: it would print a traceback there."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # The tracker's own start would end the blocking.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run(pipe: Connection, listener: socket.socket, number: int | None) -> None:
    """Serve the app in the child process."""
    ignore_interrupts()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # Imported here: the command's process does not need it.
    from local_azure.functions.instances.child import run

    run(pipe, listener, number)
