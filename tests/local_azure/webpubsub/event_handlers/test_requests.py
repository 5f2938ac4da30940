"""What event handlers are sent (W-129 and following), as it is on the wire."""

import asyncio
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from aiohttp import web

from local_azure.webpubsub import EventHandler, Service, Settings
from local_azure.webpubsub.event_handlers.matching import handler_for_user_event, handler_label, handler_url
from local_azure.webpubsub.event_handlers.requests import forwarded_headers, signature
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    JSON,
    Application,
    Harness,
    Received,
    client_url,
    token_for,
    until,
)

SECOND_KEY = "second-key-for-tests-0123456789abcdef"
CONNECTION = "0123456789abcdef0123456789abcdef"


async def test_w129_every_event_has_the_attributes_of_a_cloud_event(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")
    assert (await ana.request("event", 1, event="move", dataType="text", data="e4"))["success"]
    await ana.ws.close()
    await application.wait_for("disconnected")

    for event in ("connect", "connected", "move", "disconnected"):
        (request,) = application.of(event)
        kind = "user" if event == "move" else "sys"
        assert request.method == "POST"
        assert request.headers["ce-specversion"] == request.headers["ce-awpsversion"] == "1.0"
        assert request.headers["ce-type"] == f"azure.webpubsub.{kind}.{event}"
        assert request.headers["ce-source"] == f"/hubs/chat/client/{ana.id}"
        assert request.headers["ce-connectionId"] == ana.id
        assert request.headers["ce-hub"] == "chat"
        assert request.headers["ce-eventName"] == event
        told = datetime.strptime(request.headers["ce-time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert abs((datetime.now(UTC) - told).total_seconds()) < 60
        assert request.headers["WebHook-Request-Origin"] == "127.0.0.1"
        assert request.headers["ce-signature"] == signature(ana.id, service.settings.access_keys)
        assert request.headers["x-ms-client-request-id"]
        assert not {"User-Agent", "Accept", "Accept-Encoding"} & set(request.headers)


async def test_w130_two_keys_make_two_signatures(harness: Harness) -> None:
    service = await harness.service(Settings(secondary_access_key=SECOND_KEY, times=FAST))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler()])

    ana = await harness.connect(service, "ana")

    (request,) = application.of("connect")
    digests = [
        hmac.new(key.encode(), ana.id.encode(), sha256).hexdigest() for key in (service.settings.access_key, SECOND_KEY)
    ]
    assert request.headers["ce-signature"] == f"sha256={digests[0]},sha256={digests[1]}"


def test_w130_the_published_test_vectors_hold() -> None:
    keys = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH", SECOND_KEY)

    assert signature(CONNECTION, keys) == (
        "sha256=9b8d99ad717398afdbe39ac5f264fbe3319393a992e34ed72200a3f6b26307b3,"
        "sha256=579391f58ee650428e65b37a6bff45b54ad1761960f30dbfa9e6879a017e394e"
    )


async def test_w133_the_hub_is_in_lower_case(harness: Harness, service: Service, application: Application) -> None:
    await harness.connect(service, "ana", hub="Chat")

    (request,) = application.of("connect")
    assert (request.headers["ce-hub"], request.path) == ("chat", "/chat/connect")


async def test_w134_the_user_id_is_sent_as_utf_8(harness: Harness, service: Service, application: Application) -> None:
    await harness.connect(service, "andré 💬")

    (request,) = application.of("connect")
    assert request.raw_header("ce-userId") == "andré 💬".encode()


async def test_w026_without_a_user_there_is_no_user_header(
    harness: Harness, service: Service, application: Application
) -> None:
    anonymous = await harness.connect(service)

    assert anonymous.connected["userId"] is None
    assert "ce-userId" not in application.of("connect")[0].headers


@pytest.mark.parametrize("user", ["ana\r\nce-hub: other", "ana\x01"])
async def test_a_client_whose_user_id_no_header_can_hold_is_refused(
    harness: Harness, service: Service, application: Application, user: str
) -> None:
    url = client_url(service, access_token=token_for(service, user))

    assert (await harness.refusal(url))[0] == 500
    assert application.of("connect") == []


async def test_w135_the_subprotocol_is_sent_except_on_connect_and_by_raw_clients(
    harness: Harness, service: Service, application: Application
) -> None:
    await harness.connect(service, "ana")
    await harness.connect(service, "bo", subprotocol=None)

    connected = await application.wait_for("connected", 2)
    assert [request.headers.get("ce-subprotocol") for request in connected] == [JSON, None]
    assert all("ce-subprotocol" not in request.headers for request in application.of("connect"))


async def test_w136_event_ids_count_from_connect_which_is_0(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")
    await ana.request("event", 1, event="one", data=1)
    await ana.request("event", 2, event="two", data=2)
    await ana.ws.close()
    await application.wait_for("disconnected")

    ids = {event: application.of(event)[0].headers["ce-id"] for event in ("connect", "connected", "one", "two")}
    assert ids == {"connect": "0", "connected": "1", "one": "2", "two": "3"}
    assert application.of("disconnected")[0].headers["ce-id"] == "4"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("http://h/{hub}/{event}?code=a%2Fb&x={event}", "http://h/c%2Ch%5B1%5D/a.b?code=a%2Fb&x=a.b"),
        ("http://h/{HUB}/{Event}", "http://h/c%2Ch%5B1%5D/a.b"),
        ("http://h/{other}", "http://h/{other}"),
    ],
)
def test_w137_hub_and_event_are_put_into_the_url_escaped(template: str, expected: str) -> None:
    assert str(handler_url(EventHandler(template), "c,h[1]", "a.b")) == expected


