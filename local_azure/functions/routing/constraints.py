"""The inline constraints of route templates: `{id:int}`, `{name:length(3,10)}`, `{code:regex(^[[a-z]]+$)}`.

When a constraint does not accept a value, the route does not match and the next route is tried.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation

Constraint = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*\.?[0-9]*|\.[0-9]+)\s*")
_HEX = "[0-9a-fA-F]"
_DASHED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_GUID = re.compile(rf"\s*(?:{_HEX}{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\))\s*")
_DATES = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y")


def parse_constraint(name: str, arguments: str) -> Constraint:
    """Return the test for one constraint; `arguments` is the text between its parentheses.

    Raises ValueError when there is no such constraint, or its arguments do not fit.
    """
    simple = _SIMPLE.get(name.lower())
    if simple is not None and not arguments:
        return simple
    parametrised = _PARAMETRISED.get(name.lower())
    if parametrised is None:
        raise ValueError(f"there is no constraint {name!r}" if simple is None else f"{name!r} takes no arguments")
    if name.lower() == "regex":
        return parametrised(arguments)
    try:
        return parametrised(*(int(argument) for argument in arguments.split(",")))
    except (TypeError, ValueError):
        raise ValueError(f"the constraint {name}({arguments}) does not have the arguments it takes") from None


def _is_int(bits: int) -> Constraint:
    def check(value: str) -> bool:
        return bool(_INTEGER.fullmatch(value)) and -(1 << bits - 1) <= int(value) < 1 << bits - 1

    return check


def _is_decimal(value: str) -> bool:
    if not _DECIMAL.fullmatch(value):
        return False
    try:
        return abs(Decimal(value.replace(",", "").strip())) < Decimal(2**96)
    except InvalidOperation:
        return False


def _is_datetime(value: str) -> bool:
    try:
        datetime.fromisoformat(value.strip())
    except ValueError:
        return any(_parses(value.strip(), date) for date in _DATES)
    return True


def _parses(value: str, date: str) -> bool:
    try:
        datetime.strptime(value, date)  # noqa: DTZ007 — only whether it parses matters
    except ValueError:
        return False
    return True


def _regex(expression: str) -> Constraint:
    try:
        pattern = re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"the constraint regex({expression}) is not a regular expression: {error}") from error
    return lambda value: pattern.search(value) is not None


def _length(low: int, high: int | None = None) -> Constraint:
    return lambda value: low <= len(value) <= (low if high is None else high)


def _between(low: int | None = None, high: int | None = None) -> Constraint:
    is_long = _is_int(64)

    def check(value: str) -> bool:
        return is_long(value) and (low is None or int(value) >= low) and (high is None or int(value) <= high)

    return check


_SIMPLE: dict[str, Constraint] = {
    "int": _is_int(32),
    "long": _is_int(64),
    "float": lambda value: bool(_NUMBER.fullmatch(value)),
    "double": lambda value: bool(_NUMBER.fullmatch(value)),
    "decimal": _is_decimal,
    "bool": lambda value: value.strip().lower() in ("true", "false"),
    "datetime": _is_datetime,
    "guid": lambda value: bool(_GUID.fullmatch(value)),
    "alpha": lambda value: bool(re.fullmatch("[a-z]*", value, re.IGNORECASE)),
    "required": bool,
}

_PARAMETRISED: dict[str, Callable[..., Constraint]] = {
    "regex": _regex,
    "length": _length,
    "minlength": lambda low: lambda value: len(value) >= low,
    "maxlength": lambda high: lambda value: len(value) <= high,
    "min": lambda low: _between(low=low),
    "max": lambda high: _between(high=high),
    "range": lambda low, high: _between(low, high),
}
