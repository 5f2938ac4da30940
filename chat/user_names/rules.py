"""What may a user be called? Names are shown beside other names, so nobody may look like somebody else.

In `open` mode people choose a name, and one that is not allowed is refused with the reason. The name that an identity
provider gives is cleaned instead.
"""

import unicodedata
from functools import lru_cache

from chat.errors import InvalidName
from chat.names import ERASED_USER, REMINDER_USER
from chat.user_names.scripts import find_mixture, has_too_many_marks, mixes_digits
from chat.user_names.skeletons import looks_like, name_keys
from chat.user_names.visibility import find_invisible, is_visible, needed_positions

USER_NAME_LENGTH = 64
# What speaks for the app, for who runs it, or for everybody; nobody may be called so, nor look like it.
RESERVED_NAMES = (
    *(REMINDER_USER, ERASED_USER, "system", "server", "service", "chat", "bot", "chatbot"),
    *("admin", "administrator", "moderator", "mod", "operator", "owner", "staff", "support", "official", "security"),
    *("everyone", "everybody", "here", "deleted", "nobody", "anonymous"),
)


@lru_cache(maxsize=1024)
def user_name(text: str) -> str:
    """Return the name that a text stands for, in Unicode normal form C; raises InvalidName with the reason.

    A name has at most 64 characters, each of which can be seen, letters of one script (Latin ones also beside Chinese,
    Japanese or Korean), single spaces inside it only, and does not look like a reserved name.
    """
    name = unicodedata.normalize("NFC", text)
    if problem := find_problem(name) or find_imitation(name):
        raise InvalidName(problem)
    return name


def find_problem(name: str) -> str | None:
    """Return why a name cannot be read, or None when it can."""
    if not name.strip():
        return "the name is empty"
    if len(name) > USER_NAME_LENGTH:
        return f"the name has {len(name)} characters, the limit is {USER_NAME_LENGTH}"
    if name != name.strip(" "):
        return "the name begins or ends with a space"
    if "  " in name:
        return "the name has two spaces in a row"
    if (char := find_invisible(name)) is not None:
        return f"the name has {describe(char)}, which cannot be seen or is not allowed in a name"
    if starts_with_mark(name):
        return "the name has a mark that stands on no letter"
    if has_too_many_marks(name):
        return "the name has over four marks on one letter, or the same one twice"
    if not any(unicodedata.category(char) in ("So", "Sc", "Sm") or char.isalnum() for char in name):
        return "the name has no letter, digit or symbol"
    return None


def find_imitation(name: str) -> str | None:
    """Return why a readable name may be taken for another one, or None."""
    if mixture := find_mixture(name):
        return f"the name mixes scripts: {describe(mixture[0])} with {describe(mixture[1])}"
    if mixes_digits(name):
        return "the name mixes digits of several number systems"
    if is_reserved(name):
        return f"the name {name!r} is reserved, or looks like a reserved one"
    return None


def is_reserved(name: str) -> bool:
    """Return whether a name is, or looks like, one of the reserved names."""
    return looks_like(name, _reserved_keys())


def clean_name(text: str) -> str:
    """Return what can be shown of a name that an identity provider gives, empty for nothing.

    A name that looks like a reserved one is not shown either. Letters of several scripts may be mixed: who signed in
    is known by an id.
    """
    spaced = unicodedata.normalize("NFC", "".join(" " if char.isspace() else char for char in text))
    needed = needed_positions(spaced)
    kept = "".join(char for position, char in enumerate(spaced) if position in needed or is_visible(char))
    short = " ".join(kept.split())[:USER_NAME_LENGTH].rstrip()
    for name in (short, "".join(char for char in short if is_visible(char))):
        if not find_problem(name):
            return "" if is_reserved(name) else name
    return ""


def starts_with_mark(name: str) -> bool:
    """Return whether a part of a name, at a space, begins with a mark."""
    return any(unicodedata.category(part[0])[0] == "M" for part in name.split(" ") if part)


def describe(char: str) -> str:
    """Return a character's number and, where it has one, its name."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


@lru_cache(maxsize=1)
def _reserved_keys() -> frozenset[str]:
    return frozenset(key for name in RESERVED_NAMES for key in name_keys(name))
