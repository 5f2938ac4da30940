"""What the webhook believes: posted to the running host as the service would, and as others might."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chat.names import user_group, user_key
from chat.webhook.trust import signature
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.chat.conftest import CONNECTION, event_headers
from tests.chat.local_chat import LocalChat, run_chat

SECONDARY = "second-key-for-tests-0123456789abcdef"
NAME_GROUP = f"name.{user_key('ana')}"
CONNECT = b'{"query": {"id": ["ana"]}, "claims": {}, "headers": {}, "subprotocols": []}'


async def post(chat: LocalChat, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, Any]:
    """Post an event; return the status and the answer."""
    content_type = {"Content-Type": "application/json"}
    async with chat.http.post(f"{chat.url}/eventhandler", headers=content_type | dict(headers), data=body) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None


def connect_headers(**more: str) -> dict[str, str]:
    return event_headers("sys", "connect", key=DEFAULT_ACCESS_KEY, **more)


async def test_a_signed_connect_is_answered_with_user_groups_and_state(chat: LocalChat) -> None:
    async with chat.http.post(f"{chat.url}/eventhandler/connect", headers=connect_headers(), data=CONNECT) as response:
        assert response.status == 200
        assert await response.json() == {"userId": "ana", "groups": ["room.lobby", NAME_GROUP], "roles": []}
        assert response.headers["ce-connectionState"]


async def test_the_subprotocol_is_the_first_one_offered_that_is_known(chat: LocalChat) -> None:
    offered = {
        "query": {"id": ["ana"]},
        "subprotocols": ["x", "json.webpubsub.azure.v1", "json.reliable.webpubsub.azure.v1"],
    }

    status, answer = await post(chat, connect_headers(), json.dumps(offered).encode())

    assert (status, answer["subprotocol"]) == (200, "json.webpubsub.azure.v1")
    assert answer["groups"] == ["room.lobby", "rich.lobby", NAME_GROUP, user_group("ana")]


async def test_a_forged_signature_is_refused(chat: LocalChat) -> None:
    """A wrong signature is answered 401 `untrusted_event` (W-132)."""
    forged = signature(CONNECTION, "not the key that we share, but long enough")

    for header in (forged, "sha256=", "nonsense"):
        status, answer = await post(chat, connect_headers(signature=header), CONNECT)
        assert (status, answer["error"]["code"]) == (401, "untrusted_event")


async def test_a_missing_signature_is_refused(chat: LocalChat) -> None:
    headers = connect_headers()
    del headers["ce-signature"]

    assert (await post(chat, headers, CONNECT))[0] == 401


async def test_a_body_replayed_under_another_connections_signature_is_refused(chat: LocalChat) -> None:
    headers = connect_headers(signature=signature("another-connection", DEFAULT_ACCESS_KEY))

    assert (await post(chat, headers, CONNECT))[0] == 401


async def test_a_signature_of_the_secondary_key_counts_where_it_is_configured() -> None:
    """The secondary key's signature is answered 401 until the app is given that key (W-131)."""
    headers = connect_headers(signature=signature(CONNECTION, SECONDARY))
    async with run_chat() as chat:
        assert (await post(chat, headers, CONNECT))[0] == 401

    secondary = f"Endpoint=http://localhost:8080;AccessKey={SECONDARY};Version=1.0;"
    async with run_chat(WebPubSubSecondaryConnectionString=secondary) as chat:
        assert (await post(chat, headers, CONNECT))[0] == 200
        assert (await post(chat, connect_headers(), CONNECT))[0] == 200


@pytest.mark.parametrize("name", ["specversion", "type", "eventName", "id", "time", "hub", "connectionId"])
async def test_a_missing_header_is_named(chat: LocalChat, name: str) -> None:
    headers = connect_headers()
    del headers[f"ce-{name}"]

    status, answer = await post(chat, headers, CONNECT)

    assert (status, answer["error"]["code"]) == (400, "invalid_event")
    assert f"ce-{name.lower()}" in answer["error"]["message"]


async def test_another_hub_is_not_served(chat: LocalChat) -> None:
    status, answer = await post(chat, connect_headers(hub="other"), CONNECT)

    assert (status, answer["error"]["code"]) == (404, "unknown_hub")


