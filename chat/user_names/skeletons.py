"""Which names look alike? The skeletons of Unicode Technical Standard #39, "Unicode Security Mechanisms", section 4."""

import re
import unicodedata
from functools import lru_cache

from chat.user_names.tables import read_confusables, read_properties

# What does not tell two names apart: punctuation, spaces, symbols, and what is invisible.
_IGNORED_CATEGORIES = "PZSC"
# A dot above a letter that has one already cannot be seen.
_DOT_ABOVE = "\u0307"
# The table names small letters that look like a small capital M after the turned W.
_SMALL_CAPITAL_M = "\u028d"
# Letters in another shape that the tables do not count as confusable: small capitals, letters in boxes, flags.
_SHAPED = re.compile(
    r"(?:LATIN LETTER SMALL CAPITAL|(?:NEGATIVE )?(?:SQUARED|CIRCLED) LATIN CAPITAL LETTER"
    r"|REGIONAL INDICATOR SYMBOL LETTER) ([A-Z])"
)


def skeleton(text: str) -> str:
    """Return a text that all texts share which look like this one; it is for comparison only."""
    is_ignorable = read_properties().ignorable.get
    seen = "".join(char for char in unicodedata.normalize("NFD", text) if not is_ignorable(char))
    return unicodedata.normalize("NFD", seen.translate(read_confusables()))


@lru_cache(maxsize=4096)
def name_keys(name: str) -> tuple[str, ...]:
    """Return one or two texts, of which names that look alike share at least one.

    Names are compared without letter case, compatible forms, punctuation, spaces and symbols; one without letters and
    digits is compared as it is. There are two where the capital letters look like others than the small ones do: a
    name in Greek capitals may look like one in Latin capitals.
    """
    letters = "".join(filter(_tells_apart, name)) or name
    text = unicodedata.normalize("NFKC", letters)
    return tuple(dict.fromkeys(map(_name_key, (text, text.casefold()))))


def looks_like(name: str, keys: frozenset[str]) -> bool:
    """Return whether a name shares one of the keys.

    It is read in two further ways: small letters that look like small capitals as these, and without any sign, also
    those that may stand for a letter.
    """
    signless = "".join(char for char in name if unicodedata.category(char)[0] not in _IGNORED_CATEGORIES)
    text, bare = (unicodedata.normalize("NFKC", each) for each in (name, signless))
    forms = [text.upper(), bare, bare.upper()]
    return not keys.isdisjoint((*name_keys(name), *map(_name_key, forms)))


def _name_key(text: str) -> str:
    seen = _plain_letters(skeleton(_plain_letters(text)))
    folded = _plain_letters(skeleton(seen.casefold()))
    for letter in "ij":
        folded = folded.replace(letter + _DOT_ABOVE, letter)
    # A capital i, a small l and the digit 1 look alike.
    folded = folded.replace("i", "l")
    return "".join(filter(_tells_apart, folded)) or folded


@lru_cache(maxsize=4096)
def _tells_apart(char: str) -> bool:
    """Return whether a character tells names apart: all but signs, of which some look like a letter."""
    if unicodedata.category(char)[0] not in _IGNORED_CATEGORIES:
        return True
    seen = read_confusables().get(ord(char), "")
    if _SHAPED.fullmatch(unicodedata.name(char, "")) or (seen.isascii() and seen.isalnum()):
        return True
    return any(each.isalnum() for each in unicodedata.normalize("NFKC", char))


def _plain_letters(text: str) -> str:
    if text.isascii():
        return text
    return "".join(_plain_letter(char) for char in text)


@lru_cache(maxsize=4096)
def _plain_letter(char: str) -> str:
    if char == _SMALL_CAPITAL_M:
        return "rn"  # as the table has m
    shaped = _SHAPED.fullmatch(unicodedata.name(char, ""))
    return shaped[1].lower() if shaped else char
