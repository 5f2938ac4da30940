"""The tokens of the local authority, and the keys that sign them."""

import jwt
import pytest

from local_azure.authority import APP_SYSTEM_ASSIGNED, WEB_PUBSUB, Authority, Identities
from local_azure.bearer_tokens import BearerTokens, InvalidBearerToken, Role

WEBPUBSUB = "https://webpubsub.azure.com"
STORAGE = "https://storage.azure.com"
APPLICATION = "44444444-aaaa-4000-8000-444444444444"
NOW = 1_800_000_000.0
AUTHORITY = Authority(Identities(), "https://127.0.0.1:8090", clock=lambda: NOW)


@pytest.mark.parametrize(
    ("audience", "version"),
    [(WEBPUBSUB, "1.0"), ("api://chat", "1.0"), (APPLICATION, "2.0"), (f"api://{APPLICATION}", "2.0")],
)
def test_a_token_for_an_application_is_of_version_2_and_any_other_of_version_1(audience: str, version: str) -> None:
    token = AUTHORITY.issue(WEB_PUBSUB, audience).text

    assert jwt.decode(token, options={"verify_signature": False})["ver"] == version


def test_a_token_stays_valid_until_the_second_change_of_the_keys() -> None:
    authority = Authority(Identities(), "https://127.0.0.1:8090", clock=lambda: NOW)
    tokens = BearerTokens(authority.trust())
    authority.keys.on_rotation(tokens.replace_keys)
    before = authority.issue(APP_SYSTEM_ASSIGNED, STORAGE).text
    own = authority.own_token(WEBPUBSUB)

    assert authority.own_token(WEBPUBSUB) == own
    known_before = {key["kid"] for key in authority.keys.published()}
    authority.keys.rotate()

    after = authority.issue(APP_SYSTEM_ASSIGNED, STORAGE).text
    assert jwt.get_unverified_header(after)["kid"] in known_before  # it was published before it was used
    for token in (before, after):
        assert Role.TABLE_CONTRIBUTOR in tokens.read_roles(token, audiences=[STORAGE], now=NOW)
    assert authority.own_token(WEBPUBSUB) != own

    authority.keys.rotate()

    with pytest.raises(InvalidBearerToken, match="does not publish"):
        tokens.read_roles(before, audiences=[STORAGE], now=NOW)
    tokens.read_roles(after, audiences=[STORAGE], now=NOW)


def test_the_services_own_token_is_replaced_before_it_ends() -> None:
    times = [NOW]
    authority = Authority(Identities(), clock=lambda: times[0])
    first = authority.own_token(WEBPUBSUB)

    times[0] += 24 * 3600 - 301
    assert authority.own_token(WEBPUBSUB) == first
    times[0] += 2
    assert authority.own_token(WEBPUBSUB) != first
