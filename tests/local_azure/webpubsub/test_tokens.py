import base64
import json
from collections.abc import Mapping

import jwt
import pytest
from azure.messaging.webpubsubservice import WebPubSubServiceClient
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.tokens import (
    ClientToken,
    InvalidToken,
    bearer,
    check_reconnection_token,
    check_rest_token,
    client_audience,
    make_client_token,
    make_reconnection_token,
    read_client_token,
)

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
SECOND_KEY = "second-key-for-tests-0123456789abcdef"
ENDPOINT = "http://localhost:8080"
AUDIENCE = f"{ENDPOINT}/client/hubs/chat"
NOW = 1_700_000_000.0
MINUTE = 60.0
CONNECTION_ID = "0123456789abcdef0123456789abcdef"
SEND_URL = f"{ENDPOINT}/api/hubs/chat/:send"

KNOWN_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJhdWQiOiJodHRwOi8vbG9jYWxob3N0OjgwODAvY2xpZW50L2h1YnMvY2hhdCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwLCJ"
    "zdWIiOiJhbGljZSIsInJvbGUiOlsid2VicHVic3ViLnNlbmRUb0dyb3VwIl0sIndlYnB1YnN1Yi5ncm91cCI6WyJyb29tMSJdfQ."
    "YdYRYbntXioN_KHn1KP3eubSf68egACpwsPZoPE6oFU"
)


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def signed(claims: Mapping[str, object], key: str | bytes = KEY, algorithm: str = "HS256") -> str:
    return jwt.encode({"aud": AUDIENCE, "exp": NOW + 3600} | dict(claims), key, algorithm)


def read(token: str, *, audience: str = AUDIENCE, now: float = NOW) -> ClientToken:
    return read_client_token(token, keys=[KEY, SECOND_KEY], audiences=[audience], now=now, skew_seconds=5 * MINUTE)


def check_rest(token: str, path: str = "/api/hubs/chat/:send", *, allow_entra: bool = False) -> None:
    check_rest_token(
        token,
        keys=[KEY, SECOND_KEY],
        endpoints=[ENDPOINT],
        path=path,
        now=NOW,
        skew_seconds=5 * MINUTE,
        allow_entra=allow_entra,
    )


# --- client tokens -----------------------------------------------------------


def test_w011_a_known_token_is_read() -> None:
    token = read(KNOWN_TOKEN)

    assert (token.user_id, token.roles, token.groups) == ("alice", ("webpubsub.sendToGroup",), ("room1",))
    assert token.claims["exp"] == ("1700003600",)


def test_a_token_is_made_byte_for_byte_as_others_make_it() -> None:
    token = make_client_token(
        KEY,
        AUDIENCE,
        now=NOW,
        lifetime_seconds=3600,
        user_id="alice",
        roles=["webpubsub.sendToGroup"],
        groups=["room1"],
    )

    assert token == KNOWN_TOKEN


def test_w030_a_token_of_the_service_sdk_is_read() -> None:
    client = WebPubSubServiceClient.from_connection_string(f"Endpoint={ENDPOINT};AccessKey={KEY};", hub="chat")
    made = client.get_client_access_token(user_id="ana", roles=["webpubsub.joinLeaveGroup"], groups=["a", "b"])

    token = read(made["token"], now=jwt.decode(made["token"], options={"verify_signature": False})["iat"])

    assert (token.user_id, token.roles, token.groups) == ("ana", ("webpubsub.joinLeaveGroup",), ("a", "b"))


