"""Where Azurite's table service behaves differently: each is shown by a test that fails against Azurite."""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

_ATTRIBUTE = "known_difference"


def differs_from_azurite(difference: str) -> Callable[[F], F]:
    """Say what Azurite does otherwise; local_azure/README.md has a row for each text."""

    def mark(test: F) -> F:
        setattr(test, _ATTRIBUTE, difference)
        return test

    return mark


def difference_of(test: Callable[..., object]) -> str | None:
    """Return the difference that a test shows, None for one that both services pass."""
    return getattr(test, _ATTRIBUTE, None)
