"""Makes the table of emoji that people choose from, `static/panels/emoji.txt`, from the package `emojibase-data`.

    python -m tools.emoji_table package

The folder is that of the package (`npm pack emojibase-data`, unpacked): Unicode's list of emoji recommended for general
interchange (RGI), in the order of keyboards, with the names and keywords of CLDR. `static/panels/emoji-license.txt` has
the licences of both.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "static" / "panels" / "emoji.txt"
GROUPS = {
    0: "Smileys & emotion",
    1: "People & body",
    3: "Animals & nature",
    4: "Food & drink",
    5: "Travel & places",
    6: "Activities",
    7: "Objects",
    8: "Symbols",
    9: "Flags",
}
LIGHT, TONES = 1, range(1, 6)
FIRST_SKIN_TONE = 0x1F3FB
EMOJI_SELECTOR = 0xFE0F
TEXT = 0  # the package's type of what is text unless it is marked as an emoji
# Every browser that the page supports draws the emoji of earlier versions.
FIRST_NAMED_VERSION = 12
DESCRIPTION = """\
# A line for each emoji, under the name of its group. Its fields stand between tabs: the emoji; the emoji with the light
# skin tone, if it has skin tones; the version of Emoji that it came with, from 12 on; its name; words to find it by.
# © Unicode, Inc. Made from the package below by tools/emoji_table.py; the licences are in emoji-license.txt."""

Emoji = Mapping[str, Any]


def make_table(emoji: Iterable[Emoji], source: str) -> str:
    """Return the table's text; raises ValueError for an emoji whose skin tones do not follow from its light one."""
    listed = sorted((one for one in emoji if one.get("group") in GROUPS), key=lambda one: int(one["order"]))
    return "\n".join([DESCRIPTION, f"# {source}", *format_lines(listed), ""])


def format_lines(listed: Iterable[Emoji]) -> Iterator[str]:
    """Yield the line of each emoji, and the name of each group before its first one."""
    group = None
    for one in listed:
        if one["group"] != group:
            group = one["group"]
            yield f"@ {GROUPS[group]}"
        version = f"{one['version']:g}" if one["version"] >= FIRST_NAMED_VERSION else ""
        yield "\t".join([qualified(one), light_form(one), version, one["label"], " ".join(find_keywords(one))])


def qualified(one: Emoji) -> str:
    """Return the emoji as Unicode recommends it: a character that is text by itself is followed by a selector."""
    points = [int(point, 16) for point in one["hexcode"].split("-")]
    is_text = len(points) == 1 and one["type"] == TEXT
    return "".join(map(chr, [*points, EMOJI_SELECTOR] if is_text else points))


def light_form(one: Emoji) -> str:
    """Return the emoji with the light skin tone, empty where it has no tones; raises ValueError as `make_table`."""
    forms = {skin["tone"]: qualified(skin) for skin in one.get("skins", ()) if isinstance(skin["tone"], int)}
    light: str = forms.get(LIGHT, "")
    replaced = {tone: light.replace(chr(FIRST_SKIN_TONE), chr(FIRST_SKIN_TONE + tone - LIGHT)) for tone in TONES}
    if forms and replaced != forms:
        raise ValueError(f"{one['label']} has skin tones that are not its light form with another tone")
    return light


def find_keywords(one: Emoji) -> list[str]:
    """Return the words by which the emoji is found, without those of its name."""
    words = {word for tag in one.get("tags", ()) for word in tag.lower().split()}
    return sorted(words - set(one["label"].lower().replace(":", "").replace(",", "").split()))


def main() -> None:
    """Write the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("package", type=Path)
    package = arguments.parse_args().package
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    emoji = json.loads((package / "en" / "data.json").read_text(encoding="utf-8"))
    TABLE.write_text(make_table(emoji, f"{about['name']} {about['version']}"), encoding="utf-8")


if __name__ == "__main__":
    main()
