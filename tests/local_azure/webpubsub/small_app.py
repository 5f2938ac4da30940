"""A running service with a small chat application behind it, for the tests of faults and of the inspector."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from azure.data.tables.aio import TableClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

from local_azure import tables, webpubsub

HUB = "chat"
ROOM = "lobby"
TABLE = "messages"
JSON = "json.webpubsub.azure.v1"
RELIABLE_JSON = "json.reliable.webpubsub.azure.v1"
WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Event:
    """One event as the application received it."""

    name: str
    user: str | None
    body: bytes
    headers: dict[str, str]


@dataclass
class SmallApp:
    """The application: it keeps every event and sends the text of each message to the room.

    With `storage` it also inserts the text into a table, before it sends it.
    """

    service: webpubsub.Service
    client: WebPubSubServiceClient
    session: aiohttp.ClientSession
    events: list[Event] = field(default_factory=list)
    passes_request_id_on: bool = False
    storage: tables.Service | None = None
    runner: web.AppRunner | None = None

    async def stop_application(self) -> None:
        """Stop the application; the service goes on."""
        assert self.runner is not None
        await self.runner.cleanup()

    async def receive(self, request: web.Request) -> web.Response:
        """Handle one event, or a validation request."""
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": "*"})
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = Event(headers["ce-eventname"], headers.get("ce-userid"), await request.read(), headers)
        self.events.append(event)
        if event.name == "message":
            if self.storage is not None:
                await self.insert(event, self.storage)
            await self.send_to_room(event)
        return web.Response(status=204)

    async def insert(self, event: Event, storage: tables.Service) -> None:
        """Insert the text of an event into the table."""
        async with TableClient.from_connection_string(storage.connection_string, TABLE) as table:
            entity = {"PartitionKey": ROOM, "RowKey": str(len(self.events)), "text": event.body.decode()}
            await table.create_entity(entity, headers=self.known_request_id(event))

    async def send_to_room(self, event: Event) -> None:
        """Send the text of an event to the room."""
        known = self.known_request_id(event)
        await self.client.send_to_group(ROOM, event.body.decode(), content_type="text/plain", headers=known)

    def known_request_id(self, event: Event) -> dict[str, str]:
        """Return the header that makes a call traceable to its event, if the application passes it on."""
        name = "x-ms-client-request-id"
        return {name: event.headers[name]} if self.passes_request_id_on else {}

    def names(self, user: str | None = None) -> list[str]:
        """Return the names of the events in their order; only those of one user if one is given."""
        return [event.name for event in self.events if user is None or event.user == user]

    async def connect(self, user: str, protocol: str = JSON) -> "Person":
        """Return a connected member of the room."""
        token = await self.client.get_client_access_token(
            user_id=user, groups=[ROOM], roles=["webpubsub.sendToGroup", "webpubsub.joinLeaveGroup"]
        )
        socket = await self.session.ws_connect(token["url"], protocols=[protocol])
        person = Person(socket)
        person.hello = await person.next()
        return person


@dataclass
class Person:
    """A client and its socket."""

    socket: aiohttp.ClientWebSocketResponse
    hello: dict[str, Any] = field(default_factory=dict)

    async def next(self) -> dict[str, Any]:
        """Return the next frame."""
        frame: dict[str, Any] = await self.socket.receive_json(timeout=WAIT_SECONDS)
        return frame

    async def say(self, text: str, ack_id: int | None = None, event: str = "message") -> None:
        """Send an event with a text."""
        frame = {"type": "event", "event": event, "dataType": "text", "data": text, "ackId": ack_id}
        await self.socket.send_json(frame)

    async def ask(self, text: str, ack_id: int = 1) -> dict[str, Any]:
        """Send a message and return the acknowledgement; messages that come before it are skipped."""
        await self.say(text, ack_id)
        while True:
            frame = await self.next()
            if frame["type"] == "ack":
                return frame

    async def close_code(self) -> int | None:
        """Wait for the end of the socket and return its code."""
        while not self.socket.closed:
            await self.socket.receive(timeout=WAIT_SECONDS)
        return self.socket.close_code


@asynccontextmanager
async def small_app(*, handler_timeout_seconds: float = 5.0, records: bool = True) -> AsyncIterator[SmallApp]:
    """Run service and application while the block lasts; without `records` the inspector's recorder is off."""
    times = webpubsub.Times(
        retry_waits_seconds=(0.01, 0.01, 0.01),
        handler_timeout_seconds=handler_timeout_seconds,
        close_drain_seconds=1.0,
    )
    settings = webpubsub.Settings(times=times, recorder=webpubsub.RecorderSettings(enabled=records))
    async with (
        webpubsub.serve(settings) as service,
        WebPubSubServiceClient.from_connection_string(service.connection_string, HUB) as client,
        aiohttp.ClientSession() as session,
    ):
        app = SmallApp(service, client, session)
        application = web.Application()
        application.router.add_route("*", "/eventhandler/{event}", app.receive)
        runner = app.runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/eventhandler/{{event}}"
            everything = webpubsub.EventHandler(url, ("connect", "connected", "disconnected"), "*")
            service.set_event_handlers(HUB, [everything])
            yield app
        finally:
            await runner.cleanup()


@asynccontextmanager
async def storing_app() -> AsyncIterator[SmallApp]:
    """Run service, application and a table storage, which the inspector shows, while the block lasts.

    The application passes the request ids of its events on to the storage and to the service.
    """
    async with tables.serve() as storage, small_app() as app:
        async with TableClient.from_connection_string(storage.connection_string, TABLE) as table:
            await table.create_table()
        app.storage, app.passes_request_id_on = storage, True
        app.service.show_storage(storage.observations, storage.faults)
        yield app


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Return when the condition holds; raises TimeoutError after five seconds."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            holds = condition()
            if await holds if isinstance(holds, Awaitable) else holds:
                return
            await asyncio.sleep(0.002)
