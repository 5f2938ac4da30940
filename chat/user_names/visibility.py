"""Can each character of a name be seen? Invisible ones are allowed only where the name reads differently without them.

The joiners between letters follow Unicode Standard Annex #31, section 2.3 (A1, A2 and B). In emoji the invisible code
points of exactly those sequences are allowed that Unicode recommends for interchange (RGI).
"""

import unicodedata

from chat.user_names.tables import FIRST_TONE, LAST_TONE, read_emoji, read_properties

ZERO_WIDTH_NON_JOINER = "\u200c"
ZERO_WIDTH_JOINER = "\u200d"
MAX_EMOJI_LENGTH = 15
VIRAMA = 9  # canonical combining class
# Characters without a shape for which Unicode has no property: an empty braille pattern, a joiner, a filler, an empty
# notehead, empty hieroglyphs, and the signs for an object and for bytes that are no text.
_WITHOUT_SHAPE = frozenset("\u2800\u2d7f\U00016fe4\U0001d159\U00013441\U00013442\ufffc\ufffd")
# Controls, formats, private use, halves of surrogate pairs, and what is not assigned.
_UNREADABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})


def is_visible(char: str) -> bool:
    """Return whether a character is assigned and has a shape, or is the space of ASCII."""
    if char.isascii():
        return char.isprintable()
    category, properties = unicodedata.category(char), read_properties()
    return not (
        category in _UNREADABLE
        or category in _SPACES
        or char in _WITHOUT_SHAPE
        or properties.ignorable.get(char)
        or properties.scripts.get(char) is None
    )


def find_invisible(text: str) -> str | None:
    """Return the first character that must not be there, as it cannot be seen, or None."""
    hidden = [position for position, char in enumerate(text) if not is_visible(char)]
    if not hidden:
        return None
    needed = needed_positions(text)
    return next((text[position] for position in hidden if position not in needed), None)


def needed_positions(text: str) -> set[int]:
    """Return the positions of all emoji that have invisible code points, and of the joiners that letters need."""
    needed: set[int] = set()
    position = 0
    while position < len(text):
        length = emoji_length(text, position)
        if length:
            needed.update(range(position, position + length))
        elif is_needed_joiner(text, position):
            needed.add(position)
        position += length or 1
    return needed


def emoji_length(text: str, start: int) -> int:
    """Return the length of the longest emoji with invisible code points that begins there, or 0."""
    known = read_emoji()
    for length in range(min(MAX_EMOJI_LENGTH, len(text) - start), 1, -1):
        part = text[start : start + length]
        tones = [char for char in part if FIRST_TONE <= ord(char) <= LAST_TONE]
        template = "".join(chr(FIRST_TONE) if char in tones else char for char in part)
        if template in known or (len(set(tones)) == 2 and f"!{template}" in known):
            return length
    return 0


def is_needed_joiner(text: str, position: int) -> bool:
    """Return whether a joiner changes how the letters beside it are written."""
    before, after = text[:position], text[position + 1 :]
    if text[position] == ZERO_WIDTH_NON_JOINER:
        return breaks_connection(before, after) or (follows_virama(before) and starts_with_letter(after))
    # A vowel sign after the joiner would be drawn as without it.
    return text[position] == ZERO_WIDTH_JOINER and follows_virama(before) and not starts_with_mark(after)


def breaks_connection(before: str, after: str) -> bool:
    """Return whether the letters on both sides would be connected without the joiner (rule A1)."""
    joining = read_properties().joining.get
    left = next((kind for char in reversed(before) if (kind := joining(char)) != "joins-through"), None)
    right = next((kind for char in after if (kind := joining(char)) != "joins-through"), None)
    return left in ("joins-both", "joins-next") and right in ("joins-both", "joins-previous")


def follows_virama(before: str) -> bool:
    """Return whether a letter with a virama, which joins it to the next one, comes before (rules A2 and B)."""
    marks = before
    while marks and unicodedata.category(marks[-1]) == "Mn" and unicodedata.combining(marks[-1]) not in (0, VIRAMA):
        marks = marks[:-1]
    if not marks or unicodedata.combining(marks[-1]) != VIRAMA:
        return False
    letter = marks[:-1]
    while letter and unicodedata.category(letter[-1])[0] == "M":
        letter = letter[:-1]
    return bool(letter) and unicodedata.category(letter[-1])[0] == "L"


def starts_with_letter(text: str) -> bool:
    """Return whether a letter comes next, marks aside."""
    rest = text
    while rest and unicodedata.category(rest[0]) == "Mn" and unicodedata.combining(rest[0]):
        rest = rest[1:]
    return bool(rest) and unicodedata.category(rest[0])[0] == "L"


def starts_with_mark(text: str) -> bool:
    """Return whether the next character is a mark, such as a vowel sign."""
    return bool(text) and unicodedata.category(text[0])[0] == "M"
