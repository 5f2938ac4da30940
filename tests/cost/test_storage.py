"""What storage keeps and is asked, compared with what the chat really writes."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat.room_log.model import Entry, Kind, Message
from chat.room_log.rows import encode_entry, encode_index
from cost.storage import (
    CONTROLLER_POLL_SECONDS,
    LONG,
    POLL_SECONDS,
    QUEUES,
    durable_transactions,
    message_bytes,
    polling_transactions,
    row_bytes,
    scheduler_actions,
    stored_gigabytes,
    text_value,
)
from cost.usage import Platform, Usage

ROOT = Path(__file__).resolve().parents[2]


def test_an_always_ready_instance_polls_216_000_times_a_day() -> None:
    """Four partitions and one queue of work items, every two seconds."""
    assert polling_transactions(24) == 216_000


def test_the_polling_is_that_of_host_json() -> None:
    durable = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]["storageProvider"]

    assert durable["partitionCount"] + 1 == QUEUES
    assert durable["maxQueuePollingInterval"] == f"00:00:{POLL_SECONDS:02.0f}"
    assert POLL_SECONDS < CONTROLLER_POLL_SECONDS


def test_a_row_takes_4_bytes_2_for_each_letter_of_names_and_8_for_each_property() -> None:
    assert row_bytes(2, 3, {}) == 4 + 2 * 5
    assert row_bytes(2, 3, {"seq": 8}) == 14 + 8 + 2 * 3 + 8


def test_a_message_takes_about_what_the_chat_writes_for_it() -> None:
    message_id, user, text = "erwid6v2zpg7-jhytotonhe2cswokemxk", "aad:3f2b9c51-5d0e-4a7d", "x" * 120
    client_id = "0198f2b4-7a52-7c3b-9f3e-000000000001"
    entry = Entry(42, Kind.MESSAGE, message_id, user, 1_769_860_800_000, 40, message_id, 42, client_id)
    message = Message(message_id, 42, 42, user, text, entry.at, 40, client_id)

    written = sum(
        size_of(row) for row in (encode_entry("announcement", entry, message), encode_index("announcement", entry))
    )

    assert message_bytes(len(text)) == pytest.approx(written, rel=0.1)


def size_of(row: dict[str, Any]) -> int:
    """Return the size of a row that the chat writes."""
    values = {name: text_value(len(value)) if isinstance(value, str) else LONG for name, value in row.items()}
    properties = {name: value for name, value in values.items() if name not in ("PartitionKey", "RowKey")}
    return row_bytes(len(row["PartitionKey"]), len(row["RowKey"]), properties)


def test_the_scheduler_takes_the_place_of_the_polling() -> None:
    usage = Usage(reminders=0)

    assert durable_transactions(usage, Platform(durable="scheduler")) == 0
    assert scheduler_actions(usage, Platform(durable="scheduler")) == 24 * 4
    assert durable_transactions(usage, Platform(always_ready_durable=1)) >= 216_000
    assert scheduler_actions(usage, Platform()) == 0


def test_without_retention_a_year_is_counted() -> None:
    assert stored_gigabytes(Usage(retention_days=0)) == stored_gigabytes(Usage(retention_days=365))
    assert stored_gigabytes(Usage(retention_days=30)) < stored_gigabytes(Usage()) / 12
