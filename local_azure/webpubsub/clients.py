"""The WebSocket endpoint: from a client's handshake to the end of its socket."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import uuid4

from aiohttp import web

from local_azure.webpubsub.acks import AckIds
from local_azure.webpubsub.conversation import INTERNAL_ERROR, INTERNAL_ERROR_TEXT, POLICY_VIOLATION, carry_out
from local_azure.webpubsub.event_handlers import EventHandlers
from local_azure.webpubsub.faults import Faults
from local_azure.webpubsub.handshake import (
    Admission,
    RecoveryRequest,
    Refused,
    admit,
    echoed_subprotocol,
    read_request,
)
from local_azure.webpubsub.hub import Connection, Hubs
from local_azure.webpubsub.messages import ClientMessage, Connected
from local_azure.webpubsub.observations import FrameReceived, HandshakeRefused, Observations, Opened
from local_azure.webpubsub.protocols import InvalidFrame
from local_azure.webpubsub.recovery import Recovery
from local_azure.webpubsub.replay import ReplayBuffer
from local_azure.webpubsub.roles import Permissions
from local_azure.webpubsub.settings import Settings
from local_azure.webpubsub.sockets import NORMAL_CLOSURE, Broken, Closed, Flusher, Socket, WebSocket
from local_azure.webpubsub.tokens import ClientToken, make_reconnection_token

log = logging.getLogger(__name__)

NOT_RECOVERED = "The connection could not be recovered."
CONNECTION_ENDED = "The connection ended."
FRAMES_IN_A_ROW = 16
LEFT_CHECK_SECONDS = 0.1

_T = TypeVar("_T")


class _ClientLeft(Exception):
    """The client dropped its socket before its handshake was answered."""


class Clients:
    """Serves `/client/hubs/{hub}` and the older `/client/?hub={hub}`."""

    def __init__(
        self,
        settings: Settings,
        hubs: Hubs,
        handlers: EventHandlers,
        recovery: Recovery,
        *,
        observations: Observations,
        faults: Callable[[], Faults],
    ) -> None:
        self._settings = settings
        self._hubs = hubs
        self._handlers = handlers
        self._recovery = recovery
        self._observations = observations
        self._faults = faults
        self._flusher = Flusher()
        self._serving: set[asyncio.Task[Any]] = set()
        self._sockets: set[Socket] = set()
        self._turns_away = False

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoint's routes."""
        return [
            web.get("/client/hubs/{hub:[^/]*}", self.serve, allow_head=False),
            web.get("/client/", self.serve, allow_head=False),
            web.get("/client", self.serve, allow_head=False),
        ]

    def turn_away(self) -> None:
        """Accept no client any more: handshakes are answered 503, also those that a handler is just deciding."""
        self._turns_away = True

    async def close(self, grace_seconds: float) -> None:
        """Wait until the clients, who have been told to go, are gone; drop those that take longer."""
        if self._serving:
            await asyncio.wait(self._serving, timeout=grace_seconds)
        for socket in self._sockets:
            socket.abort()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a handshake, and if it succeeds stay with the client until its socket is gone."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            return await self._serve(request)
        finally:
            self._serving.discard(task)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self._turns_away:
            return web.Response(status=503)
        hub = request.match_info.get("hub", request.query.get("hub", ""))
        self._observations.begin()
        try:
            wanted = await read_request(request, hub, self._settings, time.time(), self._read_token)
            if isinstance(wanted, RecoveryRequest):
                return await self._recover(request, wanted)
            admission = await _unless_client_leaves(request, admit(wanted, self._handlers))
            if self._turns_away:
                self._handlers.disconnected(admission.source, CONNECTION_ENDED)  # it was accepted
                return web.Response(status=503)
        except Refused as refused:
            if self._observations.active:
                record = HandshakeRefused(hub.lower(), refused.status, refused.reason or refused.text)
                self._observations.publish(record)
            return web.Response(status=refused.status, text=refused.text or None)
        except _ClientLeft:
            return web.Response(status=499)  # nobody reads it
        return await self._open(request, admission)

    async def _read_token(self, hub: str, read: Callable[[], ClientToken]) -> ClientToken:
        return await self._faults().token(hub, read)

    async def _open(self, request: web.Request, admission: Admission) -> web.StreamResponse:
        source = admission.source
        ws = self._websocket(source.hub, source.subprotocol)
        try:
            socket = await self._upgrade(request, ws)
        except OSError:
            # It was accepted, so its handler hears of its end.
            self._handlers.disconnected(source, CONNECTION_ENDED)
            return ws
        connection = self._connection(admission)
        hub = connection.hub
        connection.transport = socket
        hub.add(connection, admission.groups)
        if self._observations.active:
            opened = Opened(hub.name, connection.id, connection.user_id, connection.protocol, recovered=False)
            self._observations.publish(opened)
        connection.send(Connected(connection.id, connection.user_id, self._reconnection_token(connection)))
        self._handlers.connected(source)
        return await self._converse(connection, socket, ws)

    async def _recover(self, request: web.Request, wanted: RecoveryRequest) -> web.StreamResponse:
        hub = self._hubs.find(wanted.hub)
        connection = None if hub is None else self._recovery.find(hub, wanted.connection_id, wanted.token)
        if connection is not None and not await self._faults().recovery(connection):
            connection = None
        subprotocol = echoed_subprotocol(wanted.subprotocols) if connection is None else connection.protocol
        ws = self._websocket(wanted.hub, subprotocol)
        try:
            socket = await self._upgrade(request, ws)
        except OSError:
            return ws  # the client has left again; its connection waits on
        if connection is None or connection.ended:  # it may have expired during the upgrade
            return await self._turn_away(socket, ws)
        self._recovery.attach(connection, socket)
        return await self._converse(connection, socket, ws)

    async def _turn_away(self, socket: Socket, ws: WebSocket) -> WebSocket:
        """Tell the client that it cannot have its connection back, and wait until it knows."""
        socket.close(POLICY_VIOLATION, NOT_RECOVERED)
        try:
            while not isinstance(await socket.receive(), Closed | Broken):
                pass
        finally:
            await self._release(socket)
        return ws

    async def _converse(self, connection: Connection, socket: Socket, ws: WebSocket) -> WebSocket:
        """Do what the client says until it leaves or is closed; then settle what becomes of the connection."""
        try:
            last = await self._listen(connection, socket)
            self._settle(connection, socket, last)
        except Exception:
            log.exception("connection failed", extra={"hub": connection.hub.name, "connection": connection.id})
            connection.hub.end(connection, INTERNAL_ERROR_TEXT, code=INTERNAL_ERROR, close_text=INTERNAL_ERROR_TEXT)
            await socket.linger()
        finally:
            await self._release(socket)
        return ws

    async def _release(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        await socket.finish()

    async def _listen(self, connection: Connection, socket: Socket) -> Closed:
        """Carry out message after message; return how the socket ended."""
        in_a_row = 0
        while True:
            received = await socket.receive()
            if isinstance(received, Closed | Broken):
                self._observations.begin()  # the end is no consequence of the last message
            if isinstance(received, Closed):
                return received
            if isinstance(received, Broken):
                connection.hub.end(connection, received.text, code=received.code, close_text=received.text)
                await socket.linger()
                return Closed(received.code, received.text)
            if connection.transport is not socket:
                continue  # it was closed by us: wait for the client's close frame, whatever it still says
            message = await self._decoded(connection, received)
            work = None if message is None else carry_out(connection, message, self._handlers)
            if work is not None:
                await socket.while_open(work)
            in_a_row += 1
            if in_a_row >= FRAMES_IN_A_ROW:
                # A client with much to say must not keep the others from being read and written.
                in_a_row = 0
                await asyncio.sleep(0)

    async def _decoded(self, connection: Connection, frame: str | bytes) -> ClientMessage | None:
        self._observations.begin()
        if not await self._faults().frame(connection, frame):
            return None
        message: ClientMessage | None = None
        refused: InvalidFrame | None = None
        try:
            message = connection.codec.decode(frame)
        except InvalidFrame as error:
            refused = error
        if self._observations.active:
            hub = connection.hub.name
            self._observations.publish(FrameReceived(hub, connection.id, connection.user_id, frame, message))
        if refused is not None:
            connection.hub.end(connection, refused.reason, code=refused.close_code, close_text=refused.reason)
        return message

    def _settle(self, connection: Connection, socket: Socket, last: Closed) -> None:
        if connection.transport is not socket:
            return  # it has ended already, or has a newer socket
        if connection.replay is not None and last.code != NORMAL_CLOSURE:
            self._recovery.detach(connection)
        else:
            connection.hub.forget(connection, CONNECTION_ENDED if last.text is None else last.text)

    def _connection(self, admission: Admission) -> Connection:
        limits = self._settings.limits
        source = admission.source
        return Connection(
            self._hubs.hub(source.hub),
            source,
            admission.codec,
            permissions=Permissions(admission.roles),
            acks=AckIds(limits.remembered_ack_ids),
            replay=ReplayBuffer(limits.replay_messages, limits.replay_bytes) if admission.codec.reliable else None,
        )

    def _reconnection_token(self, connection: Connection) -> str | None:
        if connection.replay is None:
            return None
        return make_reconnection_token(
            self._settings.access_key,
            connection.id,
            now=time.time(),
            lifetime_seconds=self._settings.times.reconnection_token_seconds,
            token_id=uuid4().hex,
        )

    def _websocket(self, hub: str, subprotocol: str | None) -> WebSocket:
        # The longest allowed message is one byte below aiohttp's limit. Frames are shared by receivers, so they
        # are never compressed.
        ws = WebSocket(
            heartbeat=self._settings.hub(hub).keep_alive_seconds,
            max_msg_size=self._settings.limits.client_message_bytes + 1,
            compress=False,
            protocols=() if subprotocol is None else (subprotocol,),
        )
        if subprotocol is not None:  # aiohttp echoes what was offered; a handler or a recovery may differ
            ws.headers["Sec-WebSocket-Protocol"] = subprotocol
        return ws

    async def _upgrade(self, request: web.Request, ws: WebSocket) -> Socket:
        """Answer 101; raises `OSError` when the client has left."""
        await ws.prepare(request)
        limits = self._settings.limits
        socket = Socket(
            ws,
            request,
            self._flusher,
            max_messages=limits.outbound_messages,
            max_bytes=limits.outbound_bytes,
            drain_seconds=self._settings.times.close_drain_seconds,
        )
        self._sockets.add(socket)
        return socket


async def _unless_client_leaves(request: web.Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Return the work's result; if the client drops its socket before, cancel it and raise `_ClientLeft`."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LEFT_CHECK_SECONDS)
            if not task.done() and (request.transport is None or request.transport.is_closing()):
                raise _ClientLeft
        return task.result()
    finally:
        task.cancel()
