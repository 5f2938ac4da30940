"""Table storage in a process of its own: started by the command, started again when it ends, stopped with the command.

A message costs the storage half as much CPU time as Web PubSub; in one process they would wait for each other.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from local_azure.child_process import (
    ChildProcess,
    Failed,
    ProcessFailed,
    cancel_at_end,
    describe_end,
    receive_task,
)
from local_azure.faults import Fault
from local_azure.functions.console import print_error, print_line

if TYPE_CHECKING:
    from local_azure.bearer_tokens import PublishedKey, TokenTrust
    from local_azure.certificates import TlsFiles

# Before a process is started again that ended before it served.
RESTART_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class StorageTask:
    """What the process serves: where it listens (port 0: any free one), where its data are, and its first faults.

    With `tls` it is served by https; with a `trust` the tokens of identities are checked, and no key is accepted.
    """

    host: str
    port: int
    data: Path | None
    faults: Sequence[Fault] = ()
    tls: "TlsFiles | None" = None
    trust: "TokenTrust | None" = None


@dataclass(frozen=True, slots=True)
class StorageStarted:
    """What the process says when it listens. `endpoint` is the account's URL, `origin` the same without its path."""

    port: int
    endpoint: str
    origin: str
    connection_string: str


@dataclass(frozen=True, slots=True)
class _TokenKeys:
    """What the process is told when the authority's keys have changed."""

    keys: "Sequence[PublishedKey]"


class StorageProcess:
    """The process. Use it as a context manager: it does not outlive that; call `serve` and `stop` once each."""

    def __init__(self) -> None:
        """Start the process, which imports what it needs and waits for `serve`."""
        self._child = _start()
        self._task: StorageTask | None = None
        self._log_level: int | None = None
        self._keeping: asyncio.Task[None] | None = None

    def __enter__(self) -> "StorageProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()

    async def serve(self, task: StorageTask) -> StorageStarted:
        """Serve until `stop`; return where. Raises ProcessFailed when the address or the data cannot be used."""
        self._child.send(task)
        started = await self._child.started()
        # A process that is started again listens where this one did, and without the first faults.
        self._task = replace(task, port=started.port, faults=())
        self._keeping = asyncio.create_task(self._keep_running())
        return started

    def set_log_level(self, level: int) -> None:
        """Set the level of the process's log."""
        self._log_level = level
        self._child.send(level)

    def replace_token_keys(self, keys: "Sequence[PublishedKey]") -> None:
        """Accept from now on the tokens that these keys of the authority sign."""
        if self._task is not None and self._task.trust is not None:
            self._task = replace(self._task, trust=replace(self._task.trust, keys=keys))
        self._child.send(_TokenKeys(keys))

    async def stop(self) -> None:
        """Let calls that are under way finish, and end the process."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait({self._keeping})
        if await self._child.stop():
            print_line("Table storage did not stop and was killed.")

    async def _keep_running(self) -> None:
        """Start the process again whenever it ends."""
        while True:
            end = await self._child.ended()
            task = self._task
            assert task is not None
            lost = "" if task.data else " What it stored was in memory, and is lost."
            print_line(f"Table storage {describe_end(end)}: starting it again.{lost}")
            self._child = _start()
            self._child.send(task)
            try:
                await self._child.started()
            except ProcessFailed as error:
                print_error(f"error: {error}")
                await asyncio.sleep(RESTART_PAUSE_SECONDS)
                continue
            if self._log_level is not None:
                self._child.send(self._log_level)
            print_line(f"Table storage is ready again, as process {self._child.id}.")


def _start() -> ChildProcess[StorageStarted]:
    return ChildProcess("the process of Table storage", _run)


def _run(pipe: Connection) -> None:
    """Serve in the child process."""
    # Imported here, while the command starts: it does not need them so early.
    from local_azure import tables
    from local_azure.log_lines import log_to_stdout

    log_to_stdout()
    task: StorageTask | None = receive_task(pipe)
    if task is None:
        return
    with contextlib.suppress(asyncio.CancelledError):
        try:
            asyncio.run(_serve(pipe, task))
        except OSError as error:
            pipe.send(Failed(f"cannot listen on {task.host} port {task.port}: {_reason(error)}"))
        except tables.StoreError as error:
            pipe.send(Failed(str(error)))


async def _serve(pipe: Connection, task: StorageTask) -> None:
    from local_azure import tables
    from local_azure.bearer_tokens import BearerTokens

    tokens = BearerTokens(task.trust) if task.trust else None

    def on_message(message: int | _TokenKeys) -> None:
        if isinstance(message, int):
            logging.getLogger().setLevel(message)
        elif tokens is not None:
            tokens.replace_keys(message.keys)

    # What was answered is stored. A command that is started again needs the port and the data at once.
    cancel_at_end(pipe, on_message, when_alone=lambda: os._exit(1))
    settings = tables.Settings(data=task.data, allow_shared_key=tokens is None)
    tls = task.tls.server_context() if task.tls else None
    async with tables.serve(settings, host=task.host, port=task.port, tls=tls, tokens=tokens) as service:
        for fault in task.faults:
            service.faults.add(fault)
        origin = service.endpoint.removesuffix(f"/{service.settings.account}")
        pipe.send(StorageStarted(service.port, service.endpoint, origin, service.connection_string))
        await asyncio.Event().wait()


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
