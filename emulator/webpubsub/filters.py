"""Which connections does an OData filter select? The subset of OData that the REST data plane documents.

A filter is parsed once, with every type checked, and then asked about each connection. Depth and length are bounded,
so that no filter can exhaust the stack.
"""

import re
import typing
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

MAX_DEPTH = 100
MAX_CLAUSES = 100
_MAX_QUOTED_CHARACTERS = 200
_INT64 = range(-(2**63), 2**63)


class InvalidFilter(ValueError):
    """A filter that cannot be used; the text quotes its beginning and says what is wrong."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"Invalid syntax for '{text[:_MAX_QUOTED_CHARACTERS]}': {problem}. (Parameter 'filter')")


class Subject(typing.Protocol):
    """What a filter can see of a connection."""

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


Filter = Callable[[Subject], bool]


def parse_filter(text: str) -> Filter:
    """Return the condition that the text states; raises `InvalidFilter`."""
    parser = _Parser(text)
    try:
        condition = parser.whole()
    except _Problem as problem:
        raise InvalidFilter(text, str(problem)) from None
    return lambda connection: condition.value(connection) is True


class _Type(StrEnum):
    STRING = "string"
    INT = "int"
    BOOL = "bool"
    NULL = "null"
    COLLECTION = "collection"


_Value = str | int | bool | Collection[str] | None


@dataclass(frozen=True, slots=True)
class _Expression:
    type: _Type
    value: Callable[[Subject], _Value]


class _Problem(Exception):
    """What is wrong with the filter."""


class _TooDeep(_Problem):
    def __init__(self) -> None:
        super().__init__(f"Nesting is deeper than {MAX_DEPTH}")


def _expect_type(expression: _Expression, *types: _Type) -> None:
    if expression.type not in types:
        raise _Problem(f"Type '{expression.type}', expect '{types[0]}'")


def _constant(kind: _Type, value: _Value) -> _Expression:
    return _Expression(kind, lambda connection: value)


_CONSTANTS = {
    "true": _constant(_Type.BOOL, True),
    "false": _constant(_Type.BOOL, False),
    "null": _constant(_Type.NULL, None),
}
_IDENTIFIERS = {
    "userid": _Expression(_Type.STRING, lambda connection: connection.user_id),
    "connectionid": _Expression(_Type.STRING, lambda connection: connection.id),
    "groups": _Expression(_Type.COLLECTION, lambda connection: connection.groups),
    "protocol": _Expression(_Type.STRING, lambda connection: connection.protocol),
}


# --- functions: parameter types, result type, result when an argument is null, and the body ---------------------------


@dataclass(frozen=True, slots=True)
class _Function:
    parameters: tuple[tuple[_Type, ...], ...]
    result: _Type
    on_null: _Value
    body: Callable[..., _Value]
    optional: int = 0


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    end = len(text) if length is None else start + length
    return text[start:end] if 0 <= start <= end <= len(text) else None


_STRING, _INT = (_Type.STRING, _Type.NULL), (_Type.INT, _Type.NULL)
_FUNCTIONS = {
    "length": _Function(((_Type.STRING, _Type.COLLECTION, _Type.NULL),), _Type.INT, None, len),
    "tolower": _Function((_STRING,), _Type.STRING, None, str.lower),
    "toupper": _Function((_STRING,), _Type.STRING, None, str.upper),
    "trim": _Function((_STRING,), _Type.STRING, None, str.strip),
    "substring": _Function((_STRING, _INT, _INT), _Type.STRING, None, _substring, optional=1),
    "startswith": _Function((_STRING, _STRING), _Type.BOOL, False, str.startswith),
    "endswith": _Function((_STRING, _STRING), _Type.BOOL, False, str.endswith),
    "contains": _Function((_STRING, _STRING), _Type.BOOL, False, str.__contains__),
    "indexof": _Function((_STRING, _STRING), _Type.INT, -1, str.find),
    "concat": _Function((_STRING, _STRING), _Type.STRING, None, str.__add__),
}


def _call(name: str, arguments: list[_Expression]) -> _Expression:
    function = _FUNCTIONS[name]
    most = len(function.parameters)
    if not most - function.optional <= len(arguments) <= most:
        raise _Problem(f"Function '{name}' has {len(arguments)} arguments, expect {most}")
    for argument, types in zip(arguments, function.parameters, strict=False):
        _expect_type(argument, *types)

    def value(connection: Subject) -> _Value:
        values = [argument.value(connection) for argument in arguments]
        return function.on_null if None in values else function.body(*values)

    return _Expression(function.result, value)


# --- operators -------------------------------------------------------------------------------------------------------

_ORDERINGS: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "ge": int.__ge__,
    "lt": int.__lt__,
    "le": int.__le__,
}
_COMPARISONS = frozenset(("eq", "ne", "in", *_ORDERINGS))
_SCALARS = (_Type.STRING, _Type.INT, _Type.BOOL, _Type.NULL)


def _equality(left: _Expression, right: _Expression, *, equal: bool) -> _Expression:
    _expect_type(left, *_SCALARS)
    _expect_type(right, left.type, _Type.NULL, *(_SCALARS if left.type is _Type.NULL else ()))
    return _Expression(_Type.BOOL, lambda connection: (left.value(connection) == right.value(connection)) is equal)


def _ordering(operator: str, left: _Expression, right: _Expression) -> _Expression:
    compare = _ORDERINGS[operator]
    for side in (left, right):
        _expect_type(side, _Type.INT, _Type.NULL)

    def value(connection: Subject) -> bool:
        a, b = left.value(connection), right.value(connection)
        return isinstance(a, int) and isinstance(b, int) and compare(a, b)

    return _Expression(_Type.BOOL, value)


def _in_groups(left: _Expression, groups: _Expression) -> _Expression:
    _expect_type(left, _Type.STRING, _Type.NULL)

    def value(connection: Subject) -> bool:
        members = groups.value(connection)
        return isinstance(members, Collection) and left.value(connection) in members

    return _Expression(_Type.BOOL, value)


def _in_list(left: _Expression, literals: list[_Expression]) -> _Expression:
    _expect_type(left, *_SCALARS)
    for literal in literals:
        _expect_type(literal, left.type, _Type.NULL, *(_SCALARS if left.type is _Type.NULL else ()))
    return _Expression(
        _Type.BOOL,
        lambda connection: any(left.value(connection) == literal.value(connection) for literal in literals),
    )


def _joined(operator: str, clauses: list[_Expression]) -> _Expression:
    for clause in clauses:
        _expect_type(clause, _Type.BOOL)
    decide = all if operator == "and" else any
    return _Expression(_Type.BOOL, lambda connection: decide(clause.value(connection) for clause in clauses))


# --- parsing ---------------------------------------------------------------------------------------------------------

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
            raise _Problem(f"Unexpected character at {position}")
        yield _Token(match.lastgroup, match[match.lastgroup])
        position = match.end()


class _Parser:
    """A recursive descent with one token in hand."""

    def __init__(self, text: str) -> None:
        self._rest = _tokens(text)
        self._token = _Token("", "")
        self._depth = 0
        self._clauses = 0

    def whole(self) -> _Expression:
        self._advance()
        condition = self._either()
        if self._token.kind != "end":
            raise self._unexpected()
        _expect_type(condition, _Type.BOOL)
        return condition

    def _either(self) -> _Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep
        alternatives = [self._both()]
        while self._took_word("or"):
            alternatives.append(self._both())
        self._depth -= 1
        return alternatives[0] if len(alternatives) == 1 else _joined("or", alternatives)

    def _both(self) -> _Expression:
        clauses = [self._comparison()]
        while self._took_word("and"):
            clauses.append(self._comparison())
        return clauses[0] if len(clauses) == 1 else _joined("and", clauses)

    def _comparison(self) -> _Expression:
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise _Problem(f"There are more than {MAX_CLAUSES} clauses")
        left = self._operand()
        operator = self._token.text if self._token.kind == "word" else ""
        if operator not in _COMPARISONS:
            return left
        self._advance()
        if operator == "in":
            return self._membership(left)
        right = self._operand()
        if operator in _ORDERINGS:
            return _ordering(operator, left, right)
        return _equality(left, right, equal=operator == "eq")

    def _membership(self, left: _Expression) -> _Expression:
        if self._token.kind == "word" and self._token.text.lower() == "groups":
            self._advance()
            return _in_groups(left, _IDENTIFIERS["groups"])
        self._take_mark("(")
        literals = [self._literal()]
        while self._took_mark(","):
            literals.append(self._literal())
        self._take_mark(")")
        return _in_list(left, literals)

    def _operand(self) -> _Expression:
        negations = 0
        while self._took_word("not"):
            negations += 1
            if negations > MAX_DEPTH:
                raise _TooDeep
        operand = self._primary()
        if not negations:
            return operand
        _expect_type(operand, _Type.BOOL)
        negate = bool(negations % 2)
        return _Expression(_Type.BOOL, lambda connection: bool(operand.value(connection)) is not negate)

    def _primary(self) -> _Expression:
        if self._took_mark("("):
            inner = self._either()
            self._take_mark(")")
            return inner
        if self._token.kind != "word" or self._token.text in _CONSTANTS:
            return self._literal()
        name = self._token.text
        if name.lower() in _IDENTIFIERS:
            self._advance()
            return _IDENTIFIERS[name.lower()]
        if name not in _FUNCTIONS:
            raise self._unexpected()
        self._advance()
        return self._arguments(name)

    def _arguments(self, name: str) -> _Expression:
        self._take_mark("(")
        arguments = [self._either()]
        while self._took_mark(","):
            arguments.append(self._either())
        self._take_mark(")")
        return _call(name, arguments)

    def _literal(self) -> _Expression:
        kind, text = self._token
        if kind == "string":
            literal = _constant(_Type.STRING, text[1:-1].replace("''", "'"))
        elif kind == "int" and int(text) in _INT64:
            literal = _constant(_Type.INT, int(text))
        elif kind == "word" and text in _CONSTANTS:
            literal = _CONSTANTS[text]
        else:
            raise self._unexpected()
        self._advance()
        return literal

    def _advance(self) -> None:
        self._token = next(self._rest)

    def _took_word(self, word: str) -> bool:
        taken = self._token == ("word", word)
        if taken:
            self._advance()
        return taken

    def _took_mark(self, mark: str) -> bool:
        taken = self._token == ("mark", mark)
        if taken:
            self._advance()
        return taken

    def _take_mark(self, mark: str) -> None:
        if not self._took_mark(mark):
            raise self._unexpected()

    def _unexpected(self) -> _Problem:
        if self._token.kind == "end":
            return _Problem("Unexpected end")
        return _Problem(f"Unexpected '{self._token.text[:32]}'")