@pytest.mark.parametrize("key", [KEY, SECOND_KEY])
def test_either_access_key_may_have_signed(key: str) -> None:
    assert read(signed({"sub": "ana"}, key)).user_id == "ana"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed({}, "another-key-0123456789-0123456789"), id="W-015 wrong signature"),
        pytest.param(signed({}, base64.b64decode(KEY)), id="W-016 key taken for base64"),
        pytest.param(jwt.encode({"aud": AUDIENCE, "exp": NOW + 3600}, "", "none"), id="no algorithm"),
        pytest.param(signed({"exp": NOW - 10 * MINUTE}), id="W-017 expired"),
        pytest.param(jwt.encode({"aud": AUDIENCE}, KEY), id="W-018 without exp"),
        pytest.param(signed({"exp": None}), id="exp null"),
        pytest.param(signed({"exp": "soon"}), id="exp text"),
        pytest.param(signed({"exp": 10**400}), id="exp too large"),
        pytest.param(signed({"nbf": NOW + 10 * MINUTE}), id="W-019 not yet"),
        pytest.param(signed({"nbf": "x"}), id="nbf text"),
        pytest.param(signed({"aud": f"{ENDPOINT}/client/hubs/other"}), id="W-020 another hub"),
        pytest.param(signed({"aud": "http://elsewhere:8080/client/hubs/chat"}), id="W-020 another host"),
        pytest.param(signed({"aud": "http://localhost:8081/client/hubs/chat"}), id="W-020 another port"),
        pytest.param(signed({"aud": "ws://localhost:8080/client/hubs/chat"}), id="W-022 ws scheme"),
        pytest.param(signed({"aud": SEND_URL}), id="W-023 a REST token"),
        pytest.param(signed({"aud": [1, None]}), id="aud of numbers"),
        pytest.param(signed({"sub": ["ana", "bo"]}), id="two users"),
        pytest.param(signed({"sub": "\ud800"}), id="half a surrogate pair"),
        pytest.param("", id="empty"),
        pytest.param(encoded(b"[" * 20_000) + ".e30.", id="deep header"),
        pytest.param("a.b", id="two parts"),
        pytest.param(".".join(KNOWN_TOKEN.split(".")[:2]) + ".", id="signature cut off"),
    ],
)
def test_w015_to_w023_a_client_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        read(token)


@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_a_token_signed_with_our_key_and_another_algorithm_is_refused() -> None:
    with pytest.raises(InvalidToken):
        read(signed({}, KEY, "HS512"))


def test_w017_a_token_that_expired_a_minute_ago_is_within_the_skew() -> None:
    assert read(signed({"exp": NOW - MINUTE, "nbf": NOW + MINUTE, "sub": "ana"})).user_id == "ana"


def test_w021_the_audience_may_differ_in_letter_case() -> None:
    assert read(signed({"aud": "HTTP://LocalHost:8080/Client/Hubs/CHAT"})).user_id is None


def test_one_of_several_audiences_is_enough() -> None:
    assert read(signed({"aud": ["http://a", AUDIENCE]})).claims["aud"] == ("http://a", AUDIENCE)


def test_w026_a_token_without_a_user_names_none() -> None:
    assert read(signed({})).user_id is None


def test_an_empty_user_claim_is_an_empty_user_and_another_claim_may_name_the_user() -> None:
    identifier = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier"

    assert read(signed({"sub": "", identifier: "bo"})).user_id == ""
    assert read(signed({identifier: "bo"})).user_id == "bo"


def test_w025_w027_one_role_or_group_may_be_a_text() -> None:
    token = read(signed({"role": "r", "webpubsub.group": "g"}))

    assert (token.roles, token.groups) == (("r",), ("g",))


def test_claims_are_shown_as_texts() -> None:
    claims = read(signed({"n": 1.5, "yes": True, "none": None, "deep": {"a": [1]}, "list": ["x", 2, [3]]})).claims

    assert claims["n"] == ("1.5",)
    assert claims["yes"] == ("true",)
    assert claims["none"] == ()
    assert claims["deep"] == ('{"a":[1]}',)
    assert claims["list"] == ("x", "2", "[3]")


# --- REST tokens -------------------------------------------------------------


@pytest.mark.parametrize(
    "audience",
    [
        pytest.param(SEND_URL, id="the URL"),
        pytest.param(f"{SEND_URL}?api-version=2024-12-01&excluded=a", id="W-171 with query"),
        pytest.param(SEND_URL.replace("http:", "wss:"), id="W-171 other scheme"),
        pytest.param(SEND_URL.upper().replace("HTTP", "http"), id="other case"),
        pytest.param(f"{SEND_URL}/more", id="a path below"),
        pytest.param("http%3A%2F%2Flocalhost%3A8080%2Fapi%2Fhubs%2Fchat%2F%3Asend", id="percent-encoded"),
    ],
)
def test_w171_a_rest_token_covers_its_path_whatever_scheme_and_query(audience: str) -> None:
    check_rest(signed({"aud": audience}))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": f"{ENDPOINT}/api"}, id="W-171 parent path"),
        pytest.param({"aud": f"{SEND_URL}x"}, id="longer segment"),
        pytest.param({"aud": SEND_URL.replace("8080", "8081")}, id="another port"),
        pytest.param({"aud": SEND_URL.replace("http://", "ftp://")}, id="another protocol"),
        pytest.param({"aud": SEND_URL.replace("http://", "")}, id="no scheme"),
        pytest.param({"aud": SEND_URL, "exp": NOW - 6 * MINUTE}, id="expired"),
        pytest.param({"aud": AUDIENCE}, id="a client token"),
        pytest.param({"aud": "https://webpubsub.azure.com"}, id="Entra without the option"),
    ],
)
def test_w171_a_rest_token_is_refused(claims: Mapping[str, object]) -> None:
    with pytest.raises(InvalidToken):
        check_rest(signed(claims))


