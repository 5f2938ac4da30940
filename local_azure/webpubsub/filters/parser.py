"""Parses the text of a filter: tokens, and a recursive descent with limits for depth and length."""

import re
import typing
from collections.abc import Iterator

from local_azure.webpubsub.filters.expressions import (
    COMPARISONS,
    CONSTANTS,
    FUNCTIONS,
    IDENTIFIERS,
    ORDERINGS,
    Expression,
    FilterProblem,
    Literal,
    Type,
    call,
    constant,
    equality,
    expect_type,
    in_groups,
    in_list,
    join_clauses,
    ordering,
)

MAX_DEPTH = 100
MAX_CLAUSES = 100
_INT64 = range(-(2**63), 2**63)


class _TooDeep(FilterProblem):
    def __init__(self) -> None:
        super().__init__(f"Nesting is deeper than {MAX_DEPTH}")


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>'(?:[^']|'')*+')
      | (?P<int>-?[0-9]{1,20}(?![0-9A-Za-z_.]))
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>[(),])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class _Token(typing.NamedTuple):
    kind: str
    text: str


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise FilterProblem(f"Unexpected character at {position}")
        yield _Token(match.lastgroup, match[match.lastgroup])
        position = match.end()


class Parser:
    """A recursive descent parser with one token of look-ahead."""

    def __init__(self, text: str) -> None:
        self._rest = _tokens(text)
        self._token = _Token("", "")
        self._depth = 0
        self._clauses = 1

    def parse(self) -> Expression:
        """Return the condition of the whole text; raises `FilterProblem`."""
        self._advance()
        condition = self._or_expression()
        if self._token.kind != "end":
            raise self._unexpected()
        expect_type(condition, Type.BOOL)
        return condition

    def _or_expression(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep
        alternatives = [self._and_expression()]
        while self._continues_with("or"):
            alternatives.append(self._and_expression())
        self._depth -= 1
        return alternatives[0] if len(alternatives) == 1 else join_clauses("or", alternatives)

    def _and_expression(self) -> Expression:
        clauses = [self._comparison()]
        while self._continues_with("and"):
            clauses.append(self._comparison())
        return clauses[0] if len(clauses) == 1 else join_clauses("and", clauses)

    def _continues_with(self, word: str) -> bool:
        if not self._accept_word(word):
            return False
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise FilterProblem(f"There are more than {MAX_CLAUSES} clauses")
        return True

    def _comparison(self) -> Expression:
        left = self._operand()
        operator = self._token.text if self._token.kind == "word" else ""
        if operator not in COMPARISONS:
            return left
        self._advance()
        if operator == "in":
            return self._membership(left)
        right = self._operand()
        if operator in ORDERINGS:
            return ordering(operator, left, right)
        return equality(left, right, equal=operator == "eq")

    def _membership(self, left: Expression) -> Expression:
        if self._token.kind == "word" and self._token.text.lower() == "groups":
            self._advance()
            return in_groups(left, IDENTIFIERS["groups"])
        self._expect_mark("(")
        literals = [self._literal()]
        while self._accept_mark(","):
            literals.append(self._literal())
        self._expect_mark(")")
        return in_list(left, literals)

    def _operand(self) -> Expression:
        negations = 0
        while self._accept_word("not"):
            negations += 1
            if negations > MAX_DEPTH:
                raise _TooDeep
        operand = self._primary()
        if not negations:
            return operand
        expect_type(operand, Type.BOOL)
        negate = bool(negations % 2)
        return Expression(Type.BOOL, lambda connection: bool(operand.value(connection)) is not negate)

    def _primary(self) -> Expression:
        if self._accept_mark("("):
            inner = self._or_expression()
            self._expect_mark(")")
            return inner
        if self._token.kind != "word" or self._token.text in CONSTANTS:
            return self._literal()
        name = self._token.text
        if name.lower() in IDENTIFIERS:
            self._advance()
            return IDENTIFIERS[name.lower()]
        if name not in FUNCTIONS:
            raise self._unexpected()
        self._advance()
        return self._arguments(name)

    def _arguments(self, name: str) -> Expression:
        self._expect_mark("(")
        arguments = [self._or_expression()]
        while self._accept_mark(","):
            arguments.append(self._or_expression())
        self._expect_mark(")")
        return call(name, arguments)

    def _literal(self) -> Literal:
        kind, text = self._token
        if kind == "string":
            literal = constant(Type.STRING, text[1:-1].replace("''", "'"))
        elif kind == "int" and int(text) in _INT64:
            literal = constant(Type.INT, int(text))
        elif kind == "word" and text in CONSTANTS:
            literal = CONSTANTS[text]
        else:
            raise self._unexpected()
        self._advance()
        return literal

    def _advance(self) -> None:
        self._token = next(self._rest)

    def _accept_word(self, word: str) -> bool:
        taken = self._token == ("word", word)
        if taken:
            self._advance()
        return taken

    def _accept_mark(self, mark: str) -> bool:
        taken = self._token == ("mark", mark)
        if taken:
            self._advance()
        return taken

    def _expect_mark(self, mark: str) -> None:
        if not self._accept_mark(mark):
            raise self._unexpected()

    def _unexpected(self) -> FilterProblem:
        if self._token.kind == "end":
            return FilterProblem("Unexpected end")
        return FilterProblem(f"Unexpected '{self._token.text[:32]}'")
