"""Which words does somebody search for, and does a text have them? Letter case and accents do not count.

A word is found where a word of the text begins with it. Chinese, Japanese, Thai and similar texts have no spaces
between words: what is written in these scripts is found wherever it stands. An emoji is a word of its own.
"""

import re
import reprlib
import unicodedata

from chat.errors import InvalidMessage

MAX_TEXT_LENGTH = 200
MAX_WORDS = 10
# The folded forms of so many characters are kept.
MAX_KEPT_CHARACTERS = 8192
_SYMBOLS = ("So", "Sc", "Sk")
# Thai, Lao, Myanmar, Khmer; kana; Chinese characters.
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


class _FoldedCharacters(dict[int, str]):
    """What `str.translate` writes in place of each character."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) < MAX_KEPT_CHARACTERS:
            self[code] = folded
        return folded


_FOLDED = _FoldedCharacters()


def fold_character(char: str) -> str:
    """Return a character as it is compared: without case and accents (NFKD), a space for what is in no word."""
    decomposed = unicodedata.normalize("NFKD", char.casefold())
    kept = (part for part in decomposed.casefold() if not unicodedata.combining(part))
    return "".join(map(_fold_part, kept))


def _fold_part(part: str) -> str:
    category = unicodedata.category(part)
    if part.isalnum() or (category.startswith("M") and not _is_variation(part)):
        return part
    if category in _SYMBOLS:
        return f" {part} "
    # Joiners, soft hyphens and variation selectors stand inside words.
    return "" if category == "Cf" or _is_variation(part) else " "


def _is_variation(part: str) -> bool:
    return "\ufe00" <= part <= "\ufe0f"


def fold_text(text: str) -> str:
    """Return a text as words are looked for in it: each of its words after a space."""
    return " " + text.translate(_FOLDED)


def parse_words(value: object) -> tuple[str, ...]:
    """Return the words of a search, each as it is compared; raises InvalidMessage."""
    if not isinstance(value, str):
        raise InvalidMessage(f"text is {reprlib.repr(value)}, it must be a string")
    if len(value) > MAX_TEXT_LENGTH:
        raise InvalidMessage(f"text has {len(value)} characters, the limit is {MAX_TEXT_LENGTH}")
    words = tuple(dict.fromkeys(fold_text(value).split()))
    if len(words) > MAX_WORDS:
        raise InvalidMessage(f"text has {len(words)} words, the limit is {MAX_WORDS}")
    return words


def search_patterns(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a folded text contains where it has all the words."""
    return tuple(word if _WITHOUT_SPACES.search(word) else f" {word}" for word in words)


def has_patterns(text: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a text, as it was written, has all the words of `search_patterns`."""
    folded = fold_text(text)
    return all(pattern in folded for pattern in patterns)
