"""What a `connect` handler is sent and what its answer changes (W-144 and following)."""

import asyncio
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from local_azure.webpubsub import EventHandler, Limits, Service, Settings
from local_azure.webpubsub.roles import Permission
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    JSON,
    RELIABLE_JSON,
    Answer,
    Application,
    Client,
    Harness,
    Received,
    client_url,
    token_for,
    until,
)


def answering(document: object, **headers: str) -> Answer:
    """Return an answer with a JSON body."""
    return lambda _: web.Response(text=json.dumps(document), headers=headers)


async def refusal(harness: Harness, service: Service, *subprotocols: str) -> tuple[int, str]:
    return await harness.refusal(client_url(service, access_token=token_for(service, "ana")), *subprotocols)


async def test_w144_the_body_has_claims_query_headers_and_subprotocols(
    harness: Harness, service: Service, application: Application
) -> None:
    await harness.connect(
        service, "ana", roles=["webpubsub.sendToGroup"], headers={"X-Name": "é", "Cookie": "a=b"}, room="1"
    )

    (request,) = application.of("connect")
    body = request.json()
    assert body["claims"]["sub"] == ["ana"]
    assert body["claims"]["role"] == ["webpubsub.sendToGroup"]
    assert body["claims"]["exp"][0].isdigit()
    assert body["query"] == {"room": ["1"]}
    assert body["headers"]["X-Name"] == ["é"]
    assert body["headers"]["Cookie"] == ["a=b"]
    assert "Cookie" not in request.headers
    assert body["subprotocols"] == [JSON]
    assert body["clientCertificates"] == []
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["ce-userId"] == "ana"


async def test_w144_a_token_is_not_sent_wherever_it_was(
    harness: Harness, service: Service, application: Application
) -> None:
    token = token_for(service, "ana")

    await harness.open(client_url(service), JSON, headers={"Authorization": f"Bearer {token}"})
    await harness.open(client_url(service, Access_Token=token, room="1"), JSON)

    assert [request.json()["query"] for request in application.of("connect")] == [{}, {"room": ["1"]}]
    assert not [request for request in application.of("connect") if token in request.body.decode()]


@pytest.mark.parametrize("body", [None, "", "null"])
async def test_w145_an_empty_answer_accepts_with_the_tokens_values(
    harness: Harness, service: Service, application: Application, body: str | None
) -> None:
    application.answer(
        "connect", lambda _: web.Response(status=204) if body is None else web.Response(status=200, text=body)
    )

    ana = await harness.connect(service, "ana", groups=["room"])

    assert ana.connected["userId"] == "ana"
    assert service.hubs.hub(HUB).group_members("room")


@pytest.mark.parametrize(("answer", "user"), [({"userId": "bob"}, "bob"), ({"userId": None}, "ana"), ({}, "ana")])
async def test_w146_the_handler_may_name_the_user(
    harness: Harness, service: Service, application: Application, answer: dict[str, Any], user: str
) -> None:
    application.answer("connect", answering(answer))

    ana = await harness.connect(service, "ana")

    assert ana.connected["userId"] == user
    assert (await application.wait_for("connected"))[0].headers["ce-userId"] == user


async def test_w146_even_an_empty_user_id_replaces_the_tokens_and_is_not_sent_in_a_header(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("connect", answering({"userId": ""}))

    ana = await harness.connect(service, "ana")

    assert ana.connected["userId"] == ""
    assert "ce-userId" not in (await application.wait_for("connected"))[0].headers


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [({"roles": []}, False), ({"roles": None}, True), ({}, True), ({"roles": ["webpubsub.sendToGroup"]}, True)],
)
async def test_w147_roles_replace_the_tokens_roles_even_by_none(
    harness: Harness, service: Service, application: Application, answer: dict[str, Any], allowed: bool
) -> None:
    application.answer("connect", answering(answer))

    ana = await harness.connect(service, "ana")

    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection
    assert connection.permissions.allows(Permission.SEND_TO_GROUP, "room") is allowed


@pytest.mark.parametrize(
    ("answer", "groups"),
    [({"groups": ["x"]}, {"x"}), ({"groups": []}, {"token"}), ({"groups": None}, {"token"}), ({}, {"token"})],
)
async def test_w148_groups_replace_the_tokens_groups_unless_there_are_none(
    harness: Harness, service: Service, application: Application, answer: dict[str, Any], groups: set[str]
) -> None:
    application.answer("connect", answering(answer))

    ana = await harness.connect(service, "ana", groups=["token"])

    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection
    assert connection.groups == groups


