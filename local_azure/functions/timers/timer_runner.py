"""Run the functions with timer triggers when they are due, one run of each at a time."""

import asyncio
import contextlib
import logging
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum

from local_azure.functions.errors import ConfigurationError
from local_azure.functions.invocation_log import log_failure, log_start, log_success
from local_azure.functions.timers.monitor import (
    ScheduleStatus,
    first_status,
    is_past_due,
    status_after_run,
    status_at_start,
)
from local_azure.functions.timers.schedule import next_occurrences
from local_azure.functions.timers.status_store import StatusStore
from local_azure.functions.timers.timers import Timer
from local_azure.functions.worker.worker import Worker, raised_by_function
from local_azure.log_lines import log_info

LISTED_OCCURRENCES = 5
# A longer wait is divided, because the machine may sleep meanwhile and its clock may be set.
LONGEST_WAIT_SECONDS = 30.0
# How often a process that has no lock asks for it: the real host takes over within a minute.
LOCK_SECONDS = 1.0

log = logging.getLogger("local_azure.functions.timers")


def utc_now() -> datetime:
    """Return the current moment."""
    return datetime.now(UTC)


class TimerRunner:
    """Runs timers from `start` to `stop`, while its process has the lock of the store.

    Call `stop` before the worker stops.
    """

    def __init__(
        self,
        timers: Sequence[Timer],
        worker: Worker,
        store: StatusStore,
        *,
        clock: Callable[[], datetime] = utc_now,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`wait` sleeps for a number of seconds."""
        self._timers = timers
        self._worker = worker
        self._store = store
        self._clock = clock
        self._wait = wait
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._active = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._file_lock = asyncio.Lock()

    def start(self) -> None:
        """Take the lock, or wait for it in the background. Raises ConfigurationError when the store cannot be used."""
        has_lock = self._store.acquire()
        self._task = asyncio.create_task(self._run(has_lock=has_lock))
        self._task.add_done_callback(_log_unexpected_end)

    async def stop(self, seconds: float) -> None:
        """Start no more runs, and cancel those that do not end within these seconds: they count as not done."""
        self._is_stopping = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        self._store.close()

    async def _run(self, *, has_lock: bool) -> None:
        if not has_lock:
            log_info(log, "Another process runs the timer triggers. This one will when that process has ended.")
        while not has_lock:
            await self._wait(LOCK_SECONDS)
            try:
                has_lock = self._store.acquire()
            except ConfigurationError as error:
                log.error("Timer triggers do not run: %s", error)
                return
        await asyncio.gather(*(self._keep_running(timer) for timer in self._timers))

    async def _keep_running(self, timer: Timer) -> None:
        now = self._clock()
        status = await self._status_at_start(timer, now)
        _log_occurrences(timer, now)
        if is_past_due(status, now):
            status = await self._run_once(timer, status, Reason.PAST_DUE)
        elif timer.runs_on_startup:
            status = await self._run_once(timer, status, Reason.STARTUP)
        while status.next is not None and not self._is_stopping:
            await self._wait_until(status.next)
            status = await self._run_once(timer, status, Reason.SCHEDULE)

    async def _status_at_start(self, timer: Timer, now: datetime) -> ScheduleStatus:
        if not timer.is_monitored:
            return first_status(timer.schedule, now)
        stored = self._store.read(timer.function.name)
        status = status_at_start(stored, timer.schedule, now)
        if status != stored:
            await self._write(timer, status)
        return status

    async def _wait_until(self, moment: datetime) -> None:
        while (seconds := (moment - self._clock()).total_seconds()) > 0:
            await self._wait(min(seconds, LONGEST_WAIT_SECONDS))

    async def _run_once(self, timer: Timer, status: ScheduleStatus, reason: "Reason") -> ScheduleStatus:
        """Run the function, whatever it raises, and return the status afterwards."""
        if self._is_stopping:
            return status
        self._active += 1
        self._idle.clear()
        try:
            started = self._clock()
            await self._invoke(timer, status, reason, started)
            status = status_after_run(status, timer.schedule, started, is_scheduled=reason is Reason.SCHEDULE)
            if timer.is_monitored:
                await self._write(timer, status)
            return status
        finally:
            self._active -= 1
            if not self._active:
                self._idle.set()

    async def _invoke(self, timer: Timer, status: ScheduleStatus, reason: "Reason", moment: datetime) -> None:
        function, invocation_id = timer.function, str(uuid.uuid4())
        fired = f"Timer fired at {moment.astimezone().isoformat()}"
        started = log_start(function.name, invocation_id, fired)
        if reason is not Reason.SCHEDULE:
            due = f", OriginalSchedule: {status.next.isoformat()}" if reason is Reason.PAST_DUE and status.next else ""
            log_info(log, "Trigger Details: UnscheduledInvocationReason: %s%s", reason.value, due)
        request = timer.request(status if timer.is_monitored else None, is_past_due=reason is Reason.PAST_DUE)
        try:
            arguments = {str(function.trigger["name"]): request}
            await self._worker.invoke(function, arguments, invocation_id=invocation_id)
        except BaseException as error:
            if not raised_by_function(error):
                raise
            log_failure(function.name, invocation_id, started, error)
        else:
            log_success(function.name, invocation_id, started)

    async def _write(self, timer: Timer, status: ScheduleStatus) -> None:
        """Keep a status; a file that cannot be written now does not stop the schedule."""
        async with self._file_lock:
            try:
                await asyncio.to_thread(self._store.write, timer.function.name, status)
            except sqlite3.Error as error:
                log.error("The state of the timer '%s' could not be written: %s", timer.function.name, error)


class Reason(Enum):
    """Why a function runs; the values are those that the real host logs."""

    SCHEDULE = "Schedule"
    PAST_DUE = "IsPastDue"
    STARTUP = "RunOnStartup"


def _log_unexpected_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("Timer triggers have stopped.", exc_info=error)


def _log_occurrences(timer: Timer, now: datetime) -> None:
    moments = [_format(moment) for moment in next_occurrences(timer.schedule, now.astimezone(), LISTED_OCCURRENCES)]
    name, schedule = timer.function.name, timer.schedule
    if moments:
        text = "The next %d occurrences of the '%s' schedule (%s) will be:\n%s"
        log_info(log, text, len(moments), name, schedule, "\n".join(moments))
    else:
        log.warning("The '%s' schedule (%s) has no occurrence.", name, schedule)


def _format(moment: datetime) -> str:
    """Return a moment as the real host lists it: by the clock, and in UTC where that is another time."""
    in_utc = f"{moment.astimezone(UTC):%m/%d/%Y %H:%M:%S}Z"
    if moment.utcoffset() == timedelta(0):
        return in_utc
    offset = f"{moment:%z}"
    return f"{moment:%m/%d/%Y %H:%M:%S}{offset[:3]}:{offset[3:]} ({in_utc})"
