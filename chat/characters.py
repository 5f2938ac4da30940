"""Which characters can be read? What people type is shown to others, beside their names and in their lines."""

import re
import unicodedata

# Control characters (Cc) and halves of surrogate pairs (Cs); line feeds and tabs are the writer's.
_UNCLEAN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNCLEAN_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Marks that turn the direction of the text after them.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What nobody sees in a name, a separator of lines or paragraphs, and what stands for bytes that were no text. The
# joiners stay: names in some scripts, and some emoji, need them.
_UNSEEN = re.compile("[\u00ad\u180e\u200b\u2028\u2029\u2060-\u2064\ufeff\ufffd]")
_INVISIBLE = {"Cf", "Cc", "Mn"}
# Letters and symbols that are drawn as nothing.
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_clean(text: str) -> bool:
    """Return whether the text has no control character and no half of a surrogate pair."""
    return not _UNCLEAN.search(text)


def is_clean_text(text: str) -> bool:
    """Return whether the text is clean but for line feeds and tabs."""
    return not _UNCLEAN_IN_TEXT.search(text)


def is_blank(text: str) -> bool:
    """Return whether there is nothing to see in the text."""
    return all(char.isspace() or char in _FILLERS or unicodedata.category(char) in _INVISIBLE for char in text)


def turns_direction(text: str) -> bool:
    """Return whether the text holds a mark that turns the direction of what follows it."""
    return bool(_DIRECTION.search(text))


def is_readable_name(text: str) -> bool:
    """Return whether everything in a name can be seen, and nothing in it changes what stands beside it."""
    return is_clean(text) and not turns_direction(text) and not _UNSEEN.search(text)


def likeness(text: str) -> str:
    """Return what a name looks like, roughly: compatible forms, case and invisible characters make no difference."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char) not in _INVISIBLE)
