"""The hook for content: is a text accepted, replaced by another one, or refused, before anybody reads it?

Replace the body of `review` to decide; docs/moderation.md has examples. `chat/messages/review.py` calls it with a
deadline, and says what happens when it fails.
"""

from collections.abc import Awaitable
from enum import StrEnum

from chat.value_objects import value_object


class TextKind(StrEnum):
    """What a text is: a message, the new text of an edited message, what a reminder will say, or a room's title."""

    MESSAGE = "message"
    EDIT = "edit"
    REMINDER = "reminder"
    TITLE = "title"


@value_object
class TextContext:
    """Who wants to say a text, and in which room."""

    kind: TextKind
    user: str
    room: str


@value_object
class Accept:
    """The text is stored as it is."""


@value_object
class Replace:
    """Another text is stored in its place; it has the same limits."""

    text: str


@value_object
class Refuse:
    """Nothing is stored; the sender is told the reason."""

    reason: str


Decision = Accept | Replace | Refuse


def review(message: str, context: TextContext) -> Decision | Awaitable[Decision]:
    """Return what happens to a text. It must not block: where it waits, make it an `async def`."""
    return Accept()
