"""Faults as lines of text, for the command line and the inspector: parse and format.

    delay webhook 200ms event=message count=3
    fail rest 503 carried-out operation=send_to_group hub=chat for=10s

The first words are the kind of fault (`FORMS`). Then follow the scope and the limits as `name=value` in any order:
`hub=`, `user=`, `connection=`, `event=`, `operation=`, `group=`; `count=` (how often) and `for=` (how long). Times are
`200ms`, `1.5s` or `2m`; a value with a space is put in quotes.
"""

import re
import shlex
from collections.abc import Iterable
from typing import Any

from local_azure.webpubsub.faults.rules import (
    KINDS,
    Cut,
    Delay,
    Duplicate,
    FailRest,
    Fault,
    InvalidFault,
    Reorder,
    Scope,
    SlowRest,
)

FORMS = (
    "delay webhook TIME",
    "drop webhook",
    "duplicate webhook [copies=N]",
    "reorder webhook [within=TIME]",
    "lose disconnected",
    "fail rest STATUS [carried-out]",
    "slow rest TIME",
    "cut client CODE",
    "expire token",
    "refuse recovery",
)
"""How each kind of fault is written."""

CARRIED_OUT = "carried-out"
MAX_CHARACTERS = 4096

_KINDS = {kind.name: kind for kind in KINDS}
_SCOPES = ("hub", "user", "connection", "event", "operation", "group")
_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def parse_fault(text: str) -> Fault:
    """Return the fault that a line describes; raises `InvalidFault`."""
    words = _words(text)
    name = " ".join(words[:2]).lower()
    kind = _KINDS.get(name)
    if kind is None:
        raise InvalidFault(f"{name[:64]!r} is not a fault; known are {'; '.join(FORMS)}")
    plain = [word for word in words[2:] if "=" not in word]
    named = _named(word for word in words[2:] if "=" in word)
    arguments = _own_arguments(kind, plain, named)
    scope = Scope(**{name: named.pop(name) for name in _SCOPES if name in named})
    limits: dict[str, Any] = {}
    if "count" in named:
        limits["count"] = _whole("count", named.pop("count"))
    if "for" in named:
        limits["for_seconds"] = _seconds("for", named.pop("for"))
    if named or plain:
        raise InvalidFault(f"{name}: {next(iter([*named, *plain]))[:64]!r} means nothing here")
    return kind(**arguments, scope=scope, **limits)


def format_fault(fault: Fault) -> str:
    """Return the line that describes a fault, in the form that `parse_fault` reads."""
    words = [fault.name, *_own_words(fault)]
    words += [f"{name}={shlex.quote(value)}" for name, value in fault.scope.given().items()]
    if fault.count is not None:
        words.append(f"count={fault.count}")
    if fault.for_seconds is not None:
        words.append(f"for={_time_text(fault.for_seconds)}")
    return " ".join(words)


def _own_arguments(kind: type[Fault], plain: list[str], named: dict[str, str]) -> dict[str, Any]:
    """Remove from the words what only this kind of fault has, and return it as arguments."""
    if kind in (Delay, SlowRest):
        return {"seconds": _seconds("the delay", _first(kind, plain, "a time, e.g. 200ms"))}
    if kind is FailRest:
        status = _whole("the status", _first(kind, plain, "a status, e.g. 503"))
        return {"status": status, "carried_out": _flag(plain, CARRIED_OUT)}
    if kind is Cut:
        return {"code": _whole("the close code", _first(kind, plain, "a close code, e.g. 1011"))}
    if kind is Duplicate and "copies" in named:
        return {"copies": _whole("copies", named.pop("copies"))}
    if kind is Reorder and "within" in named:
        return {"within_seconds": _seconds("within", named.pop("within"))}
    return {}


def _own_words(fault: Fault) -> list[str]:
    match fault:
        case Delay() | SlowRest():
            return [_time_text(fault.seconds)]
        case FailRest():
            return [str(fault.status)] + ([CARRIED_OUT] if fault.carried_out else [])
        case Cut():
            return [str(fault.code)]
        case Duplicate():
            return [f"copies={fault.copies}"] if fault.copies != 1 else []
        case Reorder():
            return [f"within={_time_text(fault.within_seconds)}"]
    return []


def _words(text: str) -> list[str]:
    if len(text) > MAX_CHARACTERS:
        raise InvalidFault(f"the fault is {len(text)} characters long, the limit is {MAX_CHARACTERS}")
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidFault(f"the fault cannot be read: {error}") from None


def _named(words: Iterable[str]) -> dict[str, str]:
    named: dict[str, str] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name.lower() in named:
            raise InvalidFault(f"{name[:64]} is given twice")
        named[name.lower()] = value
    return named


def _first(kind: type[Fault], plain: list[str], what: str) -> str:
    if not plain:
        raise InvalidFault(f"{kind.name} needs {what}")
    return plain.pop(0)


def _flag(plain: list[str], name: str) -> bool:
    if name not in plain:
        return False
    plain.remove(name)
    return True


def _whole(what: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidFault(f"{what} is {text[:64]!r}; it must be a whole number")
    return int(text)


def _seconds(what: str, text: str) -> float:
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidFault(f"{what} is {text[:64]!r}; it must be a time like 200ms, 1.5s or 2m")
    return round(float(match[1]) * _SECONDS[match[2]], 9)


def _time_text(seconds: float) -> str:
    value, unit = (seconds * 1000, "ms") if seconds < 1 else (seconds, "s")
    return f"{value:.9f}".rstrip("0").rstrip(".") + unit
