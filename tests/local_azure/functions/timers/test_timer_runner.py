"""Functions with timer triggers, run by a clock that the test sets, and by the host."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local_azure.functions.app import App, load_app
from local_azure.functions.configuration.host_json import HostConfig
from local_azure.functions.timers.monitor import ScheduleStatus
from local_azure.functions.timers.status_store import StatusStore
from local_azure.functions.timers.timer_runner import TimerRunner
from local_azure.functions.worker.import_scope import app_import_scope
from local_azure.functions.worker.worker import Worker
from tests.local_azure.functions.apps import Serve, WriteApp

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SETTINGS = {"WEBSITE_TIME_ZONE": "UTC"}
RECORD = """
calls = []

def record(timer):
    calls.append((timer.past_due, dict(timer.schedule_status), dict(timer.schedule)))
"""


@dataclass
class Clock:
    """Shows a moment; whoever waits moves it on."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Loaded:
    """A loaded app with timers, and the module that its functions are in."""

    app: App
    worker: Worker

    @property
    def module(self) -> dict[str, Any]:
        function: Any = self.app.functions[0].user_function
        names: dict[str, Any] = function.__globals__
        return names

    @property
    def calls(self) -> list[Any]:
        """What the app's functions have recorded."""
        return list(self.module["calls"])


@asynccontextmanager
async def loaded(folder: Path) -> AsyncIterator[Loaded]:
    worker = Worker()
    worker.start()
    try:
        with app_import_scope(folder):
            yield Loaded(await worker.run(partial(load_app, folder, HostConfig(), SETTINGS)), worker)
    finally:
        await worker.stop()


@asynccontextmanager
async def running(app: Loaded, clock: Clock, store: StatusStore | None = None) -> AsyncIterator[TimerRunner]:
    runner = TimerRunner(app.app.timers, app.worker, store or StatusStore(None), clock=clock, wait=clock.wait)
    runner.start()
    try:
        yield runner
    finally:
        await runner.stop(5)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 — other threads make it true
            await asyncio.sleep(0.001)


def recorder(schedule: str, more: str = "") -> str:
    return f"{RECORD}\n@app.timer_trigger('timer', {schedule!r}{more})\ndef tidy(timer): record(timer)\n"


async def test_h088_h103_a_function_runs_when_it_is_due_and_gets_its_schedule_and_status(write_app: WriteApp) -> None:
    async with loaded(write_app(recorder("0 0 * * * *"))) as app, running(app, Clock()):
        await until(lambda: len(app.calls) >= 2)

    first, second = app.calls[:2]
    assert first == (
        False,
        {
            "Last": "0001-01-01T00:00:00+00:00",
            "LastUpdated": "2026-05-01T12:00:00+00:00",
            "Next": "2026-05-01T13:00:00+00:00",
        },
        {"AdjustForDST": True},
    )
    assert (second[1]["Last"], second[1]["Next"]) == ("2026-05-01T13:00:00+00:00", "2026-05-01T14:00:00+00:00")


