"""NCRONTAB expressions: second, minute, hour, day, month, day of week; without the second where there are five fields.

The rules are those of the NCrontab package, which the real host uses. They differ from a Unix crontab: the day of the
month AND the day of the week must match, a range that runs backwards is the same range forwards, a name may be cut to
any length, and a week ends at 6. Times are plain local times: what a clock on the wall shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

# Every combination of a day, a month and a day of the week that exists at all occurs within this time.
LONGEST_WAIT_YEARS = 41
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
# Name, least and greatest value, names of the values.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)


class CrontabError(ValueError):
    """The text is no NCRONTAB expression; the message names the field, the value and the limits."""


@dataclass(frozen=True, slots=True)
class Crontab:
    """The allowed values of each field, in ascending order; days of the week count from Sunday, 0."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    days_of_week: tuple[int, ...]
    has_seconds: bool = True

    @property
    def is_interval(self) -> bool:
        """Whether it goes on all the time or for a while, rather than at single points of a day.

        In the hour that a clock repeats in autumn, the former runs in both, the latter once.
        """
        return any("*" in text or "-" in text for text in str(self).split(" ")[: 3 if self.has_seconds else 2])

    @property
    def is_within_every_minute(self) -> bool:
        """Whether it is due more than once in every minute there is."""
        return len(self.seconds) > 1 and str(self).endswith(" * * * * *")

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first local time after the given one, to the second; None when there is none at all."""
        start = moment.replace(microsecond=0) + timedelta(seconds=1)
        if (found := self._on(start.date(), start.time())) is not None:
            return found
        for day in self._days_after(start.date()):
            if (found := self._on(day, time.min)) is not None:
                return found
        return None

    def _on(self, day: date, earliest: time) -> datetime | None:
        if day.month not in self.months or day.day not in self.days or day.isoweekday() % 7 not in self.days_of_week:
            return None
        for hour in self.hours:
            for minute in self.minutes:
                if (hour, minute) < (earliest.hour, earliest.minute):
                    continue
                for second in self.seconds:
                    if (clock := time(hour, minute, second)) >= earliest:
                        return datetime.combine(day, clock)
        return None

    def _days_after(self, day: date) -> Iterator[date]:
        """Yield the days of the allowed months after a day, as long as a match may come."""
        last_year = min(day.year + LONGEST_WAIT_YEARS, date.max.year)
        for year in range(day.year, last_year + 1):
            for month in self.months:
                for number in self.days:
                    if number <= _days_in(year, month) and (found := date(year, month, number)) > day:
                        yield found

    def __str__(self) -> str:
        """Return the expression in the form that the real host logs: each field as a star, or values and ranges."""
        values = (self.seconds, self.minutes, self.hours, self.days, self.months, self.days_of_week)
        texts = [_format_field(allowed, low, high) for allowed, (_, low, high, _) in zip(values, _FIELDS, strict=True)]
        return " ".join(texts if self.has_seconds else texts[1:])


def parse_crontab(text: str) -> Crontab:
    """Return the schedule that an expression of six fields describes, or of five, which then has the second 0.

    Raises CrontabError.
    """
    fields = [field for field in text.split(" ") if field]
    if len(fields) not in (5, 6):
        raise CrontabError(f"an NCRONTAB expression has 6 fields, or 5 without seconds, not {len(fields)}")
    has_seconds = len(fields) == 6
    given = fields if has_seconds else ["0", *fields]
    second, minute, hour, day, month, weekday = (
        _parse_field(field, *limits) for field, limits in zip(given, _FIELDS, strict=True)
    )
    return Crontab(second, minute, hour, day, month, weekday, has_seconds)


def _parse_field(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> tuple[int, ...]:
    allowed: set[int] = set()
    for part in text.split(","):
        base, slash, step_text = part.partition("/")
        step = _parse_step(step_text, name) if slash else 1
        first_text, dash, last_text = base.partition("-")
        if base == "*":
            first, last = low, high
        else:
            first = _parse_value(first_text, name, low, high, names)
            last = _parse_value(last_text, name, low, high, names) if dash else (high if slash else first)
        allowed.update(range(min(first, last), max(first, last) + 1, step))
    return tuple(sorted(allowed))


def _parse_step(text: str, name: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise CrontabError(f"the step of the {name} must be a number, not {text!r}")
    # The real host takes a step of 0, and a negative one, as 1.
    return max(int(text), 1)


def _parse_value(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.isascii() and text.isdigit():
        if not low <= int(text) <= high:
            raise CrontabError(f"the {name} must be from {low} to {high}, not {text}")
        return int(text)
    for index, candidate in enumerate(names):
        if text and candidate.startswith(text.lower()):
            return low + index
    choice = f"a number from {low} to {high}" + (" or a name" if names else "")
    raise CrontabError(f"the {name} must be {choice}, not {text!r}")


def _format_field(allowed: tuple[int, ...], low: int, high: int) -> str:
    if len(allowed) == high - low + 1:
        return "*"
    runs: list[list[int]] = []
    for value in allowed:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31
