"""What a case is: a plain function with its number and one sentence."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from conformance.context import Context
from conformance.results import Source

Wait = Literal["retention", "handler timeout", "retries", "stream idle time"]
Run = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One behaviour and the function that looks for it.

    `needs_handler`: it sees events, so the target must reach this machine. `family` names a part that not every
    target offers. `waits_for` is what of the target the case waits for.
    """

    number: str
    title: str
    run: Run
    source: Source = "published"
    needs_handler: bool = False
    family: str | None = None
    waits_for: Wait | None = None


def case(
    number: str,
    title: str,
    *,
    source: Source = "published",
    needs_handler: bool = False,
    family: str | None = None,
    waits_for: Wait | None = None,
) -> Callable[[Run], Case]:
    """Make a case of the function below; its module has to be in the list of `conformance.all_cases`."""
    return lambda run: Case(number, title, run, source, needs_handler, family, waits_for)