async def test_h093_run_on_startup_runs_at_once_and_the_schedule_goes_on(
    write_app: WriteApp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with loaded(write_app(recorder("0 0 0 * * *", ", run_on_startup=True"))) as app, running(app, Clock()):
        await until(lambda: len(app.calls) >= 2)

    assert [past_due for past_due, *_ in app.calls[:2]] == [False, False]
    assert app.calls[1][1]["Last"] == "2026-05-01T12:00:00+00:00"
    assert "Trigger Details: UnscheduledInvocationReason: RunOnStartup" in caplog.text
    assert "Executing 'Functions.tidy' (Reason='Timer fired at 2026-05-01T" in caplog.text


async def test_h094_what_was_missed_while_nothing_ran_runs_once_at_the_next_start(
    write_app: WriteApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    data, clock = tmp_path / "data", Clock()
    async with loaded(write_app(recorder("0 0 * * * *"))) as app:
        async with running(app, clock, StatusStore(data)):
            await until(lambda: len(app.calls) >= 1)
        app.module["calls"].clear()
        clock.now += timedelta(days=2)
        due = clock.now
        async with running(app, clock, StatusStore(data)):
            await until(lambda: len(app.calls) >= 2)

    assert [past_due for past_due, *_ in app.calls[:2]] == [True, False]
    assert datetime.fromisoformat(app.calls[0][1]["Next"]) < due
    assert app.calls[1][1]["Last"] == due.isoformat()
    assert "Trigger Details: UnscheduledInvocationReason: IsPastDue, OriginalSchedule: 2026-05-01T" in caplog.text


@pytest.mark.parametrize(("schedule", "more"), [("*/10 * * * * *", ""), ("0 0 * * * *", ", use_monitor=False")])
async def test_h095_a_timer_that_is_not_monitored_has_no_status_and_is_never_past_due(
    write_app: WriteApp, tmp_path: Path, schedule: str, more: str
) -> None:
    data, clock = tmp_path / "data", Clock()
    async with loaded(write_app(recorder(schedule, more))) as app:
        for _ in range(2):
            async with running(app, clock, StatusStore(data)):
                seen = len(app.calls)
                await until(lambda seen=seen: len(app.calls) > seen)  # type: ignore[misc]
            clock.now += timedelta(days=1)

    assert all((past_due, status) == (False, {}) for past_due, status, _ in app.calls)


async def test_h098_a_run_that_takes_long_delays_the_next_one_and_is_not_joined_by_it(write_app: WriteApp) -> None:
    source = """
    calls, running, together = [], 0, []

    @app.timer_trigger("timer", "00:10:00")
    async def tidy(timer):
        global running
        running += 1
        calls.append((timer.past_due, timer.schedule_status, timer.schedule))
        together.append(running)
        if len(calls) == 1:
            advance(35)
        await asyncio.sleep(0.01)
        running -= 1
    """
    clock = Clock()

    def advance(minutes: int) -> None:
        clock.now += timedelta(minutes=minutes)

    async with loaded(write_app(source)) as app:
        app.module["advance"] = advance
        async with running(app, clock):
            await until(lambda: len(app.calls) >= 3)

    nexts = [status["Next"] for _, status, _ in app.calls]
    # Due at 12:10; ran until 12:45; the one of 12:20 came at once, those of 12:30 and 12:40 did not.
    assert nexts[:3] == ["2026-05-01T12:10:00+00:00", "2026-05-01T12:20:00+00:00", "2026-05-01T12:55:00+00:00"]
    assert set(app.module["together"]) == {1}
    assert app.calls[0][2] == {"AdjustForDST": False}


@pytest.mark.parametrize("error", ["ValueError('wrong')", "SystemExit(3)", "KeyboardInterrupt()"])
async def test_h099_an_exception_is_logged_and_the_schedule_goes_on(
    write_app: WriteApp, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    source = f"""
    calls = []

    @app.timer_trigger("timer", "0 0 * * * *")
    def tidy(timer):
        calls.append(1)
        raise {error}
    """
    async with loaded(write_app(source)) as app, running(app, Clock()):
        await until(lambda: len(app.calls) >= 2)

    assert "Executed 'Functions.tidy' (Failed, Id=" in caplog.text
    assert error.partition("(")[0] in caplog.text
    assert "timer_runner.py" not in caplog.text


async def test_a_status_that_cannot_be_written_does_not_end_the_schedule(
    write_app: WriteApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = StatusStore(tmp_path)
    async with loaded(write_app(recorder("0 0 * * * *"))) as app, running(app, Clock(), store):
        await until(lambda: len(app.calls) >= 1)
        assert isinstance(store._connection, sqlite3.Connection)
        store._connection.execute("PRAGMA query_only = ON")
        seen = len(app.calls)
        await until(lambda: len(app.calls) >= seen + 2)

    assert "The state of the timer 'tidy' could not be written: attempt to write a readonly database" in caplog.text


async def test_h097_a_second_process_runs_the_timers_when_the_first_has_ended(
    write_app: WriteApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with loaded(write_app(recorder("0 0 * * * *"))) as app, running(app, Clock(), StatusStore(tmp_path)) as first:
        await until(lambda: len(app.calls) >= 1)
        async with running(app, Clock(), StatusStore(tmp_path)):
            await until(lambda: "Another process runs the timer triggers" in caplog.text)
            assert caplog.text.count("occurrences of the 'tidy' schedule") == 1
            await first.stop(5)
            seen = len(app.calls)
            await until(lambda: len(app.calls) > seen)

    assert caplog.text.count("occurrences of the 'tidy' schedule") == 2


async def test_a_run_that_does_not_end_at_the_stop_is_cancelled_and_counts_as_not_done(
    write_app: WriteApp, tmp_path: Path
) -> None:
    source = """
    calls = []

    @app.timer_trigger("timer", "0 0 * * * *")
    async def tidy(timer):
        calls.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            calls.append("cancelled")
    """
    async with loaded(write_app(source)) as app:
        clock = Clock()
        runner = TimerRunner(app.app.timers, app.worker, StatusStore(tmp_path), clock=clock, wait=clock.wait)
        runner.start()
        await until(lambda: app.calls == ["began"])
        await runner.stop(0.01)
        await until(lambda: app.calls == ["began", "cancelled"])

    store = StatusStore(tmp_path)
    assert store.acquire()
    status = store.read("tidy")
    store.close()
    assert status is not None
    assert status.next == NOON + timedelta(hours=1)


async def test_h094_h100_h101_the_host_lists_the_next_times_runs_what_was_missed_and_refuses_a_wrong_schedule_alone(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = (
        recorder("0 30 9 1 1 *")
        + """
@app.timer_trigger("timer", "0 61 * * * *")
def wrong(timer): ...

@app.timer_trigger("timer", "%MISSING%")
def unset(timer): ...

@app.timer_trigger("timer", "%SCHEDULE%")
def named(timer): ...

@app.route()
def seen(req): return func.HttpResponse(json.dumps(calls))
"""
    )
    data = tmp_path / "data"
    store = StatusStore(data)
    assert store.acquire()
    last = datetime(2020, 1, 1, 9, 30, tzinfo=UTC)
    store.write("tidy", ScheduleStatus(last, datetime(2021, 1, 1, 9, 30, tzinfo=UTC), last))
    store.close()

    async with serve(source, data=data, settings={**SETTINGS, "SCHEDULE": "1.00:00:00"}) as app:
        while not (calls := (await app.get("/api/seen")).json()):  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        listing = app.host.startup_banner()

    assert [past_due for past_due, *_ in calls] == [True]
    assert "The 'wrong' function is in error: the schedule '0 61 * * * *' is neither" in listing
    assert "The 'unset' function is in error: the schedule '%MISSING%' names the setting MISSING" in listing
    assert listing.count("timerTrigger") == 2
    listed = r"The next 5 occurrences of the 'tidy' schedule .Cron: '0 30 9 1 1 \*'. will be:\n01/01/20\d\d 09:30:00Z\n"
    assert re.search(listed, caplog.text)
    assert "The next 5 occurrences of the 'named' schedule (Constant: 1.00:00:00) will be:" in caplog.text
