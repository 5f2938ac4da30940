"""The timer triggers of an app: which functions they run, and when."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from azure.functions.meta import Datum

from local_azure.functions.timers.monitor import ScheduleStatus
from local_azure.functions.timers.schedule import Schedule, ScheduleError, parse_schedule
from local_azure.functions.worker.loading import TIMER_TRIGGER, LoadedFunction
from local_azure.functions.worker.signatures import converter


@dataclass(frozen=True, slots=True)
class Timer:
    """One function with a timer trigger; `is_monitored` says that its status is kept over restarts."""

    function: LoadedFunction
    schedule: Schedule
    runs_on_startup: bool
    is_monitored: bool

    def request(self, status: ScheduleStatus | None, *, is_past_due: bool) -> object:
        """Return the `func.TimerRequest` for one run."""
        return make_request(status, adjusts_for_dst=self.schedule.adjusts_for_dst, is_past_due=is_past_due)


def make_request(status: ScheduleStatus | None, *, adjusts_for_dst: bool, is_past_due: bool) -> object:
    """Return a `func.TimerRequest`, which the library makes from the JSON that the real host sends."""
    document = {
        "Schedule": {"AdjustForDST": adjusts_for_dst},
        "ScheduleStatus": None if status is None else status.as_json(),
        "IsPastDue": is_past_due,
    }
    return converter(TIMER_TRIGGER).decode(Datum(json.dumps(document), "json"), trigger_metadata={})


def read_timers(
    functions: Iterable[LoadedFunction], settings: Mapping[str, str]
) -> tuple[tuple[Timer, ...], dict[str, str]]:
    """Return the timer triggers of those functions, and by name the reason why one cannot run."""
    timers: list[Timer] = []
    errors: dict[str, str] = {}
    for function in functions:
        if function.trigger_type != TIMER_TRIGGER:
            continue
        try:
            timers.append(_read_timer(function, settings))
        except ScheduleError as error:
            errors[function.name] = f"{error}."
    return tuple(timers), errors


def _read_timer(function: LoadedFunction, settings: Mapping[str, str]) -> Timer:
    trigger = function.trigger
    schedule = parse_schedule(str(trigger.get("schedule") or ""), settings)
    return Timer(
        function,
        schedule,
        runs_on_startup=trigger.get("runOnStartup") is True,
        is_monitored=trigger.get("useMonitor") is not False and schedule.is_monitored,
    )
