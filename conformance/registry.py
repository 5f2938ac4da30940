"""The list of cases: plain functions, each registered with its number and one sentence."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from conformance.context import Context

Source = Literal["published", "emulator", "design", "unverified"]
"""Where a behaviour is known from; `published` is documentation, specification, API description or an official SDK."""

Run = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One behaviour and the function that looks for it.

    `needs_handler`: it sees events, so the target must reach this machine. `family` names a part that not every
    target offers. `waits_for` names the setting of the target whose seconds the case waits for.
    """

    number: str
    title: str
    run: Run
    source: Source = "published"
    needs_handler: bool = False
    family: str | None = None
    waits_for: str | None = None


CASES: dict[str, Case] = {}


def case(
    number: str,
    title: str,
    *,
    source: Source = "published",
    needs_handler: bool = False,
    family: str | None = None,
    waits_for: str | None = None,
) -> Callable[[Run], Run]:
    """Register the function below as the case of a number; raises `ValueError` when the number has one already."""

    def register(run: Run) -> Run:
        if number in CASES:
            raise ValueError(f"{number} has two cases")
        CASES[number] = Case(number, title, run, source, needs_handler, family, waits_for)
        return run

    return register
