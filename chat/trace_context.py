"""The place of a call in a trace, as the header `traceparent` writes it (W3C Trace Context, level 1).

Who is called with one makes calls in the same trace, each with a span id of its own.
"""

import re
from dataclasses import dataclass

TRACEPARENT = "traceparent"
NOT_RECORDED = "00"
_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?", re.ASCII)
# Version 00 has exactly this many characters; a later one may have more behind them.
_LENGTH = 55
_LONGEST = 512
# No id is all zeros: the last bit of either is set.
_NOT_ZERO = 1 << 64 | 1


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span within a trace: 32 and 16 lower-case hexadecimal digits, never all zero, and 2 of flags."""

    trace_id: str
    span_id: str
    flags: str

    def __str__(self) -> str:
        """Return the value of the header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"

    def child(self, number: int) -> str:
        """Return the value of the header for a call that this span makes; `number` is random, of 64 bits."""
        return f"00-{self.trace_id}-{number or 1:016x}-{self.flags}"


def parse_traceparent(text: str | None) -> TraceContext | None:
    """Return what a header says, or None for one that is absent or malformed: then a new trace begins."""
    if not text or len(text) > _LONGEST:
        return None
    found = _FORM.fullmatch(text.strip())
    if found is None or (text.startswith("00") and len(text.strip()) != _LENGTH):
        return None
    return TraceContext(found[1], found[2], found[3])


def new_trace(number: int) -> TraceContext:
    """Return the beginning of a trace that nobody is known to record; `number` is random, of 192 bits."""
    digits = f"{number | _NOT_ZERO:048x}"
    return TraceContext(digits[:32], digits[32:], NOT_RECORDED)
