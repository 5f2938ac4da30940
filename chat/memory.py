"""What Durable Functions remember and do later for us: rooms' memories, the list of rooms, reminders, room care.

Reads and starts raise `StorageUnavailable` within a stated time. Signals (`say`, `change`, `note_opened`) raise what
the SDK raises: they are meant to be sent with `chat.signals`.
"""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from chat.errors import ChatError
from chat.reminders import PER_USER, Reminder, TooManyReminders, instance_id, reminder_from
from chat.room_log import Change, RoomLog
from chat.room_state import pack_change, pack_line, unpack_log

if TYPE_CHECKING:
    from azure.durable_functions import DurableOrchestrationClient

    from chat.messages import Line

T = TypeVar("T")

READ_SECONDS = 2.0
START_SECONDS = 5.0
ROOM, DIRECTORY, DIRECTORY_KEY = "room", "directory", "all"
REMINDER, CARE = "reminder", "room_care"


class StorageUnavailable(ChatError):
    """Durable Functions did not answer in time."""

    code = "storage_unavailable"
    status = 503


async def _bounded(what: str, call: Awaitable[T], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await call
    except Exception as problem:  # the SDK raises bare Exceptions
        raise StorageUnavailable(f"storage did not {what} in time") from problem


@dataclass(frozen=True, slots=True)
class Memory:
    """Our durable functions, through the client that the host bound for this call."""

    client: "DurableOrchestrationClient"

    async def say(self, line: "Line") -> None:
        """Signal a message to its room's memory."""
        await self._signal(ROOM, line.room, "say", pack_line(line))

    async def change(self, room: str, change: Change) -> None:
        """Signal a change of a message to its room's memory."""
        operation, content = pack_change(change)
        await self._signal(ROOM, room, operation, content)

    async def note_opened(self, room: str, at: int) -> None:
        """Put a room on the list, and see that somebody looks after it."""
        await self._signal(DIRECTORY, DIRECTORY_KEY, "opened", {"room": room, "at": at})
        if not is_running(await self.client.get_status(care_id(room))):
            await self.client.start_new(CARE, care_id(room), {"room": room})

    async def read_log(self, room: str) -> RoomLog:
        """Return what was said in a room, as far as it was applied."""
        state = await _bounded("read the history", self._read(ROOM, room), READ_SECONDS)
        return unpack_log(state)

    async def read_directory(self) -> Mapping[str, int]:
        """Return the rooms that were entered, with the time in milliseconds since 1970, the latest first."""
        return await _bounded("list the rooms", self._read(DIRECTORY, DIRECTORY_KEY), READ_SECONDS) or {}

    async def reminders(self, user: str, now: datetime) -> dict[int, Reminder]:
        """Return a user's reminders that are not due yet, by their numbers."""
        running = await self._running_reminders(user)
        return {number: reminder for number, reminder in running.items() if reminder.due > now}

    async def remind(self, reminder: Reminder) -> int:
        """Start a reminder and return its number; a second delivery of the same event finds the first one's.

        Raises TooManyReminders.
        """
        while True:
            running = await self._running_reminders(reminder.user)
            for number, known in running.items():
                if known.source == reminder.source:
                    return number
            free = next((number for number in range(1, PER_USER + 1) if number not in running), None)
            if free is None:
                raise TooManyReminders
            start = self.client.start_new(REMINDER, instance_id(reminder.user, free), reminder.as_input())
            try:
                await _bounded("start the reminder", start, START_SECONDS)
                return free
            except StorageUnavailable:
                # Another tab may have taken the number in between; then the next one is tried.
                if free not in await self._running_reminders(reminder.user):
                    raise

    async def forget(self, user: str, number: int, now: datetime) -> Reminder | None:
        """End a user's waiting reminder and return it, or None when there is none with that number."""
        reminder = (await self.reminders(user, now)).get(number)
        if reminder is not None:
            end = self.client.terminate(instance_id(user, number), "forgotten")
            await _bounded("end the reminder", end, START_SECONDS)
        return reminder

    async def _running_reminders(self, user: str) -> dict[int, Reminder]:
        numbers = range(1, PER_USER + 1)
        calls = [self.client.get_status(instance_id(user, number), show_input=True) for number in numbers]
        statuses = await _bounded("list the reminders", asyncio.gather(*calls), START_SECONDS)
        running = {number: status for number, status in zip(numbers, statuses, strict=True) if is_running(status)}
        return {number: reminder_from(decoded(status.input_)) for number, status in running.items()}

    async def _signal(self, entity: str, key: str, operation: str, content: Mapping[str, Any]) -> None:
        from azure.durable_functions import EntityId

        await self.client.signal_entity(EntityId(entity, key), operation, content)

    async def _read(self, entity: str, key: str) -> Any:
        from azure.durable_functions import EntityId

        response = await self.client.read_entity_state(EntityId(entity, key))
        return response.entity_state if response.entity_exists else None


def is_running(status: Any) -> bool:
    """Return whether an orchestration has not ended; one that never was has no status.

    Raises StorageUnavailable for an answer that is an error, which the SDK takes for a status too.
    """
    if hasattr(status, "Message"):
        raise StorageUnavailable("storage did not tell the status of an orchestration")
    ended = ("Completed", "Failed", "Terminated", "Canceled")
    return bool(status) and status.runtime_status is not None and status.runtime_status.name not in ended


def decoded(value: Any) -> Mapping[str, Any]:
    """Return an orchestration's input, which its status shows as it was encoded."""
    content: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    return content


def care_id(room: str) -> str:
    """Return the id of the orchestration that looks after a room."""
    return f"care-{room}"
