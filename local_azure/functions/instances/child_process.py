"""A child process that serves an app, seen from the command that started it, and from itself.

The process imports what it needs at once and waits for its task, so that the command can import and start the services
meanwhile. Both ends are told by the pipe between them: the child stops when it is asked to, and when the command's
process has ended in any way.
"""

import asyncio
import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, Generic, TypeVar

T = TypeVar("T")

# A Functions host gives calls that run 2 seconds and its app 3 more.
STOP_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Failed:
    """What a process says when it cannot serve; `reason` is for the console."""

    reason: str


class ProcessFailed(Exception):
    """The process did not come as far as serving; the text says why."""


class ChildProcess(Generic[T]):
    """One process. Call `send` with its task, then wait for `started` and `ended`; T is what it says when it serves."""

    def __init__(self, name: str, run: Callable[..., None], *arguments: object) -> None:
        """Start the process: `run`, a function of a module, is called there with the pipe and the arguments.

        `name` is the subject of sentences about it.
        """
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=_run, args=(run, theirs, *arguments), name=name)
        with _interrupts_blocked():
            self._process.start()
        theirs.close()
        self._started: Future[T] = _make_uncancellable(Future())
        self._ended: Future[int] = _make_uncancellable(Future())
        threading.Thread(target=self._watch, name=name, daemon=True).start()

    @property
    def id(self) -> int:
        """The process's id, for `kill`."""
        assert self._process.pid is not None
        return self._process.pid

    def send(self, message: object) -> None:
        """Tell the process something; None means: stop."""
        with contextlib.suppress(OSError):  # it has ended: `started` raises
            self._pipe.send(message)

    async def started(self) -> T:
        """Return what the process says when it serves. Raises ProcessFailed when it cannot."""
        return await asyncio.wrap_future(self._started)

    async def ended(self) -> int:
        """Return the exit code once the process has ended, negative when a signal ended it."""
        return await asyncio.wrap_future(self._ended)

    async def stop(self) -> bool:
        """Ask the process to stop, and kill it when it does not within 6 seconds; return whether it was killed."""
        self.send(None)
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
            answer: T | Failed = self._pipe.recv()
            if isinstance(answer, Failed):
                self._started.set_exception(ProcessFailed(answer.reason))
            else:
                self._started.set_result(answer)
        self._process.join()
        exit_code = self._process.exitcode
        assert exit_code is not None
        if not self._started.done():
            self._started.set_exception(ProcessFailed(f"{self._process.name} {describe_end(exit_code)}"))
        self._ended.set_result(exit_code)


def describe_end(exit_code: int) -> str:
    """Return how a process ended, as the rest of a sentence."""
    if exit_code >= 0:
        return f"ended with the exit code {exit_code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"was ended by signal {-exit_code}"


def ignore_interrupts() -> None:
    """Let Ctrl-C do nothing in this process: it reaches every process of a terminal, and one of them decides.

    A handler, because programs that this process starts would inherit an ignored signal.
    """

    def ignore(_number: int, _frame: FrameType | None) -> None:
        pass

    signal.signal(signal.SIGINT, ignore)


def receive_task(pipe: Connection) -> Any:
    """Return the task of this child process, None when there is none any more. Blocks."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None


def cancel_at_end(pipe: Connection) -> None:
    """Cancel the current asyncio task of this child process when the command asks for it, or has ended."""
    loop, serving = asyncio.get_running_loop(), asyncio.current_task()
    assert serving is not None

    def watch() -> None:
        with contextlib.suppress(EOFError, OSError):
            pipe.recv()
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
            loop.call_soon_threadsafe(serving.cancel)

    threading.Thread(target=watch, daemon=True).start()


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


def _run(run: Callable[..., None], pipe: Connection, *arguments: object) -> None:
    """Serve in the child process."""
    ignore_interrupts()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    run(pipe, *arguments)
