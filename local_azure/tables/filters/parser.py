"""From a filter's text to its expression: tokens, and a recursive descent of bounded depth."""

import math
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.filters.expressions import (
    OPERATORS,
    And,
    BooleanProperty,
    Comparison,
    Expression,
    Literal,
    LiteralKind,
    Not,
    Or,
)
from local_azure.tables.timestamps import InvalidTime, TimeOutOfRange, parse_datetime

MAX_DEPTH = 50
_MAX_QUOTED_CHARACTERS = 200

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<typed>(?:datetime|guid|binary|X)'[^']*')
      | (?P<string>'(?:[^']|'')*+')
      | (?P<double>[+-]?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)(?![\w.]))
      | (?P<integer>[+-]?[0-9]{1,20}L?(?![\w.]))
      | (?P<word>[^\W\d]\w*)
      | (?P<bracket>[()])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_RESERVED = frozenset(("and", "or", "not", "true", "false", "null", *OPERATORS))
_FLIPPED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_INT64 = range(-(2**63), 2**63)


def parse_filter(text: str) -> Expression | None:
    """Return the condition that the text states, None for an empty text.

    Raises `TableError`: `InvalidInput` for a syntax error, `NotImplemented` for what OData has and the service has not.
    """
    return _Parser(text).parse() if text.strip() else None


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _syntax_error(position: int, text: str) -> TableError:
    return invalid_input(f"Syntax error at position {position} in '{text[:_MAX_QUOTED_CHARACTERS]}'.")


def _not_implemented(problem: str) -> TableError:
    return TableError(ErrorCode.NOT_IMPLEMENTED, f"The requested operation is not implemented: {problem}.")


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _syntax_error(position, text)
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        position = match.end()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._token = next(self._tokens)

    def parse(self) -> Expression:
        expression = self._any_of(depth=0)
        if self._token.kind != "end":
            raise self._unexpected()
        return expression

    def _any_of(self, depth: int) -> Expression:
        parts = self._joined("or", self._all_of, depth)
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all_of(self, depth: int) -> Expression:
        parts = self._joined("and", self._unary, depth)
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _joined(self, word: str, parse_part: Callable[[int], Expression], depth: int) -> list[Expression]:
        parts = [parse_part(depth)]
        while self._took(word):
            parts.append(parse_part(depth))
        return parts

    def _unary(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise invalid_input(f"The filter is nested deeper than {MAX_DEPTH}.")
        if self._took("not"):
            return Not(self._unary(depth + 1))
        if self._took("("):
            expression = self._any_of(depth + 1)
            if not self._took(")"):
                raise self._unexpected()
            return expression
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._operand()
        operator = self._token.text
        if self._token.kind != "word" or operator not in OPERATORS:
            if isinstance(left, Literal):
                raise _not_implemented("a constant alone is no condition")
            return BooleanProperty(left)
        self._advance()
        right = self._operand()
        if isinstance(left, str) and isinstance(right, Literal):
            return Comparison(left, operator, right)
        if isinstance(left, Literal) and isinstance(right, str):
            return Comparison(right, _FLIPPED[operator], left)
        raise _not_implemented("a comparison needs a property on one side and a constant on the other")

    def _operand(self) -> str | Literal:
        """Return the name of a property, or a literal."""
        token = self._token
        if token.kind == "word" and token.text not in _RESERVED:
            self._advance()
            if self._token.text == "(":
                raise _not_implemented(f"the function '{token.text[:32]}'")
            return token.text
        literal = self._literal(token)
        self._advance()
        return literal

    def _literal(self, token: _Token) -> Literal:
        if token.kind == "string":
            return Literal(LiteralKind.STRING, token.text[1:-1].replace("''", "'"))
        if token.kind == "integer":
            return self._integer(token)
        if token.kind == "double" and math.isfinite(float(token.text)):
            return Literal(LiteralKind.DOUBLE, float(token.text))
        if token.kind == "typed":
            return self._typed(token)
        if token.text in ("true", "false") and token.kind == "word":
            return Literal(LiteralKind.BOOLEAN, token.text == "true")
        raise self._unexpected()

    def _integer(self, token: _Token) -> Literal:
        number = int(token.text.removesuffix("L"))
        if number not in _INT64:
            raise self._unexpected()
        return Literal(LiteralKind.INTEGER_64 if token.text.endswith("L") else LiteralKind.INTEGER, number)

    def _typed(self, token: _Token) -> Literal:
        prefix, _, quoted = token.text.partition("'")
        content = quoted.removesuffix("'")
        try:
            if prefix == "datetime":
                return Literal(LiteralKind.DATETIME, parse_datetime(content))
            if prefix != "guid":
                return Literal(LiteralKind.BINARY, bytes.fromhex(content))
        except (InvalidTime, TimeOutOfRange, ValueError):
            raise self._unexpected() from None
        if not _GUID.fullmatch(content):
            raise self._unexpected()
        return Literal(LiteralKind.GUID, content.lower())

    def _advance(self) -> None:
        self._token = next(self._tokens)

    def _took(self, text: str) -> bool:
        taken = self._token.kind in ("word", "bracket") and self._token.text == text
        if taken:
            self._advance()
        return taken

    def _unexpected(self) -> TableError:
        return _syntax_error(self._token.position, self._text)
