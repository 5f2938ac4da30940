"""JSON that a stranger wrote: read as UTF-8, and nested no deeper than a limit.

A parser that reaches the interpreter's recursion limit also breaks what happens to be cleaned up at that moment, so
the depth is known before anything is parsed.
"""

import codecs
import json
import re
from typing import Any

MAX_DEPTH = 64
# A string as a whole, with or without an end, so that its brackets do not count; else one bracket. No part of the
# text is tried twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.S)


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text (RFC 8259: UTF-8); raises ValueError for what is none or too deep."""
    if isinstance(text, bytes):
        text = text.removeprefix(codecs.BOM_UTF8).decode()  # the codec `utf-8-sig` is written in Python
    # Few texts have so many brackets, so few are looked through.
    if text.count("[") + text.count("{") > MAX_DEPTH and depth_exceeds(text, MAX_DEPTH):
        raise ValueError(f"the JSON is nested more than {MAX_DEPTH} levels deep")
    return json.loads(text)


def depth_exceeds(text: str, limit: int) -> bool:
    """Return whether arrays and objects are nested deeper than the limit."""
    depth = 0
    for token in _TOKEN.finditer(text):
        bracket = token[0]
        if bracket in "[{":
            depth += 1
            if depth > limit:
                return True
        elif bracket in "]}":
            depth -= 1
    return False
