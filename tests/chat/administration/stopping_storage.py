"""A table storage that stops after a number of writes, so that an app ends in the middle of its work."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import StorageConnection, read_storage_connection
from local_azure import tables

ACCOUNT = "/devstoreaccount1"
NOT_FORWARDED = ("content-length", "date", "host")


@dataclass
class StoppingStorage:
    """Forwards requests to a storage until `writes_left` is 0 (None: always); the next one sets `is_stopped`.

    `writes` counts the writes that were forwarded.
    """

    connection: StorageConnection
    http: aiohttp.ClientSession
    address: str = ""
    writes_left: int | None = None
    writes: int = 0
    is_stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def new_client(self) -> TableClient:
        """Return a client as a new process has it."""
        return TableClient(StorageConnection(self.address, ACCOUNT[1:], self.connection.credential), "Chat")

    async def forward(self, request: web.Request) -> web.Response:
        """Forward a request as it was signed; when the storage has stopped, answer that nothing was carried out."""
        if self.writes_left == 0:
            self.is_stopped.set()
            return web.json_response({"odata.error": {"code": "ServerBusy", "message": {"value": ""}}}, status=503)
        if request.method != "GET":
            self.writes += 1
            self.writes_left = None if self.writes_left is None else self.writes_left - 1
        url = URL(self.connection.endpoint.removesuffix(ACCOUNT) + request.raw_path, encoded=True)
        headers = {name: text for name, text in request.headers.items() if name.lower() not in NOT_FORWARDED}
        async with self.http.request(request.method, url, data=await request.read(), headers=headers) as answer:
            kept = {name: text for name, text in answer.headers.items() if name.lower() not in NOT_FORWARDED}
            return web.Response(body=await answer.read(), status=answer.status, headers=kept)

    async def run_until_stopped(self, work: Coroutine[Any, Any, Any], writes: int) -> bool:
        """Run the work of a process that ends after so many writes; return whether the work was done before."""
        self.writes_left = writes
        self.is_stopped.clear()
        task, stopped = asyncio.create_task(work), asyncio.create_task(self.is_stopped.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        is_done = task.done() and not self.is_stopped.is_set()
        if is_done:
            task.result()
        for each in (task, stopped):
            each.cancel()
        await asyncio.wait({task, stopped})
        self.writes_left = None
        return is_done


@asynccontextmanager
async def serve_stopping_storage() -> AsyncIterator[StoppingStorage]:
    """Run an empty storage that can stop."""
    async with tables.serve() as service, aiohttp.ClientSession() as http:
        connection = read_storage_connection(Settings({"AzureWebJobsStorage": service.connection_string}))
        storage = StoppingStorage(connection, http)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", storage.forward)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        storage.address = f"http://127.0.0.1:{runner.addresses[0][1]}{ACCOUNT}"
        try:
            yield storage
        finally:
            await runner.cleanup()
