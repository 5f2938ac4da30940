"""Which answers a client waits for on its present socket."""

import asyncio


class PendingInvocations:
    """The pending invocations of one connection by their ids, and how many bytes their requests have."""

    __slots__ = ("_tasks", "size")

    def __init__(self) -> None:
        self._tasks: dict[str, tuple[asyncio.Task[None], int]] = {}
        self.size = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, invocation_id: str) -> bool:
        return invocation_id in self._tasks

    def add(self, invocation_id: str, task: asyncio.Task[None], size: int) -> None:
        """Store the task of a new id until it is done."""
        self._tasks[invocation_id] = task, size
        self.size += size
        task.add_done_callback(lambda done: self._remove(invocation_id, done))

    def cancel(self, invocation_id: str) -> None:
        """Cancel the invocation, if it is pending; its id can be used again at once."""
        if invocation_id in self._tasks:
            task, _ = self._tasks[invocation_id]
            task.cancel()
            self._remove(invocation_id, task)

    def cancel_all(self) -> None:
        """Cancel every invocation."""
        for invocation_id in tuple(self._tasks):
            self.cancel(invocation_id)

    def _remove(self, invocation_id: str, task: asyncio.Task[None]) -> None:
        # The id may belong to a newer invocation: the client can use one again when it has cancelled it.
        if self._tasks.get(invocation_id, (None, 0))[0] is task:
            self.size -= self._tasks.pop(invocation_id)[1]
