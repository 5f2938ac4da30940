"""An act of moderation: an entry of the room's log, told to everybody in the room who speaks a PubSub subprotocol."""

from chat.errors import NotInRoom
from chat.handler_context import Services
from chat.message_ids import new_act_id
from chat.names import rich_group
from chat.room_log.append_plan import Moderated
from chat.room_log.entry_frames import moderation_frame
from chat.room_log.moderation_acts import Act, Moderate, Moderation
from chat.webhook.events import UserEvent


def is_from_outside(moderation: Moderation, user: str) -> bool:
    """Return whether an act is one of somebody who is not in the room, or is about to be."""
    is_declined = moderation.act is Act.UNINVITE and moderation.whom == user
    return is_declined or moderation.act in (Act.CREATE, Act.ACCEPT)


async def carry_out(
    event: UserEvent,
    room: str,
    moderation: Moderation,
    services: Services,
    *,
    client_id: str | None = None,
    digest: str = "",
    act_id: str | None = None,
) -> Moderated:
    """Store an act, then publish exactly what was stored; the same act sent again is found in the log.

    `act_id` takes the place of the id that follows from the event. Raises NotInRoom, what the room's rules refuse,
    StorageUnavailable (nothing was published) or ServiceUnavailable (it is stored, and was perhaps not published).
    """
    moderated = await store_act(event, room, moderation, services, client_id=client_id, digest=digest, act_id=act_id)
    await publish_act(room, moderated, services)
    return moderated


async def store_act(
    event: UserEvent,
    room: str,
    moderation: Moderation,
    services: Services,
    *,
    client_id: str | None = None,
    digest: str = "",
    act_id: str | None = None,
) -> Moderated:
    """Return an act once it is in the log; raises NotInRoom, what the room's rules refuse, or StorageUnavailable."""
    is_outside = is_from_outside(moderation, event.sender)
    if not is_outside and room not in event.origin.state.rooms:
        raise NotInRoom(room)
    request = Moderate(
        id=act_id or new_act_id(event.sender, event.origin.connection_id, event.origin.event_id, client_id),
        user=event.sender,
        moderation=moderation,
        admin=services.settings.is_admin(event.sender),
        is_whom_admin=services.settings.is_admin(moderation.whom),
        digest=digest,
        client_id=client_id,
        joined_seq=None if is_outside else event.joined_seq(room),
    )
    return await services.moderate(room, request)


async def publish_act(room: str, moderated: Moderated, services: Services) -> None:
    """Tell the room of an act that is in its log; raises ServiceUnavailable."""
    entry = moderated.entry
    if entry is not None and entry.moderation is not None:
        frame = await services.profiles.add_names(moderation_frame(room, entry, entry.moderation))
        await services.gateway.publish(rich_group(room), frame)
