"""Are letters of several scripts mixed? By Unicode Technical Standard #39, sections 5.1 to 5.4.

A name may be written in one script, with digits, punctuation and emoji; Latin letters may stand beside Chinese,
Japanese or Korean ones ("highly restrictive"). That is as far as names in use go; other mixtures mostly imitate.
"""

import unicodedata
from functools import reduce

from chat.user_names.tables import read_properties

COMMON = frozenset({"Zyyy", "Zinh"})
# Han characters belong to three ways of writing, kana to one of them, and so on (section 5.1).
AUGMENTED = {
    "Hani": ("Hanb", "Jpan", "Kore"),
    "Hira": ("Jpan",),
    "Kana": ("Jpan",),
    "Hang": ("Kore",),
    "Bopo": ("Hanb",),
}
BESIDE_LATIN = ("Hanb", "Jpan", "Kore")
# Section 5.4: more marks on one letter, or the same one twice, cannot be told apart.
MAX_MARKS = 4


def scripts_of(char: str) -> frozenset[str] | None:
    """Return the scripts and ways of writing that use a character, or None where it is used with all of them."""
    names = frozenset((read_properties().scripts.get(char) or "Zyyy").split("+"))
    if names & COMMON:
        return None
    return names.union(*(AUGMENTED.get(name, ()) for name in names))


def find_mixture(name: str) -> tuple[str, str] | None:
    """Return two characters of a name that must not stand together, or None when all may."""
    known = [(char, scripts) for char in name if (scripts := scripts_of(char)) is not None]
    if not known or reduce(frozenset.intersection, [scripts for _, scripts in known]):
        return None
    for way in BESIDE_LATIN:
        if all(way in scripts or "Latn" in scripts for _, scripts in known):
            return None
    shared = known[0][1]
    for char, scripts in known:
        if not shared & scripts:
            return known[0][0], char
        shared &= scripts
    return known[0][0], known[-1][0]


def mixes_digits(name: str) -> bool:
    """Return whether a name has digits of several number systems."""
    zeros = {ord(char) - unicodedata.decimal(char) for char in name if unicodedata.category(char) == "Nd"}
    return len(zeros) > 1


def has_too_many_marks(name: str) -> bool:
    """Return whether a letter has over four marks without a width of their own, or the same one twice."""
    marks: list[str] = []
    for char in unicodedata.normalize("NFD", name):
        if unicodedata.category(char) not in ("Mn", "Me"):
            marks = []
            continue
        if char in marks or len(marks) == MAX_MARKS:
            return True
        marks.append(char)
    return False
