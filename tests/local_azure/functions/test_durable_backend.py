"""What the host does for its durable backend: its settings, and its service until the last function has answered."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest

from local_azure.functions.errors import ConfigurationError
from tests.local_azure.functions.apps import Serve
from tests.local_azure.webpubsub.harness import until

HEADER = """
import asyncio, os
import azure.functions as func
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""
APP = """
    @app.route(route="begin/{instance}")
    @app.durable_client_input(client_name="client")
    async def begin(req: func.HttpRequest, client) -> func.HttpResponse:
        try:
            return func.HttpResponse(await client.start_new("wait", req.route_params["instance"]))
        except Exception as refused:
            return func.HttpResponse(str(refused), status_code=409)

    @app.route(route="slow")
    @app.durable_client_input(client_name="client")
    async def slow(req: func.HttpRequest, client) -> func.HttpResponse:
        open(os.environ["STARTED"], "w").close()
        while not os.path.exists(os.environ["GO_ON"]):
            await asyncio.sleep(0.01)
        return func.HttpResponse(await client.start_new("wait", "late"))

    @app.orchestration_trigger(context_name="context")
    def wait(context):
        yield context.wait_for_external_event("never")
"""


def durable(**values: object) -> dict[str, object]:
    return {"extensions": {"durableTask": values}}


@pytest.mark.parametrize(("states", "second"), [("NonRunningStates", 409), ("AnyState", 200)])
async def test_host_json_says_whether_a_running_instance_may_be_replaced(
    serve: Serve, states: str, second: int
) -> None:
    async with serve(APP, header=HEADER, host_json=durable(overridableExistingInstanceStates=states)) as app:
        assert (await app.get("/api/begin/one")).status == 200
        assert (await app.get("/api/begin/one")).status == second


async def test_a_durable_setting_that_cannot_be_used_is_refused_by_its_name(serve: Serve) -> None:
    with pytest.raises(ConfigurationError, match=r"durableTask\.maxConcurrentActivityFunctions.*'many'"):
        async with serve(APP, header=HEADER, host_json=durable(maxConcurrentActivityFunctions="many")):
            pass


async def test_a_function_that_still_runs_when_the_host_stops_can_reach_its_durable_client(
    serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("signals")
    started, go_on = folder / "started", folder / "go_on"
    settings = {"STARTED": str(started), "GO_ON": str(go_on)}
    async with AsyncExitStack() as stack, aiohttp.ClientSession() as http:
        app = await stack.enter_async_context(serve(APP, header=HEADER, settings=settings))
        answer = asyncio.create_task(http.get(f"{app.host.url}/api/slow").__aenter__())
        await until(started.exists)
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0)  # the host has begun to stop
        go_on.touch()

        response = await answer
        assert (response.status, await response.text()) == (200, "late")
        response.close()
        await stopping
