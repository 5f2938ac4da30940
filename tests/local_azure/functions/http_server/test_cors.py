"""Cross-origin requests, and the validation request of Web PubSub that must not be taken for one."""

import pytest

from local_azure.functions import ConfigurationError, Cors
from tests.local_azure.functions.apps import Serve

ORIGIN = "http://localhost:5173"
ONE = Cors((ORIGIN,))
TWO = Cors((ORIGIN, "https://chat.example"), credentials=True)
HOOK = """
calls = []

@app.route(methods=["GET", "OPTIONS"])
def hook(req):
    calls.append(req.method)
    asked = [origin.strip() for origin in (req.headers.get("webhook-request-origin") or "").split(",")]
    allowed = [origin for origin in asked if origin == "chat.webpubsub.azure.com"]
    return func.HttpResponse(str(len(calls)), headers={"WebHook-Allowed-Origin": allowed[0]} if allowed else {})

@app.route(methods=["POST"])
def post_only(req): return func.HttpResponse()
"""


def preflight(origin: str, method: str = "GET", headers: str = "") -> list[tuple[str, str]]:
    asked = [("Origin", origin), ("Access-Control-Request-Method", method)]
    return [*asked, ("Access-Control-Request-Headers", headers)] if headers else asked


async def test_h057_without_cors_a_preflight_reaches_the_routes(serve: Serve) -> None:
    async with serve(HOOK) as app:
        assert (await app.send("OPTIONS", "/api/hook", *preflight(ORIGIN))).body == b"1"
        assert (await app.send("OPTIONS", "/api/post_only", *preflight(ORIGIN))).status == 404
        assert "Access-Control-Allow-Origin" not in await app.get("/api/hook", ("Origin", ORIGIN))


async def test_h058_a_preflight_is_answered_without_the_function(serve: Serve) -> None:
    async with serve(HOOK, cors=ONE) as app:
        answer = await app.send("OPTIONS", "/api/hook", *preflight(ORIGIN, "PUT", "X-One, X-Two"))
        calls = (await app.get("/api/hook")).body

    assert (answer.status, answer.body, calls) == (204, b"", b"1")
    assert answer["access-control-allow-origin"] == ORIGIN
    assert answer["access-control-allow-methods"] == "PUT"
    assert answer["access-control-allow-headers"] == "X-One, X-Two"
    assert "access-control-allow-credentials" not in answer


async def test_h059_a_preflight_from_elsewhere_is_204_and_allows_nothing(serve: Serve) -> None:
    async with serve(HOOK, cors=ONE) as app:
        for origin in ("http://localhost:5174", ORIGIN + "/", "null"):
            answer = await app.send("OPTIONS", "/api/hook", *preflight(origin))
            assert answer.status == 204
            assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("cors", [Cors(), ONE, TWO])
async def test_h060_h061_h062_a_validation_request_reaches_the_function(serve: Serve, cors: Cors) -> None:
    asked = ("WebHook-Request-Origin", "other.example , chat.webpubsub.azure.com")

    async with serve(HOOK, cors=cors) as app:
        answer = await app.send("OPTIONS", "/api/hook", asked)

    assert (answer.status, answer["webhook-allowed-origin"]) == (200, "chat.webpubsub.azure.com")


async def test_h060_options_with_an_origin_alone_is_no_preflight(serve: Serve) -> None:
    async with serve(HOOK, cors=ONE) as app:
        answer = await app.send("OPTIONS", "/api/hook", ("Origin", ORIGIN))

    assert (answer.status, answer.body, answer["access-control-allow-origin"]) == (200, b"1", ORIGIN)


async def test_h063_a_webhook_that_takes_only_post_fails_its_validation(serve: Serve) -> None:
    async with serve(HOOK) as app:
        answer = await app.send("OPTIONS", "/api/post_only", ("WebHook-Request-Origin", "chat.webpubsub.azure.com"))

    assert answer.status == 404


async def test_h064_an_answer_says_which_origin_may_read_it(serve: Serve) -> None:
    async with serve(HOOK, cors=ONE) as app:
        one = await app.get("/api/hook", ("Origin", ORIGIN))
        missing = await app.get("/nothing", ("Origin", ORIGIN))
    async with serve(HOOK, cors=TWO) as app:
        two = await app.get("/api/hook", ("Origin", "https://chat.example"))
        other = await app.get("/api/hook", ("Origin", "https://other.example"))

    assert (one["access-control-allow-origin"], "vary" in one) == (ORIGIN, False)
    assert missing["access-control-allow-origin"] == ORIGIN
    assert (two["access-control-allow-origin"], two["vary"]) == ("https://chat.example", "Origin")
    assert two["access-control-allow-credentials"] == "true"
    assert (other["vary"], "access-control-allow-origin" in other) == ("Origin", False)


async def test_any_origin_may_be_allowed(serve: Serve) -> None:
    async with serve(HOOK, cors=Cors(("*",))) as app:
        assert (await app.get("/api/hook", ("Origin", ORIGIN)))["access-control-allow-origin"] == "*"


async def test_h065_any_origin_with_credentials_is_refused_at_the_start(serve: Serve) -> None:
    settings = '{"IsEncrypted": false, "Host": {"CORS": "*", "CORSCredentials": true}}'

    with pytest.raises(ConfigurationError, match=r"credentials together with the origin '\*'"):
        async with serve(HOOK, files={"local.settings.json": settings}):
            pass


async def test_origins_come_from_local_settings(serve: Serve) -> None:
    settings = f'{{"IsEncrypted": false, "Host": {{"CORS": "{ORIGIN}, https://chat.example"}}}}'

    async with serve(HOOK, files={"local.settings.json": settings}) as app:
        answer = await app.send("OPTIONS", "/api/hook", *preflight("https://chat.example"))

    assert answer["access-control-allow-origin"] == "https://chat.example"
