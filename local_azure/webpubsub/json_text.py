"""Checks JSON that is passed on unchanged, as the text that was received."""

import json
from typing import NoReturn


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Numbers stay texts: they are only passed on, and Python does not convert one with thousands of digits.
VERBATIM = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)
"""A decoder that accepts every JSON text and leaves numbers as they are written; raises ValueError, RecursionError."""


def is_json(text: str) -> bool:
    """Return whether the text is one JSON value (RFC 8259), nested no deeper than Python's recursion limit allows."""
    try:
        VERBATIM.decode(text)
    except (ValueError, RecursionError):
        return False
    return True
