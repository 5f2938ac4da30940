"""Bicep files as plain values: what a file declares, and its expressions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

Kind = TypeVar("Kind", bound="Declaration")


@dataclass
class Value:
    """An expression; `line` counts from 1."""

    line: int


@dataclass
class Text(Value):
    """A string: literal parts and interpolated expressions in their order."""

    parts: list[str | Value]

    @property
    def literal(self) -> str | None:
        """The text, or None when it has an interpolated part."""
        texts = [part for part in self.parts if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(self.parts) else None


@dataclass
class Number(Value):
    """A whole number."""

    number: int


@dataclass
class Flag(Value):
    """`true` or `false`."""

    flag: bool


@dataclass
class Null(Value):
    """`null`."""


@dataclass
class Items(Value):
    """An array."""

    values: list[Value]


@dataclass
class Property(Value):
    """A property of an object; `key` has the name, which may have interpolated parts."""

    key: Text
    value: Value

    @property
    def name(self) -> str | None:
        """The name, or None when it is interpolated."""
        return self.key.literal


@dataclass
class Object(Value):
    """An object."""

    properties: list[Property]

    def find(self, name: str) -> Value | None:
        """Return the value of a property, or None."""
        return next((each.value for each in self.properties if each.name == name), None)


@dataclass
class Name(Value):
    """The name of something that is declared."""

    name: str


@dataclass
class Member(Value):
    """`of.name`; the module's or resource's property."""

    of: Value
    name: str


@dataclass
class Index(Value):
    """`of[key]`."""

    of: Value
    key: Value


@dataclass
class Call(Value):
    """A function with its arguments."""

    function: str
    arguments: list[Value]


@dataclass
class Choice(Value):
    """`test ? yes : no`."""

    test: Value
    yes: Value
    no: Value


@dataclass
class Operation(Value):
    """An operator with one or two operands."""

    operator: str
    operands: list[Value]


@dataclass
class Loop(Value):
    """`[for … in source: body]`; `names` are the item's and, when it is used, the index's."""

    names: list[str]
    source: Value
    body: Value


@dataclass
class Condition(Value):
    """`if (test) body` of a declaration or a loop."""

    test: Value
    body: Value


@dataclass
class Lambda(Value):
    """`(names) => body`."""

    names: list[str]
    body: Value


@dataclass
class Declaration:
    """What a file declares; `decorators` are calls such as `@description('…')`."""

    name: str
    line: int
    decorators: list[Call]

    def decorator(self, function: str) -> Call | None:
        """Return the decorator with this name, or None."""
        return next((each for each in self.decorators if each.function == function), None)


@dataclass
class Parameter(Declaration):
    """`param`; `type` as it is written."""

    type: str
    default: Value | None


@dataclass
class Variable(Declaration):
    """`var`."""

    value: Value


@dataclass
class Resource(Declaration):
    """`resource`; `type` with its version. `body` may be in a loop or a condition."""

    type: str
    is_existing: bool
    body: Value


@dataclass
class Module(Declaration):
    """`module`; `path` as it is written."""

    path: str
    body: Value


@dataclass
class Output(Declaration):
    """`output`."""

    type: str
    value: Value


@dataclass
class Document:
    """A file: its name, its target scope and what it declares, in the order of the file."""

    name: str
    scope: str
    extensions: list[str]
    declarations: list[Declaration] = field(default_factory=list)

    def find(self, name: str) -> Declaration | None:
        """Return the declaration with this name that others can refer to (an output is none), or None."""
        return next((each for each in self.declarations if each.name == name and not isinstance(each, Output)), None)

    def of_kind(self, kind: type[Kind]) -> list[Kind]:
        """Return the declarations of one kind."""
        return [each for each in self.declarations if isinstance(each, kind)]


def object_of(body: Value) -> Object:
    """Return the object of a declaration, without its loop and condition."""
    while isinstance(body, Loop | Condition):
        body = body.body
    assert isinstance(body, Object)
    return body


def parts(value: Value | Declaration) -> Iterator[Value]:
    """Yield the expressions that an expression or declaration consists of."""
    for part in vars(value).values():
        for child in part if isinstance(part, list) else (part,):
            if isinstance(child, Value):
                yield child


def walk(value: Value | Declaration) -> Iterator[Value]:
    """Yield an expression and all expressions in it; of a declaration, those in it."""
    if isinstance(value, Value):
        yield value
    for child in parts(value):
        yield from walk(child)
