"""One line of a measurement, and how lines are shown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of ours beside a peer's figure of the same run, both in `unit`, "" for a count.

    `lower_is_better` tells which way the ratio points: "times" is always how many times better (above 1) or worse
    (below 1) ours is. Without a peer the figure stands alone.
    """

    what: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    lower_is_better: bool = True

    @property
    def times(self) -> float | None:
        """Return how many times better ours is than the peer's, or None without a peer."""
        if not self.peer or not self.ours:
            return None
        return self.peer / self.ours if self.lower_is_better else self.ours / self.peer


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text, a heading first."""
    lines = [("measurement", "ours", "peer", "times better", "peer is")]
    for row in rows:
        peer = "" if row.peer is None else _figure(row.peer, row.unit)
        times = "" if row.times is None else f"{row.times:.2f}"
        lines.append((row.what, _figure(row.ours, row.unit), peer, times, row.peer_name))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _figure(value: float, unit: str) -> str:
    return f"{value:,.2f} {unit}" if unit else f"{value:,.0f}"
