"""`connected`, `disconnected` and user events, and what becomes of their answers (W-155 and following)."""

import asyncio
from base64 import b64encode
from dataclasses import replace

import pytest
from aiohttp import web
from multidict import CIMultiDict

from local_azure.webpubsub import Service
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.settings import Settings
from tests.local_azure.webpubsub.harness import FAST, HUB, Answer, Application, Harness, Received, until


def connection_of(service: Service, connection_id: str) -> Connection:
    connection = service.hubs.hub(HUB).connection(connection_id)
    assert connection
    return connection


async def test_w155_connected_has_an_empty_object_and_the_connection_exists_already(
    harness: Harness, service: Service, application: Application
) -> None:
    there = []

    def look(request: Received) -> web.Response:
        there.append(service.hubs.hub(HUB).connection(request.headers["ce-connectionId"]) is not None)
        return web.Response()

    application.answer("connected", look)
    await harness.connect(service, "ana")

    (request,) = await application.wait_for("connected")
    assert request.body == b"{}"
    assert there == [True]


@pytest.mark.parametrize(("code", "text", "reason"), [(1000, b"bye", "bye"), (4001, b"", ""), (1000, b"", "")])
async def test_w156_disconnected_has_the_clients_reason(
    harness: Harness, service: Service, application: Application, code: int, text: bytes, reason: str
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.ws.close(code=code, message=text)

    (request,) = await application.wait_for("disconnected")
    assert request.json() == {"reason": reason}


async def test_w156_a_lost_socket_is_reported_once(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")

    ana.cut()

    (request,) = await application.wait_for("disconnected")
    assert request.json() == {"reason": "The connection ended."}
    await harness.connect(service, "bo")
    assert len(application.of("disconnected")) == 1


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("x", "Application server closed the connection. Reason: x"),
        ("", "Application server closed the connection."),
    ],
)
async def test_w157_a_close_by_the_application_has_its_reason_for_client_and_handler(
    harness: Harness, service: Service, application: Application, reason: str, text: str
) -> None:
    ana = await harness.connect(service, "ana")
    connection = connection_of(service, ana.id)

    service.hubs.hub(HUB).close(connection, reason)

    assert await ana.receive() == {"type": "system", "event": "disconnected", "message": text}
    assert await ana.closed() == (1000, "")
    (request,) = await application.wait_for("disconnected")
    assert request.json() == {"reason": text}


async def test_a_protocol_error_is_the_reason_of_disconnected(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.ws.send_str("{")

    (request,) = await application.wait_for("disconnected")
    assert request.json() == {"reason": "The client message is not a valid JSON protocol message."}


async def test_w158_a_failing_connected_handler_changes_nothing(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("connected", lambda _: web.Response(status=400))
    ana = await harness.connect(service, "ana")
    await application.wait_for("connected")

    await ana.expect_no_message()


@pytest.mark.parametrize(
    ("data_type", "data", "content_type", "body"),
    [
        ("text", "hi é", "text/plain; charset=utf-8", "hi é".encode()),
        ("json", {"a": "1.0"}, "application/json", b'{"a": "1.0"}'),
        ("binary", b64encode(b"\x00\xff").decode(), "application/octet-stream", b"\x00\xff"),
        ("protobuf", b64encode(b"\n\x01x").decode(), "application/x-protobuf", b"\n\x01x"),
    ],
)
async def test_w118_and_w159_the_body_is_the_payload(
    harness: Harness,
    service: Service,
    application: Application,
    data_type: str,
    data: object,
    content_type: str,
    body: bytes,
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.request("event", 1, event="move", dataType=data_type, data=data)

    (request,) = application.of("move")
    assert (request.headers["Content-Type"], request.body) == (content_type, body)


async def test_w033_an_event_needs_no_role(harness: Harness, service: Service, application: Application) -> None:
    ana = await harness.connect(service, "ana", roles=())

    assert (await ana.request("event", 1, event="move", data=1))["success"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: web.Response(status=204),
        lambda _: web.Response(content_type="application/octet-stream"),
        lambda _: web.Response(content_type="text/html"),
    ],
)
async def test_w160_an_empty_answer_is_success_without_a_message(
    harness: Harness, service: Service, application: Application, answer: Answer
) -> None:
    application.answer("move", answer)
    ana = await harness.connect(service, "ana")

    assert (await ana.request("event", 1, event="move", data=1))["success"]


@pytest.mark.parametrize(
    ("content_type", "body", "data_type", "data"),
    [
        ("text/plain", b"hi", "text", "hi"),
        ("text/plain; charset=iso-8859-1", b"\xe9", "text", "é"),
        ("application/json; charset=utf-8", b'{"a":1.0}', "json", {"a": 1.0}),
        ("application/octet-stream", b"\x00", "binary", "AA=="),
        (None, b"\x00", "binary", "AA=="),
        ("application/x-protobuf", b"\n\x01x", "protobuf", "CgF4"),
    ],
)
async def test_w161_an_answer_is_a_server_message_and_comes_before_the_ack(
    harness: Harness,
    service: Service,
    application: Application,
    content_type: str | None,
    body: bytes,
    data_type: str,
    data: object,
) -> None:
    application.answer("move", lambda _: response(content_type, body))
    ana = await harness.connect(service, "ana")

    await ana.send("event", event="move", data=1, ackId=1)

    assert await ana.receive() == {"type": "message", "from": "server", "dataType": data_type, "data": data}
    assert await ana.receive() == {"type": "ack", "ackId": 1, "success": True}


def response(content_type: str | None, body: bytes) -> web.Response:
    # Left to itself aiohttp would name octet-stream where there is no type.
    return web.Response(body=body, headers={"Content-Type": content_type or ""})


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: web.Response(status=500),
        lambda _: web.Response(text="<p>", content_type="text/html"),
        lambda _: web.Response(body=b"{", content_type="application/json"),
        lambda _: web.Response(body=b"NaN", content_type="application/json"),
        lambda _: web.Response(body=b"\xff", content_type="text/plain"),
        lambda _: web.Response(body=b"\xff", content_type="application/x-protobuf"),
        lambda _: web.Response(headers={"X-WebPubSub-Metadata-a": "v" * 1025}),
    ],
)
async def test_w162_and_w166_a_failed_event_is_an_error_ack_and_the_connection_stays(
    harness: Harness, service: Service, application: Application, answer: Answer
) -> None:
    application.answer("move", answer)
    ana = await harness.connect(service, "ana")

    ack = await ana.request("event", 1, event="move", data=1)
    assert ack["error"] == {"name": "InternalServerError", "message": "Internal server error"}
    await ana.send("event", event="move", data=1)
    await ana.expect_no_message()
    application.answer("move", lambda _: web.Response())
    assert (await ana.request("event", 1, event="move", data=1))["success"]  # the failure did not use the id up


