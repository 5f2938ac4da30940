"""Sends the events of a recording to their handlers, as the service would: signed, with state and cookies.

Each client has a connection in its hub while its events are sent, so an app may ask for it, and add it to groups; it
has no socket, so nobody receives what is sent to it.
"""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

from local_azure.recording.client_player import not_connected, read_pairs, read_texts, resolve_placeholders
from local_azure.recording.comparison import Bindings
from local_azure.recording.file_format import InvalidRecording, JsonValue, Step, StepKind
from local_azure.recording.frames import json_to_bytes
from local_azure.recording.recorder import Recorder
from local_azure.webpubsub import Service
from local_azure.webpubsub.acknowledgements import AckIds
from local_azure.webpubsub.event_handlers import ConnectRequest, EventFailed
from local_azure.webpubsub.events import JOINED
from local_azure.webpubsub.handshake import AcceptedConnection, ConnectionRequest, HandshakeError, accept_connection
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.messages import DataType, Payload
from local_azure.webpubsub.names import InvalidName, hub_key
from local_azure.webpubsub.observations import HandshakeReceived
from local_azure.webpubsub.roles import Permissions
from local_azure.webpubsub.tokens import ClientToken

ORIGIN = "localhost"


@dataclass
class _Client:
    connecting: asyncio.Task[Connection | None]
    last_event: asyncio.Task[None] | None = field(default=None)


class EventPlayer:
    """The connections whose events are sent, and the tasks that send them."""

    def __init__(self, service: Service, recorder: Recorder, bindings: Bindings) -> None:
        self._service = service
        self._recorder = recorder
        self._bindings = bindings
        self._clients: dict[str, _Client] = {}

    async def play(self, step: Step) -> None:
        """Begin a connection, or begin to send an event; raises `InvalidRecording` when that cannot be done."""
        if step.kind is StepKind.CONNECT:
            request = _connection_request(step, resolve_placeholders(dict(step.facts), self._recorder, self._bindings))
            self._clients[step.client] = _Client(asyncio.create_task(self._connect(step.client, request)))
        elif step.kind is StepKind.EVENT and "attempt" not in step.facts:  # the service repeats an event by itself
            await self._send(step)

    async def close(self) -> None:
        """Cancel what is not answered yet, and end the connections; the app is told of their end."""
        for client in self._clients.values():
            for task in (client.connecting, client.last_event):
                if task is not None:
                    task.cancel()
                    await asyncio.wait({task})
            if not client.connecting.cancelled() and (connection := client.connecting.result()) is not None:
                connection.hub.remove(connection, "")

    async def _connect(self, name: str, request: ConnectionRequest) -> Connection | None:
        """Ask the handler as for a client; return the connection, None when it was refused."""
        observations, token = self._service.observations, request.token
        observations.start_trace()
        self._recorder.name_next_client(name)
        query = request.connect.query
        observations.publish(HandshakeReceived(request.hub, token.user_id, request.subprotocols, token.claims, query))
        try:
            accepted = await accept_connection(request, self._service.event_handlers)
        except HandshakeError:
            return None  # the recorded answer says whether that is right
        self._recorder.name_connection(accepted.source.connection_id, name, accepted.source.subprotocol)
        connection = self._make_connection(accepted)
        connection.hub.add(connection, accepted.groups)
        return connection

    def _make_connection(self, accepted: AcceptedConnection) -> Connection:
        return Connection(
            self._service.hubs.hub(accepted.source.hub),
            accepted.source,
            accepted.codec,
            permissions=Permissions(accepted.roles),
            acks=AckIds(self._service.settings.limits.remembered_ack_ids),
            replay=None,
        )

    async def _send(self, step: Step) -> None:
        client = self._clients.get(step.client)
        if client is None:
            raise not_connected(step)
        kind, _, name = str(step.facts.get("event", "")).partition(".")
        if name == "connect" and kind == "sys":
            return  # it was sent when the client connected
        connection = await client.connecting
        if connection is None:
            return  # the app has refused the client, which is a difference of its own
        if kind == "user":
            payload = _payload(step, resolve_placeholders(step.facts.get("data"), self._recorder, self._bindings))
            client.last_event = asyncio.create_task(self._send_user_event(connection, name, payload, client.last_event))
        elif kind == "gp":
            # Only what no call of the app has changed already: the client itself joined or left.
            group = str(_fact(step, "group"))
            (connection.hub.join if name == JOINED else connection.hub.leave)(connection, group)
        elif name == "connected":
            self._service.event_handlers.connected(connection.source)
        elif name == "disconnected":
            connection.hub.remove(connection, str(_fact(step, "reason")))

    async def _send_user_event(
        self, connection: Connection, name: str, payload: Payload, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:  # a client's next event waits until its last one is answered
            await before
        with contextlib.suppress(EventFailed):  # the recorded answer says whether that is right
            await self._service.event_handlers.user_event(connection.source, name, payload)


def _connection_request(step: Step, facts: JsonValue) -> ConnectionRequest:
    """Return what the client of a step asks for; its token needs no signature."""
    facts = facts if isinstance(facts, dict) else {}
    user, given = facts.get("user"), facts.get("claims")
    claims = {name: read_texts(value) for name, value in given.items()} if isinstance(given, dict) else {}
    roles, groups, offered = (read_texts(facts.get(name)) for name in ("roles", "groups", "protocols"))
    claims |= {"sub": (user,) if isinstance(user, str) else (), "role": roles, "webpubsub.group": groups}
    claims = {name: values for name, values in claims.items() if values}
    pairs = tuple(read_pairs(facts.get("query")))
    query: dict[str, list[str]] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    try:
        hub = hub_key(str(facts.get("hub", "")))
    except InvalidName as error:
        raise InvalidRecording(f"line {step.line}: {error}") from None
    token = ClientToken(user if isinstance(user, str) else None, roles, groups, claims)
    return ConnectionRequest(hub, token, offered, ORIGIN, ConnectRequest(claims, query, {}, offered), pairs)


def _fact(step: Step, name: str) -> JsonValue:
    """Return a field of an event's data, "" when it is absent."""
    data = step.facts.get("data")
    return data.get(name, "") if isinstance(data, dict) else ""


def _payload(step: Step, data: JsonValue) -> Payload:
    metadata = step.facts.get("metadata")
    pairs = {name: str(value) for name, value in metadata.items()} if isinstance(metadata, dict) else {}
    try:
        kind = DataType(str(step.facts.get("dataType", DataType.TEXT.value)))
        if kind in (DataType.BINARY, DataType.PROTOBUF):
            return Payload(kind, json_to_bytes(data), pairs)
    except ValueError as error:
        raise InvalidRecording(f"line {step.line}: {error}") from None
    return Payload(kind, _text(data).encode(), pairs)


def _text(data: JsonValue) -> str:
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
