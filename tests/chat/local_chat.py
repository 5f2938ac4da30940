"""The whole chat on free ports: the embedded service, the embedded Functions host, and our app as it is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from chat.rate_limits import Kind
from local_azure import functions, tables, webpubsub

ROOT = Path(__file__).parents[2]
HUB = "Sample_ChatApp"
JSON = "json.webpubsub.azure.v1"
WAIT_SECONDS = 10.0
# Tests send faster than people; those of the limits set small ones.
HIGH_LIMITS = ", ".join(f"{kind}=60000/60000" for kind in Kind)

Frame = dict[str, Any]


@dataclass
class Tab:
    """One client's connection.

    `seen` are the chat's frames that it received, `frames` those of them that no test has looked at yet. `sent` and
    `received` are the texts on the wire.
    """

    socket: aiohttp.ClientWebSocketResponse
    is_rich: bool
    connection_id: str = ""
    frames: list[Frame] = field(default_factory=list)
    seen: list[Frame] = field(default_factory=list)
    acks: int = 0
    sent: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)

    async def send(self, event: str, data: Any, **more: Any) -> None:
        """Send an event; a plain client only knows messages."""
        if not self.is_rich:
            await self.write(data if isinstance(data, str) else json.dumps(data))
            return
        kind = "text" if isinstance(data, str) else "json"
        await self.write(json.dumps({"type": "event", "event": event, "dataType": kind, "data": data} | more))

    async def write(self, text: str) -> None:
        """Send a text as it is."""
        self.sent.append(text)
        await self.socket.send_str(text)

    async def ask(self, event: str, data: Any) -> None:
        """Send an event and wait until the service acknowledges that it was handled."""
        self.acks += 1
        await self.send(event, data, ackId=self.acks)
        await self._read(lambda frame: frame.get("type") == "ack" and frame["ackId"] == self.acks)

    async def next(self, **wanted: Any) -> Frame:
        """Return the first frame with these values, waiting for it; other frames that come before it are kept."""

        def matches(frame: Frame) -> bool:
            return all(frame.get("from" if name == "sender" else name) == value for name, value in wanted.items())

        for frame in self.frames:
            if matches(frame):
                self.frames.remove(frame)
                return frame
        return await self._read(matches)

    async def _read(self, matches: Callable[[Frame], bool]) -> Frame:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                message = await self.socket.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, f"the connection ended: {message}"
                self.received.append(message.data)
                frame: Frame = json.loads(message.data)
                if self.is_rich and frame["type"] == "message":
                    frame = frame["data"]
                    self.seen.append(frame)
                if matches(frame):
                    return frame
                if frame.get("type") != "ack":
                    self.frames.append(frame)

    async def close(self) -> None:
        """Close the socket with a close frame, as a browser does."""
        await self.socket.close()

    def kill(self) -> None:
        """Drop the socket without a close frame."""
        transport = self.socket.get_extra_info("socket")
        assert transport is not None
        self.socket._response.connection.transport.abort()  # type: ignore[union-attr]


@dataclass
class LocalChat:
    """A running chat, and the clients that a test opens."""

    url: str
    service: webpubsub.Service
    storage: tables.Service
    http: aiohttp.ClientSession
    settings: Mapping[str, str] = field(default_factory=dict)
    tabs: list[Tab] = field(default_factory=list)
    unannounced: str = ""

    def deliver(self, *system_events: str, url: str | None = None) -> None:
        """Let the service send these system events, and every user event, to the app or to another instance of it."""
        handler = webpubsub.EventHandler(f"{url or self.url}/eventhandler/{{event}}", system_events, "*")
        self.service.set_event_handlers(HUB, [handler])

    @asynccontextmanager
    async def another_instance(self) -> AsyncIterator[str]:
        """Run one more instance of the app, with modules of its own, on the same service and storage; yield its URL."""
        async with functions.serve(ROOT, settings=self.settings) as host:
            yield host.url

    async def get(self, path: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Any:
        """Return the JSON that a path answers with."""
        async with self.http.get(self.url + path, headers=headers) as response:
            assert response.status == status, await response.text()
            return await response.json()

    async def open(self, user: str, *, subprotocol: str | None = JSON) -> Tab:
        """Connect as the page does: negotiate, then open the socket."""
        url = (await self.get(f"/negotiate?id={quote(user)}"))["url"]
        return await self.dial(url, subprotocol=subprotocol)

    async def dial(self, url: str, *, subprotocol: str | None = None) -> Tab:
        """Open a socket, and wait until the service and the chat know it."""
        offered = (subprotocol,) if subprotocol else ()
        socket = await self.http.ws_connect(url, protocols=offered)
        tab = Tab(socket, subprotocol is not None)
        if tab.is_rich:
            tab.connection_id = (await tab.next(type="system", event="connected"))["connectionId"]
        self.tabs.append(tab)
        return tab

    async def unannounced_connection(self) -> str:
        """Return the id of an open connection that the app is told nothing of; the first call opens it."""
        if not self.unannounced:
            async with WebPubSubServiceClient.from_connection_string(self.service.connection_string, HUB) as service:
                url = (await service.get_client_access_token())["url"]
            self.service.set_event_handlers(HUB, [])
            self.unannounced = (await self.dial(url, subprotocol=JSON)).connection_id
            self.deliver("connect", "connected", "disconnected")
        return self.unannounced

    async def enter(self, user: str, room: str) -> tuple[Tab, Frame]:
        """Connect and enter a room."""
        tab = await self.open(user)
        await tab.send("join", {"room": room})
        return tab, await tab.next(type="joined", room=room)

    async def roster(self, room: str) -> list[str]:
        """Return who is in a room, as anyone may ask."""
        return list((await self.get(f"/rooms/{room}"))["users"])


@asynccontextmanager
async def run_chat(
    data: Path | None = None, service_settings: webpubsub.Settings | None = None, **settings: str
) -> AsyncIterator[LocalChat]:
    """Run the service and the app while the block lasts."""
    times = webpubsub.Times(retry_waits_seconds=(0.01,))
    async with (
        webpubsub.serve(replace(service_settings or webpubsub.Settings(), times=times)) as service,
        tables.serve(tables.Settings(data=data)) as storage,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        values = {
            "WebPubSubConnectionString": service.connection_string,
            "WebPubSubHub": HUB,
            "ChatAuth": "open",
            "ChatRateLimits": HIGH_LIMITS,
            "AzureWebJobsStorage": storage.connection_string,
        } | settings
        async with functions.serve(ROOT, settings=values, data=data) as host:
            chat = LocalChat(host.url, service, storage, http, values)
            chat.deliver("connect", "connected", "disconnected")
            try:
                yield chat
            finally:
                # The app, which stops first, is told of no further end of a connection.
                service.set_event_handlers(HUB, [])
                await asyncio.gather(*(tab.close() for tab in chat.tabs if not tab.socket.closed))


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds; a coroutine function is awaited."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            await asyncio.sleep(0.01)
