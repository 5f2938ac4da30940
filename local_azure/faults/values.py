"""Values of a fault: how each type of value is checked, and how it is written in a line of text."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MAX_SECONDS = 24 * 3600.0

_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


class InvalidFault(ValueError):
    """A fault that does not exist or has a wrong value; the text names what was seen and what is possible."""


@dataclass(frozen=True, slots=True)
class ValueType:
    """How a type of value is read and written; `parse` gets the name of the value for its error, and the text."""

    placeholder: str
    parse: Callable[[str, str], Any]
    format: Callable[[Any], str]


def check_number(what: str, value: int | None, minimum: int, maximum: int) -> None:
    """Raise `InvalidFault` for a number outside of the limits; None is allowed."""
    if value is not None and not minimum <= value <= maximum:
        raise InvalidFault(f"{what} is {value}; it must be from {minimum} to {maximum}")


def check_seconds(what: str, value: float | None) -> None:
    """Raise `InvalidFault` for a time that is not more than 0 and at most a day; None is allowed."""
    if value is not None and not (math.isfinite(value) and 0 < value <= MAX_SECONDS):
        raise InvalidFault(f"{what} is {value:g} s; it must be more than 0 and at most {MAX_SECONDS:g} s")


def check_status(fault: str, status: int) -> None:
    """Raise `InvalidFault` for a status that is no HTTP error; `fault` is the name of the kind of fault."""
    check_number("the status", status, 400, 599)
    if status not in tuple(HTTPStatus):
        raise InvalidFault(f"{fault}: {status} is not an HTTP status with a meaning")


def _parse_number(what: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidFault(f"{what} is {text[:64]!r}; it must be a whole number")
    return int(text)


def _parse_time(what: str, text: str) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidFault(f"{what} is {text[:64]!r}; it must be a time like 200ms, 1.5s or 2m")
    return round(float(match[1]) * _SECONDS[match[2]], 9)


def _format_time(seconds: float) -> str:
    value, unit = (seconds * 1000, "ms") if 0 < seconds < 1 else (seconds, "s")
    return f"{value:.9f}".rstrip("0").rstrip(".") + unit


def _parse_name(what: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,63}", text):
        raise InvalidFault(f"{what} is {text[:64]!r}; it must be 1 to 64 letters and digits, a letter first")
    return text


TIME = ValueType("TIME", _parse_time, _format_time)
NUMBER = ValueType("N", _parse_number, str)
NAME = ValueType("NAME", _parse_name, str)
