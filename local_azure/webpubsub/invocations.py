"""Invocations: requests of a client to the event handler, each with exactly one answer.

An invocation does not hold up the frames that follow it, so several may be pending, and a client can cancel each. Its
request to the handler is that of a user event. No public text describes that request; the names of errors are ours too.
"""

import asyncio
import logging

from local_azure.webpubsub.event_handlers import EventFailed, EventHandlers, NoHandler
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.messages import AckError, CancelInvocation, DataType, Invoke, InvokeResponse, Payload
from local_azure.webpubsub.pending_invocations import PendingInvocations
from local_azure.webpubsub.protocols.codec import INVALID_PAYLOAD
from local_azure.webpubsub.settings import Settings

log = logging.getLogger(__name__)

BAD_REQUEST = "BadRequest"
TOO_MANY_REQUESTS = "TooManyRequests"
NO_HANDLER = AckError("NotFound", "No event handler is configured for the event.")
FAILED = AckError("InternalServerError", "The event handler failed.")
_REFUSALS = {
    400: AckError(BAD_REQUEST, "The event handler refused the request."),
    401: AckError("Forbidden", "The event handler did not allow the request."),
    403: AckError("Forbidden", "The event handler did not allow the request."),
    404: AckError("NotFound", "The event handler did not find what was asked for."),
}


class Invocations:
    """Carries out the invocations of all connections; their tasks belong to this object."""

    def __init__(self, settings: Settings, handlers: EventHandlers) -> None:
        self._settings = settings
        self._handlers = handlers
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, connection: Connection, message: Invoke | CancelInvocation) -> None:
        """Begin an invocation or cancel one; where the hub has none, the frame closes its connection with 1007."""
        if not self._settings.hub(connection.hub.name).invocations:
            reason = connection.codec.invalid_message
            connection.hub.end(connection, reason, code=INVALID_PAYLOAD, close_text=reason)
        elif isinstance(message, Invoke):
            self._begin(connection, message)
        elif connection.invocations is not None:
            connection.invocations.cancel(message.invocation_id)

    async def close(self) -> None:
        """Wait for the tasks of connections that have ended; each was cancelled with its connection."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, connection: Connection, message: Invoke) -> None:
        pending = connection.invocations
        if pending is None:
            pending = connection.invocations = PendingInvocations()
        size = len(message.invocation_id) + len(message.payload.data)
        error = self._refusal(pending, message.invocation_id, size)
        if error is not None:
            connection.send(InvokeResponse(message.invocation_id, error=error))
            return
        task = asyncio.create_task(self._carry_out(connection, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        pending.add(message.invocation_id, task, size)

    def _refusal(self, pending: PendingInvocations, invocation_id: str, size: int) -> AckError | None:
        limits = self._settings.limits
        if invocation_id in pending:
            return AckError(BAD_REQUEST, "An invocation with this id is pending.")
        if len(pending) >= limits.pending_invocations:
            text = f"{len(pending)} invocations are pending, the limit is {limits.pending_invocations}."
            return AckError(TOO_MANY_REQUESTS, text)
        if pending.size + size > limits.pending_invocation_bytes:
            text = f"Pending invocations would have {pending.size + size} bytes, the limit is "
            return AckError(TOO_MANY_REQUESTS, f"{text}{limits.pending_invocation_bytes}.")
        return None

    async def _carry_out(self, connection: Connection, message: Invoke) -> None:
        try:
            reply = await self._handlers.invocation(connection.source, message.event, message.payload)
            response = _success(message.invocation_id, reply)
        except EventFailed as error:
            response = InvokeResponse(message.invocation_id, error=_error(error))
        except Exception:
            log.exception("invocation failed", extra={"connection": connection.id, "event": message.event})
            response = InvokeResponse(message.invocation_id, error=FAILED)
        connection.send(response)


def _success(invocation_id: str, reply: Payload | None) -> InvokeResponse:
    """Return the answer; an empty body and a JSON null are no payload: the JavaScript client drops a null."""
    if reply is None:
        return InvokeResponse(invocation_id)
    is_null = reply.data_type is DataType.JSON and reply.data.strip() == b"null"
    payload = reply if reply.data and not is_null else None
    return InvokeResponse(invocation_id, payload, reply.metadata)


def _error(error: EventFailed) -> AckError:
    if isinstance(error, NoHandler):
        return NO_HANDLER
    return FAILED if error.status is None else _REFUSALS.get(error.status, FAILED)
