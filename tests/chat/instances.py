"""Several instances of the app behind one address, each event to the next one in turn, as in the cloud."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from tests.chat.local_chat import LocalChat

FORWARDED = ("content-type", "ce-connectionstate")


Route = dict[str, str]


@asynccontextmanager
async def run_instances(chat: LocalChat, count: int, route: Route | None = None) -> AsyncIterator[list[str]]:
    """Let events go to `count` instances in turn, the chat's own one among them; yield their URLs.

    `route` names the instance for the events of a connection; it may change at any time.
    """
    async with AsyncExitStack() as stack:
        urls = [chat.url]
        for _ in range(count - 1):
            urls.append(await stack.enter_async_context(chat.another_instance()))
        turns = itertools.cycle(urls)

        async def forward(request: web.Request) -> web.Response:
            headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
            chosen = (route or {}).get(request.headers.get("ce-connectionId", ""))
            url, body = f"{chosen or next(turns)}{request.rel_url}", await request.read()
            async with chat.http.request(request.method, url, headers=headers, data=body) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() in FORWARDED}
                kept |= {name: value for name, value in answer.headers.items() if name.startswith("WebHook-")}
                return web.Response(status=answer.status, headers=kept, body=await answer.read())

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        chat.deliver("connect", "connected", "disconnected", url=f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield urls
