"""A child process that serves the app, seen from the command that started it."""

import socket
from multiprocessing.connection import Connection

from local_azure.functions.errors import HostError
from local_azure.functions.instances.child_process import ChildProcess, ProcessFailed
from local_azure.functions.instances.messages import Started, Task


class StartFailed(HostError):
    """The process did not come as far as serving the app."""

    code = "start_failed"


class AppProcess(ChildProcess[Started]):
    """One process. Call `serve` once, then wait for `started` and `ended`."""

    def __init__(self, listener: socket.socket, number: int | None = None) -> None:
        """Start the process. It accepts connections from the listener; a number names it in its log."""
        super().__init__("the app's process", _run, listener, number)

    def serve(self, task: Task) -> None:
        """Tell the process what to serve."""
        self.send(task)

    async def started(self) -> Started:
        """Return what the process says when it listens. Raises StartFailed when it cannot serve the app."""
        try:
            return await super().started()
        except ProcessFailed as error:
            raise StartFailed(str(error)) from error


def _run(pipe: Connection, listener: socket.socket, number: int | None) -> None:
    """Serve the app in the child process."""
    # Imported here: the command's process does not need it.
    from local_azure.functions.instances.child import run

    run(pipe, listener, number)
