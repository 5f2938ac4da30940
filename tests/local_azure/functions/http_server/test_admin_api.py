"""What the host answers itself: home page, admin API, disabled functions, and an app that does not load."""

import asyncio
from pathlib import Path

import pytest

from tests.local_azure.functions.apps import ROOT_PREFIX, Serve

ONE = "@app.route(methods=['GET'])\ndef one(req): return func.HttpResponse('one')\n"
TIMER = """
from pathlib import Path

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
def yearly(timer: func.TimerRequest) -> None:
    Path(__file__).with_name("ran").write_text(str(timer.past_due))
"""


async def test_h069_the_home_page_is_there_when_no_function_is(serve: Serve) -> None:
    async with serve(ONE) as app:
        home = await app.get("/")
    async with serve(ONE, settings={"AzureWebJobsDisableHomepage": "true"}) as app:
        disabled = await app.get("/")
    async with serve(
        "@app.route(route='{*path}')\ndef all(req): return func.HttpResponse('x')", host_json=ROOT_PREFIX
    ) as app:
        taken = await app.get("/")

    assert (home.status, home["content-type"]) == (200, "text/html; charset=utf-8")
    assert (disabled.status, disabled.body) == (204, b"")
    assert taken.body == b"x"


@pytest.mark.parametrize("value", ["true", "1", "True"])
async def test_h053_a_disabled_function_is_404_and_listed_as_such(serve: Serve, value: str) -> None:
    async with serve(ONE, settings={"AzureWebJobs.one.Disabled": value}) as app:
        assert (await app.get("/api/one")).status == 404
        assert "Function one is disabled." in app.host.startup_banner().splitlines()
        assert (await app.get("/admin/functions/one")).json()["isDisabled"] is True


async def test_the_admin_api_knows_the_host_and_its_functions(serve: Serve) -> None:
    async with serve(ONE + TIMER) as app:
        status = (await app.get("/admin/host/status")).json()
        functions = (await app.get("/admin/functions")).json()
        one = (await app.get("/admin/functions/ONE")).json()

        assert (status["state"], "errors" in status) == ("Running", False)
        assert [function["name"] for function in functions] == ["one", "yearly"]
        assert one["invoke_url_template"] == f"{app.host.url}/api/one"
        assert [binding["type"] for binding in one["config"]["bindings"]] == ["httpTrigger", "http"]
        assert [(await app.send(method, "/admin/host/ping")).status for method in ("GET", "POST")] == [200, 200]
        assert (await app.get("/admin/functions/none")).status == 404
        assert (await app.send("DELETE", "/admin/host/ping")).status == 404


async def test_a_timer_is_listed_and_runs_when_asked(serve: Serve, tmp_path: Path) -> None:
    async with serve(ONE + TIMER) as app:
        listing = app.host.startup_banner()
        assert (await app.send("POST", "/admin/functions/yearly", body=b'{"input": ""}')).status == 202
        while not (tmp_path / "app" / "ran").exists():  # noqa: ASYNC110 — another thread's file
            await asyncio.sleep(0.002)
        assert (await app.send("POST", "/admin/functions/one", body=b"{}")).status == 501
        assert (await app.send("POST", "/admin/functions/none", body=b"{}")).status == 404

    assert "\tyearly: timerTrigger" in listing
    assert "will not run" not in listing


async def test_a_timer_that_would_end_the_process_is_a_failure_on_the_console(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    source = """
    @app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
    async def leaving(timer: func.TimerRequest) -> None:
        raise SystemExit(3)
    """
    async with serve(source) as app:
        assert (await app.send("POST", "/admin/functions/leaving", body=b"{}")).status == 202
        while "Executed 'Functions.leaving' (Failed)" not in caplog.text:  # noqa: ASYNC110 — a log is asked, not awaited
            await asyncio.sleep(0.002)
        assert (await app.send("GET", "/admin/host/ping")).status == 200


async def test_h003_h086_with_an_app_that_does_not_load_the_host_runs_without_functions_and_logs_the_reason(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve(ONE + "import no_such_module") as app:
        answer = await app.get("/api/one")
        status = (await app.get("/admin/host/status")).json()
        assert "0 functions found" in app.host.startup_banner()
        assert (await app.get("/admin/functions")).json() == []
        assert (await app.get("/")).status == 200

    assert (answer.status, answer.body) == (404, b"")
    assert status["state"] == "Running"
    assert "No module named 'no_such_module' (function_app.py, line" in caplog.text
    assert 'Traceback (most recent call last):\n  File "' in caplog.text
    assert "importlib" not in caplog.text


async def test_durable_functions_are_listed_and_run(serve: Serve) -> None:
    header = """
import azure.functions as func, json
import azure.durable_functions as df

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
"""
    source = """
    @app.route()
    @app.durable_client_input(client_name="client")
    async def begin(req: func.HttpRequest, client) -> func.HttpResponse:
        instance = await client.start_new("greet", client_input="ana")
        return await client.wait_for_completion_or_create_check_status_response(req, instance, 10000, 20)

    @app.orchestration_trigger(context_name="context")
    def greet(context):
        return (yield context.call_activity("hello", context.get_input()))

    @app.activity_trigger(input_name="name")
    def hello(name: str) -> str:
        return f"hello {name}"
    """

    async with serve(source, header=header) as app:
        answer = await app.send("POST", "/api/begin", body=b"")
        listing = app.host.startup_banner()

    assert (answer.status, answer.body) == (200, b"hello ana")
    assert "\tgreet: orchestrationTrigger" in listing
    assert "will not run" not in listing
