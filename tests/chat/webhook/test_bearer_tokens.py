"""Events that the service's managed identity vouches for; the tenant's published keys are served by the test."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from chat.errors import NotConfigured, ServiceUnavailable, Untrusted
from chat.settings import Settings
from chat.webhook.bearer_tokens import KEYS_LAST_SECONDS, REFETCH_SECONDS, RETRY_SECONDS, KeyCache, verify_bearer_token

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TENANT = "11111111-1111-1111-1111-111111111111"
CLAIMS = {"aud": "api://chat", "iss": f"https://sts.windows.net/{TENANT}/", "appid": "the-service"}


@pytest.fixture
def fetches() -> list[str]:
    """The paths of the key documents that were fetched."""
    return []


@dataclass
class Outage:
    """Whether the authority fails."""

    is_on: bool = False


@pytest.fixture
def outage() -> Outage:
    return Outage()


@pytest.fixture
async def settings(fetches: list[str], outage: Outage) -> AsyncIterator[Settings]:
    """Settings that name an authority which publishes one key."""
    published = {"keys": [json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "one", "use": "sig"}]}

    async def keys(request: web.Request) -> web.Response:
        fetches.append(request.path)
        if outage.is_on:
            raise web.HTTPServiceUnavailable
        return web.json_response(published)

    app = web.Application()
    app.router.add_get(f"/{TENANT}/discovery/v2.0/keys", keys)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Settings(
        {
            "ChatWebhookAuthority": f"http://127.0.0.1:{runner.addresses[0][1]}",
            "ChatWebhookTenant": TENANT,
            "ChatWebhookAudience": "api://chat",
            "ChatWebhookIdentity": "the-service",
        }
    )
    await runner.cleanup()


def bearer(key: rsa.RSAPrivateKey = KEY, kid: str = "one", **changed: Any) -> str:
    claims = CLAIMS | {"exp": time.time() + 600} | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    return "Bearer " + jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


@pytest.mark.parametrize("changed", [{}, {"appid": None, "azp": "the-service"}, {"appid": "x", "oid": "the-service"}])
async def test_the_services_own_token_is_accepted(settings: Settings, changed: dict[str, Any]) -> None:
    await verify_bearer_token(bearer(**changed), settings, KeyCache())


async def test_a_token_of_version_2_is_accepted(settings: Settings) -> None:
    issuer = f"{settings.text('ChatWebhookAuthority')}/{TENANT}/v2.0"

    await verify_bearer_token(bearer(iss=issuer), settings, KeyCache())


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "api://other"},
        {"iss": "https://sts.windows.net/another/"},
        {"appid": "another-app"},
        {"exp": 1},
        {"exp": None},
        {"aud": None},
        {"key": OTHER_KEY},
        {"kid": "two"},
    ],
)
async def test_any_other_token_is_refused(settings: Settings, changed: dict[str, Any]) -> None:
    with pytest.raises(Untrusted):
        await verify_bearer_token(bearer(**changed), settings, KeyCache())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c"])
async def test_without_a_token_every_event_is_refused(settings: Settings, header: str) -> None:
    with pytest.raises(Untrusted):
        await verify_bearer_token(header, settings, KeyCache())


async def test_a_token_signed_with_our_public_key_as_a_secret_is_refused(settings: Settings) -> None:
    claims = CLAIMS | {"exp": time.time() + 600}
    for key, algorithm in (("x" * 32, "HS256"), ("", "none")):
        token = jwt.encode(claims, key, algorithm, {"kid": "one"})
        with pytest.raises(Untrusted):
            await verify_bearer_token(f"Bearer {token}", settings, KeyCache())


async def test_keys_that_cannot_be_read_are_an_error_of_the_server(settings: Settings) -> None:
    unreachable = Settings(dict(settings.values) | {"ChatWebhookAuthority": "http://127.0.0.1:9"})

    with pytest.raises(ServiceUnavailable):
        await verify_bearer_token(bearer(), unreachable, KeyCache())


@pytest.mark.parametrize("missing", ["ChatWebhookTenant", "ChatWebhookAudience", "ChatWebhookIdentity"])
async def test_a_missing_setting_is_named(settings: Settings, missing: str) -> None:
    values = {name: value for name, value in settings.values.items() if name != missing}

    with pytest.raises(NotConfigured, match=missing):
        await verify_bearer_token(bearer(), Settings(values), KeyCache())


async def test_keys_are_fetched_once_and_again_after_a_day(settings: Settings, fetches: list[str]) -> None:
    now = 1000.0
    cache = KeyCache(clock=lambda: now)
    for _ in range(3):
        await verify_bearer_token(bearer(), settings, cache)
    assert len(fetches) == 1

    now += KEYS_LAST_SECONDS + 1
    await verify_bearer_token(bearer(), settings, cache)

    assert len(fetches) == 2


async def test_tokens_with_unknown_keys_cause_at_most_one_fetch_a_minute(
    settings: Settings, fetches: list[str]
) -> None:
    now = 1000.0
    cache = KeyCache(clock=lambda: now)

    for _ in range(5):
        with pytest.raises(Untrusted):
            await verify_bearer_token(bearer(kid="unknown"), settings, cache)
    assert len(fetches) == 1

    now += REFETCH_SECONDS + 1
    with pytest.raises(Untrusted):
        await verify_bearer_token(bearer(kid="unknown"), settings, cache)
    assert len(fetches) == 2


async def test_forged_tokens_cause_one_fetch_an_interval_while_the_keys_cannot_be_read(
    settings: Settings, fetches: list[str], outage: Outage
) -> None:
    now = 1000.0
    cache = KeyCache(clock=lambda: now)
    outage.is_on = True
    for interval in (1, 2):
        for _ in range(5):
            with pytest.raises(ServiceUnavailable):
                await verify_bearer_token(bearer(OTHER_KEY, kid="forged"), settings, cache)
        assert len(fetches) == interval
        now += RETRY_SECONDS + 1

    outage.is_on = False
    await verify_bearer_token(bearer(), settings, cache)

    assert len(fetches) == 3


async def test_events_that_come_at_the_same_time_share_one_fetch(settings: Settings, fetches: list[str]) -> None:
    cache = KeyCache()

    await asyncio.gather(*(verify_bearer_token(bearer(), settings, cache) for _ in range(20)))

    assert len(fetches) == 1


async def test_a_caller_that_goes_away_leaves_the_shared_fetch_to_the_others(settings: Settings) -> None:
    cache = KeyCache()
    first = asyncio.create_task(verify_bearer_token(bearer(), settings, cache))
    second = asyncio.create_task(verify_bearer_token(bearer(), settings, cache))
    await asyncio.sleep(0)  # both begin to wait

    first.cancel()

    await second


async def test_a_known_key_is_trusted_while_new_ones_cannot_be_read(settings: Settings, outage: Outage) -> None:
    now = 1000.0
    cache = KeyCache(clock=lambda: now)
    await verify_bearer_token(bearer(), settings, cache)
    outage.is_on = True
    now += REFETCH_SECONDS + 1
    with pytest.raises(ServiceUnavailable):
        await verify_bearer_token(bearer(kid="new"), settings, cache)

    await verify_bearer_token(bearer(), settings, cache)


@pytest.mark.parametrize("token", ["\xff", "a.b.c\udcff", "\ud800.e30.x", "é.e30.x"])
async def test_bytes_that_no_token_has_are_refused_without_a_fetch(
    settings: Settings, fetches: list[str], token: str
) -> None:
    with pytest.raises(Untrusted):
        await verify_bearer_token(f"Bearer {token}", settings, KeyCache())

    assert fetches == []


@pytest.mark.parametrize(
    ("audience", "text"),
    [("api://chat/", "only by a slash"), (["api://chat/"], "only by a slash"), ("api://other", "is another one")],
)
async def test_the_log_says_how_an_audience_differs(
    settings: Settings, caplog: pytest.LogCaptureFixture, audience: Any, text: str
) -> None:
    with pytest.raises(Untrusted):
        await verify_bearer_token(bearer(aud=audience), settings, KeyCache())

    (record,) = [record for record in caplog.records if "audience" in record.getMessage()]
    assert text in record.getMessage()
    assert "api://chat" in record.getMessage()


async def test_the_audience_of_a_forged_token_is_not_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Untrusted):
        await verify_bearer_token(bearer(OTHER_KEY, aud="forged"), settings, KeyCache())

    assert "forged" not in caplog.text
