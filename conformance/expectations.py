"""What a case says about what it saw: nothing when it is as expected, else one of these exceptions."""

import re
from collections.abc import Container

MAX_SHOWN = 300


class Differs(Exception):
    """The target did something else; `expected` and `got` are for the table."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got


class NotRun(Exception):
    """The case cannot say anything about this target; the text is the reason."""


def expect(what: str, got: object, expected: object) -> None:
    """Raise `Differs` unless both are equal; `what` names the value."""
    if got != expected:
        raise Differs(f"{what} {shown(expected)}", shown(got))


def expect_in(what: str, got: object, expected: Container[object]) -> None:
    """Raise `Differs` unless the value is one of the expected ones."""
    if got not in expected:
        raise Differs(f"{what} in {shown(expected)}", shown(got))


def expect_true(what: str, condition: object, got: object) -> None:
    """Raise `Differs` unless the condition holds; `what` says it in words, `got` is what was seen instead."""
    if not condition:
        raise Differs(what, shown(got))


def shown(value: object) -> str:
    """Return a value for the table: short, and tokens without their signatures."""
    text = value if isinstance(value, str) else repr(value)
    text = re.sub(r"(eyJ[\w-]+\.eyJ[\w-]+)\.[\w-]+", r"\1.***", text)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
