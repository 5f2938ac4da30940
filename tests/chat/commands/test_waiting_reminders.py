"""How many reminders may wait where names change: never more than the limits, whatever happens at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chat.commands.reminders import Reminder, TooManyReminders
from chat.commands.waiting_reminders import GRACE, WaitingReminders
from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from local_azure import tables
from tests.chat.local_chat import LocalChat, until

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def waiting() -> AsyncIterator[WaitingReminders]:
    """A limit of three for a room, and of five in all."""
    async with tables.serve() as storage:
        settings = Settings({"AzureWebJobsStorage": storage.connection_string})
        client = TableClient(read_storage_connection(settings), settings.table_prefix)
        yield WaitingReminders(client, per_room=3, in_all=5)
        await client.close()


def reminder(number: int, room: str = "lobby", due: datetime = NOW + timedelta(hours=1)) -> Reminder:
    return Reminder(room, f"user-{number}", "tea", due, "", f"m-{number}")


async def count_accepted(waiting: WaitingReminders, *reminders: Reminder, now: datetime = NOW) -> int:
    outcomes = await asyncio.gather(*(waiting.add(each, now) for each in reminders), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if outcome is not None]
    assert all(isinstance(refusal, TooManyReminders) for refusal in refusals), refusals
    return len(outcomes) - len(refusals)


async def test_a_room_has_a_limit_whoever_sets_its_reminders(waiting: WaitingReminders) -> None:
    for number in range(3):
        await waiting.add(reminder(number), NOW)

    with pytest.raises(TooManyReminders, match="3 reminders wait in lobby, the limit"):
        await waiting.add(reminder(3), NOW)
    assert await count_accepted(waiting, reminder(4, "design")) == 1


async def test_all_rooms_together_have_a_limit(waiting: WaitingReminders) -> None:
    for number in range(5):
        await waiting.add(reminder(number, f"room-{number}"), NOW)

    with pytest.raises(TooManyReminders, match="5 reminders wait in all rooms, the limit"):
        await waiting.add(reminder(5, "room-5"), NOW)


async def test_of_many_at_the_same_moment_never_more_are_accepted_than_may_wait(waiting: WaitingReminders) -> None:
    assert await count_accepted(waiting, *(reminder(number) for number in range(12))) <= 3


async def test_a_refused_reminder_does_not_count(waiting: WaitingReminders) -> None:
    for number in range(3):
        await waiting.add(reminder(number), NOW)
    await count_accepted(waiting, *(reminder(number) for number in range(3, 9)))
    await waiting.remove(reminder(0))

    assert await count_accepted(waiting, reminder(9)) == 1


async def test_one_that_was_sent_or_forgotten_or_is_long_due_does_not_count(waiting: WaitingReminders) -> None:
    for number in range(3):
        await waiting.add(reminder(number), NOW)

    after = NOW + timedelta(hours=1) + GRACE + timedelta(seconds=1)

    assert await count_accepted(waiting, reminder(4, due=after + timedelta(hours=1)), now=after) == 1
    assert len((await waiting.tables.query_all("Reminders", "PartitionKey eq 'waiting'", limit=10)).entities) == 1


async def test_the_same_reminder_counts_once(waiting: WaitingReminders) -> None:
    for _ in range(5):
        await waiting.add(reminder(0), NOW)

    assert await count_accepted(waiting, reminder(1), reminder(2)) >= 1
    await waiting.remove(reminder(0))
    await waiting.remove(reminder(0))


async def test_no_orchestration_is_started_over_the_limit_of_a_room(chat: LocalChat) -> None:
    tabs = [await chat.open(f"user-{number}") for number in range(6)]
    for tab in tabs:
        for number in range(10):
            await tab.ask("message", f"/remind 1h tea {number}")

    notices = [frame for tab in tabs for frame in tab.seen if frame.get("event") == "notice"]
    refusals = [frame for tab in tabs for frame in tab.seen if frame.get("code") == "too_many_reminders"]
    assert (len(notices), len(refusals)) == (50, 10)
    assert "50 reminders wait in lobby" in refusals[0]["message"]
    await tabs[5].ask("message", "/reminders")
    assert tabs[5].seen[-1]["message"] == "you have no reminders"
    await tabs[0].ask("message", "/forget 1")
    await tabs[5].ask("message", "/remind 1h tea")
    assert tabs[5].seen[-1]["message"].startswith("reminder 1 is set")


async def test_a_reminder_that_was_sent_makes_room_for_another_one(chat: LocalChat) -> None:
    settings = Settings(chat.settings)
    client = TableClient(read_storage_connection(settings), settings.table_prefix)
    ana = await chat.open("ana")

    async def has_no_row() -> bool:
        return not (await client.query_all("Reminders", "PartitionKey eq 'waiting'", limit=10)).entities

    await ana.ask("message", "/remind 1s tea")
    await ana.next(sender="reminder")
    await until(has_no_row)
    await client.close()
