"""Services that are none: what a case passes on both of them, it does not really look at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


async def accept(request: web.Request) -> web.StreamResponse:
    """Accept every client, and answer every call with success and nothing in it."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return web.json_response({})
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name.strip()]
    ws = web.WebSocketResponse(protocols=offered)
    await ws.prepare(request)
    async for _ in ws:
        pass
    return ws


async def refuse(request: web.Request) -> web.StreamResponse:
    """Refuse everything."""
    raise web.HTTPUnauthorized


@asynccontextmanager
async def serve_all(answer: object) -> AsyncIterator[str]:
    """Answer every request in the same way while the block lasts; gives the URL."""
    application = web.Application(client_max_size=2**22)
    application.router.add_route("*", "/{path:.*}", answer)  # type: ignore[arg-type]
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
