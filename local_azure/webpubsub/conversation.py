"""What a connection's messages do: join, leave, publish, send events, acknowledge.

Everything is decided and carried out at once, except a user event: its handler is asked, and until it has answered the
client's next message waits.
"""

import logging
from collections.abc import Coroutine

from local_azure.webpubsub.event_handlers import EventFailed, EventHandlers
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.messages import (
    Ack,
    AckError,
    ClientMessage,
    GroupMessage,
    JoinGroup,
    LeaveGroup,
    Ping,
    Pong,
    SendEvent,
    SendToGroup,
    SequenceAck,
    ServerMessage,
)
from local_azure.webpubsub.roles import Permission

log = logging.getLogger(__name__)

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
INTERNAL_ERROR_TEXT = "Internal server error"
RAW_SEND_FORBIDDEN = "The connection is not authorized for raw sendToGroup mode."


def carry_out(
    connection: Connection, message: ClientMessage, handlers: EventHandlers
) -> Coroutine[None, None, None] | None:
    """Do what the client asks; for a user event, return the work that is left to wait for."""
    match message:
        case Ping():
            connection.send(Pong())
        case SequenceAck():
            if connection.replay is not None:
                connection.replay.acknowledge(message.sequence_id)
        case _ if message.ack_id is not None and message.ack_id in connection.acks:
            # Asked before the permission is: what was done once is not refused the second time.
            _answer(connection, message.ack_id, _duplicate(message.ack_id))
        case SendEvent():
            return _send_event(connection, message, handlers)
        case _:
            refusal = _change(connection, message)
            _answer(connection, message.ack_id, refusal)
    return None


def _change(connection: Connection, message: JoinGroup | LeaveGroup | SendToGroup) -> AckError | None:
    """Join, leave or publish, if that is allowed."""
    hub = connection.hub
    if isinstance(message, SendToGroup):
        if not connection.permissions.allows(Permission.SEND_TO_GROUP, message.group):
            return _forbidden(connection, f"send to group '{message.group}'")
        _publish(connection, message)
        return None
    joins = isinstance(message, JoinGroup)
    if not connection.permissions.allows(Permission.JOIN_LEAVE_GROUP, message.group):
        return _forbidden(connection, f"{'join' if joins else 'leave'} group '{message.group}'")
    if joins:
        hub.join(connection, message.group)
    else:
        hub.leave(connection, message.group)
    return None


def _publish(connection: Connection, message: SendToGroup) -> None:
    members = connection.hub.group_members(message.group)
    targets = (member for member in members if member is not connection) if message.no_echo else members
    published = GroupMessage(message.group, message.payload, connection.user_id)
    connection.hub.deliver(targets, published, ttl_seconds=message.ttl_seconds)


def _forbidden(connection: Connection, what: str) -> AckError:
    if not connection.is_pubsub:
        connection.hub.end(connection, RAW_SEND_FORBIDDEN, code=POLICY_VIOLATION, close_text=RAW_SEND_FORBIDDEN)
    return AckError("Forbidden", f"The client does not have permission to {what}.")


def _duplicate(ack_id: int) -> AckError:
    return AckError("Duplicate", f"Message with ack-id: {ack_id} has been processed")


def _answer(connection: Connection, ack_id: int | None, error: AckError | None) -> None:
    """Acknowledge a request that asked for it; only a success is remembered, so a refused one may be repeated."""
    if ack_id is None:
        return
    if error is None:
        connection.acks.remember(ack_id)
    connection.send(Ack(ack_id, error))


async def _send_event(connection: Connection, message: SendEvent, handlers: EventHandlers) -> None:
    try:
        reply = await handlers.user_event(connection.source, message.event, message.payload)
    except EventFailed:
        if connection.is_pubsub:
            _answer(connection, message.ack_id, AckError("InternalServerError", INTERNAL_ERROR_TEXT))
        else:
            connection.hub.end(connection, INTERNAL_ERROR_TEXT, code=INTERNAL_ERROR, close_text=INTERNAL_ERROR_TEXT)
        return
    if reply is not None and not connection.ended:
        connection.hub.deliver([connection], ServerMessage(reply))
    _answer(connection, message.ack_id, None)
