"""The test harness: it starts the service, clients on real sockets, and an application with event handlers."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from local_azure.webpubsub import EventHandler, Service, Settings, Times, serve
from local_azure.webpubsub.tokens import client_audience, make_client_token

HUB = "chat"
JSON = "json.webpubsub.azure.v1"
RELIABLE_JSON = "json.reliable.webpubsub.azure.v1"
ALL_SYSTEM_EVENTS = ("connect", "connected", "disconnected")
EVERYTHING = ("webpubsub.sendToGroup", "webpubsub.joinLeaveGroup")

WAIT_SECONDS = 10.0

FAST = Times(
    retry_waits_seconds=(0.01, 0.03, 0.05),
    handler_timeout_seconds=5.0,
    validation_timeout_seconds=2.0,
    validation_retry_seconds=0.01,
    close_drain_seconds=1.0,
)


@dataclass(frozen=True, slots=True)
class Received:
    """One request that the application received; `raw_headers` are the bytes that were sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw_headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def raw_header(self, name: str) -> bytes | None:
        """Return a header's bytes, whatever their encoding."""
        return next((value for key, value in self.raw_headers if key.decode().lower() == name.lower()), None)

    @property
    def event(self) -> str:
        """The event's name, `validate` for a validation request."""
        return self.headers.get("ce-eventName", "validate")

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


Answer = Callable[[Received], web.StreamResponse | Awaitable[web.StreamResponse]]


@dataclass
class Application:
    """An application with webhooks: it stores every request and answers as configured (204 by default)."""

    received: list[Received] = field(default_factory=list)
    url: str = ""
    _answers: dict[str, Answer] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def template(self) -> str:
        """A URL template for this application."""
        return f"{self.url}/{{hub}}/{{event}}"

    def handler(self, system_events: Sequence[str] = ALL_SYSTEM_EVENTS, pattern: str | None = "*") -> EventHandler:
        """Return a handler that sends events here."""
        return EventHandler(self.template, tuple(system_events), pattern)

    def answer(self, event: str, answer: Answer) -> None:
        """Answer requests for this event (or `validate`) by calling the function."""
        self._answers[event] = answer

    def of(self, event: str) -> list[Received]:
        """Return the requests for an event so far."""
        return [request for request in self.received if request.event == event]

    async def wait_for(self, event: str, count: int = 1) -> list[Received]:
        """Return the requests for an event as soon as there are this many."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.of(event)) >= count)
        return self.of(event)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Store the request and answer it."""
        received = Received(request.method, request.path_qs, request.headers, request.raw_headers, await request.read())
        async with self._changed:
            self.received.append(received)
            self._changed.notify_all()
        answer = self._answers.get(received.event)
        if answer is not None:
            response = answer(received)
            return response if isinstance(response, web.StreamResponse) else await response
        if received.event == "validate":
            return web.Response(headers={"WebHook-Allowed-Origin": "*"})
        return web.Response(status=204)


