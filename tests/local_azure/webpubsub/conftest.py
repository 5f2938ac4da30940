"""A stage for each test, and what most tests want on it: a service, and an application behind its hub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from local_azure.webpubsub import Service
from tests.local_azure.webpubsub.acting import HUB, Application, Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Start what a test needs; everything ends with the test."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Stage(stack, http)


@pytest.fixture
async def service(stage: Stage) -> Service:
    """A running service with short waits and no event handlers."""
    return await stage.service()


@pytest.fixture
async def application(stage: Stage, service: Service) -> Application:
    """A running application that gets every event of the service's hub `chat`."""
    application = await stage.application()
    service.set_event_handlers(HUB, [application.handler()])
    return application
