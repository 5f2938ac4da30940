"""The WebSocket endpoint for clients, from the handshake to the end of the socket."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from uuid import uuid4

from aiohttp import web

from local_azure.meter.counters import CONNECTING, LEAVING, Cause
from local_azure.webpubsub.acknowledgements import AckIds, ReplayBuffer
from local_azure.webpubsub.client_requests import INTERNAL_ERROR, INTERNAL_ERROR_TEXT, POLICY_VIOLATION, handle_message
from local_azure.webpubsub.event_handlers import EventHandlers
from local_azure.webpubsub.faults.hooks import FaultHooks
from local_azure.webpubsub.handshake import (
    AcceptedConnection,
    ConnectionRequest,
    HandshakeError,
    RecoveryRequest,
    accept_connection,
    echoed_subprotocol,
    read_handshake,
)
from local_azure.webpubsub.hub import Connection, Hubs
from local_azure.webpubsub.invocations import Invocations
from local_azure.webpubsub.messages import ClientMessage, Connected, Invoke, SendEvent
from local_azure.webpubsub.observations import (
    ClientLeft,
    ConnectionOpened,
    FrameReceived,
    HandshakeReceived,
    HandshakeRefused,
    Observations,
)
from local_azure.webpubsub.protocols import InvalidFrame
from local_azure.webpubsub.recovery import Recovery
from local_azure.webpubsub.roles import Permissions
from local_azure.webpubsub.settings import Settings
from local_azure.webpubsub.sockets import NORMAL_CLOSURE, Closed, Flusher, ProtocolViolation, Socket, WebSocket
from local_azure.webpubsub.streams import OpenStreams
from local_azure.webpubsub.tokens import ClientToken, make_reconnection_token

log = logging.getLogger(__name__)

NOT_RECOVERED = "The connection could not be recovered."
CONNECTION_ENDED = "The connection ended."
MAX_CONSECUTIVE_FRAMES = 16
MAX_IGNORED_FRAMES = 1000
DISCONNECT_CHECK_SECONDS = 0.1
INVALID_FRAME = "invalid frame"

_T = TypeVar("_T")

# azure-messaging-webpubsubclient 1.1, synchronous: it begins to wait for an ack after it has sent the request, and does
# not notice one that came before. Then it stands still until its own limit, 30 s.
PYTHON_CLIENT = "azsdk-python-webpubsub-client/"
PYTHON_CLIENT_ACK_SECONDS = 0.005


class _ClientDisconnected(Exception):
    """The client dropped its socket before its handshake was answered."""


class Clients:
    """Serves `/client/hubs/{hub}` and the older `/client/?hub={hub}`."""

    def __init__(
        self,
        settings: Settings,
        hubs: Hubs,
        handlers: EventHandlers,
        recovery: Recovery,
        streams: OpenStreams,
        *,
        observations: Observations,
        faults: Callable[[], FaultHooks],
    ) -> None:
        self._settings = settings
        self._hubs = hubs
        self._handlers = handlers
        self._invocations = Invocations(settings, handlers)
        self._recovery = recovery
        self._streams = streams
        self._observations = observations
        self._faults = faults
        self._flusher = Flusher()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sockets: set[Socket] = set()
        self._is_stopping = False

    def routes(self) -> list[web.RouteDef]:
        """Return the endpoint's routes."""
        return [
            # In any letter case, with or without a slash at the end (official emulator).
            web.get("/{client:(?i:client)}/{hubs:(?i:hubs)}/{hub:[^/]*}{slash:/?}", self.serve, allow_head=False),
            web.get("/client/", self.serve, allow_head=False),
            web.get("/client", self.serve, allow_head=False),
        ]

    def stop_accepting(self) -> None:
        """Answer handshakes with 503 from now on, also those for which a handler has been asked already."""
        self._is_stopping = True

    async def close(self, grace_seconds: float) -> None:
        """Wait until the clients, whose connections were closed, have left; drop those that take longer."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        await self._invocations.close()
        for socket in self._sockets:
            socket.abort()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a handshake, and if it succeeds serve the client until its socket has ended."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await self._serve(request)
        finally:
            self._tasks.discard(task)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        # What only the handshake needs is in another method's frame: a connection may last for days.
        admitted = await self._admit(request)
        if isinstance(admitted, AcceptedConnection):
            return await self._open(request, admitted)
        if isinstance(admitted, RecoveryRequest):
            return await self._recover(request, admitted)
        return admitted

    async def _admit(self, request: web.Request) -> AcceptedConnection | RecoveryRequest | web.Response:
        """Return the new connection, what a client wants to recover, or the response that refuses it."""
        if self._is_stopping:
            return web.Response(status=503)
        hub = request.match_info.get("hub", request.query.get("hub", ""))
        self._observations.start_trace()
        self._observations.meter.begin_cause(CONNECTING)
        try:
            handshake = await read_handshake(request, hub, self._settings, time.time(), self._read_token)
            if isinstance(handshake, RecoveryRequest):
                return handshake
            self._observe_handshake(handshake)
            streams = self._settings.hub(hub).streams
            accepting = accept_connection(handshake, self._handlers, streams=streams)
            accepted = await _run_while_connected(request, accepting)
            if self._is_stopping:
                # The handler has accepted the connection, so it is notified of its end.
                self._handlers.disconnected(accepted.source, CONNECTION_ENDED)
                return web.Response(status=503)
        except HandshakeError as refusal:
            if self._observations.active:
                record = HandshakeRefused(hub.lower(), refusal.status, refusal.reason or refusal.text)
                self._observations.publish(record)
            return web.Response(status=refusal.status, text=refusal.text or None)
        except _ClientDisconnected:
            return web.Response(status=499)  # nobody receives it
        return accepted

    def _observe_handshake(self, handshake: ConnectionRequest) -> None:
        if self._observations.follows_receivers:
            token, connect = handshake.token, handshake.connect
            self._observations.publish_of_receiver(
                HandshakeReceived(handshake.hub, token.user_id, handshake.subprotocols, token.claims, connect.query)
            )

    async def _read_token(self, hub: str, read: Callable[[], ClientToken]) -> ClientToken:
        return await self._faults().token(hub, read)

    async def _open(self, request: web.Request, accepted: AcceptedConnection) -> web.StreamResponse:
        source = accepted.source
        ws = self._websocket(source.hub, source.subprotocol)
        try:
            socket = await self._upgrade(request, ws)
        except OSError:
            # The handler has accepted the connection, so it is notified of its end.
            self._handlers.disconnected(source, CONNECTION_ENDED)
            return ws
        connection = self._make_connection(accepted, self._ack_delay(request))
        hub = connection.hub
        connection.transport = socket
        # Before the first groups: `connected` is the first event of a connection, `joined` follows.
        self._handlers.connected(source)
        hub.add(connection, accepted.groups)
        if self._observations.active:
            opened = ConnectionOpened(hub.name, connection.id, connection.user_id, connection.protocol, recovered=False)
            self._observations.publish(opened)
        connection.send(self._connected(connection))
        return await self._serve_connection(connection, socket, ws)

    async def _recover(self, request: web.Request, recovery: RecoveryRequest) -> web.StreamResponse:
        hub = self._hubs.find(recovery.hub)
        connection = None if hub is None else self._recovery.find(hub, recovery.connection_id, recovery.token)
        if connection is not None and not await self._faults().recovery(connection):
            connection = None
        subprotocol = echoed_subprotocol(recovery.subprotocols) if connection is None else connection.protocol
        ws = self._websocket(recovery.hub, subprotocol)
        try:
            socket = await self._upgrade(request, ws)
        except OSError:
            return ws  # the client has left again; its connection still waits for it
        if connection is None or connection.ended:  # it may have expired during the upgrade
            return await self._refuse_recovery(socket, ws)
        # With streams, `connected` comes again: the JavaScript client does not go on with its streams without it.
        welcome = self._connected(connection) if self._settings.hub(connection.hub.name).streams else None
        self._recovery.attach(connection, socket, welcome)
        return await self._serve_connection(connection, socket, ws)

    async def _refuse_recovery(self, socket: Socket, ws: WebSocket) -> WebSocket:
        """Close the socket of a client whose connection cannot be recovered, and wait for its close frame."""
        socket.close(POLICY_VIOLATION, NOT_RECOVERED)
        try:
            while not isinstance(await socket.receive(), Closed | ProtocolViolation):
                pass
        finally:
            await self._release(socket)
        return ws

    async def _serve_connection(self, connection: Connection, socket: Socket, ws: WebSocket) -> WebSocket:
        """Carry out the client's messages until its socket has ended; then end or detach the connection."""
        try:
            end = await self._receive_messages(connection, socket)
            self._end_or_detach(connection, socket, end)
        except Exception as error:
            _end_failed(connection, error)
            await socket.wait_for_client_close()
        finally:
            await self._release(socket)
        return ws

    async def _release(self, socket: Socket) -> None:
        self._sockets.discard(socket)
        await socket.release()

    async def _receive_messages(self, connection: Connection, socket: Socket) -> Closed:
        """Carry out message after message; return how the socket ended."""
        consecutive = ignored = 0
        while True:
            received = await socket.receive()
            if isinstance(received, Closed | ProtocolViolation):
                self._observations.start_trace()  # the end is not an effect of the last message
                self._observations.meter.begin_cause(LEAVING)
            if isinstance(received, Closed):
                return received
            if isinstance(received, ProtocolViolation):
                connection.hub.end(connection, received.text, code=received.code, close_text=received.text)
                await socket.wait_for_client_close()
                return Closed(received.code, received.text)
            if connection.transport is not socket:
                # Closed by the service: what comes before the client's close frame is ignored. Who goes on sending is
                # not read any more, and is dropped when the time to answer is over.
                ignored += 1
                if ignored >= MAX_IGNORED_FRAMES:
                    await socket.wait_until_dropped()
                continue
            message = await self._decode(connection, received)
            event = None if message is None else self._carry_out(connection, message)
            if event is not None:
                socket.start(self._run_event(connection, event))
            consecutive += 1
            if consecutive >= MAX_CONSECUTIVE_FRAMES:
                # Yield: a client that sends many frames must not delay the other clients.
                consecutive = 0
                await asyncio.sleep(0)

    def _carry_out(self, connection: Connection, message: ClientMessage) -> Coroutine[None, None, None] | None:
        return handle_message(connection, message, self._handlers, self._invocations, self._streams)

    async def _run_event(self, connection: Connection, event: Coroutine[None, None, None]) -> None:
        """Send a user event; a failure ends the connection at once, not when the client sends the next message."""
        try:
            await event
        except Exception as error:
            _end_failed(connection, error)

    async def _decode(self, connection: Connection, frame: str | bytes) -> ClientMessage | None:
        self._observations.start_trace()
        if not await self._faults().frame(connection, frame):
            return None
        message: ClientMessage | None = None
        invalid: InvalidFrame | None = None
        try:
            message = connection.codec.decode(frame)
        except InvalidFrame as error:
            invalid = error
        self._observations.meter.begin_cause(_cause(message))
        if self._observations.active:
            hub = connection.hub.name
            self._observations.publish(FrameReceived(hub, connection.id, connection.user_id, frame, message))
        if invalid is not None:
            connection.hub.end(connection, invalid.reason, code=invalid.close_code, close_text=invalid.reason)
        return message

    def _end_or_detach(self, connection: Connection, socket: Socket, end: Closed) -> None:
        if connection.transport is not socket:
            return  # it has ended already, or has a newer socket
        if self._observations.follows_receivers:
            left = ClientLeft(connection.hub.name, connection.id, connection.user_id, end.code)
            self._observations.publish_of_receiver(left)
        if connection.replay is not None and end.code != NORMAL_CLOSURE:
            self._recovery.detach(connection)
        else:
            connection.hub.remove(connection, CONNECTION_ENDED if end.text is None else end.text)

    def _ack_delay(self, request: web.Request) -> float:
        """Return how many seconds the acks of this client wait."""
        configured = self._settings.times.ack_delay_seconds
        if configured is not None:
            return configured
        return PYTHON_CLIENT_ACK_SECONDS if PYTHON_CLIENT in request.headers.get("User-Agent", "") else 0.0

    def _make_connection(self, accepted: AcceptedConnection, ack_delay: float) -> Connection:
        limits = self._settings.limits
        source = accepted.source
        return Connection(
            self._hubs.hub(source.hub),
            source,
            accepted.codec,
            permissions=Permissions(accepted.roles),
            acks=AckIds(limits.remembered_ack_ids),
            replay=ReplayBuffer(limits.replay_messages, limits.replay_bytes) if accepted.codec.reliable else None,
            ack_delay=ack_delay,
        )

    def _connected(self, connection: Connection) -> Connected:
        return Connected(connection.id, connection.user_id, self._reconnection_token(connection))

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
        if subprotocol is not None:  # aiohttp only accepts an offered one; a handler may choose another
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


def _end_failed(connection: Connection, error: Exception) -> None:
    fields = {"hub": connection.hub.name, "connection": connection.id}
    log.error("connection failed", exc_info=error, extra=fields)
    connection.hub.end(connection, INTERNAL_ERROR_TEXT, code=INTERNAL_ERROR, close_text=INTERNAL_ERROR_TEXT)


def _cause(message: ClientMessage | None) -> Cause:
    """Return under which name the bill of what follows from a message is counted."""
    if isinstance(message, SendEvent):
        return f"event {message.event}"
    if isinstance(message, Invoke):
        return f"invoke {message.event}"
    return INVALID_FRAME if message is None else type(message)


async def _run_while_connected(request: web.Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Return the work's result; if the client disconnects before, cancel the work and raise `_ClientDisconnected`."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=DISCONNECT_CHECK_SECONDS)
            if not task.done() and (request.transport is None or request.transport.is_closing()):
                raise _ClientDisconnected
        return task.result()
    finally:
        task.cancel()
