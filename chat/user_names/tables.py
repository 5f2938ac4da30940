"""Unicode's tables, as far as names need them; each is read from its file when it is first needed, and kept.

`tools/unicode_tables.py` makes the files in `tables/` from Unicode's own; each names its sources and their versions.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "tables"
LAST_TONE = 0x1F3FF
FIRST_TONE = 0x1F3FB


@dataclass(frozen=True, slots=True)
class RangeMap:
    """Which value does a code point have? Ranges that do not overlap, in order."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    values: tuple[str, ...]

    def get(self, char: str) -> str | None:
        """Return the character's value, or None without one."""
        point = ord(char)
        index = bisect_right(self.starts, point) - 1
        return self.values[index] if index >= 0 and point <= self.ends[index] else None


@dataclass(frozen=True, slots=True)
class Properties:
    """Each character's scripts (`Latn`, `Hira+Kana`; None where it is not assigned), default-ignorable characters
    and joining types (`joins-both`, `joins-next`, `joins-previous`, `joins-through`)."""

    scripts: RangeMap
    ignorable: RangeMap
    joining: RangeMap


@lru_cache(maxsize=1)
def read_confusables() -> dict[int, str]:
    """Return what each confusable character looks like, as `str.translate` takes it."""
    looks: dict[int, str] = {}
    for target, sources in _read_lines("confusables.txt"):
        text = "".join(chr(int(point, 16)) for point in target.split())
        looks |= dict.fromkeys([int(point, 16) for point in sources.split()], text)
    return looks


@lru_cache(maxsize=1)
def read_properties() -> Properties:
    """Return the properties of characters."""
    kinds: dict[str, list[tuple[int, int, str]]] = {"scripts": [], "ignorable": [], "joining": []}
    for name, ranges in _read_lines("properties.txt"):
        kind = "joining" if name.startswith("joins-") else name if name == "ignorable" else "scripts"
        for text in ranges.split():
            first, _, last = text.partition("-")
            kinds[kind].append((int(first, 16), int(last or first, 16), name))
    return Properties(**{kind: _range_map(ranges) for kind, ranges in kinds.items()})


@lru_cache(maxsize=1)
def read_emoji() -> frozenset[str]:
    """Return the emoji that have an invisible code point, with every skin tone as the first one.

    One that begins with `!` must have two different skin tones.
    """
    tone = chr(FIRST_TONE)
    return frozenset(
        ("!" if line[0] == "!" else "") + "".join(tone if each == "T" else chr(int(each, 16)) for each in points)
        for line in _read("emoji.txt")
        if (points := line.removeprefix("!").split())
    )


def _range_map(ranges: list[tuple[int, int, str]]) -> RangeMap:
    starts, ends, values = zip(*sorted(ranges), strict=True)
    return RangeMap(starts, ends, values)


def _read_lines(name: str) -> Iterator[tuple[str, str]]:
    for line in _read(name):
        key, _, points = line.partition(": ")
        yield key, points


def _read(name: str) -> list[str]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]
