"""Which characters may a text have? What people type is shown to others, beside other texts."""

import re
import unicodedata

# Control characters (Cc) and halves of surrogate pairs (Cs); line feeds and tabs are allowed in texts.
_UNCLEAN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNCLEAN_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Marks that change the direction of the text after them.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_INVISIBLE_CATEGORIES = {"Cf", "Cc", "Mn"}
# Letters and symbols without a visible shape.
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_clean(text: str) -> bool:
    """Return whether the text has no control character and no half of a surrogate pair."""
    return not _UNCLEAN.search(text)


def is_clean_text(text: str) -> bool:
    """Return whether the text is clean, line feeds and tabs aside."""
    return not _UNCLEAN_IN_TEXT.search(text)


def is_blank(text: str) -> bool:
    """Return whether no character of the text can be seen."""
    return all(
        char.isspace() or char in _FILLERS or unicodedata.category(char) in _INVISIBLE_CATEGORIES for char in text
    )


def changes_direction(text: str) -> bool:
    """Return whether the text has a mark that changes the direction of the text after it."""
    return bool(_DIRECTION.search(text))


def decode_header(value: str) -> str:
    """Return a header's text: the service sends raw UTF-8, which some servers decode as Latin-1.

    Bytes that are no UTF-8, which Python's servers pass on as halves of surrogate pairs, are read as Latin-1.
    """
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raw = value.encode(errors="surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
