"""Message ids: every delivery of one event has the same id, and no two users have the same ids.

The service delivers at least once, and people send again after a lost connection. So an id derives from the sender and
the `clientId` that it gave, else from the connection and the event's id. Its first part follows from the sender alone.
"""

import hashlib
import re
from functools import cache, lru_cache

_OWNER_LENGTH, _REST_LENGTH = 12, 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # base32, which is 5 bits in each letter
_MESSAGE_ID = re.compile(rf"[a-z2-7]{{{_OWNER_LENGTH}}}-[a-z2-7]{{{_REST_LENGTH}}}")


def is_message_id(value: object) -> bool:
    """Return whether a value has the form of our message ids: 12 and 20 base32 letters with `-` between."""
    return isinstance(value, str) and _MESSAGE_ID.fullmatch(value) is not None


def new_message_id(sender: str, connection_id: str, event_id: str, client_id: str | None) -> str:
    """Return the id of the message that an event brings: the same for every delivery of the event."""
    if client_id is not None:
        return derived_id(sender, "client", client_id)
    return derived_id(sender, "event", connection_id, event_id)


def new_change_id(sender: str, connection_id: str, event_id: str, client_id: str | None) -> str:
    """Return the id of the change that an event brings: the same for every delivery of the event."""
    if client_id is not None:
        return derived_id(sender, "change", client_id)
    return derived_id(sender, "event", connection_id, event_id)


def new_act_id(sender: str, connection_id: str, event_id: str, client_id: str | None) -> str:
    """Return the id of the act of moderation that an event brings: never that of a message or of a change."""
    if client_id is not None:
        return derived_id(sender, "act", client_id)
    return derived_id(sender, "act", connection_id, event_id)


def derived_id(sender: str, *parts: str) -> str:
    """Return an id that belongs to the sender and follows from the parts alone."""
    return f"{owner_part(sender)}-{_digest((sender, *parts), _REST_LENGTH)}"


@lru_cache(maxsize=1024)
def owner_part(user: str) -> str:
    """Return the first part of the ids of all messages of the user."""
    return _digest(("owner", user), _OWNER_LENGTH)


def _digest(parts: tuple[str, ...], length: int) -> str:
    """Return the first letters of a digest in base32, an even number of them."""
    joined = "\0".join([f"{len(part)}:{part}" for part in parts])
    bits = 5 * length
    number = int.from_bytes(hashlib.sha256(joined.encode()).digest(), "big") >> (256 - bits)
    # `base64.b32encode` is written in Python too, and takes twice as long.
    pairs = _letter_pairs()
    return "".join([pairs[number >> shift & 1023] for shift in range(bits - 10, -1, -10)])


@cache
def _letter_pairs() -> list[str]:
    return [first + second for first in _LETTERS for second in _LETTERS]
