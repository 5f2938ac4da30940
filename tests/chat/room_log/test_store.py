"""Storage that is slow or broken makes the history incomplete; the conversation goes on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web

from chat.durable_client import DurableClient
from chat.gateway import Gateways
from chat.handler_context import Services
from chat.handlers import handle_event
from chat.recent_announcements import RecentAnnouncements
from chat.room_log.background_writes import BackgroundWrites
from chat.room_log.store import RoomStore
from chat.settings import Settings
from chat.shared_reads import SharedReads
from chat.webhook.connection_state import ConnectionState
from chat.webhook.events import Origin, UserEvent
from local_azure import webpubsub
from tests.chat.storage import answer_error, serve_storage

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
async def settings() -> AsyncIterator[Settings]:
    """The settings of an app whose service runs here."""
    async with webpubsub.serve() as service:
        yield Settings({"WebPubSubConnectionString": service.connection_string, "ChatAuth": "open"})


async def send(settings: Settings, durable: DurableClient, writes: BackgroundWrites) -> ConnectionState | None:
    """Let the handlers send a message; return the connection's new state."""
    origin = Origin("sample_chatapp", "c1", "1", NOW, "ana", None, ConnectionState("ana"))
    services = Services(
        settings=settings,
        gateway=await Gateways().get(settings),
        durable=durable,
        writes=writes,
        announcements=RecentAnnouncements(),
        room_counts=SharedReads(2.0),
        now=round(NOW.timestamp() * 1000),
    )
    answer = await handle_event(UserEvent(origin, "message", "text/plain", b"hello"), services)
    assert answer.frame is None
    return answer.state


async def test_a_message_is_sent_while_storage_fails_and_the_loss_is_counted(settings: Settings) -> None:
    writes = BackgroundWrites()

    async with serve_storage(answer_error) as durable:
        assert await send(settings, durable, writes)

    assert writes.lost == 1


async def test_a_message_does_not_wait_for_slow_storage(settings: Settings) -> None:
    writes, free, asked = BackgroundWrites(wait_seconds=0.01), asyncio.Event(), []

    async def answer_late(request: web.Request) -> web.Response:
        asked.append(request.path)
        await free.wait()
        return web.Response(status=202)

    async with serve_storage(answer_late) as durable:
        for _ in range(3):
            assert await send(settings, durable, writes)
        assert len(writes.late) == 3

        free.set()
        await asyncio.gather(*writes.running)
        assert asked == ["/entities/room/lobby"] * 3


async def test_a_history_that_cannot_be_read_is_said_to_be_incomplete() -> None:
    async with serve_storage(answer_error) as durable:
        page = await RoomStore(durable).read_page("lobby")

    assert page.as_frame("lobby") == {"messages": [], "before": None, "complete": False}
