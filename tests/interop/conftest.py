"""What the interoperability tests share: a service, a link to it that can be cut, a webhook, and Node.js."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import web
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient as AsyncWebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub, table_storage, table_storage_settings, web_pubsub
from local_azure.webpubsub import Settings, Times
from tests.interop.javascript_client import start
from tests.interop.link import Link, Pipe, Pipes
from tests.interop.listening import HUB, Listeners
from tests.interop.nodejs import HERE
from tests.interop.python_service_sdk import Sdk
from tests.interop.webhook import Webhook, handle_everything
from tests.system_parts import node_path

__all__ = ["start", "table_storage", "table_storage_settings", "web_pubsub"]


@pytest.fixture
def web_pubsub_settings() -> Settings:
    """Retry failed webhooks at once, so that no test waits for it."""
    return Settings(times=Times(retry_waits_seconds=(0.0, 0.0, 0.0)))


@pytest.fixture
async def listeners(web_pubsub: WebPubSub) -> AsyncIterator[Listeners]:
    async with aiohttp.ClientSession() as session:
        yield Listeners(web_pubsub, session)


@pytest.fixture(params=["sync", "aio"])
async def sdk(request: pytest.FixtureRequest, web_pubsub: WebPubSub) -> AsyncIterator[Sdk]:
    if request.param == "sync":
        with WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB) as client:
            yield Sdk(client)
    else:
        async with AsyncWebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB) as aio_client:
            yield Sdk(aio_client)


@pytest.fixture
def link(web_pubsub: WebPubSub) -> Iterator[Link]:
    target = urlsplit(web_pubsub.endpoint)
    pipes = Pipes()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        service_reader, service_writer = await asyncio.open_connection(target.hostname, target.port)
        pipe = Pipe(pipes, writer, service_writer)
        pipes.append(pipe)
        await asyncio.gather(pipe.forward(reader, service_writer), pipe.forward(service_reader, writer))

    server = web_pubsub.run(asyncio.start_server(accept, "127.0.0.1", 0))
    made = Link(web_pubsub, server, pipes)
    yield made
    web_pubsub.call(server.close)
    made.cut()


@pytest.fixture
def webhook(web_pubsub: WebPubSub) -> Iterator[Webhook]:
    """Handle every event of the hub."""
    made = Webhook()
    app = web.Application()
    app.router.add_route("*", "/eventhandler/{event}", made.receive)
    runner = web.AppRunner(app, access_log=None)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    web_pubsub.run(start())
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/eventhandler/{{event}}"
    handle_everything(web_pubsub, made.url)
    yield made
    web_pubsub.run(runner.cleanup())


@pytest.fixture
def node() -> str:
    """Return the path of Node.js; without it the test is skipped, except where CI=true."""
    path = node_path()
    if not (HERE / "node_modules").is_dir():
        pytest.fail("the npm packages are missing: run `npm ci` in tests/interop")
    return path
