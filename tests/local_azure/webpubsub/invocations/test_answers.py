"""A client asks the event handler and gets one answer, over real sockets (W-201 and following)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from local_azure.webpubsub import EventHandler, HubSettings, Service, Settings
from local_azure.webpubsub.observations import FrameReceived, FrameSent, Observation, WebhookCalled, WebhookSent
from local_azure.webpubsub.settings import EventListener
from tests.local_azure.webpubsub.harness import FAST, HUB, Answer, Application, Harness, Received
from tests.local_azure.webpubsub.invocations.invoking import INVALID, Gate, answer_to, invoke


async def test_w201_the_handlers_json_is_the_answer_and_nothing_else_is_sent(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("sum", lambda request: web.json_response(sum(request.json())))
    ana = await harness.connect(service, "ana")

    answer = await answer_to(ana, dataType="json", data=[1, 2])

    assert answer == {"success": True, "dataType": "json", "data": 3}
    await ana.expect_no_message()


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"text": "hé"}, {"dataType": "text", "data": "hé"}),
        ({"body": b"\0\xff", "content_type": "application/octet-stream"}, {"dataType": "binary", "data": "AP8="}),
        ({"body": b"\n\x01x", "content_type": "application/x-protobuf"}, {"dataType": "protobuf", "data": "CgF4"}),
        ({"status": 204}, {}),
        ({"status": 200, "body": b""}, {}),
        ({"text": "", "content_type": "application/json"}, {}),
        ({"text": " null\n", "content_type": "application/json"}, {}),
    ],
)
async def test_w202_w203_an_answer_has_the_type_of_the_handlers_body_and_none_without_one(
    harness: Harness,
    service: Service,
    application: Application,
    response: dict[str, Any],
    expected: dict[str, object],
) -> None:
    application.answer("sum", lambda _: web.Response(**response))
    ana = await harness.connect(service, "ana")

    assert await answer_to(ana) == {"success": True} | expected


@pytest.mark.parametrize(
    ("payload", "content_type", "body"),
    [
        ({}, "text/plain; charset=utf-8", b""),
        ({"dataType": "text", "data": ""}, "text/plain; charset=utf-8", b""),
        ({"data": {"a": 1.0}}, "application/json", b'{"a": 1.0}'),
        ({"dataType": "binary", "data": "AP8="}, "application/octet-stream", b"\0\xff"),
    ],
)
async def test_w204_w208_the_handler_gets_an_ordinary_user_event_with_the_payload_or_an_empty_body(
    harness: Harness,
    service: Service,
    application: Application,
    payload: dict[str, object],
    content_type: str,
    body: bytes,
) -> None:
    ana = await harness.connect(service, "ana")
    await ana.request("event", 1, event="before", data=1)

    await answer_to(ana, "sum", **payload)

    (request,), (before,) = application.of("sum"), application.of("before")
    assert (request.headers["Content-Type"], request.body) == (content_type, body)
    assert (request.headers["ce-type"], request.path) == ("azure.webpubsub.user.sum", "/chat/sum")
    assert int(request.headers["ce-id"]) == int(before.headers["ce-id"]) + 1
    assert request.headers["ce-signature"] == before.headers["ce-signature"]
    assert set(request.headers) == set(before.headers)


def unusable(_: Received) -> web.Response:
    return web.Response(text="<p>", content_type="text/html")


def disconnecting(_: Received) -> web.Response:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("respond", "name"),
    [
        pytest.param(lambda _: web.Response(status=500), "InternalServerError", id="W-205 500"),
        pytest.param(lambda _: web.Response(status=302), "InternalServerError", id="W-205 302"),
        pytest.param(lambda _: web.Response(status=429), "InternalServerError", id="W-206 429"),
        pytest.param(unusable, "InternalServerError", id="W-205 content type"),
        pytest.param(disconnecting, "InternalServerError", id="W-205 no answer"),
        pytest.param(lambda _: web.Response(status=400), "BadRequest", id="W-206 400"),
        pytest.param(lambda _: web.Response(status=401), "Forbidden", id="W-206 401"),
        pytest.param(lambda _: web.Response(status=403, text="secret"), "Forbidden", id="W-206 403"),
        pytest.param(lambda _: web.Response(status=404), "NotFound", id="W-206 404"),
    ],
)
async def test_w205_w206_a_handler_that_fails_is_an_error_with_a_name_and_the_connection_stays(
    harness: Harness, service: Service, application: Application, respond: Answer, name: str
) -> None:
    application.answer("sum", respond)
    ana = await harness.connect(service, "ana")

    answer = await answer_to(ana)

    assert (answer["success"], answer["error"]["name"]) == (False, name)
    assert answer["error"]["message"].endswith(".")
    assert "secret" not in answer["error"]["message"]
    await ana.expect_no_message()


async def test_w205_a_handler_that_is_too_slow_is_an_error(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, handler_timeout_seconds=0.05)))
    application = await harness.application()
    application.answer("sum", Gate())
    service.set_event_handlers(HUB, [application.handler()])
    ana = await harness.connect(service, "ana")

    assert (await answer_to(ana))["error"]["name"] == "InternalServerError"
    await ana.expect_no_message()


async def test_w205_an_unreachable_handler_is_an_error(
    harness: Harness, service: Service, unused_tcp_port: int
) -> None:
    service.set_event_handlers(HUB, [EventHandler(f"http://127.0.0.1:{unused_tcp_port}/", event_pattern="*")])
    ana = await harness.connect(service, "ana")

    assert (await answer_to(ana))["error"]["name"] == "InternalServerError"
    await ana.expect_no_message()


async def test_w207_without_a_handler_the_answer_is_an_error_also_where_a_listener_hears_the_event(
    harness: Harness,
) -> None:
    listening = HubSettings(event_listeners=[EventListener("*")])
    service = await harness.service(Settings(times=FAST, hubs={HUB: listening}))
    ana = await harness.connect(service, "ana")

    answer = await answer_to(ana)

    assert (answer["success"], answer["error"]["name"]) == (False, "NotFound")
    assert (await ana.request("event", 1, event="sum", data=1))["success"]


async def test_w209_an_invocation_needs_no_role(harness: Harness, service: Service, application: Application) -> None:
    ana = await harness.connect(service, "ana", roles=())

    assert await answer_to(ana) == {"success": True}


@pytest.mark.parametrize(
    "properties",
    [
        {"target": None},
        {"target": "group"},
        {"target": 1},
        {"invocationId": None},
        {"invocationId": ""},
        {"invocationId": 1},
        {"event": None},
        {"event": "1x"},
        {"dataType": "text"},
        {"dataType": "xml", "data": "x"},
        {"data": None},
        {"metadata": {"a b": "c"}},
        {"stream": {"streamId": "s1"}, "data": 1},
    ],
)
async def test_w210_a_malformed_invocation_closes_with_1007(
    harness: Harness, service: Service, application: Application, properties: dict[str, object]
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.send("invoke", **{"invocationId": "1", "target": "event", "event": "sum"} | properties)

    assert await ana.closed() == INVALID
    assert application.of("sum") == []


@pytest.mark.parametrize("missing", ["target", "invocationId", "event"])
async def test_w210_an_invocation_without_one_of_its_properties_closes_with_1007(
    harness: Harness, service: Service, missing: str
) -> None:
    ana = await harness.connect(service, "ana")
    properties = {"invocationId": "1", "target": "event", "event": "sum"}
    del properties[missing]

    await ana.send("invoke", **properties)

    assert await ana.closed() == INVALID


async def test_w216_the_answers_state_is_that_of_the_next_event_and_a_failure_keeps_the_old_one(
    harness: Harness, service: Service, application: Application
) -> None:
    state = {"ce-connectionState": "one"}
    application.answer("good", lambda _: web.Response(headers=state))
    application.answer("bad", lambda _: web.Response(status=400, headers={"ce-connectionState": "two"}))
    ana = await harness.connect(service, "ana")

    for event in ("good", "bad", "last"):
        await answer_to(ana, event)

    assert application.of("good")[0].headers.get("ce-connectionState") is None
    assert application.of("bad")[0].headers["ce-connectionState"] == "one"
    assert application.of("last")[0].headers["ce-connectionState"] == "one"


async def test_w218_a_raw_clients_text_that_looks_like_an_invocation_is_an_ordinary_message(
    harness: Harness, service: Service, application: Application
) -> None:
    raw = await harness.connect(service, "ana", subprotocol=None)
    text = '{"type":"invoke","invocationId":"1","target":"event","event":"sum"}'

    await raw.ws.send_str(text)

    (request,) = await application.wait_for("message")
    assert request.body == text.encode()
    assert application.of("sum") == []


async def test_w219_metadata_reaches_the_handler_and_that_of_its_answer_reaches_the_client(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("full", lambda _: web.Response(text="hi", headers={"X-WebPubSub-Metadata-Kind": "b"}))
    application.answer("empty", lambda _: web.Response(status=204, headers={"X-WebPubSub-Metadata-Kind": "c"}))
    ana = await harness.connect(service, "ana")

    full = await answer_to(ana, "full", data=1, metadata={"Trace": "t"})
    empty = await answer_to(ana, "empty", metadata={"trace": "u"})

    assert full == {"success": True, "dataType": "text", "data": "hi", "metadata": {"kind": "b"}}
    assert empty == {"success": True, "metadata": {"kind": "c"}}
    traces = [application.of(event)[0].headers["X-WebPubSub-Metadata-trace"] for event in ("full", "empty")]
    assert traces == ["t", "u"]


@pytest.mark.parametrize("frame", ["invoke", "cancelInvocation"])
async def test_w220_a_hub_without_invocations_closes_with_1007(harness: Harness, frame: str) -> None:
    service = await harness.service(Settings(times=FAST, hubs={HUB: HubSettings(invocations=False)}))
    ana = await harness.connect(service, "ana")
    bo = await harness.connect(service, "bo", hub="other")

    await ana.send(frame, invocationId="1", target="event", event="sum")

    assert await ana.closed() == INVALID
    assert (await answer_to(bo))["error"]["name"] == "NotFound"


async def test_w221_a_name_with_a_dot_is_an_ordinary_event(
    harness: Harness, service: Service, application: Application
) -> None:
    application.answer("chat.login", lambda _: web.json_response({"userId": "ana"}))
    ana = await harness.connect(service, "ana")

    assert (await answer_to(ana, "chat.login", dataType="text", data=""))["data"] == {"userId": "ana"}


async def test_a_fault_disturbs_an_invocation_as_any_event(
    harness: Harness, service: Service, application: Application
) -> None:
    service.faults.add("drop webhook event=sum count=1")
    ana = await harness.connect(service, "ana")

    assert (await answer_to(ana))["error"]["name"] == "InternalServerError"
    assert await answer_to(ana) == {"success": True}
    assert len(application.of("sum")) == 1

    service.faults.add("cut client 4000 event=sum count=1")
    await invoke(ana)
    assert await ana.closed() == (4000, "Cut by a fault.")


async def test_the_frame_the_call_of_the_handler_and_the_answer_are_one_trace(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")
    await answer_to(ana)  # the handler is validated
    records: list[Observation] = []
    service.observations.subscribe(records.append)

    await answer_to(ana)
    await answer_to(ana)

    kinds = (FrameReceived, WebhookSent, WebhookCalled, FrameSent)
    traces = [record.correlation_id for record in records if isinstance(record, kinds)]
    assert [type(record) for record in records if isinstance(record, kinds)] == [*kinds, *kinds]
    assert [len(set(traces[:4])), len(set(traces[4:])), len(set(traces))] == [1, 1, 2]
