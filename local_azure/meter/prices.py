"""Prices: examples with a date and a source in `prices.json`, and what replaces them.

Prices cannot be read without a network, differ between regions and agreements, and change. So each one is a parameter.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).with_name("prices.json")


class InvalidPrice(ValueError):
    """A price that cannot be used; the text names it, the value seen and what is allowed."""


@dataclass(frozen=True, slots=True)
class Price:
    """One price or free amount; `date` is the month of an example, "" for a value that was given."""

    value: float
    per: str
    date: str
    source: str


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices in one currency."""

    currency: str
    prices: dict[str, Price]

    def __getitem__(self, name: str) -> float:
        return self.prices[name].value

    @property
    def examples(self) -> list[str]:
        """The names of the prices that nobody has replaced."""
        return [name for name, price in self.prices.items() if price.date]


def read_examples() -> Prices:
    """Return the example prices."""
    document = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return Prices(document["currency"], {name: Price(**fields) for name, fields in document["prices"].items()})


def read_prices(file: Path | None, given: Iterable[str]) -> Prices:
    """Return the examples, replaced by those of the file and then by the given `name=value`.

    The file is a JSON object of numbers by name, with the currency under "currency" if it is another one. Raises
    InvalidPrice for a name that is not known, or for what is no number.
    """
    prices = read_examples()
    if file is not None:
        for name, value in _read_object(file).items():
            prices = replace(prices, currency=str(value)) if name == "currency" else _replace(prices, name, value)
    for text in given:
        name, separator, value = text.partition("=")
        if not separator:
            raise InvalidPrice(f"price {text!r} must have the form name=value")
        prices = _replace(prices, name.strip(), value.strip())
    return prices


def _read_object(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidPrice(f"the prices in {file} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise InvalidPrice(f"the prices in {file} must be one JSON object, not {type(document).__name__}")
    return document


def _replace(prices: Prices, name: str, value: object) -> Prices:
    """Return the prices with another value for one of them."""
    if name not in prices.prices:
        raise InvalidPrice(f"there is no price {name!r}; known are {', '.join(prices.prices)}")
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if number < 0 or not math.isfinite(number):
        raise InvalidPrice(f"price {name} is {value!r}, but must be a number of at least 0")
    return replace(prices, prices={**prices.prices, name: replace(prices.prices[name], value=number, date="")})
