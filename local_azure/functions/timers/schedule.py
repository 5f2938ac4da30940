"""The schedule of a timer trigger: an NCRONTAB expression in a time zone, or a TimeSpan between two runs.

Moments are aware datetimes. Where a clock is changed, an expression follows the rules of the real host: a time that a
clock skips in spring is an hour later; one that it shows twice in autumn is the first of the two, unless the schedule
is an interval, which runs in both hours.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from local_azure.functions.timers.crontab import Crontab, CrontabError, parse_crontab

TIME_ZONE_SETTING = "WEBSITE_TIME_ZONE"
_SETTING = re.compile(r"%([^%]+)%")
_TIME_SPAN = re.compile(r"(?:(?P<days>\d+)\.)?(?P<parts>\d+(?::\d+){0,3})(?:\.(?P<fraction>\d{1,7}))?", re.ASCII)


class ScheduleError(ValueError):
    """A schedule cannot be used; the message holds it and says what is wrong with it."""


class Schedule(Protocol):
    """When a timer trigger is due."""

    @property
    def adjusts_for_dst(self) -> bool:
        """Whether it follows the clock on the wall, rather than time that has passed."""

    @property
    def is_monitored(self) -> bool:
        """Whether it is due at most once in a minute: more frequent ones are not remembered over restarts."""

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment after the given one at which it is due; None when there is none."""


@dataclass(frozen=True, slots=True)
class CrontabSchedule:
    """An expression by the clocks of a zone; None is the zone of this machine."""

    crontab: Crontab
    zone: tzinfo | None = UTC

    @property
    def adjusts_for_dst(self) -> bool:
        """True."""
        return True

    @property
    def is_monitored(self) -> bool:
        """Whether it is due at most once in a minute."""
        return not self.crontab.is_within_every_minute

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment after the given one; None when the expression names a day that never comes."""
        now = moment.astimezone(self.zone)
        clock = self.crontab.next_after(now.replace(tzinfo=None))
        if clock is None:
            return None
        found = self._moment(clock)
        if not (self._is_ambiguous(clock) or (self.crontab.is_interval and self._is_ambiguous(_clock(now)))):
            return found
        if _offset(found) != _offset(now):
            return (found.astimezone(UTC) + (_offset(found) - _offset(now))).astimezone(self.zone)
        if self.crontab.is_interval:
            return found
        # The clock shows this time for the second time.
        while clock is not None and self._is_ambiguous(clock):
            clock = self.crontab.next_after(clock)
        return None if clock is None else self._moment(clock)

    def _moment(self, clock: datetime) -> datetime:
        """Return when the clock shows this time: the later of two, and a skipped time by the offset before."""
        return datetime.fromtimestamp(max(self._timestamps(clock)), UTC).astimezone(self.zone)

    def _is_ambiguous(self, clock: datetime) -> bool:
        first, second = self._timestamps(clock)
        return first < second

    def _timestamps(self, clock: datetime) -> tuple[float, float]:
        """Return both readings of a local time; they differ where it is shown twice, and where it is skipped."""
        first, second = (clock.replace(tzinfo=self.zone, fold=fold).timestamp() for fold in (0, 1))
        return first, second

    def __str__(self) -> str:
        """Return the schedule as the real host logs it."""
        return f"Cron: '{self.crontab}'"


@dataclass(frozen=True, slots=True)
class IntervalSchedule:
    """A time that passes from one run to the next."""

    interval: timedelta

    @property
    def adjusts_for_dst(self) -> bool:
        """False."""
        return False

    @property
    def is_monitored(self) -> bool:
        """Whether the interval is a minute or more."""
        return self.interval >= timedelta(minutes=1)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the moment one interval later; None after the last year there is."""
        try:
            return (moment.astimezone(UTC) + self.interval).astimezone(moment.tzinfo)
        except OverflowError:
            return None

    def __str__(self) -> str:
        """Return the schedule as the real host logs it."""
        hours, rest = divmod(self.interval.seconds, 3600)
        days = f"{self.interval.days}." if self.interval.days else ""
        fraction = f".{self.interval.microseconds * 10:07}" if self.interval.microseconds else ""
        return f"Constant: {days}{hours:02}:{rest // 60:02}:{rest % 60:02}{fraction}"


def parse_schedule(text: str, settings: Mapping[str, str]) -> Schedule:
    """Return the schedule that a trigger names: an expression, a TimeSpan, or `%SETTING%`, the name of a setting.

    The clocks are those of the zone in `WEBSITE_TIME_ZONE`, by default those of this machine.

    Raises ScheduleError.
    """
    resolved = _resolve(text, settings)
    try:
        crontab = parse_crontab(resolved)
    except CrontabError as error:
        interval = parse_time_span(resolved)
        if interval is None:
            raise ScheduleError(
                f"the schedule {resolved!r} is neither an NCRONTAB expression nor a TimeSpan: {error}"
            ) from error
        if interval <= timedelta(0):
            raise ScheduleError(f"the schedule {resolved!r} is a TimeSpan, which must be longer than zero") from error
        return IntervalSchedule(interval)
    return CrontabSchedule(crontab, read_zone(settings))


def parse_time_span(text: str) -> timedelta | None:
    """Return the duration that a .NET TimeSpan writes (`00:05:00`, `1.00:00:00`, `5` days), None for any other text.

    In three numbers of which the first is above 23, that one is days.
    """
    match = _TIME_SPAN.fullmatch(text.strip().removeprefix("-"))
    if match is None:
        return None
    parts = [int(part) for part in match["parts"].split(":")]
    if match["days"] is not None:
        parts = [int(match["days"]), *parts]
        is_complete = len(parts) in (3, 4)
    elif len(parts) == 1:
        parts += [0, 0]
        is_complete = True
    else:
        parts = parts if len(parts) == 4 or (len(parts) == 3 and parts[0] > 23) else [0, *parts]
        is_complete = True
    days, hours, minutes, seconds = (*parts, 0, 0)[:4]
    has_seconds = len(parts) == 4
    if not is_complete or hours > 23 or minutes > 59 or seconds > 59 or (match["fraction"] and not has_seconds):
        return None
    microseconds = int((match["fraction"] or "").ljust(7, "0")) // 10
    try:
        span = timedelta(days, seconds, microseconds, 0, minutes, hours)
    except OverflowError:
        return None
    return -span if text.strip().startswith("-") else span


def read_zone(settings: Mapping[str, str]) -> tzinfo | None:
    """Return the zone that the setting names, None for that of this machine. Raises ScheduleError."""
    name = settings.get(TIME_ZONE_SETTING)
    if not name:
        return None
    # Imported here, because most runs have the zone of the machine.
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(
            f"{TIME_ZONE_SETTING} must be a name of the tz database, such as Europe/Berlin, not {name!r}"
        ) from error


def next_occurrences(schedule: Schedule, moment: datetime, count: int) -> Iterator[datetime]:
    """Yield the next moments at which the schedule is due, at most `count`."""
    for _ in range(count):
        following = schedule.next_after(moment)
        if following is None:
            return
        yield following
        moment = following


def _resolve(text: str, settings: Mapping[str, str]) -> str:
    names = {name.lower(): value for name, value in settings.items()} if "%" in text else {}

    def setting(match: re.Match[str]) -> str:
        name = match[1].lower()
        value = names.get(name, names.get(name.replace(":", "__")))
        if not value:
            raise ScheduleError(f"the schedule {text!r} names the setting {match[1]}, which is not set")
        return value

    return _SETTING.sub(setting, text)


def _offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    assert offset is not None
    return offset


def _clock(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
