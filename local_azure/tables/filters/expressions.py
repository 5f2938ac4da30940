"""The parts of a filter and their values for an entity.

A comparison with a property that the entity lacks is false, `ne` too. A comparison of types that do not match never
fails: `ne` is true, every other operator false.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from local_azure.tables.edm import EdmType, Property, Value
from local_azure.tables.names import sort_key

Lookup = Callable[[str], Property | None]
"""Returns the property of this name, or None when the entity lacks it."""

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}


_EQUALITY = frozenset(("eq", "ne"))


class LiteralKind(Enum):
    """What a literal is by its form; it decides which types of properties it is compared with."""

    STRING = auto()
    INTEGER = auto()
    INTEGER_64 = auto()
    DOUBLE = auto()
    BOOLEAN = auto()
    DATETIME = auto()
    GUID = auto()
    BINARY = auto()


_COMPARABLE = {
    LiteralKind.STRING: {EdmType.STRING},
    LiteralKind.INTEGER: {EdmType.INT32, EdmType.INT64, EdmType.DOUBLE},
    LiteralKind.INTEGER_64: {EdmType.INT64, EdmType.DOUBLE},
    LiteralKind.DOUBLE: {EdmType.DOUBLE, EdmType.INT32, EdmType.INT64},
    LiteralKind.BOOLEAN: {EdmType.BOOLEAN},
    LiteralKind.DATETIME: {EdmType.DATETIME},
    LiteralKind.GUID: {EdmType.GUID},
    LiteralKind.BINARY: {EdmType.BINARY},
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of a filter."""

    kind: LiteralKind
    value: Value


@dataclass(frozen=True, slots=True)
class Comparison:
    """`name operator literal`."""

    name: str
    operator: str
    literal: Literal

    def matches(self, lookup: Lookup) -> bool:
        """Return whether the comparison is true for the entity."""
        found = lookup(self.name)
        if found is None:
            return False
        if found.type not in _COMPARABLE[self.literal.kind]:
            return self.operator == "ne"
        if found.type is EdmType.STRING and self.operator not in _EQUALITY:
            return OPERATORS[self.operator](sort_key(str(found.value)), sort_key(str(self.literal.value)))
        return OPERATORS[self.operator](found.value, self.literal.value)


@dataclass(frozen=True, slots=True)
class BooleanProperty:
    """A name alone: true for the Boolean true and nothing else."""

    name: str

    def matches(self, lookup: Lookup) -> bool:
        """Return whether the property is the Boolean true."""
        return lookup(self.name) == Property(EdmType.BOOLEAN, True)


@dataclass(frozen=True, slots=True)
class Not:
    """`not part`."""

    part: "Expression"

    def matches(self, lookup: Lookup) -> bool:
        """Return whether the part is false for the entity."""
        return not self.part.matches(lookup)


@dataclass(frozen=True, slots=True)
class And:
    """Parts that are joined by `and`."""

    parts: tuple["Expression", ...]

    def matches(self, lookup: Lookup) -> bool:
        """Return whether every part is true for the entity."""
        return all(part.matches(lookup) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Parts that are joined by `or`."""

    parts: tuple["Expression", ...]

    def matches(self, lookup: Lookup) -> bool:
        """Return whether a part is true for the entity."""
        return any(part.matches(lookup) for part in self.parts)


Expression = Comparison | BooleanProperty | Not | And | Or
