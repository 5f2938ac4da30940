"""A backend that is stopped and started on the same data continues where it was (D-065)."""

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import EntityId

from local_azure.functions.durable import StoreError

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")


async def test_entities_and_finished_instances_are_still_there(serve: Any, tmp_path: Path) -> None:
    async with serve(tmp_path) as running:
        await running.client.signal_entity(EntityId("Tally", "kept"), "add", 5)
        await running.state("kept", lambda state: True)
        await running.client.start_new("one_activity", "kept", 4)
        await running.finished("kept")

    async with serve(tmp_path) as running:
        assert await running.state("kept", lambda state: True) == 5
        assert (await running.finished("kept")).output == 8
        assert len(await running.history("kept")) == 3


async def test_without_a_folder_nothing_is_kept(serve: Any) -> None:
    async with serve() as running:
        await running.run("no_steps")
    async with serve() as running:
        assert await running.client.get_status_all() == []


async def test_a_timer_that_came_due_meanwhile_fires_once(serve: Any, clock: Any, tmp_path: Path) -> None:
    async with serve(tmp_path, clock=clock) as running:
        await running.client.start_new("sleeps", "sleeping", 60)
        await running.timer_is_set("sleeping")

    clock.advance(timedelta(seconds=90))
    async with serve(tmp_path, clock=clock) as running:
        assert (await running.finished("sleeping")).output["late"] == 30
    async with serve(tmp_path, clock=clock) as running:
        fired = [entry for entry in await running.history("sleeping") if entry["EventType"] == "TimerFired"]
        assert len(fired) == 1


async def test_a_timer_that_is_not_due_yet_still_waits(serve: Any, clock: Any, tmp_path: Path) -> None:
    async with serve(tmp_path, clock=clock) as running:
        await running.client.start_new("sleeps", "sleeping", 60)
        await running.timer_is_set("sleeping")
    async with serve(tmp_path, clock=clock) as running:
        await running.timer_is_set("sleeping")
        clock.advance(timedelta(seconds=60))
        running.backend.check_timers()
        assert (await running.finished("sleeping")).output["late"] == 0


async def test_an_event_that_waits_for_a_suspended_instance_is_kept(serve: Any, tmp_path: Path) -> None:
    async with serve(tmp_path) as running:
        await running.client.start_new("waits_for", "held", ["go"])
        await running.client.suspend("held", "hold on")
        await running.client.raise_event("held", "go", 1)
    async with serve(tmp_path) as running:
        assert (await running.client.get_status("held")).runtime_status.value == "Suspended"
        await running.client.resume("held", "go on")
        assert (await running.finished("held")).output == ["1"]


async def test_a_function_that_is_gone_is_waited_for(
    serve: Any, sample: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The app may have been edited: what belongs to the function stays until it is there again."""
    async with serve(tmp_path) as running:
        await running.client.start_new("waits_for", "orphan", ["go"])
        await running.status_when("orphan", lambda status: status.runtime_status.value == "Running")
    without = [function for function in sample.functions if function.name != "waits_for"]
    async with serve(tmp_path, functions=without) as running:
        await running.client.raise_event("orphan", "go", 1)
        assert (await running.run("one_activity", 1)).output == 2
        assert "orchestration waits for its function" in caplog.text
    async with serve(tmp_path) as running:
        assert (await running.finished("orphan")).output == ["1"]


async def test_a_second_host_on_the_same_data_is_refused(
    serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_azure.functions.durable.storage.store.LOCK_TIMEOUT_SECONDS", 0.01)
    async with serve(tmp_path):
        with pytest.raises(StoreError, match="does another process use the same data"):
            async with serve(tmp_path):
                pass


@pytest.mark.parametrize("content", [b"this is not a database, it is a text", b"\0" * 4096])
async def test_a_file_that_is_no_database_is_refused(serve: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "durable-TestHub.sqlite3").write_bytes(content)

    with pytest.raises(StoreError, match="is not a database"):
        async with serve(tmp_path):
            pass


async def test_a_file_of_another_version_is_refused(serve: Any, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "durable-TestHub.sqlite3") as db:
        db.execute("PRAGMA user_version=99")
    db.close()

    with pytest.raises(StoreError, match="was written by another version"):
        async with serve(tmp_path):
            pass
