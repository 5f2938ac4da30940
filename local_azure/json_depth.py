"""How deep is a JSON text nested?

A parser that reaches the interpreter's recursion limit also breaks what happens to be cleaned up at that moment. So a
text of a stranger is looked at before it is parsed.
"""

import re

MAX_DEPTH = 256
# A string as a whole, with or without an end, so that its brackets do not count; else one bracket. No part of the
# text is tried twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.S)


def is_too_deep(text: str) -> bool:
    """Return whether arrays and objects are nested more than 256 levels deep; the text need not be valid JSON."""
    # Few texts have so many brackets, so few are looked through.
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(text):
        bracket = token[0]
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif bracket in "]}":
            depth -= 1
    return False


def check_depth(text: str) -> str:
    """Return the text; raises ValueError when it is nested too deeply to be parsed."""
    if is_too_deep(text):
        raise ValueError(f"the JSON is nested more than {MAX_DEPTH} levels deep")
    return text
