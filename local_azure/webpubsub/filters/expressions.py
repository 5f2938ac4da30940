"""The expressions of a filter: each has a type, and a value for a connection.

Types are checked when an expression is created, so its evaluation cannot fail.
"""

import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum


class FilterableConnection(typing.Protocol):
    """The properties of a connection that a filter can use."""

    @property
    def id(self) -> str:
        """`connectionId` in a filter."""

    @property
    def user_id(self) -> str | None:
        """`userId` in a filter."""

    @property
    def groups(self) -> Collection[str]:
        """`groups` in a filter."""

    @property
    def protocol(self) -> str | None:
        """`protocol` in a filter."""


class Type(StrEnum):
    """The type of an expression; the values are the names in error messages."""

    STRING = "string"
    INT = "int"
    BOOL = "bool"
    NULL = "null"
    COLLECTION = "collection"


Value = str | int | bool | Collection[str] | None


@dataclass(frozen=True, slots=True)
class Expression:
    """A part of a filter: its type, and its value for a connection."""

    type: Type
    value: Callable[[FilterableConnection], Value]


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """An expression with the same value for every connection."""

    constant: Value


class FilterProblem(Exception):
    """The filter is invalid; the text says why."""


def expect_type(expression: Expression, *types: Type) -> None:
    """Raise `FilterProblem` unless the expression has one of the types."""
    if expression.type not in types:
        raise FilterProblem(f"Type '{expression.type}', expect '{types[0]}'")


def constant(kind: Type, value: Value) -> Literal:
    """Return the literal of this type and value."""
    return Literal(kind, lambda connection: value, value)


CONSTANTS = {
    "true": constant(Type.BOOL, True),
    "false": constant(Type.BOOL, False),
    "null": constant(Type.NULL, None),
}
IDENTIFIERS = {
    "userid": Expression(Type.STRING, lambda connection: connection.user_id),
    "connectionid": Expression(Type.STRING, lambda connection: connection.id),
    "groups": Expression(Type.COLLECTION, lambda connection: connection.groups),
    "protocol": Expression(Type.STRING, lambda connection: connection.protocol),
}


# --- functions: parameter types, result type, result when an argument is null, and the body ---------------------------


@dataclass(frozen=True, slots=True)
class _Function:
    parameters: tuple[tuple[Type, ...], ...]
    result: Type
    on_null: Value
    body: Callable[..., Value]
    optional: int = 0


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    end = len(text) if length is None else start + length
    return text[start:end] if 0 <= start <= end <= len(text) else None


_STRING, _INT = (Type.STRING, Type.NULL), (Type.INT, Type.NULL)
FUNCTIONS = {
    "length": _Function(((Type.STRING, Type.COLLECTION, Type.NULL),), Type.INT, None, len),
    "tolower": _Function((_STRING,), Type.STRING, None, str.lower),
    "toupper": _Function((_STRING,), Type.STRING, None, str.upper),
    "trim": _Function((_STRING,), Type.STRING, None, str.strip),
    "substring": _Function((_STRING, _INT, _INT), Type.STRING, None, _substring, optional=1),
    "startswith": _Function((_STRING, _STRING), Type.BOOL, False, str.startswith),
    "endswith": _Function((_STRING, _STRING), Type.BOOL, False, str.endswith),
    "contains": _Function((_STRING, _STRING), Type.BOOL, False, str.__contains__),
    "indexof": _Function((_STRING, _STRING), Type.INT, -1, str.find),
    "concat": _Function((_STRING, _STRING), Type.STRING, None, str.__add__),
}


def call(name: str, arguments: list[Expression]) -> Expression:
    """Return the function applied to the arguments; raises `FilterProblem` for a wrong number or type of them."""
    function = FUNCTIONS[name]
    most = len(function.parameters)
    if not most - function.optional <= len(arguments) <= most:
        raise FilterProblem(f"Function '{name}' has {len(arguments)} arguments, expect {most}")
    for argument, types in zip(arguments, function.parameters, strict=False):
        expect_type(argument, *types)

    def value(connection: FilterableConnection) -> Value:
        values = [argument.value(connection) for argument in arguments]
        return function.on_null if None in values else function.body(*values)

    return Expression(function.result, value)


# --- operators -------------------------------------------------------------------------------------------------------

ORDERINGS: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "ge": int.__ge__,
    "lt": int.__lt__,
    "le": int.__le__,
}
COMPARISONS = frozenset(("eq", "ne", "in", *ORDERINGS))
_SCALARS = (Type.STRING, Type.INT, Type.BOOL, Type.NULL)


def equality(left: Expression, right: Expression, *, equal: bool) -> Expression:
    """Return `left eq right` or `left ne right`; null equals null alone."""
    expect_type(left, *_SCALARS)
    expect_type(right, left.type, Type.NULL, *(_SCALARS if left.type is Type.NULL else ()))
    return Expression(Type.BOOL, lambda connection: (left.value(connection) == right.value(connection)) is equal)


def ordering(operator: str, left: Expression, right: Expression) -> Expression:
    """Return a comparison of integers, which is false when a side is null."""
    compare = ORDERINGS[operator]
    for side in (left, right):
        expect_type(side, Type.INT, Type.NULL)

    def value(connection: FilterableConnection) -> bool:
        a, b = left.value(connection), right.value(connection)
        return isinstance(a, int) and isinstance(b, int) and compare(a, b)

    return Expression(Type.BOOL, value)


def in_groups(left: Expression, groups: Expression) -> Expression:
    """Return the expression that is true for members of the group that `left` names."""
    expect_type(left, Type.STRING, Type.NULL)

    def value(connection: FilterableConnection) -> bool:
        members = groups.value(connection)
        return isinstance(members, Collection) and left.value(connection) in members

    return Expression(Type.BOOL, value)


def in_list(left: Expression, literals: list[Literal]) -> Expression:
    """Return the expression that is true when `left` equals one of the literals."""
    expect_type(left, *_SCALARS)
    for literal in literals:
        expect_type(literal, left.type, Type.NULL, *(_SCALARS if left.type is Type.NULL else ()))
    values = frozenset(literal.constant for literal in literals)  # a set: there may be tens of thousands
    return Expression(Type.BOOL, lambda connection: left.value(connection) in values)


def join_clauses(operator: str, clauses: list[Expression]) -> Expression:
    """Return the clauses joined by `and` or `or`; the type of every clause is checked."""
    for clause in clauses:
        expect_type(clause, Type.BOOL)
    decide = all if operator == "and" else any
    return Expression(Type.BOOL, lambda connection: decide(clause.value(connection) for clause in clauses))
