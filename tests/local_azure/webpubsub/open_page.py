"""An open page of the inspector, without a browser."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.local_azure.webpubsub.small_app import SmallApp, until


class OpenPage:
    """An open page: it keeps every entry and the newest state."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: str) -> None:
        self.session = session
        self.endpoint = endpoint
        self.entries: dict[int, dict[str, Any]] = {}
        self.state: dict[str, Any] = {}
        self.hello: dict[str, Any] = {}
        self.text = ""

    async def read(self, stream: aiohttp.StreamReader) -> None:
        """Read what the service sends until the stream ends."""
        event = ""
        async for raw in stream:
            line = raw.decode()
            self.text += line
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "event":
                event = value
            elif name == "data" and event == "entries":
                self.entries |= {entry["id"]: entry for entry in json.loads(value)}
            elif name == "data" and event == "state":
                self.state = json.loads(value)
            elif name == "data" and event == "hello":
                self.hello = json.loads(value)

    def find(self, kind: str, title: str = "") -> list[dict[str, Any]]:
        return [entry for entry in self.entries.values() if entry["kind"] == kind and title in entry["title"]]

    async def first(self, kind: str, title: str = "") -> dict[str, Any]:
        """Wait for an entry that is complete."""
        await until(lambda: any(not entry["inProgress"] for entry in self.find(kind, title)))
        return self.find(kind, title)[0]

    async def details(self, entry: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.endpoint}/inspector/entries/{entry['id']}"
        async with self.session.get(url) as answer:
            assert answer.status == 200
            details: dict[str, Any] = await answer.json()
            return details


@asynccontextmanager
async def open_page_at(session: aiohttp.ClientSession, endpoint: str) -> AsyncIterator[OpenPage]:
    """Keep a page of the service at this address open while the block lasts."""
    watcher = OpenPage(session, endpoint)
    async with session.get(f"{endpoint}/inspector/stream") as answer:
        assert answer.content_type == "text/event-stream"
        reading = asyncio.create_task(watcher.read(answer.content))
        await until(lambda: bool(watcher.state))
        yield watcher
    reading.cancel()


@asynccontextmanager
async def open_page(app: SmallApp) -> AsyncIterator[OpenPage]:
    """Keep a page of the application's service open while the block lasts."""
    async with open_page_at(app.session, app.service.endpoint) as page:
        yield page
