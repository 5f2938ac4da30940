"""What the storage account bills: transactions and GB.

The size of a row follows the formula that Microsoft's storage team published: 4 bytes, 2 for each character of both
keys, and for each property 8 bytes, 2 for each character of its name, and its value.
"""

from collections.abc import Mapping

from cost.usage import Platform, Usage

# host.json: four control queues and one of work items; each is polled at least this often while an instance runs.
QUEUES = 5
POLL_SECONDS = 2.0
# Without an always-ready instance the scale controller looks this often; what it reads is billed to the account.
CONTROLLER_POLL_SECONDS = 10.0
DAY_SECONDS = 86_400
# An estimate, and so is what the hourly sweep takes: history, instance, queue messages, leases.
TRANSACTIONS_PER_REMINDER = 20
TRANSACTIONS_PER_SWEEP = 60
SWEEPS_PER_DAY = 24
# Start, timer, activity, its result.
ACTIONS_PER_REMINDER = 4
ACTIONS_PER_SWEEP = 4

LONG = 8
ROOM_CHARACTERS = 12
ID_CHARACTERS = 33
USER_CHARACTERS = 24


def text_value(characters: int) -> int:
    """Return the bytes of a text value."""
    return 4 + 2 * characters


def row_bytes(partition: int, row: int, properties: Mapping[str, int]) -> int:
    """Return the size of a row: characters of both keys, and the bytes of each property's value by its name."""
    return 4 + 2 * (partition + row) + sum(8 + 2 * len(name) + value for name, value in properties.items())


def message_bytes(text_bytes: int) -> int:
    """Return what a stored message takes: its entry, and the index row of its id. A letter is counted as one byte."""
    entry = {
        "v": LONG,
        "kind": text_value(7),
        "id": text_value(ID_CHARACTERS),
        "user": text_value(USER_CHARACTERS),
        "at": LONG,
        "messages": LONG,
        "clientId": text_value(36),
        "text": text_value(text_bytes),
        "version": LONG,
    }
    index = row_bytes(ROOM_CHARACTERS, ID_CHARACTERS + 2, {"seq": LONG})
    return row_bytes(ROOM_CHARACTERS, 14, entry) + index


def stored_gigabytes(usage: Usage) -> float:
    """Return what all logs take when they have reached their age; without retention, after a year."""
    days = usage.retention_days or 365
    entries = usage.users * (usage.messages * message_bytes(usage.text_bytes) + usage.changes * message_bytes(0))
    return days * entries / 1e9


def polling_transactions(instance_hours: float) -> float:
    """Return the transactions of a day with which instances of Durable Functions poll their queues."""
    return QUEUES * instance_hours * 3600 / POLL_SECONDS


def durable_transactions(usage: Usage, platform: Platform) -> float:
    """Return the storage transactions of Durable Functions a day; none with the scheduler as their backend."""
    if platform.durable == "scheduler":
        return 0.0
    work = usage.users * usage.reminders * TRANSACTIONS_PER_REMINDER + SWEEPS_PER_DAY * TRANSACTIONS_PER_SWEEP
    if platform.always_ready_durable:
        return work + polling_transactions(24 * platform.always_ready_durable)
    return work + QUEUES * DAY_SECONDS / CONTROLLER_POLL_SECONDS


def scheduler_actions(usage: Usage, platform: Platform) -> float:
    """Return the actions of the Durable Task Scheduler a day; none with storage as the backend."""
    if platform.durable == "storage":
        return 0.0
    return usage.users * usage.reminders * ACTIONS_PER_REMINDER + SWEEPS_PER_DAY * ACTIONS_PER_SWEEP
