"""Makes the tables in `chat/user_names/tables/` from Unicode's own data files.

    python -m tools.unicode_tables /usr/share/unicode --confusables confusables.txt

The first folder is the Unicode Character Database with its folders `emoji` and `extracted`, as the Debian package
`unicode-data` has it. `confusables.txt` belongs to Unicode Technical Standard #39 (unicode.org/Public/security). Each
table names the files that it was made from, with their versions.
"""

import argparse
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

TABLES = Path(__file__).resolve().parents[1] / "chat" / "user_names" / "tables"
SKIN_TONES = range(0x1F3FB, 0x1F400)
TONE = "T"
INVISIBLE = (0x200D, 0xFE0F)  # the joiner and the emoji variation selector; tags are above E0000
COPYRIGHT = (
    "# © Unicode, Inc. Made from the files above by tools/unicode_tables.py; the terms of use are in LICENSE.txt."
)
# What a name is checked for needs these joining types only (ArabicShaping.txt).
JOINING_TYPES = {"D": "joins-both", "L": "joins-next", "R": "joins-previous", "T": "joins-through"}


def read_rows(file: Path) -> Iterator[list[str]]:
    """Yield the fields of each row of a Unicode data file."""
    for line in file.read_text(encoding="utf-8-sig").splitlines():
        if content := line.partition("#")[0].strip():
            yield [field.strip() for field in content.split(";")]


def parse_range(text: str) -> range:
    """Return the code points of `0041` or `0041..005A`."""
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def describe_source(file: Path) -> str:
    """Return a file's name with its version, as its first lines say it."""
    text = "".join(file.read_text(encoding="utf-8-sig").splitlines(keepends=True)[:12])
    found = re.search(r"-(\d+\.\d+\.\d+)\.txt|[Vv]ersion:? (\d+\.\d+(?:\.\d+)?)", text)
    if not found:
        raise ValueError(f"{file} does not name its version")
    return f"# {file.name} {found[1] or found[2]}"


def format_ranges(points: Iterable[int]) -> str:
    """Return code points as `41-5A 61`: ranges in hexadecimal, both ends included."""
    ranges: list[list[int]] = []
    for point in sorted(points):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return " ".join(f"{first:X}" if first == last else f"{first:X}-{last:X}" for first, last in ranges)


def make_confusables(file: Path) -> str:
    """Return the table of confusable characters: a target, then the code points that look like it."""
    sources: dict[str, list[int]] = {}
    for source, target, *_ in read_rows(file):
        sources.setdefault(" ".join(f"{int(point, 16):X}" for point in target.split()), []).append(int(source, 16))
    lines = [f"{target}: {' '.join(f'{point:X}' for point in sorted(found))}" for target, found in sources.items()]
    return as_table([file], sorted(lines, key=lambda line: [int(point, 16) for point in line.split(":")[0].split()]))


def make_properties(folder: Path) -> str:
    """Return the table of properties: a set of scripts, `ignorable` or a joining type, then its code points."""
    scripts, extensions = folder / "Scripts.txt", folder / "ScriptExtensions.txt"
    core, joining = folder / "DerivedCoreProperties.txt", folder / "extracted" / "DerivedJoiningType.txt"
    aliases = folder / "PropertyValueAliases.txt"
    short = {fields[2]: fields[1] for fields in read_rows(aliases) if fields[0] == "sc"}
    of_point: dict[int, str] = {}
    for points, script in read_rows(scripts):
        of_point |= dict.fromkeys(parse_range(points), short[script])
    for points, several in read_rows(extensions):
        of_point |= dict.fromkeys(parse_range(points), "+".join(sorted(several.split())))
    sets = group(of_point)
    ignorable = [parse_range(row[0]) for row in read_rows(core) if row[1] == "Default_Ignorable_Code_Point"]
    sets["ignorable"] = [point for points in ignorable for point in points]
    types = {
        point: JOINING_TYPES[kind]
        for points, kind in read_rows(joining)
        if kind in JOINING_TYPES
        for point in parse_range(points)
    }
    sets |= group(types)
    lines = [f"{name}: {format_ranges(points)}" for name, points in sorted(sets.items())]
    return as_table([scripts, extensions, core, joining], lines)


def group(values: Mapping[int, str]) -> dict[str, list[int]]:
    """Return the code points of each value."""
    grouped: dict[str, list[int]] = {}
    for point, value in values.items():
        grouped.setdefault(value, []).append(point)
    return grouped


def make_emoji(folder: Path) -> str:
    """Return the table of emoji that have an invisible code point; T stands for every skin tone.

    A line that begins with `!` has two different skin tones.
    """
    files = [folder / "emoji" / "emoji-sequences.txt", folder / "emoji" / "emoji-zwj-sequences.txt"]
    written = [row[0] for file in files for row in read_rows(file) if ".." not in row[0]]
    sequences = [tuple(int(point, 16) for point in text.split()) for text in written]
    invisible = [points for points in sequences if any(point in INVISIBLE or point > 0xE0000 for point in points)]
    tones: dict[str, set[tuple[int, ...]]] = {}
    for points in invisible:
        template = " ".join(TONE if point in SKIN_TONES else f"{point:X}" for point in points)
        tones.setdefault(template, set()).add(tuple(point for point in points if point in SKIN_TONES))
    return as_table(files, [f"{mark_of(found, template)}{template}" for template, found in sorted(tones.items())])


def mark_of(tones: set[tuple[int, ...]], template: str) -> str:
    """Return the mark of a template by the skin tones with which it exists; raises ValueError for any other set."""
    every = set(itertools.product(SKIN_TONES, repeat=template.split().count(TONE)))
    if tones == every:
        return ""
    if tones == {pair for pair in every if len(set(pair)) == 2}:
        return "!"
    raise ValueError(f"{template} exists with {len(tones)} combinations of skin tones")


def as_table(sources: Iterable[Path], lines: Iterable[str]) -> str:
    """Return a table's text, with its sources first."""
    return "\n".join([*map(describe_source, sources), COPYRIGHT, *lines, ""])


def make_tables(folder: Path, confusables: Path) -> dict[str, str]:
    """Return the text of each table by the name of its file."""
    return {
        "confusables.txt": make_confusables(confusables),
        "properties.txt": make_properties(folder),
        "emoji.txt": make_emoji(folder),
    }


def main() -> None:
    """Write the tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--confusables", type=Path, required=True)
    chosen = arguments.parse_args()
    TABLES.mkdir(exist_ok=True)
    for name, text in make_tables(chosen.folder, chosen.confusables).items():
        (TABLES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
