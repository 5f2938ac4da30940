"""A Durable extension that answers as a test says, for what happens while storage is slow or broken."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from azure.durable_functions.models.utils import http_utils

from chat.durable_client import DurableClient

Answer = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def serve_storage(answer: Answer) -> AsyncIterator[DurableClient]:
    """Serve the extension at the address that the client's binding has."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    binding = {"taskHubName": "ChatHub", "creationUrls": {}, "managementUrls": {}, "rpcBaseUrl": address}
    try:
        yield DurableClient(json.dumps(binding))
    finally:
        await http_utils._close_session()
        await runner.cleanup()


async def answer_error(_: web.Request) -> web.Response:
    """Answer every request with an error."""
    return web.json_response({"Message": "Something went wrong"}, status=500)
