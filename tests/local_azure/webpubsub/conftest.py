"""The fixtures of most tests: the harness, a service, and an application behind its hub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.harness import HUB, Application, Harness


@pytest.fixture
async def harness() -> AsyncIterator[Harness]:
    """What starts services, applications and clients; everything ends with the test."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Harness(stack, http)


@pytest.fixture
async def service(harness: Harness) -> Service:
    """A running service with short waits and no event handlers."""
    return await harness.service()


@pytest.fixture
async def application(harness: Harness, service: Service) -> Application:
    """A running application that gets every event of the service's hub `chat`."""
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])
    return application
