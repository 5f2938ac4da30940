"""The tokens of the app's identity, with azure-identity and an endpoint as App Service has one."""

import asyncio
from typing import Self

import pytest
from azure.core.credentials import AccessToken

from chat.entra_tokens import REFRESH_SECONDS, EntraTokens, app_credential
from chat.http_connections import CallFailed
from tests.chat.identity_endpoint import serve_identity

SCOPE = "https://storage.azure.com/.default"


def tokens(client_id: str | None = None, *, is_managed: bool = True) -> EntraTokens:
    return EntraTokens(SCOPE, lambda: app_credential(client_id, is_managed=is_managed))


@pytest.mark.parametrize("is_managed", [True, False])
async def test_one_token_serves_all_callers_until_shortly_before_its_end(
    monkeypatch: pytest.MonkeyPatch, is_managed: bool
) -> None:
    async with serve_identity(monkeypatch) as identity:
        kept = tokens("client", is_managed=is_managed)

        first = await asyncio.gather(*(kept.get(5) for _ in range(5)))
        later = await kept.get(5)

    assert {*first, later} == {"token-1"}
    (asked,) = identity.asked
    assert (asked["resource"], asked["client_id"]) == ("https://storage.azure.com", "client")


class Numbered:
    """A credential whose tokens last an hour by a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.given = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def get_token(self, *_: str, **__: object) -> AccessToken:
        await self.may_answer.wait()
        self.given += 1
        return AccessToken(f"token-{self.given}", int(self.now) + 3600)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""


async def test_a_token_is_replaced_shortly_before_its_end() -> None:
    credential = Numbered()
    kept = EntraTokens(SCOPE, lambda: credential, now=lambda: credential.now)
    seen = []

    for credential.now in (0, 3600 - REFRESH_SECONDS - 1, 3600 - REFRESH_SECONDS):
        seen.append(await kept.get(5))

    assert seen == ["token-1", "token-1", "token-2"]


async def test_a_token_that_is_not_given_in_time_is_an_error_for_who_waits_no_longer() -> None:
    credential = Numbered()
    credential.may_answer.clear()
    kept = EntraTokens(SCOPE, lambda: credential, now=lambda: credential.now)

    with pytest.raises(CallFailed, match="no token"):
        await kept.get(0.05)
    patient = asyncio.ensure_future(kept.get(5))
    credential.may_answer.set()

    assert await patient == "token-1"


async def test_a_token_that_is_not_given_is_an_error_and_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_identity(monkeypatch) as identity:
        identity.status = 400
        kept = tokens()
        with pytest.raises(CallFailed):
            await kept.get(5)
        identity.status = 200

        assert (await kept.get(5)).startswith("token-")


async def test_a_caller_that_is_cancelled_does_not_keep_others_from_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve_identity(monkeypatch):
        kept = tokens()
        first, second = (asyncio.ensure_future(kept.get(5)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()

        assert await second == "token-1"
