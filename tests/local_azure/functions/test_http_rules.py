"""Rules of the host's HTTP side: forms of a request, and which headers, cookies and status codes are sent."""

import asyncio
from pathlib import Path

import pytest

from tests.local_azure.functions.apps import ROOT_PREFIX, Serve

ANSWERS = """
@app.route()
def connection_headers(req):
    headers = {name: "x" for name in ("Connection", "Keep-Alive", "Upgrade", "TE", "Trailer")}
    return func.HttpResponse("body", headers={**headers, "X-Own": "kept"})

@app.route()
def reset(req): return func.HttpResponse("body", status_code=205)

@app.route()
def impossible(req): return func.HttpResponse("body", status_code=1000)

@app.route()
def cookie(req): return func.HttpResponse("", headers={"Set-Cookie": "seen=1; Max-Age=90.5"})

@app.route()
def described(req) -> str: return json.dumps({"body": "x", "status": 201, "statusCode": 202})
"""


async def test_a_request_in_absolute_form_keeps_its_path_and_query(serve: Serve) -> None:
    """Proxies are sent the whole URL as the target (RFC 9112, section 3.2.2)."""
    source = """
    @app.route(route="echo/{id}")
    def echo(req): return func.HttpResponse(f"{req.route_params['id']} {dict(req.params)}")
    """
    async with serve(source) as app:
        answer = await app.get(f"{app.host.url}/api/echo/7?room=lobby")

    assert (answer.status, answer.body) == (200, b"7 {'room': 'lobby'}")


@pytest.mark.parametrize("target", ["/admin/other", "/ADMIN/other", "/runtime/webhooks", "/Runtime/Webhooks"])
async def test_a_route_for_every_path_does_not_get_the_hosts_own_paths(serve: Serve, target: str) -> None:
    source = "@app.route(route='{*path}')\ndef every(req): return func.HttpResponse('every')"
    async with serve(source, host_json=ROOT_PREFIX) as app:
        assert (await app.get(target)).status == 404
        assert (await app.get("/administration")).body == b"every"


async def test_headers_of_the_connection_are_not_taken_from_a_function(serve: Serve) -> None:
    async with serve(ANSWERS) as app:
        answer = await app.get("/api/connection_headers")

    assert (answer.status, answer.body, answer["x-own"]) == (200, b"body", "kept")
    assert [name for name, value in answer.headers if value == "x"] == []


@pytest.mark.parametrize(
    ("path", "status", "body"), [("reset", 205, b""), ("impossible", 500, b""), ("described", 202, b"x")]
)
async def test_the_status_decides_about_the_body(serve: Serve, path: str, status: int, body: bytes) -> None:
    """205 has no content (RFC 9110); four digits are no status; `statusCode` is preferred to `status`."""
    async with serve(ANSWERS) as app:
        answer = await app.get(f"/api/{path}")

    assert (answer.status, answer.body) == (status, body)


async def test_the_age_of_a_cookie_is_sent_in_whole_seconds(serve: Serve) -> None:
    async with serve(ANSWERS) as app:
        assert (await app.get("/api/cookie"))["set-cookie"] == "seen=1; max-age=90; path=/"


TIMERS = """
from pathlib import Path

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
async def endless(timer: func.TimerRequest) -> None:
    here = Path(__file__)
    here.with_name("started").touch()
    try:
        await asyncio.Event().wait()
    finally:
        here.with_name("ended").touch()
"""


async def test_a_timer_function_that_is_still_running_is_cancelled_when_the_host_stops(
    serve: Serve, tmp_path: Path
) -> None:
    async with asyncio.timeout(30):
        async with serve(TIMERS) as app:
            assert (await app.send("POST", "/admin/functions/endless", body=b"{}")).status == 202
            while not (tmp_path / "app" / "started").exists():  # noqa: ASYNC110 — another thread's file
                await asyncio.sleep(0.01)

    assert (tmp_path / "app" / "ended").exists()


async def test_a_disabled_timer_function_is_not_run_by_hand(serve: Serve, tmp_path: Path) -> None:
    async with serve(TIMERS, settings={"AzureWebJobs.endless.Disabled": "true"}) as app:
        assert (await app.send("POST", "/admin/functions/endless", body=b"{}")).status == 404

    assert not (tmp_path / "app" / "started").exists()


async def test_the_uptime_is_in_milliseconds(serve: Serve) -> None:
    async with serve(ANSWERS) as app, asyncio.timeout(10):
        while (await app.get("/admin/host/status")).json()["processUptime"] < 20:  # noqa: ASYNC110 — a clock
            await asyncio.sleep(0.01)
