"""The sample app in the Functions host: client functions, their bindings, and the URLs they return."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import azure.functions as func
import pytest
from aiohttp import web
from packaging.requirements import Requirement

from local_azure import functions
from local_azure.functions.durable.execution.invocations import Invocations
from local_azure.functions.durable.management_api.urls import ManagementUrls
from local_azure.functions.listener import listen

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads")

APP = Path(__file__).parent / "app"
ROOT = Path(__file__).resolve().parents[4]


@dataclass
class Served:
    url: str
    http: aiohttp.ClientSession


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with functions.serve(APP) as host, aiohttp.ClientSession() as http:
        yield Served(host.url, http)


async def test_a_check_status_response_leads_to_the_instance(served: Served) -> None:
    """D-058: 202, Location and Retry-After, with the origin that the request was sent to."""
    origin = served.url.replace("127.0.0.1", "localhost")
    async with served.http.post(f"{origin}/api/start/fan_out", json=[1, 2]) as response:
        assert (response.status, response.headers["Retry-After"]) == (202, "10")
        urls = await response.json()
    assert response.headers["Location"] == urls["statusQueryGetUri"]
    assert all(value.startswith(origin) for name, value in urls.items() if name != "id")
    assert urls["id"] in urls["terminatePostUri"]
    async with served.http.get(urls["statusQueryGetUri"]) as response:
        assert (await response.json())["instanceId"] == urls["id"]


async def test_a_function_can_wait_for_the_end(served: Served) -> None:
    async with served.http.post(f"{served.url}/api/run/fan_out", json=[1, 2]) as response:
        assert (response.status, await response.json()) == (200, 6)
    async with served.http.post(f"{served.url}/api/run/raises_error", json=None) as response:
        assert (response.status, (await response.json())["runtimeStatus"]) == (500, "Failed")


async def test_a_wait_that_takes_too_long_becomes_a_check_status_response(served: Served) -> None:
    async with served.http.post(f"{served.url}/api/run/waits_for?wait=30", json=["go"]) as response:
        assert response.status == 202
        urls = await response.json()
    event = urls["sendEventPostUri"].replace("{eventName}", "go")
    async with served.http.post(event, json="now") as response:
        assert response.status == 202
    async with served.http.post(urls["terminatePostUri"].replace("{text}", "enough")) as response:
        assert response.status in (202, 410)


async def test_client_functions_share_one_loop(served: Served) -> None:
    """D-060: one after the other and through different functions, with the SDK's one session."""
    for n in range(1, 4):
        async with served.http.post(f"{served.url}/api/tally/shared", json=n) as response:
            assert response.status == 204
        async with served.http.post(f"{served.url}/api/run/one_activity", json=n) as response:
            assert await response.json() == 2 * n


async def test_calls_of_a_client_carry_the_invocation_id(sample: Any) -> None:
    """D-061: only of a function with a parameter `context`."""
    seen: list[str | None] = []

    async def record(request: web.Request) -> web.Response:
        seen.append(request.headers.get("X-Azure-Functions-InvocationId"))
        return web.json_response({"id": "x"}, status=202)

    application = web.Application()
    application.router.add_post("/{path:.*}", record)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listener = listen("127.0.0.1", 0)
    await web.SockSite(runner, listener).start()
    binding = ManagementUrls(f"http://127.0.0.1:{listener.getsockname()[1]}", "Hub").client_binding("Hub")
    by_name = {function.name: function for function in sample.functions}
    route = {"name": "no_steps", "key": "k"}
    for name in ("start", "add_to_tally"):
        arguments = {
            "req": func.HttpRequest("POST", "http://localhost/api/x", route_params=route, body=b"1"),
            "client": binding,
        }
        await sample.worker.invoke(by_name[name], arguments, invocation_id="the-invocation")
    await Invocations(sample.worker.invoke).close_client_session()
    await runner.cleanup()

    assert seen == ["the-invocation", None]


async def test_the_state_of_a_served_app_is_kept(tmp_path: Path) -> None:
    """D-065 through the host's own option: `data` is the folder of the state."""
    for expected in (1, 2):
        async with (
            functions.serve(APP, data=tmp_path) as host,
            aiohttp.request("POST", f"{host.url}/api/run/counts_itself") as response,
        ):
            assert await response.json() == expected


@pytest.mark.parametrize("version", ["2.0.0", "2.0.0rc3"])
def test_the_sdk_with_another_protocol_is_excluded(version: str) -> None:
    """The requirements exclude version 2 of the SDK (D-066)."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line.startswith("azure-functions-durable")]

    assert pins
    assert not any(pin.specifier.contains(version, prereleases=True) for pin in pins)
