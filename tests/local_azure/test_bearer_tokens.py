"""Which bearer tokens a service of this machine accepts."""

import base64
import json
from typing import Any

import jwt
import pytest

from local_azure.authority import APP_SYSTEM_ASSIGNED, STRANGER, TENANT, Authority, Identities
from local_azure.bearer_tokens import BearerTokens, InvalidBearerToken, Role, is_of_authority

NOW = 1_800_000_000.0
AUDIENCE = "https://webpubsub.azure.com"
AUTHORITY = Authority(Identities(), "https://127.0.0.1:8090", clock=lambda: NOW)
TOKENS = BearerTokens(AUTHORITY.trust())
KEY = AUTHORITY.keys.current
CLAIMS = jwt.decode(AUTHORITY.issue(APP_SYSTEM_ASSIGNED, AUDIENCE).text, options={"verify_signature": False})


def signed(changed: dict[str, Any]) -> str:
    claims = {name: value for name, value in (CLAIMS | changed).items() if value is not None}
    # Not `jwt.encode`: that refuses some claims of wrong types.
    return jwt.PyJWS().encode(json.dumps(claims).encode(), KEY.private_key, "RS256", {"kid": KEY.id})


def test_an_identity_has_the_roles_that_it_was_given() -> None:
    roles = {
        identity.name: set(TOKENS.read_roles(AUTHORITY.issue(identity, AUDIENCE).text, audiences=[AUDIENCE], now=NOW))
        for identity in (APP_SYSTEM_ASSIGNED, STRANGER)
    }

    assert roles == {"app": {Role.WEB_PUBSUB_OWNER, Role.TABLE_CONTRIBUTOR}, "stranger": set()}


@pytest.mark.parametrize("issuer", [f"https://sts.windows.net/{TENANT}/", f"https://127.0.0.1:8090/{TENANT}/v2.0"])
def test_both_issuers_of_a_tenant_are_known(issuer: str) -> None:
    assert TOKENS.read_roles(signed({"iss": issuer}), audiences=[AUDIENCE], now=NOW)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"iss": "https://sts.windows.net/another/"}, "another tenant"),
        ({"iss": None}, "another tenant"),
        ({"iss": []}, "another tenant"),
        ({"aud": f"{AUDIENCE}/"}, "another audience"),
        ({"aud": [AUDIENCE]}, "another audience"),
        ({"aud": None}, "another audience"),
        ({"exp": NOW - 300}, "has expired"),
        ({"exp": None}, "no usable exp"),
        ({"exp": "soon"}, "no usable exp"),
        ({"exp": True}, "no usable exp"),
        ({"exp": 10**40}, "no usable exp"),
        ({"exp": float("nan")}, "no usable exp"),
        ({"nbf": NOW + 301}, "not valid yet"),
        ({"nbf": None}, "no usable nbf"),
    ],
)
def test_a_token_that_says_something_else_is_refused(changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidBearerToken, match=problem):
        TOKENS.read_roles(signed(changed), audiences=[AUDIENCE], now=NOW)


def test_clocks_may_differ_by_five_minutes() -> None:
    token = signed({"exp": NOW - 299, "nbf": NOW + 300})

    assert TOKENS.read_roles(token, audiences=[AUDIENCE], now=NOW)


def test_a_token_that_was_accepted_is_refused_when_it_has_expired() -> None:
    """What was verified once is kept, but its times are not."""
    token = signed({})
    TOKENS.read_roles(token, audiences=[AUDIENCE], now=NOW)

    with pytest.raises(InvalidBearerToken, match="has expired"):
        TOKENS.read_roles(token, audiences=[AUDIENCE], now=CLAIMS["exp"] + 300)


def forged() -> dict[str, str]:
    """Return tokens of the right content that the authority did not sign, by what is wrong with them."""
    header, content, signature = signed({}).split(".")
    own_key = Authority(Identities()).keys.current.private_key
    other_content = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"oid": "x"}).encode()).decode().rstrip("=")
    deep = base64.urlsafe_b64encode(b'{"a":' * 5_000 + b"1" + b"}" * 5_000).decode().rstrip("=")
    return {
        "another key": jwt.encode(CLAIMS, own_key, "RS256", {"kid": KEY.id}),
        "a key that is not published": jwt.encode(CLAIMS, own_key, "RS256", {"kid": "other"}),
        "no key id": jwt.encode(CLAIMS, KEY.private_key, "RS256"),
        "a secret that everybody knows": jwt.encode(CLAIMS, KEY.published()["n"], "HS256", {"kid": KEY.id}),
        "no signature": jwt.encode(CLAIMS, "", "none", {"kid": KEY.id}),
        "another algorithm": jwt.encode(CLAIMS, KEY.private_key, "PS256", {"kid": KEY.id}),
        "other content": f"{header}.{other_content}.{signature}",
        "deep content": f"{header}.{deep}.{signature}",
        "a deep header": f"{deep}.{content}.{signature}",
        "half a token": f"{header}.{content}",
        "nothing": "",
        "text": "x.y.z",
        "bytes that are no text": f"{header}.{content}.\udcff",
        "bytes that are no text before the first dot": f"\udcff{header}.{content}.{signature}",
        "many characters": f"{header}.{content}.{'A' * 70_000}",
    }


@pytest.mark.parametrize("token", forged().values(), ids=forged())
def test_a_token_that_the_authority_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(InvalidBearerToken) as refused:
        TOKENS.read_roles(token, audiences=[AUDIENCE], now=NOW)

    assert not token or token not in str(refused.value)


def test_a_token_of_a_key_is_told_from_one_of_the_authority() -> None:
    assert is_of_authority(signed({}))
    assert not is_of_authority(jwt.encode({"aud": AUDIENCE}, "k" * 32, "HS256"))
