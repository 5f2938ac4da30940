"""`call_http` from an orchestration to another server."""

from typing import Any

import pytest
from aiohttp import web

from local_azure.functions.listener import listen

pytestmark = [
    pytest.mark.filterwarnings("ignore:Potential duplicate Task completion"),
    pytest.mark.filterwarnings("ignore:azure.functions df_loads"),
]


async def test_call_http_returns_the_response(durable: Any, other_server: str) -> None:
    status = await durable.run("calls_http", {"method": "POST", "uri": f"{other_server}/echo", "content": {"n": 1}})

    assert (status.output["statusCode"], status.output["content"]) == (200, '{"n": 1}')
    assert status.output["headers"]["X-Method"] == "POST"


async def test_call_http_polls_until_the_answer_is_ready(durable: Any, other_server: str) -> None:
    status = await durable.run("calls_http", {"method": "POST", "uri": f"{other_server}/long"})

    assert (status.output["statusCode"], status.output["content"]) == (200, "done at last")


async def test_call_http_reports_what_it_cannot_do(durable: Any, other_server: str) -> None:
    status = await durable.run(
        "calls_http", {"method": "GET", "uri": other_server, "resource": "https://management.core.windows.net/"}
    )

    assert status.runtime_status.value == "Failed"
    assert "token source (managed identity) is not implemented" in status.output


async def test_call_http_to_an_unreachable_server_fails(durable: Any) -> None:
    with listen("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]

    status = await durable.run("calls_http", {"method": "GET", "uri": f"http://127.0.0.1:{port}/"})

    assert status.runtime_status.value == "Failed"


@pytest.fixture
async def other_server() -> Any:
    """Another server: one path echoes, one answers 202 until it is asked a second time."""
    asked = iter([202, 202, 200])

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=await request.text(), headers={"X-Method": request.method})

    async def slow(request: web.Request) -> web.Response:
        status = next(asked)
        if status == 202:
            return web.Response(status=202, headers={"Location": "/long", "Retry-After": "0"})
        return web.Response(text="done at last")

    application = web.Application()
    application.add_routes([web.post("/echo", echo), web.route("*", "/long", slow)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listener = listen("127.0.0.1", 0)
    await web.SockSite(runner, listener).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    await runner.cleanup()
