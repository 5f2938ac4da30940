"""Carries out the requests of a client: join, leave, publish, stream, send events, invoke, acknowledge.

Every request is carried out at once, except a user event: it is sent to its handler, and the client's next message
waits until the handler has responded. An invocation is begun at once, and nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Coroutine

from local_azure.webpubsub.event_handlers import EventFailed, EventHandlers
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.invocations import Invocations
from local_azure.webpubsub.messages import (
    Ack,
    AckError,
    CancelInvocation,
    ClientMessage,
    EndStream,
    GroupMessage,
    Invoke,
    JoinGroup,
    LeaveGroup,
    Ping,
    Pong,
    SendEvent,
    SendToGroup,
    SequenceAck,
    ServerMessage,
    StartStream,
    StreamData,
)
from local_azure.webpubsub.observations import Audience
from local_azure.webpubsub.roles import Permission
from local_azure.webpubsub.streams import OpenStreams

log = logging.getLogger(__name__)

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
INTERNAL_ERROR_TEXT = "Internal server error"
RAW_SEND_FORBIDDEN = "The connection is not authorized for raw sendToGroup mode."


def handle_message(
    connection: Connection,
    message: ClientMessage,
    handlers: EventHandlers,
    invocations: Invocations,
    streams: OpenStreams,
) -> Coroutine[None, None, None] | None:
    """Carry out what the client asks; for a user event, return the coroutine that sends it and has to be awaited."""
    match message:
        case Ping():
            connection.send(Pong())
        case SequenceAck():
            if connection.replay is not None:
                connection.replay.acknowledge(message.sequence_id)
        case Invoke() | CancelInvocation():
            invocations.handle(connection, message)
        case StartStream() | StreamData() | EndStream():
            streams.carry_out(connection, message)
        case _ if message.ack_id is not None and message.ack_id in connection.acks:
            # Checked before the permission: a request that has succeeded is not refused when it is repeated.
            _acknowledge(connection, message.ack_id, _duplicate_error(message.ack_id))
        case SendEvent():
            return _send_event(connection, message, handlers)
        case _:
            error = _change_group(connection, message)
            _acknowledge(connection, message.ack_id, error)
    return None


def _change_group(connection: Connection, message: JoinGroup | LeaveGroup | SendToGroup) -> AckError | None:
    """Join, leave or publish to a group, if the client may; return the error if it may not."""
    hub = connection.hub
    if isinstance(message, SendToGroup):
        if not connection.permissions.allows(Permission.SEND_TO_GROUP, message.group):
            return _refuse(connection, f"send to group '{message.group}'")
        _publish(connection, message)
        return None
    joins = isinstance(message, JoinGroup)
    if not connection.permissions.allows(Permission.JOIN_LEAVE_GROUP, message.group):
        return _refuse(connection, f"{'join' if joins else 'leave'} group '{message.group}'")
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


def _refuse(connection: Connection, what: str) -> AckError:
    """Return the error; a raw client, which gets no acks, is closed instead."""
    if not connection.is_pubsub:
        connection.hub.end(connection, RAW_SEND_FORBIDDEN, code=POLICY_VIOLATION, close_text=RAW_SEND_FORBIDDEN)
    return AckError("Forbidden", f"The client does not have permission to {what}.")


def _duplicate_error(ack_id: int) -> AckError:
    return AckError("Duplicate", f"Message with ack-id: {ack_id} has been processed")


def _acknowledge(connection: Connection, ack_id: int | None, error: AckError | None) -> None:
    """Acknowledge a request that has an ack id; only a success is stored, so a refused request may be repeated."""
    if ack_id is None:
        return
    if error is None:
        connection.acks.add(ack_id)
    ack = Ack(ack_id, error)
    if connection.ack_delay:
        asyncio.get_running_loop().call_later(connection.ack_delay, connection.send, ack)
    else:
        connection.send(ack)


async def _send_event(connection: Connection, message: SendEvent, handlers: EventHandlers) -> None:
    try:
        reply = await handlers.user_event(connection.source, message.event, message.payload)
    except EventFailed:
        if connection.is_pubsub:
            _acknowledge(connection, message.ack_id, AckError("InternalServerError", INTERNAL_ERROR_TEXT))
        else:
            connection.hub.end(connection, INTERNAL_ERROR_TEXT, code=INTERNAL_ERROR, close_text=INTERNAL_ERROR_TEXT)
        return
    if reply is not None and not connection.ended:
        audience = Audience("connection", connection.id)
        connection.hub.deliver([connection], ServerMessage(reply), audience=audience)
    _acknowledge(connection, message.ack_id, None)
