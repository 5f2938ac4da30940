"""The events of moderation: acts by whom the room's rules allow them, and what only moderators may read.

The log is first: an act is in force for every instance at the next request. Then whom it removes leaves the room's
groups. Both are done again when the act is sent again, so a removal that failed is repeated by whoever asked for it.
"""

import asyncio

from chat import frames
from chat.handler_context import Answer, Services
from chat.messages.parse import parse_client_id
from chat.names import room_name
from chat.room_log.audit_answers import audit_frame, rules_frame
from chat.room_log.moderation_acts import Act, Moderation
from chat.room_log.reader import parse_limit, parse_seq
from chat.rooms.act_fields import Fields, parse_act
from chat.rooms.acts import publish_act, store_act
from chat.rooms.removal import remove_from_room
from chat.webhook.events import UserEvent

REMOVING = frozenset({Act.KICK, Act.BAN})
# The events that are acts; each has the name of its act.
ACT_EVENTS = (
    *(Act.MUTE, Act.UNMUTE, Act.KICK, Act.BAN, Act.UNBAN),
    *(Act.CLOSE, Act.OPEN, Act.SLOW, Act.PIN, Act.UNPIN),
)


async def moderate_room(act: Act, event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Carry out an act of moderation that the fields of an event describe.

    Raises what is wrong with the fields, NotInRoom, what the room's rules refuse, UnknownMessage, StorageUnavailable
    (nothing was done), or ServiceUnavailable: it is in force, but was perhaps not published, or whom it removes is
    perhaps still sent what is said; to be sent again.
    """
    named = fields.get("room")
    room = event.joined_room(None if named is None else room_name(named))
    moderation = parse_act(act, fields, services.now)
    moderated = await store_act(event, room, moderation, services, client_id=parse_client_id(fields.get("clientId")))
    entry = moderated.entry
    # The stored act, where this one was carried out before with the same `clientId`.
    stored: Moderation = entry.moderation if entry and entry.moderation else moderation
    steps = [publish_act(room, moderated, services)]
    if stored.act in REMOVING:
        act_id, at = (entry.id, entry.at) if entry else (event.origin.event_id, services.now)
        removing = remove_from_room(room, stored.whom, services, moderation=stored, act_id=act_id, at=at)
        steps.append(removing)
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
    if entry is None:
        return Answer(frames.notice("nothing was changed: it is like that already", room))
    # A plain client is not told of acts.
    return Answer() if event.origin.is_rich else Answer(frames.notice("done", room))


async def answer_audit(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Answer a moderator with a page of the acts of a room, the newest first.

    Raises what is wrong with the fields, NotInRoom, what the room's rules refuse, or StorageUnavailable.
    """
    room = event.joined_room(room_name(fields.get("room")))
    before = None if fields.get("before") is None else parse_seq(fields["before"], "before")
    limit = parse_limit(fields.get("limit"))
    frame = await audit_frame(services.rooms, room, before, limit, services.moderating(event, room))
    return Answer(await services.profiles.add_names(frame))


async def answer_rules(event: UserEvent, fields: Fields, services: Services) -> Answer:
    """Answer a moderator with the rules of a room; raises as `answer_audit` does."""
    room = event.joined_room(room_name(fields.get("room")))
    frame = await rules_frame(services.rooms, room, services.now, services.moderating(event, room))
    return Answer(await services.profiles.add_names(frame))
