"""The fault seam with a switchboard behind it: asks which faults strike, and lets them happen.

Every strike is logged, and told to whoever observes the service. Use it in the service's own event loop.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from local_azure.webpubsub.fault_switchboard.grammar import fault_text, parse_fault
from local_azure.webpubsub.fault_switchboard.rules import (
    ABNORMAL_CLOSURE,
    Cut,
    Delay,
    Drop,
    Duplicate,
    FailRest,
    Fault,
    LoseDisconnected,
    Occasion,
    Reorder,
    Seam,
    SlowRest,
)
from local_azure.webpubsub.fault_switchboard.switchboard import Armed, Switchboard
from local_azure.webpubsub.faults import EventLost, Faults
from local_azure.webpubsub.hub import Connection, Transport
from local_azure.webpubsub.messages import SendEvent
from local_azure.webpubsub.observations import FaultStruck, Observations
from local_azure.webpubsub.protocols import InvalidFrame
from local_azure.webpubsub.rest.call import decoded_segments
from local_azure.webpubsub.rest.errors import RestError, error_response
from local_azure.webpubsub.rest.routing import find_operations
from local_azure.webpubsub.tokens import ClientToken, InvalidToken

if TYPE_CHECKING:
    from local_azure.webpubsub.event_handlers.answers import Answer
    from local_azure.webpubsub.event_handlers.requests import Event

log = logging.getLogger(__name__)

ERROR_CODE = "Error.InjectedFault"
CUT_TEXT = "Cut by a fault."


@dataclass(frozen=True, slots=True)
class _Held:
    """An event that waits to be overtaken."""

    fault: Reorder
    overtaken: asyncio.Event = field(default_factory=asyncio.Event)


class FaultSwitchboard(Faults):
    """Faults that are added, strike, and are over. A fault in this sense is one of `rules.KINDS`."""

    def __init__(
        self,
        connections: Callable[[], Iterable[Connection]],
        observations: Observations,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connections` returns the service's connections, `clock` tells monotonic seconds."""
        self._connections = connections
        self._observations = observations
        self._clock = clock
        self._board = Switchboard()
        self._held: list[_Held] = []
        self._cut: dict[str, Transport] = {}  # by connection id: sockets that were cut and may still be read

    # --- what is in force ----------------------------------------------------------

    def add(self, fault: Fault | str) -> Armed:
        """Put a fault in force, given as a value or as a line of text; raises `InvalidFault` for a wrong line."""
        fault = parse_fault(fault) if isinstance(fault, str) else fault
        armed = self._board.add(fault, self._clock())
        log.info("fault added", extra={"fault": fault_text(fault), "fault_id": armed.id})
        if isinstance(fault, Cut) and fault.scope.event is None:
            self._cut_open_sockets()
        return armed

    def remove(self, fault_id: str) -> bool:
        """Lift a fault; return whether it was in force."""
        return self._board.remove(fault_id)

    def clear(self) -> None:
        """Lift every fault, and let go of events that are held back."""
        self._board.clear()
        for held in self._held:
            held.overtaken.set()

    def in_force(self) -> list[Armed]:
        """Return the faults that may still strike, in the order in which they were added."""
        return self._board.in_force(self._clock())

    def seconds_left(self, armed: Armed) -> float | None:
        """Return for how long a fault stays in force; None when only its strikes are limited."""
        return armed.seconds_left(self._clock())

    # --- the seam ------------------------------------------------------------------

    async def webhook(self, event: "Event", send: Callable[[], Awaitable["Answer"]]) -> "Answer":
        """Tell the event handler: late, never, again, or after the next event."""
        if not self._board and not self._held:
            return await send()
        source = event.source
        occasion = Occasion(
            seam=Seam.WEBHOOK,
            hub=source.hub,
            user=source.user_id,
            connection=source.connection_id,
            event=event.name,
            is_system=event.is_system,
        )
        overtaken = [held for held in self._held if held.fault.applies(occasion)]
        copies = 0
        for armed in self._strike(occasion, event.type, spare=(Reorder,) if overtaken else ()):
            match armed.fault:
                case Drop() | LoseDisconnected():
                    raise EventLost
                case Delay(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Reorder() as fault:
                    await self._hold(fault)
                case Duplicate():
                    copies += armed.fault.copies
        try:
            answer = await send()
        finally:
            for held in overtaken:
                held.overtaken.set()
        await _repeat(send, copies)
        return answer

    async def rest(
        self, request: web.Request, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a REST call: late, or with an error."""
        occasion = _rest_occasion(request) if self._board else None
        if occasion is None:
            return await handle(request)
        failure: FailRest | None = None
        for armed in self._strike(occasion, occasion.operation or ""):
            if isinstance(armed.fault, SlowRest):
                await asyncio.sleep(armed.fault.seconds)
            elif isinstance(armed.fault, FailRest):
                failure = failure or armed.fault
        if failure is None:
            return await handle(request)
        if failure.carried_out:
            await handle(request)
        return _failed(failure.status)

    async def token(self, hub: str, read: Callable[[], ClientToken]) -> ClientToken:
        """Read a client's token; raises `InvalidToken` for one that is to have expired."""
        token = read()
        if self._board and self._strike(Occasion(seam=Seam.TOKEN, hub=hub, user=token.user_id), "token"):
            raise InvalidToken("the token has expired (a fault)")
        return token

    async def recovery(self, connection: Connection) -> bool:
        """Say whether a client may take up its connection again."""
        return not (self._board and self._strike(_client_occasion(connection, None, Seam.RECOVERY), "recovery"))

    async def frame(self, connection: Connection, frame: str | bytes) -> bool:
        """Say whether a client's frame arrives; it does not when the client's socket is cut."""
        if connection.id in self._cut and self._cut[connection.id] is connection.transport:
            return False
        if not self._board:
            return True
        occasion = _client_occasion(connection, _event_name(connection, frame))
        return not self._cut_if_struck(connection, occasion)

    # --- strikes -------------------------------------------------------------------

    def _strike(self, occasion: Occasion, struck: str, *, spare: tuple[type[Fault], ...] = ()) -> list[Armed]:
        """Return the faults that strike, after telling about each."""
        strikes = self._board.strike(occasion, self._clock(), spare=spare)
        for armed in strikes:
            text = fault_text(armed.fault)
            log.warning(
                "fault strikes",
                extra={
                    "fault": text,
                    "fault_id": armed.id,
                    "hub": occasion.hub,
                    "connection": occasion.connection,
                    "user": occasion.user,
                    "struck": struck,
                },
            )
            if self._observations.active:
                record = FaultStruck(occasion.hub, occasion.connection, occasion.user, text, struck)
                self._observations.publish(record)
        return strikes

    async def _hold(self, fault: Reorder) -> None:
        held = _Held(fault)
        self._held.append(held)
        try:
            async with asyncio.timeout(fault.within_seconds):
                await held.overtaken.wait()
        except TimeoutError:
            log.info("nothing overtook an event that was held back", extra={"fault": fault_text(fault)})
        finally:
            self._held.remove(held)

    def _cut_open_sockets(self) -> None:
        for connection in list(self._connections()):
            if connection.transport is not None and self._cut.get(connection.id) is not connection.transport:
                self._cut_if_struck(connection, _client_occasion(connection, None))

    def _cut_if_struck(self, connection: Connection, occasion: Occasion) -> bool:
        strikes = self._strike(occasion, "socket")
        transport = connection.transport
        if not strikes or transport is None:
            return False
        cut = next(armed.fault for armed in strikes if isinstance(armed.fault, Cut))
        self._forget_ended()
        self._cut[connection.id] = transport
        if cut.code == ABNORMAL_CLOSURE:
            transport.abort()
        else:
            transport.close(cut.code, CUT_TEXT)
        return True

    def _forget_ended(self) -> None:
        alive = {connection.id for connection in self._connections()}
        self._cut = {connection_id: socket for connection_id, socket in self._cut.items() if connection_id in alive}


async def _repeat(send: Callable[[], Awaitable["Answer"]], copies: int) -> None:
    for _ in range(copies):
        try:
            await send()
        except Exception as error:
            log.info("a repeated event failed", extra={"reason": type(error).__name__})


def _failed(status: int) -> web.StreamResponse:
    if status == HTTPStatus.UNAUTHORIZED:
        return web.Response(status=status)  # as the service answers a bad token: without a body
    return error_response(RestError(HTTPStatus(status), ERROR_CODE, "A fault was injected into this call."))


def _rest_occasion(request: web.Request) -> Occasion | None:
    """Return what a REST call is about; None when it is no operation on a hub."""
    try:
        match = find_operations(decoded_segments(request.rel_url.raw_path.removesuffix("/"))[1:])
    except RestError:
        return None
    operation = match.operations.get(request.method) if match else None
    if match is None or operation is None:
        return None
    names = match.names
    return Occasion(
        seam=Seam.REST,
        hub=names["hub"].lower(),
        user=names.get("userId"),
        connection=names.get("connectionId"),
        operation=operation.__name__,
        group=names.get("group"),
    )


def _client_occasion(connection: Connection, event: str | None, seam: Seam = Seam.CLIENT) -> Occasion:
    return Occasion(
        seam=seam,
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
    return message.event if isinstance(message, SendEvent) else None
