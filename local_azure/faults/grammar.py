"""Faults as lines of text, for the command line and the inspector: parse and format.

    delay webhook 200ms event=message count=3
    fail rest 503 carried-out operation=send_to_group hub=chat for=10s
    cut storage carried-out operation=insert table=messages count=1

The first words are the kind of fault and its arguments (`forms_of`). Then follow the scope and the limits as
`name=value` in any order: the properties of `Scope`; `count=` (how often) and `for=` (how long). Times are `200ms`,
`1.5s` or `2m`; a value with a space is put in quotes.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from local_azure.faults.arguments import Words
from local_azure.faults.rules import Fault, Scope
from local_azure.faults.values import NUMBER, TIME, InvalidFault

MAX_CHARACTERS = 4096

_SCOPES = tuple(one.name for one in fields(Scope))


def forms_of(kinds: Iterable[type[Fault]]) -> tuple[str, ...]:
    """Return how each kind of fault is written, e.g. `duplicate webhook [copies=N]`."""
    return tuple(" ".join((kind.name, *(argument.form for argument in kind.arguments))) for kind in kinds)


def parse_fault(text: str, kinds: Sequence[type[Fault]]) -> Fault:
    """Return the fault of one of these kinds that a line describes; raises `InvalidFault`."""
    words = _split(text)
    name = " ".join(words[:2]).lower()
    kind = next((kind for kind in kinds if kind.name == name), None)
    if kind is None:
        raise InvalidFault(f"{name[:64]!r} is not a fault; known are {'; '.join(forms_of(kinds))}")
    rest = Words([word for word in words[2:] if "=" not in word], _named(word for word in words[2:] if "=" in word))
    arguments: dict[str, Any] = {}
    for argument in kind.arguments:
        arguments |= argument.take(kind.name, rest)
    scope = Scope(**{name: rest.named.pop(name) for name in _SCOPES if name in rest.named})
    if "count" in rest.named:
        arguments["count"] = NUMBER.parse("count", rest.named.pop("count"))
    if "for" in rest.named:
        arguments["for_seconds"] = TIME.parse("for", rest.named.pop("for"))
    if rest.named or rest.plain:
        raise InvalidFault(f"{name}: {next(iter([*rest.named, *rest.plain]))[:64]!r} means nothing here")
    return kind(**arguments, scope=scope)


def format_fault(fault: Fault) -> str:
    """Return the line that describes a fault, in the form that `parse_fault` reads."""
    defaults = {one.name: one.default for one in fields(fault)}
    words = [fault.name]
    for argument in fault.arguments:
        words += argument.write(getattr(fault, argument.field), defaults[argument.field])
    words += [f"{name}={shlex.quote(value)}" for name, value in fault.scope.given().items()]
    if fault.count is not None:
        words.append(f"count={NUMBER.format(fault.count)}")
    if fault.for_seconds is not None:
        words.append(f"for={TIME.format(fault.for_seconds)}")
    return " ".join(words)


def _split(text: str) -> list[str]:
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
