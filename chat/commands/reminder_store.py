"""Where reminders wait: one durable orchestration for each number that a user's reminder may have."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from chat.commands.reminders import PER_USER, Reminder, TooManyReminders, decode_reminder, instance_id
from chat.commands.waiting_reminders import WaitingReminders
from chat.durable_client import DurableClient
from chat.errors import StorageUnavailable

# The orchestration's name is stored: renaming it would lose the running reminders.
REMINDER_ORCHESTRATION = "reminder"
# A reminder that is ended takes a moment: the platform looks for messages every two seconds.
END_TRIES, END_PAUSE_SECONDS = 100, 0.2


@dataclass(frozen=True, slots=True)
class ReminderStore:
    """The reminders of all users; with `waiting`, those of a room and of all are limited too."""

    durable: DurableClient
    waiting: WaitingReminders | None = None

    async def read_waiting(self, user: str, now: datetime) -> dict[int, Reminder]:
        """Return a user's reminders that are not due yet, by their numbers; raises StorageUnavailable."""
        running = await self._read_running(user)
        return {number: reminder for number, reminder in running.items() if reminder.due > now}

    async def start(self, reminder: Reminder, now: datetime) -> int:
        """Start a reminder and return its number; a second delivery of the same event finds the first one's number.

        Raises TooManyReminders or StorageUnavailable.
        """
        is_counted = self.waiting is None
        while True:
            running = await self._read_running(reminder.user)
            for number, known in running.items():
                if known.source == reminder.source:
                    return number
            free = next((number for number in range(1, PER_USER + 1) if number not in running), None)
            if free is None:
                raise TooManyReminders
            if self.waiting and not is_counted:
                await self.waiting.add(reminder, now)
                is_counted = True
            try:
                await self.durable.start(REMINDER_ORCHESTRATION, instance_id(reminder.user, free), reminder.encode())
                return free
            except StorageUnavailable:
                # Another connection may have taken the number in between; then the next one is tried.
                if free not in await self._read_running(reminder.user):
                    if self.waiting:
                        await self.waiting.remove(reminder)
                    raise

    async def cancel(self, user: str, number: int, now: datetime) -> Reminder | None:
        """End a user's waiting reminder and return it, or None when there is none with that number.

        Raises StorageUnavailable.
        """
        reminder = (await self.read_waiting(user, now)).get(number)
        if reminder is not None:
            await self.durable.terminate(instance_id(user, number), "forgotten")
            if self.waiting:
                await self.waiting.remove(reminder)
        return reminder

    async def erase(self, user: str) -> int:
        """End all reminders of a user and delete what is stored of them; return how many were waiting.

        Raises StorageUnavailable, also when one did not end in time: then it may be called again.
        """
        running = await self._read_running(user)
        for number, reminder in running.items():
            await self.durable.terminate(instance_id(user, number), "erased")
            if self.waiting:
                await self.waiting.remove(reminder)
        await self._wait_for_end(user)
        for number in range(1, PER_USER + 1):
            await self.durable.purge(instance_id(user, number))
        return len(running)

    async def _wait_for_end(self, user: str) -> None:
        for _ in range(END_TRIES):
            if not await self._read_running(user):
                return
            await asyncio.sleep(END_PAUSE_SECONDS)
        raise StorageUnavailable("the reminders did not end in time")

    async def _read_running(self, user: str) -> dict[int, Reminder]:
        numbers = range(1, PER_USER + 1)
        inputs = await self.durable.read_running_inputs([instance_id(user, number) for number in numbers])
        return {number: decode_reminder(each) for number, each in zip(numbers, inputs, strict=True) if each is not None}
