"""An act of moderation: an entry of the room's log, told to everybody in the room who speaks a PubSub subprotocol."""

from chat.errors import NotInRoom
from chat.handler_context import Services
from chat.message_ids import new_change_id
from chat.names import rich_group
from chat.room_log.append_plan import Moderated
from chat.room_log.entry_frames import moderation_frame
from chat.room_log.moderation_acts import Act, Moderate, Moderation
from chat.webhook.events import UserEvent

# What is asked for by somebody who is not in the room, or is about to be.
FROM_OUTSIDE = frozenset({Act.CREATE, Act.ACCEPT})


async def carry_out(
    event: UserEvent,
    room: str,
    moderation: Moderation,
    services: Services,
    *,
    client_id: str | None = None,
    digest: str = "",
) -> Moderated:
    """Store an act, then publish exactly what was stored; the same act sent again is found in the log.

    Raises NotInRoom, what the room's rules refuse, StorageUnavailable (nothing was published) or ServiceUnavailable (it
    is stored, and was perhaps not published).
    """
    is_outside = moderation.act in FROM_OUTSIDE
    if not is_outside and room not in event.origin.state.rooms:
        raise NotInRoom(room)
    request = Moderate(
        id=new_change_id(event.sender, event.origin.connection_id, event.origin.event_id, client_id),
        user=event.sender,
        moderation=moderation,
        admin=services.settings.is_admin(event.sender),
        digest=digest,
        client_id=client_id,
        joined_seq=None if is_outside else event.joined_seq(room),
    )
    moderated = await services.rooms.moderate(room, request)
    if moderated.entry is not None:
        stored = moderated.entry.moderation or moderation
        await services.gateway.publish(rich_group(room), moderation_frame(room, moderated.entry, stored))
    return moderated
