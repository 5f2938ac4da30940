"""Injects the active faults at the hooks of the service.

Each triggered fault is logged and published to the observers of the service. Use it in the service's own event loop.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import web

from local_azure.faults import ActiveFault, Fault, FaultRegistry, FaultTarget, InjectionPoint, format_fault
from local_azure.webpubsub.events import Event, HandlerResponse
from local_azure.webpubsub.faults.hooks import EventLost, FaultHooks
from local_azure.webpubsub.faults.rules import (
    ABNORMAL_CLOSURE,
    KINDS,
    Cut,
    Delay,
    Drop,
    Duplicate,
    FailRest,
    LoseDisconnected,
    Reorder,
    SlowRest,
)
from local_azure.webpubsub.hub import Connection, Transport
from local_azure.webpubsub.messages import Invoke, SendEvent
from local_azure.webpubsub.observations import FaultTriggered, Observations
from local_azure.webpubsub.protocols import InvalidFrame
from local_azure.webpubsub.rest.errors import RestError, error_response
from local_azure.webpubsub.rest.routing import find_operations
from local_azure.webpubsub.tokens import ClientToken, InvalidToken

log = logging.getLogger(__name__)

ERROR_CODE = "Error.InjectedFault"
CLOSE_TEXT = "Cut by a fault."


@dataclass(frozen=True, slots=True)
class _HeldEvent:
    """An event that waits until another one overtakes it."""

    fault: Reorder
    overtaken: asyncio.Event = field(default_factory=asyncio.Event)


class FaultInjector(FaultRegistry, FaultHooks):
    """The faults of a service: add and remove them here; the service calls the hooks."""

    kinds = KINDS

    def __init__(
        self,
        connections: Callable[[], Iterable[Connection]],
        observations: Observations,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connections` returns the service's connections, `clock` returns monotonic seconds."""
        super().__init__(clock)
        self._connections = connections
        self._observations = observations
        self._held: list[_HeldEvent] = []
        # By connection id: sockets that a fault has closed, from which frames may still be read.
        self._closed_sockets: dict[str, Transport] = {}

    # --- active faults -------------------------------------------------------------

    def add(self, fault: Fault | str) -> ActiveFault:
        """Make a fault active, given as a value or as a line of text; raises `InvalidFault` for a wrong line."""
        added = super().add(fault)
        if isinstance(added.fault, Cut) and added.fault.scope.event is None:
            self._close_open_sockets()
        return added

    def clear(self) -> None:
        """Remove every fault, and release events that are held back."""
        super().clear()
        for held in self._held:
            held.overtaken.set()

    # --- hooks ---------------------------------------------------------------------

    async def webhook(self, event: Event, send: Callable[[], Awaitable[HandlerResponse]]) -> HandlerResponse:
        """Send an event to its handler: late, never, again, or after the next event."""
        if not self._active_faults and not self._held:
            return await send()
        source = event.source
        target = FaultTarget(
            injection_point=InjectionPoint.WEBHOOK,
            hub=source.hub,
            user=source.user_id,
            connection=source.connection_id,
            event=event.name,
            is_system=event.is_system,
        )
        overtaken = [held for held in self._held if held.fault.applies(target)]
        copies = 0
        for active in self.trigger(target, event.type, except_kinds=(Reorder,) if overtaken else ()):
            match active.fault:
                case Drop() | LoseDisconnected():
                    raise EventLost
                case Delay(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Reorder() as fault:
                    await self._hold(fault)
                case Duplicate():
                    copies += active.fault.copies
        try:
            response = await send()
        finally:
            for held in overtaken:
                held.overtaken.set()
        await _send_copies(send, copies)
        return response

    async def rest(
        self, request: web.Request, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a REST call: late, or with an error."""
        target = _rest_target(request) if self._active_faults else None
        if target is None:
            return await handle(request)
        failure: FailRest | None = None
        for active in self.trigger(target, target.operation or ""):
            if isinstance(active.fault, SlowRest):
                await asyncio.sleep(active.fault.seconds)
            elif isinstance(active.fault, FailRest):
                failure = failure or active.fault
        if failure is None:
            return await handle(request)
        if failure.carried_out:
            await handle(request)
        return _error_response(failure.status)

    async def token(self, hub: str, read: Callable[[], ClientToken]) -> ClientToken:
        """Return a client's token; raises `InvalidToken` where a fault makes it expire."""
        token = read()
        target = FaultTarget(injection_point=InjectionPoint.TOKEN, hub=hub, user=token.user_id)
        if self._active_faults and self.trigger(target, "token"):
            raise InvalidToken("the token has expired (a fault)")
        return token

    async def recovery(self, connection: Connection) -> bool:
        """Return whether a client may recover its connection."""
        target = _client_target(connection, None, InjectionPoint.RECOVERY)
        return not (self._active_faults and self.trigger(target, "recovery"))

    async def frame(self, connection: Connection, frame: str | bytes) -> bool:
        """Return whether a client's frame is received; False when a fault has closed the client's socket."""
        if connection.id in self._closed_sockets and self._closed_sockets[connection.id] is connection.transport:
            return False
        if not self._active_faults:
            return True
        target = _client_target(connection, _event_name(connection, frame))
        return not self._close_if_triggered(connection, target)

    # --- what the faults do --------------------------------------------------------

    def trigger(
        self, target: FaultTarget, disturbed: str, *, except_kinds: tuple[type[Fault], ...] = ()
    ) -> list[ActiveFault]:
        """Return the faults that are triggered, after each was logged and published; `disturbed` names the target."""
        triggered = super().trigger(target, disturbed, except_kinds=except_kinds)
        if self._observations.active:
            for active in triggered:
                text = format_fault(active.fault)
                record = FaultTriggered(target.hub or "", target.connection, target.user, text, disturbed)
                self._observations.publish(record)
        return triggered

    async def _hold(self, fault: Reorder) -> None:
        held = _HeldEvent(fault)
        self._held.append(held)
        try:
            async with asyncio.timeout(fault.within_seconds):
                await held.overtaken.wait()
        except TimeoutError:
            log.info("no event overtook the one that was held back", extra={"fault": format_fault(fault)})
        finally:
            self._held.remove(held)

    def _close_open_sockets(self) -> None:
        for connection in list(self._connections()):
            transport = connection.transport
            if transport is not None and self._closed_sockets.get(connection.id) is not transport:
                self._close_if_triggered(connection, _client_target(connection, None))

    def _close_if_triggered(self, connection: Connection, target: FaultTarget) -> bool:
        triggered = self.trigger(target, "socket")
        transport = connection.transport
        if not triggered or transport is None:
            return False
        cut = next(active.fault for active in triggered if isinstance(active.fault, Cut))
        self._remove_ended_connections()
        self._closed_sockets[connection.id] = transport
        if cut.code == ABNORMAL_CLOSURE:
            transport.abort()
        else:
            transport.close(cut.code, CLOSE_TEXT)
        return True

    def _remove_ended_connections(self) -> None:
        existing = {connection.id for connection in self._connections()}
        self._closed_sockets = {
            connection_id: socket for connection_id, socket in self._closed_sockets.items() if connection_id in existing
        }


async def _send_copies(send: Callable[[], Awaitable[HandlerResponse]], copies: int) -> None:
    for _ in range(copies):
        try:
            await send()
        except Exception as error:
            log.info("a repeated event failed", extra={"reason": type(error).__name__})


def _error_response(status: int) -> web.StreamResponse:
    if status == HTTPStatus.UNAUTHORIZED:
        return web.Response(status=status)  # as the service answers a bad token: without a body
    return error_response(RestError(HTTPStatus(status), ERROR_CODE, "A fault was injected into this call."))


def _rest_target(request: web.Request) -> FaultTarget | None:
    """Return the target that a REST call is; None when it is not an operation on a hub."""
    try:
        match = find_operations(request.rel_url.raw_path.removesuffix("/"))
    except RestError:
        return None
    operation = match.operations.get(request.method) if match else None
    if match is None or operation is None:
        return None
    names = match.names
    return FaultTarget(
        injection_point=InjectionPoint.REST,
        hub=names["hub"].lower(),
        user=names.get("userId"),
        connection=names.get("connectionId"),
        operation=operation.name,
        group=names.get("group"),
    )


def _client_target(
    connection: Connection, event: str | None, injection_point: InjectionPoint = InjectionPoint.CLIENT
) -> FaultTarget:
    return FaultTarget(
        injection_point=injection_point,
        hub=connection.hub.name,
        user=connection.user_id,
        connection=connection.id,
        event=event,
    )


def _event_name(connection: Connection, frame: str | bytes) -> str | None:
    try:
        message = connection.codec.decode(frame)
    except InvalidFrame:
        return None
    return message.event if isinstance(message, SendEvent | Invoke) else None