async def test_the_hub_is_the_same_in_any_case(chat: LocalChat) -> None:
    """W-133: the service sends it in lower case."""
    assert (await post(chat, connect_headers(hub="SAMPLE_chatapp"), CONNECT))[0] == 200


async def test_a_body_larger_than_the_service_delivers_is_refused(chat: LocalChat) -> None:
    headers = event_headers("user", "message", key=DEFAULT_ACCESS_KEY)

    assert (await post(chat, headers, b"x" * (1024 * 1024 + 1)))[0] == 413


async def test_what_is_no_event_at_all_is_refused(chat: LocalChat) -> None:
    assert (await post(chat, {}, b"{}"))[0] == 400


async def test_the_service_may_register_its_own_host(chat: LocalChat) -> None:
    for method, asked in [("OPTIONS", "127.0.0.1"), ("OPTIONS", "evil.example, 127.0.0.1"), ("GET", "localhost")]:
        headers = {"WebHook-Request-Origin": asked, "ce-awpsversion": "1.0"}
        async with chat.http.request(method, f"{chat.url}/eventhandler/validate", headers=headers) as response:
            assert response.status == 200
            assert response.headers["WebHook-Allowed-Origin"] == asked.split(",")[-1].strip()


@pytest.mark.parametrize(("headers", "status"), [({}, 400), ({"WebHook-Request-Origin": "evil.example"}, 403)])
@pytest.mark.parametrize("method", ["OPTIONS", "GET"])
async def test_others_may_not_register(chat: LocalChat, method: str, headers: dict[str, str], status: int) -> None:
    async with chat.http.request(method, f"{chat.url}/eventhandler", headers=headers) as response:
        assert response.status == status
        assert "WebHook-Allowed-Origin" not in response.headers


async def test_the_allowed_origins_are_a_setting() -> None:
    async with run_chat(ChatAllowedOrigins="*") as chat:
        headers = {"WebHook-Request-Origin": "evil.example"}
        async with chat.http.options(f"{chat.url}/eventhandler", headers=headers) as response:
            assert response.headers["WebHook-Allowed-Origin"] == "*"


async def test_an_identity_without_a_named_trust_refuses_every_event() -> None:
    uri = "https://chat.example"
    async with run_chat(WebPubSubConnectionString="", WebPubSubConnectionString__serviceUri=uri) as chat:
        status, answer = await post(chat, connect_headers(), CONNECT)

        assert (status, answer["error"]["code"]) == (503, "not_configured")
        assert "ChatWebhookTrust" in answer["error"]["message"]


async def test_a_trust_in_identity_names_the_settings_it_needs() -> None:
    async with run_chat(ChatWebhookTrust="identity") as chat:
        status, answer = await post(chat, connect_headers(), CONNECT)

        assert (status, answer["error"]["message"].split()[0]) == (503, "ChatWebhookTenant")


async def test_the_sender_is_told_that_the_service_cannot_be_reached() -> None:
    unreachable = f"Endpoint=http://127.0.0.1:9;AccessKey={DEFAULT_ACCESS_KEY};Version=1.0;"
    async with run_chat(WebPubSubConnectionString=unreachable) as chat:
        headers = event_headers("user", "message", key=DEFAULT_ACCESS_KEY, userId="ana")
        status, answer = await post(chat, headers, b'{"message": "hi", "clientId": "m-1"}')

        assert status == 200
        assert (answer["code"], answer["clientId"]) == ("service_unavailable", "m-1")


async def test_an_answer_has_the_client_id_of_its_question(chat: LocalChat) -> None:
    ana = await chat.open("ana")

    await ana.ask("roster", {"room": "lobby", "clientId": "q-1"})
    await ana.ask("message", {"room": "lobby", "message": "/who", "clientId": "q-2"})
    await ana.ask("roster", {"room": "lobby"})

    assert (await ana.next(type="roster"))["clientId"] == "q-1"
    assert (await ana.next(event="notice"))["clientId"] == "q-2"
    assert "clientId" not in await ana.next(type="roster")
