"""The webhook of the real chat, healthy and with each fault that these checks name, made by real means."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from doctor.findings import Finding, Verdict
from doctor.symptoms import Symptom
from doctor.webhook import LATER_CHECKS, check_webhook
from local_azure import functions
from tests.chat.local_chat import HUB, ROOT, LocalChat
from tests.chat.stub_server import a_server, cut
from tests.doctor.fronts import a_front, by_check, closed_address, forward, verdicts

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORIGIN = "127.0.0.1"
CHECKS = ("webhook.validation", *LATER_CHECKS)
KEYS = functions.AccessKeys(master="master-key", host="host-key", system="system-key")


async def ask(url: str, **options: Any) -> list[Finding]:
    """Return the findings about the webhook at an address, asked as our service asks."""
    return await asyncio.to_thread(partial(check_webhook, url, **{"hub": HUB, "origin_host": ORIGIN} | options))


def access_key(chat: LocalChat) -> str:
    return chat.service.connection_string.partition("AccessKey=")[2].partition(";")[0]


@asynccontextmanager
async def an_app(chat: LocalChat, **options: Any) -> AsyncIterator[str]:
    """Yield the address of one more host of the app; the options of the host, and settings with other names."""
    settings = dict(chat.settings) | {name: options.pop(name) for name in list(options) if name[0].isupper()}
    async with functions.serve(ROOT, settings=settings, **options) as host:
        yield host.url


def answering(
    response: Callable[[], web.Response], *methods: str, when: Callable[[web.Request], bool] = lambda request: True
) -> Callable[[web.Request], Awaitable[web.Response | None]]:
    """Return what answers requests of these methods itself, those for which `when` holds."""

    async def intercept(request: web.Request) -> web.Response | None:
        return response() if request.method in methods and when(request) else None

    return intercept


async def test_of_a_healthy_webhook_every_check_is_ok(chat: LocalChat) -> None:
    findings = await ask(chat.url, access_key=access_key(chat))

    assert verdicts(findings) == dict.fromkeys(CHECKS, "ok")
    assert all(finding.symptom == "" and finding.fix == "" for finding in findings)


async def test_without_the_access_key_it_is_unknown_whether_a_right_signature_is_taken(chat: LocalChat) -> None:
    findings = await ask(chat.url)

    assert verdicts(findings) == dict.fromkeys(CHECKS, "ok") | {"webhook.right_signature": "cannot tell"}


async def test_a_host_that_answers_options_without_the_header_is_found(chat: LocalChat) -> None:
    async with a_front(chat.url, answering(lambda: web.Response(status=204), "OPTIONS")) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    for check in ("webhook.validation", "webhook.cors"):
        assert (found[check].verdict, found[check].symptom) == (Verdict.WRONG, Symptom.NO_ORIGIN_HEADER)
    assert "CORS" in found["webhook.validation"].fix
    assert found["webhook.right_signature"].verdict is Verdict.OK


async def test_a_site_with_cors_entries_is_named_though_the_service_is_answered(chat: LocalChat) -> None:
    async with an_app(chat, cors=functions.Cors(("https://portal.example",))) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    assert found["webhook.validation"].verdict is Verdict.OK
    assert (found["webhook.cors"].verdict, found["webhook.cors"].symptom) == (Verdict.UNKNOWN, Symptom.NO_ORIGIN_HEADER)


SIGN_IN = "https://login.example/authorize?client_id=c&state=s3cret"
WALLS = {
    "a redirect": lambda: web.Response(status=302, headers={"Location": SIGN_IN}),
    "a login page": lambda: web.Response(text="<h1>Sign in</h1>", content_type="text/html"),
    "a challenge": lambda: web.Response(status=401, headers={"WWW-Authenticate": 'Bearer realm="app"'}),
    "a page that forbids": lambda: web.Response(status=403, text="<h1>No</h1>", content_type="text/html"),
}


@pytest.mark.parametrize("wall", WALLS.values(), ids=WALLS.keys())
async def test_a_sign_in_before_the_app_is_found(chat: LocalChat, wall: Callable[[], web.Response]) -> None:
    async with a_front(chat.url, answering(wall, "OPTIONS", "POST")) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    for check in ("webhook.validation", "webhook.easyauth"):
        assert (found[check].verdict, found[check].symptom) == (Verdict.WRONG, Symptom.ADDRESS_REFUSED)
    assert "AllowAnonymous" in found["webhook.easyauth"].fix
    assert "s3cret" not in str(found)
    assert found["webhook.unsigned"].verdict is Verdict.UNKNOWN


async def test_of_a_sign_in_that_refuses_foreign_tokens_it_is_unknown_what_it_does_to_the_services(
    chat: LocalChat,
) -> None:
    wall = answering(WALLS["a challenge"], "POST", when=lambda request: "Authorization" in request.headers)
    async with a_front(chat.url, wall) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    assert (found["webhook.easyauth"].verdict, found["webhook.easyauth"].symptom) == (
        Verdict.UNKNOWN,
        Symptom.ADDRESS_REFUSED,
    )
    for check in ("webhook.validation", "webhook.foreign_bearer", "webhook.right_signature"):
        assert found[check].verdict is Verdict.OK


async def test_a_redirect_to_https_asks_for_an_address_with_https(chat: LocalChat) -> None:
    async def redirect(request: web.Request) -> web.Response:
        secure = str(request.url.with_scheme("https").with_port(443))
        return web.Response(status=301, headers={"Location": secure})

    async with a_front(chat.url, redirect) as url:
        found = by_check(await ask(url))

    assert (found["webhook.validation"].verdict, found["webhook.validation"].symptom) == (
        Verdict.WRONG,
        Symptom.ADDRESS_REFUSED,
    )
    assert "https://" in found["webhook.validation"].fix
    assert found["webhook.easyauth"].verdict is Verdict.UNKNOWN


FAILURES = {
    "no function at the address": lambda: web.Response(status=404),
    "an app that does not start": lambda: web.Response(status=503),
    "an app that fails": lambda: web.Response(status=500, text="<h1>500</h1>", content_type="text/html"),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
async def test_an_address_that_fails_is_found(chat: LocalChat, failure: Callable[[], web.Response]) -> None:
    async with a_front(chat.url, answering(failure, "OPTIONS", "POST")) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    for check in ("webhook.validation", "webhook.right_signature"):
        assert (found[check].verdict, found[check].symptom) == (Verdict.WRONG, Symptom.EVENTS_FAIL)
    assert found["webhook.unsigned"].verdict is Verdict.UNKNOWN


async def test_where_nothing_listens_one_check_is_wrong_and_the_others_are_not_asked() -> None:
    findings = await ask(closed_address())

    assert verdicts(findings) == {"webhook.validation": "wrong"} | dict.fromkeys(LATER_CHECKS, "cannot tell")
    assert "nothing accepts connections" in findings[0].seen


async def test_an_app_that_is_too_slow_is_found_and_asked_once() -> None:
    asked = []

    async def never(request: web.Request) -> web.Response:
        asked.append(request.path)
        await asyncio.Event().wait()
        return web.Response()

    async with a_server(never) as url:
        findings = await ask(url, timeout=0.5)

    assert (findings[0].verdict, findings[0].symptom) == (Verdict.WRONG, Symptom.EVENTS_FAIL)
    assert "no answer in time (0.5 s)" in findings[0].seen
    assert asked == ["/eventhandler/validate"]


async def test_an_app_that_fails_only_at_events_is_found_by_a_right_one(chat: LocalChat) -> None:
    async def cut_events(request: web.Request) -> web.Response | None:
        return cut(request) if request.method == "POST" else None

    async with a_front(chat.url, cut_events) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    assert found["webhook.validation"].verdict is Verdict.OK
    assert found["webhook.unsigned"].verdict is Verdict.UNKNOWN
    assert (found["webhook.right_signature"].verdict, found["webhook.right_signature"].symptom) == (
        Verdict.WRONG,
        Symptom.EVENTS_FAIL,
    )


async def test_a_webhook_that_answers_only_once_leaves_the_later_questions_open(chat: LocalChat) -> None:
    asked = []

    async def cut_later(request: web.Request) -> web.Response | None:
        asked.append(request.method)
        return cut(request) if len(asked) > 1 else None

    async with a_front(chat.url, cut_later) as url:
        findings = await ask(url)

    assert verdicts(findings) == dict.fromkeys(CHECKS, "cannot tell") | {"webhook.validation": "ok"}
    for finding in findings[1:4]:
        assert finding.seen.startswith("OPTIONS /eventhandler/validate ")
        assert "the connection ended" in finding.seen


async def test_an_answer_that_allows_another_origin_is_no_answer(chat: LocalChat) -> None:
    def another() -> web.Response:
        return web.Response(headers={"WebHook-Allowed-Origin": "other.example"})

    async with a_front(chat.url, answering(another, "OPTIONS")) as url:
        found = by_check(await ask(url))

    for check, verdict in {"webhook.validation": "wrong", "webhook.cors": "cannot tell"}.items():
        assert found[check].verdict == verdict
    assert "'other.example'" in found["webhook.validation"].seen
    assert found["webhook.validation"].symptom == Symptom.ADDRESS_REFUSED
    assert "webhook.validation is not ok" in found["webhook.cors"].seen


async def test_a_refusal_of_only_the_form_of_browsers_is_named(chat: LocalChat) -> None:
    refuse = answering(lambda: web.Response(status=403), "OPTIONS", when=lambda request: "Origin" in request.headers)
    async with a_front(chat.url, refuse) as url:
        found = by_check(await ask(url))["webhook.cors"]

    assert (found.verdict, found.symptom) == (Verdict.UNKNOWN, Symptom.NO_ORIGIN_HEADER)
    assert "403" in found.seen


async def test_an_app_with_another_key_is_found(chat: LocalChat) -> None:
    found = by_check(await ask(chat.url, access_key="another-key"))["webhook.right_signature"]

    assert (found.verdict, found.symptom) == (Verdict.WRONG, Symptom.SETTING)
    assert "WebPubSubSecondaryConnectionString" in found.fix


async def test_an_app_that_serves_another_hub_is_found(chat: LocalChat) -> None:
    found = by_check(await ask(chat.url, hub="another", access_key=access_key(chat)))["webhook.right_signature"]

    assert (found.verdict, found.symptom) == (Verdict.WRONG, Symptom.NO_EVENT_COMES)
    assert "WebPubSubHub" in found.fix


async def test_an_app_that_serves_another_service_is_found(chat: LocalChat) -> None:
    findings = await ask(chat.url, origin_host="other.example", access_key=access_key(chat))

    assert (findings[0].verdict, findings[0].symptom) == (Verdict.WRONG, Symptom.ADDRESS_REFUSED)
    assert "ChatAllowedOrigins" in findings[0].fix
    assert verdicts(findings)["webhook.foreign_origin"] == "cannot tell"


async def test_an_app_that_any_service_may_register_is_found(chat: LocalChat) -> None:
    async with an_app(chat, ChatAllowedOrigins="*") as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    assert found["webhook.validation"].verdict is Verdict.OK
    assert (found["webhook.foreign_origin"].verdict, found["webhook.foreign_origin"].symptom) == (
        Verdict.WRONG,
        Symptom.SETTING,
    )


@pytest.mark.parametrize("comma", [",", ", "])
async def test_an_app_that_takes_several_origins_for_one_is_found(chat: LocalChat, comma: str) -> None:
    async def echo_lists(request: web.Request) -> web.Response | None:
        asked = request.headers.get("WebHook-Request-Origin", "")
        is_list = comma in asked and (comma != "," or ", " not in asked)
        return web.Response(headers={"WebHook-Allowed-Origin": asked}) if is_list else None

    async with a_front(chat.url, echo_lists) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    assert (found["webhook.several_origins"].verdict, found["webhook.several_origins"].symptom) == (
        Verdict.WRONG,
        Symptom.ADDRESS_REFUSED,
    )


async def test_with_the_functions_key_every_check_of_a_route_with_a_key_is_ok(chat: LocalChat) -> None:
    async with an_app(chat, keys=KEYS, ChatWebhookTrust="functionkey") as url:
        right = await ask(url, function_key=KEYS.host)
        none = by_check(await ask(url))
        wrong = by_check(await ask(url, function_key="another"))

    assert verdicts(right) == dict.fromkeys(CHECKS, "ok")
    assert none["webhook.validation"].verdict is Verdict.UNKNOWN
    assert "?code=" in none["webhook.validation"].fix
    assert (wrong["webhook.validation"].verdict, wrong["webhook.validation"].symptom) == (
        Verdict.WRONG,
        Symptom.ADDRESS_REFUSED,
    )


async def test_a_route_whose_key_nobody_checks_is_found(chat: LocalChat) -> None:
    async with an_app(chat, ChatWebhookTrust="functionkey") as url:
        found = by_check(await ask(url, function_key=KEYS.host))

    for check in ("webhook.unsigned", "webhook.wrong_signature", "webhook.foreign_bearer"):
        assert (found[check].verdict, found[check].symptom) == (Verdict.WRONG, Symptom.SETTING)


async def test_an_app_whose_trust_is_not_configured_is_found(chat: LocalChat) -> None:
    async with an_app(chat, ChatWebhookTrust="identity") as url:
        found = by_check(await ask(url, access_key=access_key(chat)))

    assert found["webhook.validation"].verdict is Verdict.OK
    for check in ("webhook.foreign_bearer", "webhook.right_signature"):
        assert (found[check].verdict, found[check].symptom) == (Verdict.WRONG, Symptom.SETTING)
        assert "ChatWebhookTenant" in found[check].seen


async def test_an_app_without_its_connection_is_found(chat: LocalChat) -> None:
    async with an_app(chat, WebPubSubConnectionString=" ") as url:
        found = by_check(await ask(url))

    assert (found["webhook.validation"].verdict, found["webhook.validation"].symptom) == (
        Verdict.WRONG,
        Symptom.SETTING,
    )
    assert "WebPubSubConnectionString" in found["webhook.validation"].seen


async def test_a_clock_that_is_wrong_is_told_from_a_wrong_key(chat: LocalChat) -> None:
    """The front makes the app's clock an hour slow: its answers say so, and events come from the future."""

    async def slow_clock(request: web.Request) -> web.Response | None:
        if request.method != "POST":
            return None
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        answer = await forward(chat.http, chat.url, request, {"ce-time": later})
        answer.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() - 3600))
        return answer

    async with a_front(chat.url, slow_clock) as url:
        found = by_check(await ask(url, access_key=access_key(chat)))["webhook.right_signature"]

    assert (found.verdict, found.symptom) == (Verdict.WRONG, Symptom.CLOCK)
    assert "ChatEventMaxAgeSeconds" in found.seen


async def test_no_key_stands_in_a_finding_even_when_the_server_repeats_it() -> None:
    async def repeat(request: web.Request) -> web.Response:
        said = f"{request.path_qs} {dict(request.headers)}"
        return web.Response(status=401, body=json.dumps({"error": {"code": "no", "message": said}}).encode())

    async with a_server(repeat) as url:
        findings = await ask(url, access_key="a-secret/key=", function_key="f-secret/key==")

    assert "validate?code=…" in str(findings)
    assert "secret" not in str(findings)


async def test_an_address_that_is_none_is_refused() -> None:
    for address in ("chat.example", "ftp://chat.example", "https://user:password@chat.example", "http://x:port"):
        with pytest.raises(ValueError, match=r"address|Port"):
            await ask(address)
