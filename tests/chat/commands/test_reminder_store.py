"""Reminders while storage is broken."""

from datetime import UTC, datetime

import pytest

from chat.commands.reminder_store import ReminderStore
from chat.errors import StorageUnavailable
from tests.chat.storage import answer_error, serve_storage

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


async def test_a_reminder_that_cannot_be_stored_is_refused() -> None:
    async with serve_storage(answer_error) as durable:
        with pytest.raises(StorageUnavailable):
            await ReminderStore(durable).read_waiting("ana", NOW)
