"""An app whose calls to the service and to storage go through proxies, which keep their headers."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import aiohttp
from aiohttp import web

from chat.webhook.connection_state import ConnectionState, encode_state
from local_azure import functions, tables, webpubsub
from tests.chat.conftest import event_headers
from tests.chat.local_chat import HIGH_LIMITS, HUB, ROOT

KEPT = {"content-type", "etag"}
STATE = encode_state(ConnectionState(user="ana", rooms=("lobby",)))


@dataclass
class RecordedCall:
    """A call that an app made: its path, and its headers by lower-case name."""

    path: str
    headers: dict[str, str]


@dataclass
class Recorder:
    """A running proxy: its own address, the calls that came, and whether they are handed on or answered 503."""

    url: str = ""
    fails: bool = False
    calls: list[RecordedCall] = field(default_factory=list)

    def to(self, ending: str) -> list[RecordedCall]:
        """Return the calls whose path ends so."""
        return [call for call in self.calls if call.path.endswith(ending)]


@dataclass
class RecordedApp:
    """A running app and the calls that it made."""

    url: str
    service: Recorder
    storage: Recorder
    http: aiohttp.ClientSession
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def send(self, text: str, traceparent: str = "", *, event: str = "message", is_refused: bool = False) -> None:
        """Deliver a message to the lobby, as the service does; the answer has a line for the sender of one refused."""
        headers = event_headers("user", event, id=str(next(self.numbers)), userId="ana", connectionState=STATE)
        headers |= {"Content-Type": "text/plain"} | ({"traceparent": traceparent} if traceparent else {})
        async with self.http.post(f"{self.url}/eventhandler", headers=headers, data=text.encode()) as response:
            assert response.status in (200, 204)
            assert bool(await response.read()) is is_refused

    def calls(self) -> list[RecordedCall]:
        """Return the transactions and publications so far, and forget them."""
        found = [*self.storage.to("$batch"), *self.service.to("/:send")]
        self.storage.calls.clear()
        self.service.calls.clear()
        return found


@asynccontextmanager
async def record_calls(target: str) -> AsyncIterator[Recorder]:
    """Hand every call on to a server, `http://host:port`, while the block lasts; it is told the proxy's own host."""
    recorder = Recorder()
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
            recorder.calls.append(RecordedCall(request.path, {name.lower(): headers[name] for name in headers}))
            body = await request.read()
            if recorder.fails:
                return web.Response(status=503)
            async with http.request(request.method, target + request.raw_path, headers=headers, data=body) as response:
                kept = {name: value for name, value in response.headers.items() if name.lower() in KEPT}
                return web.Response(status=response.status, headers=kept, body=await response.read())

        runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            recorder.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield recorder
        finally:
            await runner.cleanup()


def address_in(connection_string: str) -> str:
    """Return `http://host:port` of a connection string."""
    return str(re.findall(r"http://[^/;]+", connection_string)[0])


@asynccontextmanager
async def run_recorded_app(**settings: str) -> AsyncIterator[RecordedApp]:
    """Run the app while the block lasts; any event is believed, so none needs a connection. The lobby has a message."""
    async with (
        webpubsub.serve() as service,
        tables.serve() as storage,
        record_calls(address_in(service.connection_string)) as to_service,
        record_calls(address_in(storage.connection_string)) as to_storage,
        aiohttp.ClientSession() as http,
    ):
        values = {
            "WebPubSubConnectionString": behind(service.connection_string, to_service),
            "AzureWebJobsStorage": behind(storage.connection_string, to_storage),
            "WebPubSubHub": HUB,
            "ChatAuth": "open",
            "ChatWebhookTrust": "functionkey",
            "ChatRateLimits": HIGH_LIMITS,
        } | settings
        async with functions.serve(ROOT, settings=values) as host:
            app = RecordedApp(host.url, to_service, to_storage, http)
            await app.send("the first message makes the tables")
            app.calls()
            yield app


def behind(connection_string: str, recorder: Recorder) -> str:
    """Return a connection string that leads to a proxy."""
    return connection_string.replace(address_in(connection_string), recorder.url)
