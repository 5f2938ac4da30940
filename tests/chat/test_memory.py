"""Storage that is slow or broken degrades the history, never the conversation."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import azure.durable_functions as df
import pytest
from aiohttp import web
from azure.durable_functions.models.utils import http_utils

from chat.answers import Services
from chat.connection_state import ConnectionState
from chat.conversation import handle_event
from chat.events import Origin, UserEvent
from chat.gateway import gateway
from chat.memory import Memory, StorageUnavailable
from chat.rooms import read_page
from chat.settings import Settings
from chat.signals import signals
from local_azure import webpubsub

if TYPE_CHECKING:
    from chat.history import Page

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def storage(answer: Answer) -> AsyncIterator[Memory]:
    """A Durable extension that answers as the test says, at the address that the client's binding holds."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    binding = {"taskHubName": "ChatHub", "creationUrls": {}, "managementUrls": {}, "rpcBaseUrl": address}
    try:
        yield Memory(df.DurableOrchestrationClient(json.dumps(binding)))
    finally:
        await asyncio.gather(*signals.running)
        await http_utils._close_session()
        await runner.cleanup()


async def broken(_: web.Request) -> web.Response:
    return web.json_response({"Message": "Something went wrong"}, status=500)


@pytest.fixture
async def settings() -> AsyncIterator[Settings]:
    """The settings of an app whose service runs here."""
    async with webpubsub.serve() as service:
        yield Settings({"WebPubSubConnectionString": service.connection_string, "ChatAuth": "open"})


async def say(settings: Settings, memory: Memory) -> ConnectionState | None:
    origin = Origin("sample_chatapp", "c1", "1", NOW, "ana", None, ConnectionState("ana"))
    services = Services(settings, await gateway(settings), memory, now=round(NOW.timestamp() * 1000))
    answer = await handle_event(UserEvent(origin, "message", "text/plain", b"hello"), services)
    assert answer.frame is None
    return answer.state


async def test_a_message_is_said_while_storage_fails_and_the_loss_is_counted(settings: Settings) -> None:
    lost = signals.lost
    async with storage(broken) as memory:
        assert await say(settings, memory)

    assert signals.lost == lost + 1


async def test_a_message_does_not_wait_for_slow_storage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "wait_seconds", 0.01)
    free, asked = asyncio.Event(), []

    async def slow(request: web.Request) -> web.Response:
        asked.append(request.path)
        await free.wait()
        return web.Response(status=202)

    async with storage(slow) as memory:
        for _ in range(3):
            assert await say(settings, memory)
        assert len(signals.late) == 3

        free.set()
        await asyncio.gather(*signals.running)
        assert asked == ["/entities/room/lobby"] * 3


async def test_a_history_that_cannot_be_read_is_said_to_be_incomplete() -> None:
    async with storage(broken) as memory:
        page: Page = await read_page("lobby", memory)

    assert page.as_frame("lobby") == {"messages": [], "before": None, "complete": False}


async def test_a_reminder_that_cannot_be_stored_is_refused() -> None:
    async with storage(broken) as memory:
        with pytest.raises(StorageUnavailable):
            await memory.reminders("ana", NOW)
