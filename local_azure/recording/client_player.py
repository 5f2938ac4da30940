"""Does on real WebSockets what the clients of a recording did."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from socket import SHUT_RDWR
from urllib.parse import urlencode

import aiohttp

from local_azure.recording.comparison import Bindings
from local_azure.recording.file_format import InvalidRecording, JsonValue, Step, StepKind
from local_azure.recording.frames import frame_from_json, frame_to_json
from local_azure.recording.identifiers import PLACEHOLDER
from local_azure.recording.recorder import Recorder
from local_azure.webpubsub.tokens import client_audience, make_client_token

TOKEN_SECONDS = 3600.0
CONNECT_SECONDS = 10.0
CLOSE_SECONDS = 2.0
LOST = 1006
# Codes that say how a socket ended and may not be sent.
_UNSENDABLE_CODES = (1005, LOST, 1015)


@dataclass
class _Client:
    name: str
    hub: str
    query: list[tuple[str, str]]
    protocols: tuple[str, ...]
    token: str
    socket: aiohttp.ClientWebSocketResponse | None = None
    protocol: str | None = None
    connection_id: str = ""
    reconnection_token: str = ""
    reading: asyncio.Task[None] | None = field(default=None, repr=False)


class ReplayFailed(Exception):
    """A client cannot reach the service; the text names its address and says why."""


class ClientPlayer:
    """The clients. What they receive, and how their connections begin and end, goes to `collect`."""

    def __init__(
        self,
        endpoint: str,
        key: str,
        session: aiohttp.ClientSession,
        recorder: Recorder,
        bindings: Bindings,
        collect: Callable[[Step], None],
    ) -> None:
        """`endpoint` is the service's URL, `key` signs the clients' tokens."""
        self._endpoint = endpoint
        self._key = key
        self._session = session
        self._recorder = recorder
        self._bindings = bindings
        self._collect = collect
        self._clients: dict[str, _Client] = {}

    async def play(self, step: Step) -> None:
        """Do what a client did; raises `InvalidRecording` when it cannot be done, and `ReplayFailed`."""
        match step.kind:
            case StepKind.CONNECT:
                await self._connect(step)
            case StepKind.SEND:
                await self._send(step)
            case StepKind.LEAVE:
                await self._leave(step)
            case StepKind.RECOVER:
                await self._recover(step)

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(self._end(client, 1000) for client in self._clients.values()))

    async def _connect(self, step: Step) -> None:
        facts = step.facts
        hub = str(facts.get("hub", ""))
        claims = facts.get("claims")
        token = make_client_token(
            self._key,
            client_audience(self._endpoint, hub),
            now=time.time(),
            lifetime_seconds=TOKEN_SECONDS,
            user_id=None if facts.get("user") is None else str(self._resolve(facts["user"])),
            roles=read_texts(facts.get("roles")),
            groups=read_texts(self._resolve(facts.get("groups"))),
            more_claims=_unlisted(claims) if isinstance(claims, dict) else None,
        )
        client = _Client(step.client, hub, read_pairs(facts.get("query")), read_texts(facts.get("protocols")), token)
        self._clients[step.client] = client
        self._recorder.name_next_client(step.client)
        await self._open(client, {"access_token": token})

    async def _recover(self, step: Step) -> None:
        client = self._client(step)
        await self._end(client, LOST)
        tokens = {"awps_connection_id": client.connection_id, "awps_reconnection_token": client.reconnection_token}
        await self._open(client, tokens)

    async def _open(self, client: _Client, tokens: Mapping[str, str]) -> None:
        address = self._endpoint.replace("http", "ws", 1)
        url = f"{address}/client/hubs/{client.hub}?{urlencode([*client.query, *tokens.items()])}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                client.socket = await self._session.ws_connect(url, protocols=client.protocols, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refusal:
            self._add(StepKind.REFUSE, client, {"status": refusal.status})
            return
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or f"no answer within {CONNECT_SECONDS:g} s"
            raise ReplayFailed(f"{client.name} cannot connect to {self._endpoint}: {reason}") from error
        client.protocol = client.socket.protocol
        if "access_token" in tokens:
            self._add(StepKind.OPEN, client, {"protocol": client.protocol})
        client.reading = asyncio.create_task(self._read(client, client.socket))

    async def _read(self, client: _Client, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            frame = frame_to_json(client.protocol, message.data, is_from_client=False)
            self._note_connection(client, frame)
            self._add(StepKind.RECEIVE, client, {"frame": frame})
        if client.socket is socket:  # the service has closed it
            client.socket = None
            self._add(StepKind.END, client, {})

    def _note_connection(self, client: _Client, frame: JsonValue) -> None:
        """Keep what a `connected` frame says: it is needed to recover the connection."""
        if not isinstance(frame, dict):
            return
        system = frame.get("system_message")
        connected = frame if frame.get("event") == "connected" else None
        if isinstance(system, dict) and isinstance(system.get("connected_message"), dict):
            connected = system["connected_message"]  # type: ignore[assignment]
        if connected is not None:
            client.connection_id = str(connected.get("connectionId", connected.get("connection_id", "")))
            client.reconnection_token = str(connected.get("reconnectionToken", connected.get("reconnection_token", "")))
            self._recorder.name_connection(client.connection_id, client.name, client.protocol)

    async def _send(self, step: Step) -> None:
        client = self._client(step)
        try:
            frame = frame_from_json(client.protocol, self._resolve(step.facts.get("frame")))
        except ValueError as error:
            raise InvalidRecording(f"line {step.line}: {error}") from None
        if client.socket is None:
            return  # the service has closed the connection, which is a difference of its own
        with contextlib.suppress(ConnectionError):  # likewise, at this moment
            if isinstance(frame, str):
                await client.socket.send_str(frame)
            else:
                await client.socket.send_bytes(frame)

    async def _leave(self, step: Step) -> None:
        code = step.facts.get("code")
        await self._end(self._client(step), code if isinstance(code, int) else 1000)

    async def _end(self, client: _Client, code: int) -> None:
        """Close the client's socket; with 1006, drop it without a close frame."""
        socket, client.socket = client.socket, None
        if socket is not None and code in _UNSENDABLE_CODES:
            _drop(socket)
        elif socket is not None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await socket.close(code=code)
            except TimeoutError:
                _drop(socket)
        if client.reading is not None:
            client.reading.cancel()
            await asyncio.wait({client.reading})

    def _client(self, step: Step) -> _Client:
        client = self._clients.get(step.client)
        if client is None:
            raise not_connected(step)
        return client

    def _add(self, kind: StepKind, client: _Client, facts: dict[str, JsonValue]) -> None:
        self._collect(self._recorder.make_step(kind, client.name, facts))

    def _resolve(self, value: JsonValue) -> JsonValue:
        return resolve_placeholders(value, self._recorder, self._bindings)


