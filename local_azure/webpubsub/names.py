"""The rules for names of hubs, groups, users and events.

They come from the 2024-12-01 API description; the rule for events from the official emulator.
"""

import re

MAX_GROUP_CHARACTERS = 1024

_HUB = re.compile(r"[A-Za-z][A-Za-z0-9_`,.\[\]]{0,127}")
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")


class InvalidName(ValueError):
    """A name that the service does not allow; the text says which kind and why."""


def is_unicode(text: str) -> bool:
    """Return whether the text can be encoded as UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def hub_key(name: str) -> str:
    """Return the hub's name in lower case, the form that identifies it; raises `InvalidName`."""
    if not _HUB.fullmatch(name):
        raise InvalidName(
            f"hub name has {len(name)} characters; it must be a letter and then at most 127 of "
            "letters, digits and _`,.[]"
        )
    return name.lower()


def is_group_name(name: str) -> bool:
    """Return whether a group may have this name: 1 to 1024 characters of one line, not all white space."""
    return 0 < len(name) <= MAX_GROUP_CHARACTERS and not name.isspace() and "\n" not in name and is_unicode(name)


def is_event_name(name: str) -> bool:
    """Return whether a client may send an event of this name: a letter, then at most 127 of letters, digits and _.-"""
    return _EVENT.fullmatch(name) is not None


def is_id(value: str) -> bool:
    """Return whether the text may be a user id or a connection id: anything that is not blank."""
    return bool(value.strip()) and is_unicode(value)