def test_a_rest_token_for_an_encoded_path_is_accepted_encoded_or_not() -> None:
    for name in ("my%20room", "my room"):
        check_rest(signed({"aud": f"{ENDPOINT}/api/hubs/chat/groups/{name}"}), "/api/hubs/chat/groups/my%20room/")


def test_an_entra_token_is_taken_by_audience_and_lifetime_when_the_option_says_so() -> None:
    stranger = "signed-by-someone-else-0123456789abc"

    check_rest(signed({"aud": "https://webpubsub.azure.com/"}, stranger), allow_entra=True)
    for claims in ({"aud": "https://webpubsub.azure.com", "exp": NOW - 6 * MINUTE}, {"aud": "https://other"}):
        with pytest.raises(InvalidToken):
            check_rest(signed(claims, stranger), allow_entra=True)


# --- reconnection tokens -----------------------------------------------------


def reconnection_token() -> str:
    return make_reconnection_token(KEY, CONNECTION_ID, now=NOW, lifetime_seconds=7 * 24 * 3600, token_id="t1")


def test_a_reconnection_token_is_for_its_own_connection_and_for_its_time() -> None:
    token = reconnection_token()

    check_reconnection_token(token, CONNECTION_ID, keys=[SECOND_KEY, KEY], now=NOW)
    for connection_id, now in (("other", NOW), (CONNECTION_ID, NOW + 8 * 24 * 3600), (CONNECTION_ID, NOW - 1)):
        with pytest.raises(InvalidToken):
            check_reconnection_token(token, connection_id, keys=[KEY], now=now)


def test_no_kind_of_token_is_accepted_as_another() -> None:
    with pytest.raises(InvalidToken):
        read(reconnection_token())
    with pytest.raises(InvalidToken):
        check_rest(reconnection_token(), allow_entra=True)
    with pytest.raises(InvalidToken):
        check_reconnection_token(KNOWN_TOKEN, CONNECTION_ID, keys=[KEY], now=NOW)
    with pytest.raises(InvalidToken):
        check_reconnection_token(signed({"aud": CONNECTION_ID}), CONNECTION_ID, keys=[KEY], now=NOW)


# --- arbitrary input ---------------------------------------------------------


DEEP = encoded(b"[" * 20_000)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.text() | st.builds("{}.{}.{}".format, *[st.binary().map(encoded) | st.just(DEEP)] * 3))
def test_any_text_as_token_is_refused_and_nothing_else(token: str) -> None:
    with pytest.raises(InvalidToken):
        read(token)
    with pytest.raises(InvalidToken):
        check_rest(token, allow_entra=True)
    with pytest.raises(InvalidToken):
        check_reconnection_token(token, CONNECTION_ID, keys=[KEY], now=NOW)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "b64", "crit", "kid"]), json_values),
    st.dictionaries(st.sampled_from(["aud", "exp", "nbf", "sub", "role", "webpubsub.group", "x"]), json_values),
)
def test_signed_claims_of_any_kind_are_read_or_refused(
    header: Mapping[str, object], claims: Mapping[str, object]
) -> None:
    payload = {"aud": AUDIENCE, "exp": NOW + 3600} | dict(claims)
    signing_input = (
        f"{encoded(json.dumps({'alg': 'HS256'} | dict(header)).encode())}.{encoded(json.dumps(payload).encode())}"
    )
    signature = jwt.get_algorithm_by_name("HS256").sign(signing_input.encode(), KEY.encode())

    try:
        token = read(f"{signing_input}.{encoded(signature)}")
    except InvalidToken:
        return
    assert all(isinstance(value, str) for values in token.claims.values() for value in values)


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer x.y.z", "x.y.z"), ("bearer  x ", "x"), ("Basic x", None), ("Bearer", None), ("", None), (None, None)],
)
def test_the_bearer_token_is_taken_from_the_header(header: str | None, token: str | None) -> None:
    assert bearer(header) == token


def test_the_client_audience_has_one_slash_after_the_endpoint() -> None:
    assert client_audience(f"{ENDPOINT}/", "chat") == AUDIENCE
