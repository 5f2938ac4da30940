"""Whom does a message mention? Users whose name stands after an `@` in its text, and who have the room in their list.

The client names the users that its sender picked, because names may have spaces, and under `easyauth` a name is no id.
What is typed without picking counts where it is exactly an id. The room's rules are asked when the message is appended.
"""

import asyncio
import re
import unicodedata
from collections.abc import Iterator

from chat.logs import or_none
from chat.presence.mentions import Mentions
from chat.presence.places import PlaceStore
from chat.presence.profiles import Profiles
from chat.room_log.append_plan import Appended
from chat.room_log.entry_frames import chat_line
from chat.room_log.model import EditMessage, NewMessage

MARK = "@"
# What one message may cost: one read of storage for each.
MAX_CANDIDATES = 20
_MARKED = re.compile(r"(?<![^\W_])(?<!@)@(\S{1,128})")
_END_OF_SENTENCE = ".,;:!?…)]}>\"'*_~`"
_WORD = re.compile(r"\w(?:[\w.-]*\w)?")


async def find_mentioned(
    room: str, request: NewMessage | EditMessage, places: PlaceStore, profiles: Profiles
) -> tuple[str, ...]:
    """Return the users (ids) that a request's text mentions, other than its sender: first those that were picked.

    Costs nothing for a text without `@`, else a read for each candidate. A user whose list of rooms cannot be read is
    left out.
    """
    if MARK not in request.text:
        return ()
    text = unicodedata.normalize("NFC", request.text)
    names = await profiles.read_names(request.mentions)
    picked = [user for user in request.mentions if is_named(text, user) or is_named(text, names.get(user, user))]
    typed = (user for user in typed_ids(text) if ":" in user or not profiles.has_names)
    candidates = [user for user in dict.fromkeys([*picked, *typed]) if user != request.user][:MAX_CANDIDATES]
    reads = (or_none(places.read(user, room), "a mention is unknown", room) for user in candidates)
    found = await asyncio.gather(*reads)
    return tuple(user for user, place in zip(candidates, found, strict=True) if place and place.is_listed)


def is_named(text: str, name: str) -> bool:
    """Return whether a text (in normal form C) has `@` and the name, and not only as the beginning of a longer name."""
    return re.search(rf"(?<![^\W_])(?<!@)@{re.escape(name)}(?![-_]*[^\W_])", text) is not None


def typed_ids(text: str) -> Iterator[str]:
    """Yield what may be meant as an id after each `@` of a text: up to the next space, and without the punctuation."""
    for match in _MARKED.finditer(text):
        marked = match[1]
        yield marked
        yield marked.rstrip(_END_OF_SENTENCE)
        if word := _WORD.match(marked):
            yield word[0]


async def publish_mentions(room: str, appended: Appended, mentions: Mentions) -> None:
    """Note a message with those whom it mentions, and remove it from those whom a change does not mention any more.

    Each is told. What storage or the service does not take is logged: the message says whom it mentions all the same.
    """
    message = appended.message
    if message.mentions:
        await mentions.add(chat_line(room, message), message.mentions)
    if appended.unmentioned:
        await mentions.remove(room, message.id, message.seq, appended.unmentioned)
