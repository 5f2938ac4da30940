"""Misspell one thing of a Bicep file at a time, and put it right again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from tests.infra.bicep_values import (
    Call,
    Declaration,
    Document,
    Flag,
    Member,
    Module,
    Name,
    Number,
    Output,
    Parameter,
    Property,
    Resource,
    Text,
    Value,
)

MARK = "x"
"""What a misspelt word ends with."""
# Properties that people read and nothing else; and queries, which tests of their own read (tests/monitoring).
PROSE = ("description", "displayName", "query")


@dataclass
class Mutation:
    """One misspelling: in which declaration, of what kind, which word; `apply` and `revert` change the document."""

    declaration: Declaration
    kind: str
    word: str
    apply: Callable[[], None]
    revert: Callable[[], None]

    @property
    def label(self) -> str:
        """What tells this misspelling from others, as far as a person cares."""
        return f"{self.declaration.name}: {self.kind} {self.word}"


def mutations_of(document: Document) -> Iterator[Mutation]:
    """Yield every misspelling of a document: names, words, values and types, one at a time."""
    for declaration in document.declarations:
        if isinstance(declaration, Parameter | Output):
            yield _of_attribute(declaration, "type", declaration, "type")
        if isinstance(declaration, Resource):
            yield _of_attribute(declaration, "resource type", declaration, "type")
        if isinstance(declaration, Module):
            yield _of_attribute(declaration, "file", declaration, "path")
        yield from _of_parts(declaration, declaration)


def _of_parts(declaration: Declaration, parent: Value | Declaration) -> Iterator[Mutation]:
    if isinstance(parent, Call) and parent.function == "description":
        return
    if isinstance(parent, Property) and parent.name in PROSE:
        yield from _of_text(declaration, "property", parent.key)
        return
    for each in fields(parent):
        part = getattr(parent, each.name)
        children = part if isinstance(part, list) else [part]
        for index, child in enumerate(children):
            if isinstance(child, Text):
                yield from _of_text(
                    declaration, "property" if isinstance(parent, Property) and each.name == "key" else "text", child
                )
            elif isinstance(child, Flag | Number):
                yield _of_slot(declaration, parent, each.name, index if isinstance(part, list) else None, child)
            elif isinstance(child, Name):
                yield _of_attribute(declaration, "name", child, "name")
            elif isinstance(child, Member):
                yield _of_attribute(declaration, "member", child, "name")
            elif isinstance(child, Call):
                yield _of_attribute(declaration, "function", child, "function")
            if isinstance(child, Value):
                yield from _of_parts(declaration, child)


def _of_attribute(declaration: Declaration, kind: str, owner: object, attribute: str) -> Mutation:
    word = getattr(owner, attribute)
    return Mutation(
        declaration,
        kind,
        word,
        lambda: setattr(owner, attribute, word + MARK),
        lambda: setattr(owner, attribute, word),
    )


def _of_text(declaration: Declaration, kind: str, text: Text) -> Iterator[Mutation]:
    for index, part in enumerate(text.parts):
        if isinstance(part, str):
            yield _of_list(declaration, kind, text.parts, index, part, part + MARK, part)


def _of_slot(
    declaration: Declaration, parent: object, attribute: str, index: int | None, value: Flag | Number
) -> Mutation:
    word = str(value.flag).lower() if isinstance(value, Flag) else str(value.number)
    text = Text(value.line, [word])
    if index is not None:
        return _of_list(declaration, "value", getattr(parent, attribute), index, value, text, word)
    return Mutation(
        declaration,
        "value",
        word,
        lambda: setattr(parent, attribute, text),
        lambda: setattr(parent, attribute, value),
    )


def _of_list(
    declaration: Declaration, kind: str, values: list[Any], index: int, old: object, new: object, word: str
) -> Mutation:
    return Mutation(
        declaration,
        kind,
        word,
        lambda: values.__setitem__(index, new),
        lambda: values.__setitem__(index, old),
    )