class Client:
    """A client on a real WebSocket; every wait is bounded."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, connected: dict[str, Any] | None) -> None:
        self.ws = ws
        self.connected = connected or {}
        self._unread: aiohttp.WSMessage | None = None

    @property
    def id(self) -> str:
        """The connection id in the `connected` frame."""
        return str(self.connected["connectionId"])

    async def send(self, type_: str, /, **properties: Any) -> None:
        """Send a JSON message."""
        await self.ws.send_json({"type": type_, **properties})

    async def receive(self) -> dict[str, Any]:
        """Return the next message of a JSON client."""
        message = await self.frame()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        parsed: dict[str, Any] = json.loads(message.data)
        return parsed

    async def data(self) -> Any:
        """Return the payload of the next message, which must be a group or server message."""
        message = await self.receive()
        assert message["type"] == "message", message
        return message["data"]

    async def frame(self) -> aiohttp.WSMessage:
        """Return the next frame, whatever it is."""
        unread, self._unread = self._unread, None
        return unread or await self.ws.receive(timeout=WAIT_SECONDS)

    async def read_connected_again(self) -> None:
        """Take the `connected` frame of a recovery; a client whose recovery is refused gets none."""
        frame = await self.frame()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            self._unread = frame
            return
        again = json.loads(frame.data)
        assert (again["type"], again["event"]) == ("system", "connected"), again
        self.connected = again

    async def request(self, type_: str, ack_id: int, /, **properties: Any) -> dict[str, Any]:
        """Send a message with an ack id and return its ack, which must be the next frame."""
        await self.send(type_, ackId=ack_id, **properties)
        ack = await self.receive()
        assert (ack["type"], ack["ackId"]) == ("ack", ack_id), ack
        return ack

    async def join(self, group: str, ack_id: int) -> None:
        """Join a group and wait until it is done."""
        assert (await self.request("joinGroup", ack_id, group=group))["success"]

    async def expect_no_message(self) -> None:
        """Check that no message was sent to this client: the next frame is the answer to a ping."""
        await self.send("ping")
        assert await self.receive() == {"type": "pong"}

    async def closed(self) -> tuple[int | None, str]:
        """Read on to the end and return the close code and text; 1006 when there was no close frame."""
        while True:
            message = await self.frame()
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSING):
                return 1006, ""

    def cut(self) -> None:
        """Drop the socket without a close frame."""
        self.ws.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


@dataclass
class Harness:
    """Starts services, applications and clients, and ends them when the test ends."""

    stack: AsyncExitStack
    http: aiohttp.ClientSession

    async def service(self, settings: Settings | None = None, own_token: Callable[[str], str] | None = None) -> Service:
        """Return a running service; by default with short waits, no handlers and no identity of its own."""
        return await self.stack.enter_async_context(serve(settings or Settings(times=FAST), own_token=own_token))

    async def application(self) -> Application:
        """Return a running application."""
        application = Application()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", application.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await runner.setup()
        self.stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        application.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return application

    async def connect(
        self,
        service: Service,
        user: str | None = None,
        *,
        subprotocol: str | None = JSON,
        hub: str = HUB,
        roles: Sequence[str] = EVERYTHING,
        groups: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Client:
        """Return a new client with a token; one with a predefined subprotocol has read its `connected` frame."""
        token = token_for(service, user, hub=hub, roles=roles, groups=groups)
        url = client_url(service, hub, access_token=token, **query)
        return await self.open(url, subprotocol, headers=headers)

    async def open(
        self, url: str, *subprotocols: str | None, headers: Mapping[str, str] | None = None, recovers: bool = False
    ) -> Client:
        """Return a client at any URL; one that recovers does not expect a `connected` frame."""
        ws = await self.http.ws_connect(
            url, protocols=[name for name in subprotocols if name], headers=headers, max_msg_size=0
        )
        self.stack.push_async_callback(ws.close)
        client = Client(ws, None)
        if ws.protocol in (JSON, RELIABLE_JSON) and not recovers:
            client.connected = await client.receive()
        return client

    async def recover(self, service: Service, lost: Client, *, hub: str = HUB, **query: str) -> Client:
        """Return a client that recovers the connection of one that lost its socket; it has read `connected` again."""
        recovery = {
            "awps_connection_id": lost.id,
            "awps_reconnection_token": str(lost.connected.get("reconnectionToken", "")),
        }
        client = await self.open(client_url(service, hub, **(recovery | query)), RELIABLE_JSON, recovers=True)
        client.connected = lost.connected
        if service.settings.hub(hub).streams:
            await client.read_connected_again()
        return client

    async def refusal(self, url: str, *subprotocols: str, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Return the status and text with which a handshake is refused."""
        handshake = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        if subprotocols:
            handshake["Sec-WebSocket-Protocol"] = ", ".join(subprotocols)
        async with self.http.get(url, headers=handshake | dict(headers or {})) as response:
            return response.status, await response.text() if response.status != 101 else ""


def client_url(service: Service, hub: str = HUB, /, **query: str) -> str:
    """Return the URL of a hub's client endpoint."""
    return f"{service.endpoint}/client/hubs/{hub}?{urlencode(query)}"


def token_for(
    service: Service,
    user: str | None = None,
    *,
    hub: str = HUB,
    roles: Sequence[str] = EVERYTHING,
    groups: Sequence[str] = (),
) -> str:
    """Return a client token of this service that lives for a minute."""
    return make_client_token(
        service.settings.access_key,
        client_audience(service.endpoint, hub),
        now=time.time(),
        lifetime_seconds=60,
        user_id=user,
        roles=roles,
        groups=groups,
    )


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true; raises TimeoutError after 10 seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 (the service has no event for every condition of the tests)
            await asyncio.sleep(0.002)


async def lose_socket(service: Service, client: Client) -> None:
    """Cut the client's socket and wait until the service knows."""
    connection = service.hubs.hub(HUB).connection(client.id)
    assert connection
    client.cut()
    await until(lambda: connection.transport is None)
