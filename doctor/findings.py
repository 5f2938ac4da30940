"""What the doctor reports: one finding for each question that it asked.

Standard library only, like all of this package but what its module says: the hook that runs after a deployment uses it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check found out."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one check.

    `check` is its stable name (`webhook.validation`). `seen` says in one line what was asked and what came, without a
    key, a token, the query of a URL or a message's text. `fix` is what to do when it is wrong or unknown. `symptom` is
    the anchor of the section in docs/troubleshooting.md. `milliseconds` is how long
    the answer took, where that is known.
    """

    check: str
    verdict: Verdict
    seen: str
    fix: str = ""
    symptom: str = ""
    milliseconds: float | None = None
