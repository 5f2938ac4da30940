"""The findings about the app's routes for its health, asked of a server that answers as the app does on a bad day."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from doctor.findings import Finding, Verdict
from doctor.health import SYMPTOMS, check_health
from doctor.symptoms import Symptom
from tests.chat.stub_server import a_server, cut
from tests.doctor.fronts import closed_address

KEY = "the-functions-key"


def an_app(status: int = 200, **wrong: str) -> Callable[[web.Request], Any]:
    """Return an app that is alive, answers `status` where it is asked whether it is ready, and knows what is wrong."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/healthz":
            return web.json_response({"status": "alive"})
        content: dict[str, Any] = {"status": "ready" if status == 200 else "not ready"}
        if request.path == "/readyz/details":
            if request.headers.get("x-functions-key") != KEY:
                return web.Response(status=401)
            names = dict.fromkeys(SYMPTOMS, "") | wrong
            content["checks"] = [
                {"name": name, "status": "wrong" if detail else "ok", "detail": detail, "ms": 1.0}
                for name, detail in names.items()
            ]
        return web.json_response(content, status=status)

    return answer


async def ask(answer: Callable[[web.Request], Any], **options: Any) -> list[Finding]:
    async with a_server(answer) as url:
        return await asyncio.to_thread(partial(check_health, url, **options))


async def test_an_app_that_is_alive_and_ready() -> None:
    for options in ({}, {"function_key": KEY}):
        findings = await ask(an_app(), **options)

        assert [(finding.check, finding.verdict) for finding in findings] == [
            ("health.alive", Verdict.OK),
            ("health.ready", Verdict.OK),
        ]


@pytest.mark.parametrize("part", SYMPTOMS)
async def test_what_is_not_ready_is_named_where_the_key_is_given(part: str) -> None:
    open_to_all = await ask(an_app(503, **{part: "ChatSetting is wrong"}))
    details = await ask(an_app(503, **{part: "ChatSetting is wrong"}), function_key=KEY)

    assert (open_to_all[1].verdict, "key" in open_to_all[1].fix) == (Verdict.WRONG, True)
    assert (details[1].verdict, details[1].symptom) == (Verdict.WRONG, SYMPTOMS[part])
    assert f"{part}: ChatSetting is wrong" in details[1].seen


async def test_a_key_that_the_host_refuses_tells_nothing_of_the_app() -> None:
    findings = await ask(an_app(), function_key="wr0ng-key")

    assert (findings[1].verdict, "wr0ng-key" in str(findings)) == (Verdict.UNKNOWN, False)


async def test_a_key_that_the_app_repeats_is_not_shown() -> None:
    findings = await ask(an_app(503, settings=f"a setting holds {KEY}"), function_key=KEY)

    assert KEY not in str(findings)
    assert "a setting holds …" in findings[1].seen


async def test_an_app_that_says_ready_with_another_status_is_not_ready() -> None:
    async def answer(request: web.Request) -> web.Response:
        is_alive = request.path == "/healthz"
        return web.json_response({"status": "alive" if is_alive else "ready"}, status=200 if is_alive else 503)

    assert [finding.verdict for finding in await ask(answer)] == [Verdict.OK, Verdict.WRONG]


async def test_an_app_that_is_alive_and_does_not_say_whether_it_is_ready_is_not_ready() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"}) if request.path == "/healthz" else cut(request)

    findings = await ask(answer)

    assert (findings[1].verdict, findings[1].symptom) == (Verdict.WRONG, Symptom.EVENTS_FAIL)
    assert "the connection ended" in findings[1].seen


@pytest.mark.parametrize(
    ("response", "symptom"),
    [
        (lambda: web.Response(status=404), Symptom.EVERY_ADDRESS_404),
        (lambda: web.Response(status=503), Symptom.EVENTS_FAIL),
        (lambda: web.Response(status=302, headers={"Location": "https://login.example"}), Symptom.ADDRESS_REFUSED),
        (lambda: web.Response(text="<h1>Welcome</h1>", content_type="text/html"), Symptom.ADDRESS_REFUSED),
    ],
)
async def test_an_app_that_is_not_alive_is_asked_nothing_more(
    response: Callable[[], web.Response], symptom: Symptom
) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.path == "/healthz"
        return response()

    findings = await ask(answer)

    assert [finding.verdict for finding in findings] == [Verdict.WRONG, Verdict.UNKNOWN]
    assert findings[0].symptom == symptom


async def test_where_nothing_listens_the_app_is_not_alive() -> None:
    findings = await asyncio.to_thread(check_health, closed_address())

    assert findings[0].verdict is Verdict.WRONG
    assert "nothing accepts connections there" in findings[0].seen