async def test_w137_the_query_of_the_template_arrives_as_it_is(harness: Harness, service: Service) -> None:
    application = await harness.application()
    handler = EventHandler(f"{application.url}/x/{{event}}?code=a%2Fb==", ("connect",))
    service.set_event_handlers(HUB, [handler])

    await harness.connect(service, "ana")

    assert application.of("connect")[0].path == "/x/connect?code=a%2Fb=="


async def test_w138_only_the_first_matching_handler_receives_the_event(harness: Harness, service: Service) -> None:
    first, second = await harness.application(), await harness.application()
    service.set_event_handlers(HUB, [first.handler((), "a"), second.handler((), "*")])
    ana = await harness.connect(service, "ana")

    await ana.request("event", 1, event="a", data=1)
    await ana.request("event", 2, event="b", data=1)

    assert [request.event for request in first.received if request.method == "POST"] == ["a"]
    assert [request.event for request in second.received if request.method == "POST"] == ["b"]


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ("a,b", "a", True),
        ("a, b", "B", True),
        ("a,b", "c", False),
        ("*", "room.created", True),
        ("room.*", "room.created", False),
        ("a,*", "b", False),
        (None, "a", False),
        ("", "a", False),
    ],
)
def test_w139_a_pattern_is_a_star_or_a_list_of_names(pattern: str | None, event: str, matches: bool) -> None:
    handlers = [EventHandler("http://h/", (), pattern)]

    assert (handler_for_user_event(handlers, event) is not None) is matches


async def test_w140_a_system_event_that_no_handler_lists_is_not_sent(harness: Harness, service: Service) -> None:
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler(("disconnected",), None)])

    ana = await harness.connect(service, "ana")
    await ana.ws.close()
    await application.wait_for("disconnected")

    assert {request.event for request in application.received} == {"validate", "disconnected"}


async def test_w141_two_failures_and_a_success_are_one_event(
    harness: Harness, service: Service, application: Application
) -> None:
    statuses = iter((500, 408, 200))
    application.answer("move", lambda _: web.Response(status=next(statuses), text=""))
    ana = await harness.connect(service, "ana")

    assert (await ana.request("event", 1, event="move", data={"a": 1}))["success"]

    attempts = application.of("move")
    assert len(attempts) == 3
    for name in ("ce-id", "ce-time", "x-ms-client-request-id"):
        assert len({attempt.headers[name] for attempt in attempts}) == 1
    assert {attempt.body for attempt in attempts} == {b'{"a": 1}'}


def test_w141_the_official_waits_are_the_default() -> None:
    assert tuple(Settings().times.retry_waits_seconds) == (1.0, 3.0, 5.0)


async def test_a_handler_that_always_fails_is_tried_four_times(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("move", lambda _: web.Response(status=503))
    ana = await harness.connect(service, "ana")

    assert not (await ana.request("event", 1, event="move", data=1))["success"]
    assert len(application.of("move")) == 4


async def test_w141_an_attempt_whose_connection_breaks_is_repeated(harness: Harness, service: Service) -> None:
    attempts = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        head = await reader.readuntil(b"\r\n\r\n")
        attempts += head.startswith(b"POST")
        if head.startswith(b"OPTIONS"):
            writer.write(
                b"HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: *\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
        elif attempts == 4:
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        service.set_event_handlers(HUB, [EventHandler(f"http://127.0.0.1:{port}/", (), "*")])
        ana = await harness.connect(service, "ana")

        assert (await ana.request("event", 1, event="move", data=1))["success"]

    assert attempts == 4


@pytest.mark.parametrize("status", [400, 429, 302])
async def test_w142_other_refusals_are_final(
    harness: Harness, service: Service, application: Application, status: int
) -> None:
    application.answer("move", lambda _: web.Response(status=status, headers={"Location": "/elsewhere"}))
    ana = await harness.connect(service, "ana")

    ack = await ana.request("event", 1, event="move", data=1)

    assert ack["error"] == {"name": "InternalServerError", "message": "Internal server error"}
    assert len(application.of("move")) == 1


async def test_w143_a_handler_that_is_too_slow_has_failed_and_is_not_asked_again(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, handler_timeout_seconds=1.0)))
    application = await harness.application()
    service.set_event_handlers(HUB, [application.handler((), "*")])

    async def never(_: Received) -> web.Response:
        await until(lambda: False)
        raise AssertionError

    application.answer("move", never)
    ana = await harness.connect(service, "ana")
    assert (await ana.request("event", 0, event="ready", data=1))["success"]

    assert (await ana.request("event", 1, event="move", data=1))["error"]["name"] == "InternalServerError"
    assert len(application.of("move")) == 1


def test_a_handler_is_named_without_its_secrets() -> None:
    handler = EventHandler("https://user:password@app.example/api/{event}?code=secret")

    assert handler_label(handler) == "https://app.example/api/{event}"


def test_credentials_are_not_forwarded_and_bytes_that_are_no_utf_8_are() -> None:
    headers = [("Authorization", "Bearer x"), ("X-ASRS-Internal-Id", "1"), ("X-Name", "\udce9"), ("Cookie", "a=b")]

    assert forwarded_headers(headers) == {"X-Name": ["é"], "Cookie": ["a=b"]}
