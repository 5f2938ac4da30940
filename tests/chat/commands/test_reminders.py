"""When is a reminder due?"""

from datetime import UTC, datetime, timedelta

import pytest

from chat.commands.reminders import InvalidReminder, Reminder, decode_reminder, instance_id, parse_when
from chat.message_ids import is_message_id, owner_part

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("argument", "wait", "text"),
    [
        ("10m tea", timedelta(minutes=10), "tea"),
        ("in 10 minutes tea", timedelta(minutes=10), "tea"),
        ("1h30m stretch", timedelta(minutes=90), "stretch"),
        ("1h 30m stretch", timedelta(minutes=90), "stretch"),
        ("2D call bo", timedelta(days=2), "call bo"),
        ("30s 5 socks", timedelta(seconds=30), "5 socks"),
        ("1 week water\nthe plants", timedelta(weeks=1), "water the plants"),
        ("1m \ta\n\nbo: b\u2028c ", timedelta(minutes=1), "a bo: b c"),
    ],
)
def test_a_duration_counts_from_now(argument: str, wait: timedelta, text: str) -> None:
    due, _, said = parse_when(argument, NOW)

    assert (due, said) == (NOW + wait, text)


@pytest.mark.parametrize(
    ("argument", "offset", "due", "words"),
    [
        ("at 17:30 tea", 0, "2026-01-31T17:30Z", "2026-01-31 17:30 UTC"),
        ("at 17:30 tea", 120, "2026-01-31T15:30Z", "2026-01-31 17:30 UTC+02:00"),
        ("at 17:30+02:00 tea", -300, "2026-01-31T15:30Z", "2026-01-31 17:30 UTC+02:00"),
        ("at 17:30Z tea", 120, "2026-01-31T17:30Z", "2026-01-31 17:30 UTC"),
        ("at 12:00 tea", 0, "2026-02-01T12:00Z", "2026-02-01 12:00 UTC"),
        ("at 9:00 tea", -300, "2026-01-31T14:00Z", "2026-01-31 09:00 UTC-05:00"),
        ("at 2026-02-01 09:00 tea", 0, "2026-02-01T09:00Z", "2026-02-01 09:00 UTC"),
    ],
)
def test_a_time_of_day_is_in_the_senders_time_zone(argument: str, offset: int, due: str, words: str) -> None:
    assert parse_when(argument, NOW, offset) == (datetime.fromisoformat(due), words, "tea")


@pytest.mark.parametrize(
    "argument",
    [
        "", "tea", "10m", "10m  ", "tomorrow tea", "10x tea", "0m tea", "999999w tea", "999999d999999d tea", "400d tea",
        "at 25:00 tea", "at 12:60 tea", "at 17:30", "at 17:30+99:00 tea",
        "at 17:30+02:60 tea", "at 17:30-05:99 tea", "at 2026-01-30 09:00 tea",
        "at 2026-02-30 09:00 tea", "at 9999-12-31 23:59-14:00 tea", "at 0001-01-01 00:00+14:00 tea", "9" * 5000,
    ],
)  # fmt: skip
def test_what_cannot_be_understood_or_has_passed_is_refused(argument: str) -> None:
    with pytest.raises(InvalidReminder):
        parse_when(argument, NOW)


def test_a_stored_reminder_is_read_back_unchanged() -> None:
    reminder = Reminder("lobby", "ana", "tea", NOW, "2026-01-31 12:00 UTC", "c1/7")

    assert decode_reminder(reminder.encode()) == reminder


def test_a_reminder_is_one_line_with_the_name_of_its_user() -> None:
    reminder = Reminder("lobby", "aad:4711", "tea\nbo: hello", NOW, "2026-01-31 12:00 UTC", "c1/7", "Ana")

    assert reminder.line == "Ana: tea bo: hello"
    assert decode_reminder(reminder.encode()) == reminder
    assert Reminder("lobby", "ana", "tea", NOW, "", "c1/7").line == "ana: tea"


def test_its_line_has_one_id_that_belongs_to_no_user() -> None:
    reminder = Reminder("lobby", "ana", "tea", NOW, "2026-01-31 12:00 UTC", "c1/7")

    assert is_message_id(reminder.message_id)
    assert not reminder.message_id.startswith(owner_part("ana"))


def test_an_instance_id_is_safe_in_a_url() -> None:
    assert instance_id("a/b?c#d", 1).replace("-", "").isalnum()


def test_a_reminder_of_every_stored_version_is_read() -> None:
    """Version 0 had no `v`; a later version may have further fields."""
    version_0 = {"room": "lobby", "user": "ana", "text": "tea", "due": 1_769_860_830_000, "source": "c1/7"}
    version_0["saidAs"] = "2026-01-31 12:00 UTC"
    expected = Reminder("lobby", "ana", "tea", NOW, "2026-01-31 12:00 UTC", "c1/7")

    assert decode_reminder(version_0) == expected
    assert decode_reminder(version_0 | {"v": 1}) == expected
    assert decode_reminder(version_0 | {"v": 2, "repeat": "daily"}) == expected
    without_text = {name: value for name, value in version_0.items() if name not in ("saidAs", "source")}
    assert decode_reminder(without_text).due_text == "2026-01-31 12:00:30 UTC"
