"""A text is reviewed before it is appended: with a deadline, and so that the log has the last word.

What `chat/moderation.py` decides is carried out here. A second delivery of what the log has already is answered from
the log, even if it would be replaced or refused by now.
"""

import asyncio
import traceback
from dataclasses import replace

from chat import moderation
from chat.errors import ChatError
from chat.handler_context import Services
from chat.logs import log
from chat.messages.mentions import find_mentioned
from chat.messages.parse import parse_text, parse_title
from chat.moderation import Accept, Decision, Refuse, Replace, TextContext, TextKind
from chat.room_log.append_plan import Appended
from chat.room_log.model import EditMessage, NewMessage
from chat.settings import Settings

REASON_LENGTH = 200
NOT_REVIEWED = "it could not be reviewed; send it again later"


class MessageRefused(ChatError):
    """The review refuses a text, or did not come in time; the message has the reason."""

    code = "message_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the message is refused: {reason[:REASON_LENGTH]}")


async def append_reviewed(room: str, request: NewMessage | EditMessage, services: Services) -> Appended:
    """Review the text of a request, find whom it mentions, then append it; return the entry that the log has of it.

    Raises MessageRefused, or what the log refuses it with.
    """
    kind = TextKind.MESSAGE if isinstance(request, NewMessage) else TextKind.EDIT
    try:
        text = await review_text(request.text, TextContext(kind, request.user, room), services.settings)
    except MessageRefused:
        if appended := await services.rooms.find(room, request.id):
            return appended
        raise
    request = request if text == request.text else replace(request, text=text)
    mentions = await find_mentioned(room, request, services.places, services.profiles)
    if mentions != request.mentions:
        request = replace(request, mentions=mentions)
    return await services.append(room, request)


async def review_title(value: object, user: str, room: str, settings: Settings) -> str:
    """Return the title that a room may have in place of the one asked for.

    Raises InvalidMessage, MessageRefused or NotConfigured.
    """
    title = parse_title(value)
    reviewed = await review_text(title, TextContext(TextKind.TITLE, user, room), settings)
    return title if reviewed == title else parse_title(reviewed)


async def review_text(text: str, context: TextContext, settings: Settings) -> str:
    """Return the text that may be said in its place; raises MessageRefused, or NotConfigured.

    A review that fails, is late, or returns a text over the limits, refuses; with `ChatReviewFailure=accept` the text
    is accepted as it is.
    """
    seconds = settings.review_seconds
    try:
        decision = moderation.review(text, context)
        if not isinstance(decision, Decision):  # it waits for something
            async with asyncio.timeout(seconds):
                decision = await decision
        if isinstance(decision, Accept):
            return text
        if isinstance(decision, Replace):
            return parse_text(decision.text, settings.message_bytes)
        if not isinstance(decision, Refuse):
            raise TypeError("review returned no decision")
    except Exception as problem:
        # Not the error's own text, which may hold the message.
        place = traceback.extract_tb(problem.__traceback__)[-1]
        fields = {"room": context.room, "user": context.user, "problem": type(problem).__name__}
        log.error("a text was not reviewed", extra=fields | {"at": f"{place.filename}:{place.lineno}"})
        if settings.accepts_unreviewed:
            return text
        raise MessageRefused(NOT_REVIEWED) from None
    raise MessageRefused(decision.reason)