def _drop(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Drop a socket without a close frame."""
    connection = socket.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):  # the service has closed it already
            connection.shutdown(SHUT_RDWR)


def resolve_placeholders(value: JsonValue, recorder: Recorder, bindings: Bindings) -> JsonValue:
    """Return the value with what each placeholder stands for in this run; an id that nobody has seen yet is made."""
    match value:
        case "⟨time-ms⟩":
            return recorder.identifiers.current_time("time-ms")
        case str():
            return PLACEHOLDER.sub(lambda match: _resolve(match[0], match[1], recorder, bindings), value)
        case list():
            return [resolve_placeholders(item, recorder, bindings) for item in value]
        case dict():
            return {
                str(resolve_placeholders(name, recorder, bindings)): resolve_placeholders(item, recorder, bindings)
                for name, item in value.items()
            }
        case _:
            return value


def not_connected(step: Step) -> InvalidRecording:
    """Return the error of a step whose client never connected."""
    return InvalidRecording(
        f"line {step.line}: {step.client} did not connect before; begin a recording before its clients connect"
    )


def read_pairs(value: JsonValue) -> list[tuple[str, str]]:
    """Return the pairs of a list of pairs."""
    items = value if isinstance(value, list) else []
    return [(str(item[0]), str(item[1])) for item in items if isinstance(item, list) and len(item) == 2]


def _resolve(placeholder: str, kind: str, recorder: Recorder, bindings: Bindings) -> str:
    identifiers = recorder.identifiers
    if kind.startswith("time"):
        return str(identifiers.current_time(kind))
    known = bindings.forward.get(placeholder)
    if known is not None:
        return identifiers.value_of(known) or placeholder
    if kind in ("connection", "endpoint"):
        return identifiers.value_of(placeholder) or placeholder
    value, new = identifiers.create(kind)
    bindings.bind(placeholder, new)
    return value


def read_texts(value: JsonValue) -> tuple[str, ...]:
    """Return the texts of a list."""
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _unlisted(claims: Mapping[str, JsonValue]) -> dict[str, object]:
    """Return the claims, each with one value as that value."""
    return {
        name: values[0] if isinstance(values, list) and len(values) == 1 else values for name, values in claims.items()
    }
