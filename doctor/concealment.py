"""Keep secrets out of what is reported, whatever text they come in.

No check writes a secret on purpose. This is the second protection: every known value that may be one is replaced.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from doctor.findings import Finding

CONCEALED = "(concealed)"
SHORTEST_SECRET = 16
"""In characters. Shorter values are words and numbers; a key has 32 and more."""


class Concealer:
    """Replaces the secrets among the given values in a text; addresses are no secrets, their queries are."""

    def __init__(self, values: Iterable[str]) -> None:
        parts = {form for value in values for part in secret_parts(value) for form in _forms(part)}
        # The longest first: one may contain another.
        ordered = sorted(parts, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None

    def conceal(self, text: str) -> str:
        """Return the text without secrets."""
        return self._pattern.sub(CONCEALED, text) if self._pattern else text

    def conceal_finding(self, finding: Finding) -> Finding:
        """Return the finding without secrets."""
        return replace(finding, seen=self.conceal(finding.seen), fix=self.conceal(finding.fix))


def secret_parts(value: str) -> Iterator[str]:
    """Yield the parts of a setting's value that may be secret: the whole, and what stands between separators.

    Of an address, only the query is one.
    """
    if _is_address(value):
        yield from secret_parts(value.partition("?")[2].replace("&", ";"))
        return
    yield from _long_enough(value)
    for part in filter(None, re.split(r"[;,\s]+", value)):
        name, equals, content = part.partition("=")
        if equals and re.fullmatch(r"\w+", name) and content.strip("="):
            yield from secret_parts(content) if _is_address(content) else _long_enough(content)
        elif not _is_address(part):
            yield from _long_enough(part)


def _long_enough(text: str) -> list[str]:
    return [text] if len(text) >= SHORTEST_SECRET else []


def _is_address(text: str) -> bool:
    return re.match(r"(https?|wss?)://[^@]*$", text) is not None


def _forms(secret: str) -> set[str]:
    """Return the secret as it is, as it stands in a URL, and as `repr` and JSON write it."""
    escaped = secret.replace("\\", "\\\\")
    return {secret, quote(secret, safe=""), quote(secret), escaped, escaped.replace('"', '\\"')}
