"""Where may a client connect? Through the real function and the real SDK."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import azure.functions as func
import jwt
import pytest

from chat.functions.negotiate import negotiate
from chat.functions.session import session
from chat.identity import read_name
from tests.chat.conftest import KEY, invocation, request_to
from tests.chat.functions.test_signed_in import id_of, principal


async def ask(url: str = "/negotiate?id=ana", method: str = "GET", **more: Any) -> func.HttpResponse:
    response: func.HttpResponse = await negotiate(request_to(url, method, **more), invocation("negotiate"))
    return response


async def session_of(headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    response: func.HttpResponse = await session(request_to("/session", headers=headers), invocation("session"))
    return dict(json.loads(response.get_body()))


def claims(response: func.HttpResponse) -> dict[str, Any]:
    url = json.loads(response.get_body())["url"]
    token = parse_qs(urlsplit(url).query)["access_token"][0]
    return dict(jwt.decode(token, KEY, algorithms=["HS256"], audience="http://127.0.0.1:9/client/hubs/Sample_ChatApp"))


async def test_the_url_holds_a_short_token_of_the_user_and_the_lobby(open_chat: pytest.MonkeyPatch) -> None:
    response = await ask()

    content = claims(response)
    assert response.status_code == 200
    assert json.loads(response.get_body())["url"].startswith(
        "ws://127.0.0.1:9/client/hubs/Sample_ChatApp?access_token="
    )
    assert content["sub"] == json.loads(response.get_body())["user"] == "ana"
    assert content["webpubsub.group"] == ["room.lobby"]
    assert content["exp"] - content["iat"] == 300
    assert "role" not in content
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_tokens_lifetime_is_a_setting(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.setenv("ChatTokenMinutes", "1")

    content = claims(await ask())

    assert content["exp"] - content["iat"] == 60


@pytest.mark.parametrize(
    ("url", "body", "user"),
    [
        ("/negotiate", b'{"id":"ana"}', "ana"),
        ("/negotiate?id=ana", b"", "ana"),
        ("/negotiate?id=bo", b'{"id":"ana"}', "ana"),
        ("/negotiate?id=ana", b"{}", "ana"),
        ("/negotiate?id=ana", b'{"id":""}', "ana"),
        ("/negotiate?id=a%2Cb", b"", "a,b"),
        ("/negotiate?id=%C3%A9", b"", "é"),
    ],
)
async def test_a_post_names_the_user_in_its_body_or_url(
    open_chat: pytest.MonkeyPatch, url: str, body: bytes, user: str
) -> None:
    assert claims(await ask(url, "POST", body=body))["sub"] == user


async def test_the_body_of_a_get_is_not_read(open_chat: pytest.MonkeyPatch) -> None:
    assert claims(await ask("/negotiate?id=ana", "GET", body=b'{"id":"bo"}'))["sub"] == "ana"


@pytest.mark.parametrize(
    ("url", "method", "body", "reason"),
    [
        ("/negotiate", "GET", b"", "missing user id"),
        ("/negotiate?id=", "GET", b"", "missing user id"),
        ("/negotiate?id=%20", "GET", b"", "missing user id"),
        ("/negotiate", "POST", b"{}", "missing user id"),
        ("/negotiate", "POST", b"{", "no JSON"),
        ("/negotiate", "POST", b"[]", "JSON object"),
        ("/negotiate", "POST", b'{"id":7}', "must be a string"),
        (f"/negotiate?id={'x' * 65}", "GET", b"", "the limit is 64"),
        ("/negotiate?id=a%00b", "GET", b"", "U+0000"),
        ("/negotiate?id=system", "GET", b"", "reserved"),
    ],
)
async def test_a_request_without_a_user_is_refused_with_the_reason(
    open_chat: pytest.MonkeyPatch, url: str, method: str, body: bytes, reason: str
) -> None:
    response = await ask(url, method, body=body)

    assert response.status_code == 400
    assert reason in response.get_body().decode()
    assert response.headers["Cache-Control"] == "no-store"


async def test_under_easyauth_only_the_principal_negotiates(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.setenv("ChatAuth", "easyauth")
    principal = {
        "X-MS-CLIENT-PRINCIPAL-NAME": "ana",
        "X-MS-CLIENT-PRINCIPAL-ID": "4711",
        "X-MS-CLIENT-PRINCIPAL-IDP": "github",
    }

    assert (await ask("/negotiate?id=ana")).status_code == 401
    assert (await ask("/negotiate?id=bo", headers=principal)).status_code == 401
    granted = claims(await ask("/negotiate", headers=principal))
    assert granted["sub"] == "github:4711"
    assert read_name(granted["role"]) == "ana"


async def test_a_body_that_is_too_large_is_refused(open_chat: pytest.MonkeyPatch) -> None:
    too_large = await ask("/negotiate", "POST", body=b"[" * 4097)
    assert too_large.status_code == 413
    assert json.loads(too_large.get_body())["error"] == {
        "code": "body_too_large",
        "message": "the body is 4097 bytes, the limit is 4096",
    }
    assert (await ask("/negotiate", "POST", body=b"[" * 4096)).status_code == 400


@pytest.mark.parametrize("missing", ["ChatAuth", "WebPubSubConnectionString"])
async def test_a_missing_setting_is_named(open_chat: pytest.MonkeyPatch, missing: str) -> None:
    open_chat.delenv(missing)

    response = await ask()

    assert response.status_code == 503
    assert missing in response.get_body().decode()


async def test_the_session_has_the_settings_of_the_page(open_chat: pytest.MonkeyPatch) -> None:
    response: func.HttpResponse = await session(request_to("/session"), invocation("session"))

    assert json.loads(response.get_body()) == {
        "auth": "open",
        "user": None,
        "name": None,
        "hub": "Sample_ChatApp",
        "lobby": "lobby",
        "limits": {
            "messageBytes": 4096,
            "userIdLength": 64,
            "roomLength": 32,
            "roomPattern": "[a-z0-9_][a-z0-9_-]{0,31}",
        },
        "retentionDays": None,
        "signIn": None,
        "signOut": None,
    }


@pytest.mark.parametrize(("setting", "told"), [("30", 30), ("0.5", 0.5), ("0", None), ("soon", None)])
async def test_the_session_tells_how_long_messages_are_kept(
    open_chat: pytest.MonkeyPatch, setting: str, told: float | None
) -> None:
    open_chat.setenv("ChatRetentionDays", setting)

    assert (
        json.loads((await session(request_to("/session"), invocation("session"))).get_body())["retentionDays"] == told
    )


async def test_the_session_names_the_signed_in_user(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.setenv("ChatAuth", "easyauth")

    signed_in = json.loads(
        (await session(request_to("/session", headers=principal("ana")), invocation("session"))).get_body()
    )
    stranger = json.loads((await session(request_to("/session"), invocation("session"))).get_body())

    assert (signed_in["user"], stranger["user"]) == (id_of("ana"), None)
    assert (signed_in["name"], stranger["name"]) == ("ana", None)
    assert stranger["signIn"] == "/.auth/login/aad?post_login_redirect_uri=/"
    assert stranger["signOut"].startswith("/.auth/logout")


async def test_the_session_answers_before_anything_is_configured(open_chat: pytest.MonkeyPatch) -> None:
    open_chat.delenv("ChatAuth")

    response = await session(request_to("/session"), invocation("session"))

    assert response.status_code == 200
    assert json.loads(response.get_body())["auth"] is None


@pytest.mark.parametrize("host", ["[", "[x]", "a b", ""])
async def test_the_id_is_read_whatever_host_the_request_names(open_chat: pytest.MonkeyPatch, host: str) -> None:
    request = func.HttpRequest("GET", f"http://{host}/negotiate?id=ana", headers={"host": host}, body=b"")

    response: func.HttpResponse = await negotiate(request, invocation("negotiate"))

    assert claims(response)["sub"] == "ana"