async def test_w149_a_custom_subprotocol_is_echoed_and_has_raw_semantics(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("connect", answering({"subprotocol": "custom"}))
    application.answer("message", lambda request: web.Response(text=f"got {request.body.decode()}"))
    url = client_url(service, access_token=token_for(service, "ana"))

    client = await harness.open(url, "custom", JSON)

    assert client.ws.protocol == "custom"
    await client.ws.send_str("hi")
    assert (await client.frame()).data == "got hi"
    assert application.of("message")[0].headers["ce-subprotocol"] == "custom"


async def test_the_first_known_subprotocol_is_chosen_and_spelt_as_offered(
    harness: Harness, service: Service, application: Application
) -> None:
    url = client_url(service, access_token=token_for(service, "ana"))

    spelt = await harness.http.ws_connect(url, protocols=["custom", JSON.upper(), RELIABLE_JSON])

    assert spelt.protocol == JSON.upper()
    assert "reconnectionToken" not in (await Client(spelt, None).receive())
    await spelt.close()


async def test_a_client_that_offers_only_unknown_subprotocols_is_a_raw_client(
    harness: Harness, service: Service
) -> None:
    client = await harness.connect(service, "ana", subprotocol="custom")

    assert client.ws.protocol is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503])
async def test_w150_a_refusal_reaches_the_client_with_its_status(
    harness: Harness, service: Service, application: Application, status: int
) -> None:
    application.answer("connect", lambda _: web.Response(status=status, text="secret detail"))

    assert await refusal(harness, service) == (status, "The connect event handler rejected the connection.")
    assert not application.of("connected")
    assert not application.of("disconnected")
    assert not service.hubs.hub(HUB).connections()


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "1",
        '{"groups":[" "]}',
        '{"groups":[null]}',
        '{"groups":"x"}',
        '{"roles":[null]}',
        '{"userId":7}',
        '{"userId":"\\ud800"}',
        '{"subprotocol":"a b"}',
        '{"subprotocol":[]}',
        "[" * 100_000,
    ],
)
async def test_w151_an_invalid_answer_is_a_500(
    harness: Harness, service: Service, application: Application, body: str
) -> None:
    application.answer("connect", lambda _: web.Response(text=body))

    assert (await refusal(harness, service))[0] == 500


async def test_a_redirect_is_not_followed(harness: Harness, service: Service, application: Application) -> None:
    application.answer("connect", lambda _: web.Response(status=307, headers={"Location": "/chat/other"}))

    assert (await refusal(harness, service))[0] == 500
    assert len(application.of("connect")) == 1


async def test_w152_a_handler_that_cannot_be_reached_is_a_500(harness: Harness, service: Service) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        service.set_event_handlers(HUB, [EventHandler(f"http://127.0.0.1:{free.getsockname()[1]}/", ("connect",))])

        assert (await refusal(harness, service))[0] == 500


async def test_w153_without_a_connect_handler_the_token_decides(harness: Harness, service: Service) -> None:
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler(("connected",))])

    assert (await harness.connect(service, "ana")).connected["userId"] == "ana"


async def test_w154_a_state_from_connect_is_on_every_later_event(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("connect", answering({}, **{"ce-connectionState": "eyJuIjoxfQ=="}))
    ana = await harness.connect(service, "ana")
    await ana.request("event", 1, event="move", data=1)
    await ana.ws.close()
    await application.wait_for("disconnected")

    assert "ce-connectionState" not in application.of("connect")[0].headers
    for event in ("connected", "move", "disconnected"):
        assert application.of(event)[0].headers["ce-connectionState"] == "eyJuIjoxfQ=="


async def test_an_answer_beyond_the_limit_is_a_500(harness: Harness) -> None:
    service = await harness.service(Settings(limits=Limits(handler_answer_bytes=100), times=FAST))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])
    application.answer("connect", lambda _: web.Response(text=" " * 101))

    assert (await refusal(harness, service))[0] == 500


async def test_a_client_that_has_left_when_it_is_accepted_is_reported_as_disconnected(
    harness: Harness, service: Service, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_azure.webpubsub.clients.DISCONNECT_CHECK_SECONDS", 60)  # longer than the handler takes
    address = urlsplit(service.endpoint)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    server = service._runner.server
    assert server

    async def leave(_: Received) -> web.Response:
        writer.transport.abort()
        await until(lambda: all(each.transport is None for each in server.connections))
        return web.Response(status=204)

    application.answer("connect", leave)
    url = urlsplit(client_url(service, access_token=token_for(service, "ana")))
    writer.write(
        f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )

    (gone,) = await application.wait_for("disconnected")
    assert gone.json() == {"reason": "The connection ended."}
    assert not application.of("connected")
    assert not service.hubs.hub(HUB).connections()


async def test_a_client_that_leaves_before_it_is_answered_ends_the_call(
    harness: Harness, service: Service, application: Application
) -> None:
    ended = asyncio.Event()

    async def slow(_: Received) -> web.Response:
        await until(lambda: False)
        raise AssertionError

    application.answer("connect", slow)
    unsubscribe = service.observations.subscribe(
        lambda record: ended.set() if "cancelled" in str(getattr(record, "failure", "")) else None
    )
    connecting = asyncio.create_task(harness.connect(service, "ana"))
    await application.wait_for("connect")

    connecting.cancel()

    await asyncio.wait_for(ended.wait(), FAST.handler_timeout_seconds / 2)
    unsubscribe()
    assert not service.hubs.hub(HUB).connections()
