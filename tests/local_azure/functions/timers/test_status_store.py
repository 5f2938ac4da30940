"""The file of the timers' statuses: it is read again, and one process at a time has it."""

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from local_azure.functions.errors import ConfigurationError
from local_azure.functions.timers.monitor import NEVER, ScheduleStatus
from local_azure.functions.timers.status_store import FILE, StatusStore

BERLIN = timezone(timedelta(hours=2))
STATUS = ScheduleStatus(NEVER, datetime(2026, 5, 1, 15, 0, 0, 123456, tzinfo=BERLIN), datetime(2026, 5, 1, tzinfo=UTC))


def test_what_was_written_is_read_by_the_next_process_whatever_the_name_s_case(tmp_path: Path) -> None:
    first, second = StatusStore(tmp_path / "data"), StatusStore(tmp_path / "data")
    assert first.acquire()
    first.write("Tidy", STATUS)
    first.write("tidy", ScheduleStatus(STATUS.last_updated, None, STATUS.last_updated))
    first.write("other", STATUS)
    first.close()
    assert second.acquire()

    assert second.read("TIDY") == ScheduleStatus(STATUS.last_updated, None, STATUS.last_updated)
    assert second.read("other") == STATUS
    assert second.read("none") is None
    second.close()


def test_h097_one_store_at_a_time_has_the_lock_and_the_next_gets_it_when_that_one_is_closed(tmp_path: Path) -> None:
    first, second = StatusStore(tmp_path), StatusStore(tmp_path)

    assert (first.acquire(), second.acquire()) == (True, False)
    first.write("tidy", STATUS)
    assert not second.acquire()
    first.close()
    assert second.acquire()
    assert second.read("tidy") == STATUS
    second.close()


def test_without_a_folder_each_process_has_its_own(tmp_path: Path) -> None:
    first, second = StatusStore(None), StatusStore(None)

    assert (first.acquire(), second.acquire()) == (True, True)
    first.write("tidy", STATUS)
    assert second.read("tidy") is None
    first.close()
    second.close()


def test_what_cannot_be_used_as_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"x" * 4096)
    (tmp_path / "folder" / FILE).mkdir(parents=True)

    for folder in (tmp_path, tmp_path / "folder", tmp_path / FILE):
        with pytest.raises(ConfigurationError, match=r"timers\.sqlite3, the state of timer triggers, cannot be used: "):
            StatusStore(folder).acquire()


@pytest.mark.parametrize(
    ("stored", "is_read"),
    [
        ('{"version": 1, "last": "0001-01-01T00:00:00+00:00", "next": null, "last_updated": "%s"}', True),
        ('{"version": 2, "last": "0001-01-01T00:00:00+00:00", "next": null, "last_updated": "%s", "more": 1}', True),
        ('{"version": 1, "next": null, "last_updated": "%s"}', False),
        ('{"last": 5, "next": "%s", "last_updated": 5}', False),
        ("nonsense%s", False),
        ("[]%.0s", False),
    ],
)
def test_every_version_is_read_and_what_cannot_be_read_counts_as_never_run(
    tmp_path: Path, stored: str, caplog: pytest.LogCaptureFixture, *, is_read: bool
) -> None:
    caplog.set_level(logging.WARNING)
    store = StatusStore(tmp_path)
    assert store.acquire()
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("INSERT INTO timers VALUES ('tidy', ?)", (stored % "2026-05-01T00:00:00+00:00",))
    connection.close()
    assert store.acquire()

    status = store.read("tidy")

    assert (status is not None) is is_read
    assert ("state of the timer 'tidy' cannot be read" in caplog.text) is not is_read
    store.close()


def test_a_file_is_not_closed_under_a_write(tmp_path: Path) -> None:
    """A host that stops cancels the task that waits for a write, not its thread; SQLite would end the process."""
    with ThreadPoolExecutor(1) as thread:
        for _ in range(100):
            store = StatusStore(tmp_path)
            assert store.acquire()
            writes = [thread.submit(store.write, "yearly", STATUS) for _ in range(5)]
            writes[0].result()
            store.close()
            for write in writes:
                write.result()  # what comes after the end is not written, and is no error
