"""What is remembered of a timer trigger: when it last ran and when it is due, so that a missed run is noticed.

Pure rules, those of the real host's schedule monitor; the moments are aware datetimes.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from local_azure.functions.timers.schedule import Schedule

# What the real host writes for a time that never was.
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """The last run (`NEVER` before the first), the next one, None when there is none, and the base of the latter."""

    last: datetime
    next: datetime | None
    last_updated: datetime

    def as_json(self) -> dict[str, str | None]:
        """Return the object that a function finds in `TimerRequest.schedule_status`."""
        return {
            "Last": self.last.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
            "Next": None if self.next is None else self.next.isoformat(),
        }


def first_status(schedule: Schedule, now: datetime) -> ScheduleStatus:
    """Return the status of a schedule that was never run."""
    return ScheduleStatus(NEVER, schedule.next_after(now), now)


def status_at_start(stored: ScheduleStatus | None, schedule: Schedule, now: datetime) -> ScheduleStatus:
    """Return the status to go on with when the host starts; the timer is past due when its `next` is not after now.

    A schedule that was changed meanwhile is not past due: its next time is computed anew.
    """
    if stored is None:
        return first_status(schedule, now)
    base = stored.last if stored.last > NEVER else stored.last_updated
    expected = schedule.next_after(base)
    if expected == stored.next:
        return stored
    if expected is not None and now > expected:
        return first_status(schedule, now)
    return replace(stored, last=NEVER, next=expected, last_updated=base)


def is_past_due(status: ScheduleStatus, now: datetime) -> bool:
    """Return whether a run was missed."""
    return status.next is not None and now > status.next


def status_after_run(
    status: ScheduleStatus, schedule: Schedule, started: datetime, *, is_scheduled: bool
) -> ScheduleStatus:
    """Return the status after a run that began at a moment; `is_scheduled` is False for one at the start of the host.

    The next time counts from the run's beginning: what fell due while it ran is run at once, and once.
    """
    # A run that began a moment early must not be due again at its own time.
    moment = status.next if is_scheduled and status.next is not None and status.next > started else started
    return ScheduleStatus(moment, schedule.next_after(moment), moment)
