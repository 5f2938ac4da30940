"""The arguments of a kind of fault: how each is written in the line of text, after the name of the kind."""

from dataclasses import dataclass
from typing import Any, Protocol

from local_azure.faults.values import InvalidFault, ValueType


@dataclass(slots=True)
class Words:
    """The words of a line after the name of the fault; reading an argument removes its words."""

    plain: list[str]
    named: dict[str, str]


class Argument(Protocol):
    """One argument; `field` is the field of the fault that has its value, `form` is how it is written."""

    @property
    def field(self) -> str:
        """The field of the fault."""
        ...

    @property
    def form(self) -> str:
        """How the argument is written, e.g. `[copies=N]`."""
        ...

    def take(self, fault: str, words: Words) -> dict[str, Any]:
        """Remove the argument from the words and return it by its field; empty when it is not given.

        Raises `InvalidFault` for a wrong or missing value.
        """
        ...

    def write(self, value: Any, default: Any) -> list[str]:
        """Return the words for a value; none where it is the default."""
        ...


@dataclass(frozen=True, slots=True)
class Positional:
    """A value that must be given, without a name: `200ms`. `label` and `example` are for error messages."""

    field: str
    value_type: ValueType
    label: str
    example: str
    form: str

    def take(self, fault: str, words: Words) -> dict[str, Any]:
        """Remove the first plain word and return its value by the field."""
        if not words.plain:
            raise InvalidFault(f"{fault} needs {self.example}")
        return {self.field: self.value_type.parse(self.label, words.plain.pop(0))}

    def write(self, value: Any, default: Any) -> list[str]:
        """Return the word for a value."""
        return [self.value_type.format(value)]


@dataclass(frozen=True, slots=True)
class Named:
    """A value that may be given, with its name: `copies=2`."""

    field: str
    value_type: ValueType
    name: str

    @property
    def form(self) -> str:
        """How it is written."""
        return f"[{self.name}={self.value_type.placeholder}]"

    def take(self, fault: str, words: Words) -> dict[str, Any]:
        """Remove the word with this name and return its value by the field."""
        if self.name not in words.named:
            return {}
        return {self.field: self.value_type.parse(self.name, words.named.pop(self.name))}

    def write(self, value: Any, default: Any) -> list[str]:
        """Return the word for a value that is not the default."""
        return [] if value == default else [f"{self.name}={self.value_type.format(value)}"]


@dataclass(frozen=True, slots=True)
class Flag:
    """A word that is there or not: `carried-out`."""

    field: str
    word: str

    @property
    def form(self) -> str:
        """How it is written."""
        return f"[{self.word}]"

    def take(self, fault: str, words: Words) -> dict[str, Any]:
        """Remove the word and return that it was there."""
        if self.word not in words.plain:
            return {}
        words.plain.remove(self.word)
        return {self.field: True}

    def write(self, value: Any, default: Any) -> list[str]:
        """Return the word when the value is true."""
        return [self.word] if value else []


CARRIED_OUT = Flag("carried_out", "carried-out")
