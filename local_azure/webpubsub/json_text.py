"""Checks JSON that is passed on unchanged, as the text that was received, and writes the JSON of the service's own."""

import json
from collections.abc import Mapping
from typing import NoReturn

from local_azure.json_depth import check_depth


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Numbers stay texts: they are only passed on, and Python does not convert one with thousands of digits.
VERBATIM = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)
"""A decoder that accepts every JSON text and leaves numbers as they are written; raises ValueError."""


def is_json(text: str) -> bool:
    """Return whether the text is one JSON value (RFC 8259), nested no more than 256 levels deep."""
    try:
        VERBATIM.decode(check_depth(text))
    except ValueError:
        return False
    return True


def compact_json(value: Mapping[str, object]) -> str:
    """Return the JSON text of an object without spaces."""
    return json.dumps(dict(value), separators=(",", ":"), ensure_ascii=False)
