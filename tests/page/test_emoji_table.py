"""The tool that makes the table of emoji."""

from typing import Any

import pytest

from tools.emoji_table import TABLE, make_table

SMILE = {
    "hexcode": "1F600",
    "type": 1,
    "order": 2,
    "group": 0,
    "version": 1,
    "label": "grinning face",
    "tags": ["Grin"],
}
HEART = {"hexcode": "2764", "type": 0, "order": 1, "group": 0, "version": 0.6, "label": "red heart", "tags": ["red"]}
PART = {"hexcode": "1F3FB", "type": 1, "order": 3, "group": 2, "version": 1, "label": "light skin tone"}


def hand(*tones: int) -> dict[str, Any]:
    skins = [{"hexcode": f"1F44B-{0x1F3FA + tone:X}", "type": 1, "tone": tone} for tone in tones]
    about = {"hexcode": "1F44B", "type": 1, "order": 4, "group": 1, "version": 12.1, "label": "waving hand"}
    return about | {"tags": ["hi", "see you"], "skins": skins}


def test_the_table_has_groups_in_the_order_of_keyboards_and_each_emoji_as_unicode_writes_it() -> None:
    lines = make_table([hand(1, 2, 3, 4, 5), SMILE, HEART, PART], "package 1.0").splitlines()

    assert lines[3:] == [
        "# package 1.0",
        "@ Smileys & emotion",
        "❤\ufe0f\t\t\tred heart\t",
        "😀\t\t\tgrinning face\tgrin",
        "@ People & body",
        "👋\t👋🏻\t12.1\twaving hand\thi see you",
    ]
    assert lines[:3] == TABLE.read_text(encoding="utf-8").splitlines()[:3]


def test_an_emoji_that_lacks_a_skin_tone_is_an_error() -> None:
    with pytest.raises(ValueError, match="waving hand"):
        make_table([hand(1, 2)], "package 1.0")