async def test_w163_an_event_without_a_handler_fails(harness: Harness, service: Service) -> None:
    ana = await harness.connect(service, "ana")

    assert (await ana.request("event", 1, event="move", data=1))["error"]["name"] == "InternalServerError"


async def test_w163_a_listener_alone_makes_an_event_a_success(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    document = {"WebPubSub": {"Hubs": {HUB: {"EventListeners": [{"EventNameFilter": {"UserEventPattern": "a,move"}}]}}}}
    service = await harness.service(replace(Settings.from_json(document), times=FAST))
    ana = await harness.connect(service, "ana")

    assert (await ana.request("event", 1, event="move", data=1))["success"]
    assert (await ana.request("event", 2, event="other", data=1))["error"]["name"] == "InternalServerError"
    assert "event listeners get no events: Event Hubs does not run here" in caplog.text


async def test_w164_a_slow_handler_delays_only_its_client(
    harness: Harness, service: Service, application: Application
) -> None:
    go_on = asyncio.Event()

    async def slow(_: Received) -> web.Response:
        await go_on.wait()
        return web.Response()

    application.answer("slow", slow)
    ana, bo = await harness.connect(service, "ana"), await harness.connect(service, "bo")
    await ana.send("event", event="slow", data=1, ackId=1)
    await ana.send("ping")
    await application.wait_for("slow")

    await bo.expect_no_message()
    assert (await bo.request("event", 1, event="move", data=1))["success"]
    go_on.set()
    assert (await ana.receive())["type"] == "ack"
    assert await ana.receive() == {"type": "pong"}


@pytest.mark.parametrize("behind", [0, 5])
@pytest.mark.parametrize("cut", [True, False])
async def test_w165_a_client_that_leaves_ends_the_call(
    harness: Harness,
    service: Service,
    application: Application,
    caplog: pytest.LogCaptureFixture,
    behind: int,
    cut: bool,
) -> None:
    failures = []

    async def never(_: Received) -> web.Response:
        await until(lambda: False)
        raise AssertionError

    application.answer("slow", never)
    service.observations.subscribe(lambda record: failures.append(getattr(record, "failure", None)))
    ana = await harness.connect(service, "ana")
    await ana.send("event", event="slow", data=1)
    for _ in range(behind):
        await ana.send("ping")
    await application.wait_for("slow")

    if cut:
        ana.cut()
    else:
        await ana.ws.close()

    async with asyncio.timeout(FAST.handler_timeout_seconds / 2):
        await application.wait_for("disconnected")
        await until(lambda: "cancelled: the client left or asked for it, or the time was up" in failures)
    assert len(application.of("slow")) == 1
    assert not [record for record in caplog.records if record.exc_info]


async def test_w167_metadata_of_an_answer_reaches_the_client_in_lower_case(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("move", lambda _: web.Response(text="hi", headers={"X-WebPubSub-Metadata-Kind": "a"}))
    ana = await harness.connect(service, "ana")

    await ana.send("event", event="move", data=1)

    assert (await ana.receive())["metadata"] == {"kind": "a"}


async def test_w281_a_metadata_header_without_a_key_is_ignored_in_an_answer(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("move", lambda _: web.Response(text="hi", headers={"X-WebPubSub-Metadata-": "a"}))
    ana = await harness.connect(service, "ana")

    await ana.send("event", event="move", data=1)

    message = await ana.receive()
    assert (message["data"], "metadata" in message) == ("hi", False)


async def test_w289_an_empty_answer_is_no_message_whatever_its_content_type(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("move", lambda _: web.Response(body=b"", content_type="text/html"))
    application.answer("end", lambda _: web.Response(text="after it"))
    ana = await harness.connect(service, "ana")

    assert (await ana.request("event", 1, event="move", data=1))["success"]
    await ana.send("event", event="end", data=1)

    assert (await ana.receive())["data"] == "after it"


async def test_metadata_without_a_body_is_an_empty_text(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("move", lambda _: web.Response(status=204, headers={"X-WebPubSub-Metadata-Kind": "a"}))
    ana = await harness.connect(service, "ana")

    await ana.send("event", event="move", data=1)

    message = await ana.receive()
    assert (message["dataType"], message["data"], message["metadata"]) == ("text", "", {"kind": "a"})


async def test_metadata_of_an_event_is_sent_in_headers(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.request("event", 1, event="move", data=1, metadata={"Kind": "a"})

    (request,) = application.of("move")
    assert request.raw_header("X-WebPubSub-Metadata-kind") == b"a"


async def test_w168_and_w169_state_changes_with_each_success_that_names_one(
    harness: Harness, service: Service, application: Application
) -> None:
    answers = iter([(200, "one"), (400, "lost"), (200, None), (200, ""), (200, None)])

    def set_state(_: Received) -> web.Response:
        status, state = next(answers)
        return web.Response(status=status, headers=None if state is None else {"ce-connectionState": state})

    application.answer("move", set_state)
    ana = await harness.connect(service, "ana")

    for ack_id in range(5):
        await ana.request("event", ack_id, event="move", data=1)

    told = [request.headers.get("ce-connectionState") for request in application.of("move")]
    assert told == [None, "one", "one", "one", ""]


async def test_of_several_states_in_one_answer_the_last_counts_and_the_log_says_so(
    harness: Harness, service: Service, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    states = CIMultiDict([("ce-connectionState", "one"), ("ce-connectionState", "two")])
    application.answer("move", lambda _: web.Response(headers=states))
    ana = await harness.connect(service, "ana")

    for ack_id in range(2):
        await ana.request("event", ack_id, event="move", data=1)

    assert application.of("move")[1].headers["ce-connectionState"] == "two"
    assert "several connection states in one answer, the last one counts" in caplog.messages


async def test_a_state_of_many_kilobytes_is_kept(harness: Harness, service: Service, application: Application) -> None:
    state = "a" * 12_000
    application.answer("move", lambda _: web.Response(headers={"ce-connectionState": state}))
    ana = await harness.connect(service, "ana")

    assert (await ana.request("event", 1, event="move", data=1))["success"]

    assert connection_of(service, ana.id).source.state == state


async def test_w170_cookies_belong_to_a_connection_and_come_with_success(
    harness: Harness, service: Service, application: Application
) -> None:
    def set_cookie(request: Received) -> web.Response:
        answer = web.Response(status=200 if request.body == b'"good"' else 400)
        answer.set_cookie("route", request.body.decode().strip('"'), path="/")
        return answer

    application.answer("move", set_cookie)
    ana, bo = await harness.connect(service, "ana"), await harness.connect(service, "bo")

    for ack_id, data in enumerate(["good", "bad", "good"]):
        await ana.request("event", ack_id, event="move", data=data)
    await bo.request("event", 1, event="move", data="good")

    cookies = [request.headers.get("Cookie") for request in application.of("move")]
    assert cookies == [None, "route=good", "route=good", None]


async def test_w170_a_cookie_may_come_with_connected_too(
    harness: Harness, service: Service, application: Application
) -> None:
    def set_cookie(_: Received) -> web.Response:
        answer = web.Response()
        answer.set_cookie("route", "here")
        return answer

    application.answer("connected", set_cookie)
    ana = await harness.connect(service, "ana")
    connection = connection_of(service, ana.id)
    await until(lambda: connection.source.cookies is not None)

    await ana.request("event", 1, event="move", data=1)

    assert application.of("move")[0].headers["Cookie"] == "route=here"


async def test_events_of_one_client_are_sent_in_order(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")

    for number in range(20):
        await ana.send("event", event="move", data=number)

    moves = await application.wait_for("move", 20)
    assert [int(request.body) for request in moves] == list(range(20))
    assert [int(request.headers["ce-id"]) for request in moves] == list(range(2, 22))
