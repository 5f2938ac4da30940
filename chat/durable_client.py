"""What we ask of Durable Functions, through the client that the host binds for one call.

Reads and starts have a timeout and raise `StorageUnavailable`. `signal` raises what the SDK raises, and has no timeout:
it is meant to be sent with `chat.room_log.background_writes`.
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from chat.errors import StorageUnavailable
from chat.value_objects import value_object

if TYPE_CHECKING:
    from azure.durable_functions import DurableOrchestrationClient

T = TypeVar("T")

CLIENT_BINDING = "durableClient"
"""The type of the binding that hands over the client as text: most events need none, so it is not made for each."""

START_SECONDS = 5.0


@value_object
class InstanceStatus:
    """An orchestration's state (`Running`, `Completed`, `Failed` …), its custom status, and its output at the end."""

    state: str
    custom: Any
    output: Any


@value_object
class DurableClient:
    """The operations on entities and orchestrations that the chat uses; `binding` is the text of a durableClient."""

    binding: str

    @property
    def client(self) -> "DurableOrchestrationClient":
        """The SDK's client."""
        return _client_of(self.binding)

    async def start(self, orchestration: str, instance_id: str, content: Mapping[str, Any]) -> None:
        """Start an orchestration; raises StorageUnavailable, also when one with this id is running."""
        call = self.client.start_new(orchestration, instance_id, content)
        await _within(START_SECONDS, f"start the {orchestration}", call)

    async def terminate(self, instance_id: str, reason: str) -> None:
        """End a running orchestration; raises StorageUnavailable."""
        await _within(START_SECONDS, "end the orchestration", self.client.terminate(instance_id, reason))

    async def purge(self, instance_id: str) -> None:
        """Delete the history of an orchestration that has ended; one that never was is no error.

        Raises StorageUnavailable.
        """
        await _within(START_SECONDS, "delete a history", self.client.purge_instance_history(instance_id))

    async def read_status(self, instance_id: str) -> "InstanceStatus | None":
        """Return how far an orchestration is, None for one that never was; raises StorageUnavailable."""
        status: Any = await _within(START_SECONDS, "tell the status of a job", self.client.get_status(instance_id))
        is_running(status)  # raises for an answer that is an error
        if not status or status.runtime_status is None:
            return None
        return InstanceStatus(status.runtime_status.name, status.custom_status, status.output)

    async def is_running(self, instance_id: str) -> bool:
        """Return whether an orchestration was started and has not ended; raises StorageUnavailable."""
        call = self.client.get_status(instance_id)
        return is_running(await _within(START_SECONDS, "tell the status of an orchestration", call))

    async def read_running_inputs(self, instance_ids: list[str]) -> list[Mapping[str, Any] | None]:
        """Return for each orchestration its input while it is running, else None; raises StorageUnavailable."""
        calls = [self.client.get_status(instance_id, show_input=True) for instance_id in instance_ids]
        statuses = await _within(START_SECONDS, "tell the status of orchestrations", asyncio.gather(*calls))
        return [decode_input(status.input_) if is_running(status) else None for status in statuses]


@lru_cache(maxsize=4)
def _client_of(binding: str) -> "DurableOrchestrationClient":
    from azure.durable_functions import DurableOrchestrationClient

    return DurableOrchestrationClient(binding)


async def _within(seconds: float, what: str, call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await call
    except Exception as problem:  # the SDK raises bare Exceptions
        raise StorageUnavailable(f"storage did not {what} in time") from problem


def is_running(status: Any) -> bool:
    """Return whether an orchestration has not ended; one that was never started has no status.

    Raises StorageUnavailable for an answer that is an error, which the SDK returns as a status too.
    """
    if hasattr(status, "Message"):
        raise StorageUnavailable("storage did not tell the status of an orchestration")
    ended = ("Completed", "Failed", "Terminated", "Canceled")
    return bool(status) and status.runtime_status is not None and status.runtime_status.name not in ended


def decode_input(value: Any) -> Mapping[str, Any]:
    """Return an orchestration's input, which its status shows as it was encoded."""
    content: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    return content
