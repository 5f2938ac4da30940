"""The local token authority over HTTP: what it publishes, and whom it gives tokens."""

import asyncio
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio

from local_azure.authority import (
    APP_SYSTEM_ASSIGNED,
    APP_USER_ASSIGNED,
    STRANGER,
    TENANT,
    WEB_PUBSUB,
    AuthorityServer,
    Identities,
    default_identities,
    serve,
)

STORAGE = "https://storage.azure.com"
APPLICATION = "44444444-aaaa-4000-8000-444444444444"


# One authority for all: its keys take a tenth of a second each.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[AuthorityServer]:
    async with serve(Identities(user_assigned=(APP_USER_ASSIGNED,))) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(server: AuthorityServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.authority.url) as session:
        yield session


async def read(http: aiohttp.ClientSession, path: str) -> Any:
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@pytest.mark.parametrize(("version", "prefix"), [(1, ""), (2, "v2.0/")])
async def test_a_client_finds_the_key_of_a_token_by_the_tenants_configuration(
    http: aiohttp.ClientSession, server: AuthorityServer, version: int, prefix: str
) -> None:
    found = await read(http, f"/{TENANT}/{prefix}.well-known/openid-configuration")
    token = server.authority.issue(STRANGER, "any", version=version).text

    keys = jwt.PyJWKSet.from_dict(await read(http, found["jwks_uri"].removeprefix(server.authority.url)))

    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["RS256"], audience="any", issuer=found["issuer"])
    assert claims["appid" if version == 1 else "azp"] == STRANGER.client_id
    assert (claims["oid"], claims["tid"], claims["ver"]) == (STRANGER.object_id, TENANT, f"{version}.0")


async def test_another_tenant_is_not_known(http: aiohttp.ClientSession) -> None:
    async with http.get(f"/{APPLICATION}/discovery/v2.0/keys") as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_tenant")


async def ask(http: aiohttp.ClientSession, server: AuthorityServer, **changed: str) -> tuple[int, Any]:
    """Ask for a token of the app as azure-identity does; `header` and the query may be changed."""
    header = changed.pop("header", server.identity_header)
    query = {"api-version": "2019-08-01", "resource": STORAGE} | changed
    async with http.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": header}) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, APP_SYSTEM_ASSIGNED),
        ({"client_id": APP_USER_ASSIGNED.client_id.upper()}, APP_USER_ASSIGNED),
        ({"principal_id": APP_USER_ASSIGNED.object_id}, APP_USER_ASSIGNED),
        ({"object_id": APP_SYSTEM_ASSIGNED.object_id}, APP_SYSTEM_ASSIGNED),
    ],
)
async def test_the_app_is_given_a_token_of_the_identity_that_it_names(
    http: aiohttp.ClientSession, server: AuthorityServer, chosen: dict[str, str], expected: Any
) -> None:
    status, answer = await ask(http, server, **chosen)

    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (status, claims["oid"], answer["client_id"]) == (200, expected.object_id, expected.client_id)
    assert (claims["aud"], answer["resource"], answer["token_type"]) == (STORAGE, STORAGE, "Bearer")
    assert int(answer["expires_on"]) == claims["exp"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"header": "guessed"}, 401),
        ({"header": "gu\u00e4ssed"}, 401),
        ({"api-version": "2017-09-01"}, 400),
        ({"resource": ""}, 400),
        ({"resource": "x" * 2049}, 400),
        ({"client_id": WEB_PUBSUB.client_id}, 400),
        ({"client_id": STRANGER.client_id}, 400),
    ],
)
async def test_nobody_else_is_given_one(
    http: aiohttp.ClientSession, server: AuthorityServer, changed: dict[str, str], status: int
) -> None:
    answered, document = await ask(http, server, **changed)

    assert (answered, document["statusCode"]) == (status, status)
    assert "access_token" not in document


async def test_a_header_of_bytes_that_are_no_text_is_refused(server: AuthorityServer) -> None:
    request = urllib.request.Request(
        f"{server.authority.url}/msi/token?api-version=2019-08-01&resource=a", headers={"X-IDENTITY-HEADER": "\xff"}
    )

    with pytest.raises(urllib.error.HTTPError) as refused:
        await asyncio.to_thread(urllib.request.urlopen, request)

    assert refused.value.code == 401


async def test_an_app_without_a_system_assigned_identity_must_name_one() -> None:
    async with serve(default_identities("user")) as server, aiohttp.ClientSession(server.authority.url) as http:
        assert (await ask(http, server))[0] == 400
        assert (await ask(http, server, client_id=APP_USER_ASSIGNED.client_id))[0] == 200


@pytest.mark.parametrize("path", ["/test/tokens", "/test/keys"])
async def test_pages_of_other_sites_can_ask_for_no_token(http: aiohttp.ClientSession, path: str) -> None:
    body = {"identity": "app", "audience": STORAGE}
    for headers in ({"Origin": "https://example.com"}, {"Host": "example.com"}):
        async with http.post(path, json=body, headers=headers) as answer:
            assert answer.status == 403
    async with http.post(path, data=b"{}", headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 415


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"identity": "app"}, 400),
        ([], 400),
        ({"identity": "nobody-is-called-so", "audience": "x"}, 404),
        ({"identity": "app", "audience": "x", "version": 3}, 400),
        ({"identity": "app", "audience": "x", "issuer": 3}, 400),
        ({"identity": "app", "audience": "x", "expiresIn": "soon"}, 400),
        ({"identity": "app", "audience": "x", "expiresIn": 10**30}, 400),
    ],
)
async def test_a_wish_for_a_token_that_cannot_be_made_is_refused(
    http: aiohttp.ClientSession, body: object, status: int
) -> None:
    async with http.post("/test/tokens", json=body) as answer:
        assert answer.status == status
