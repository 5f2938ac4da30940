"""Invocations over real sockets: a client asks the event handler and gets one answer (W-201 and following)."""

import asyncio
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from aiohttp import web

from local_azure.webpubsub import EventHandler, HubSettings, Limits, Service, Settings
from local_azure.webpubsub.messages import DataType, Payload, ServerMessage
from local_azure.webpubsub.observations import FrameReceived, FrameSent, Observation, WebhookCalled, WebhookSent
from local_azure.webpubsub.settings import EventListener
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    RELIABLE_JSON,
    WAIT_SECONDS,
    Answer,
    Application,
    Client,
    Harness,
    Received,
    until,
)

INVALID = (1007, "The client message is not a valid JSON protocol message.")


async def invoke(client: Client, event: str = "sum", invocation_id: str = "1", **properties: Any) -> None:
    await client.send("invoke", invocationId=invocation_id, target="event", event=event, **properties)


async def answer_to(client: Client, event: str = "sum", **properties: Any) -> dict[str, Any]:
    """Invoke and return the next frame, which must be the answer, without its type and id."""
    await invoke(client, event, "i-1", **properties)
    frame = await client.receive()
    assert (frame.pop("type"), frame.pop("invocationId")) == ("invokeResponse", "i-1")
    return frame


def pending(service: Service, client: Client) -> int:
    """Return how many answers the service still owes the client."""
    connection = service.hubs.hub(HUB).connection(client.id)
    return len(connection.invocations) if connection and connection.invocations is not None else 0


class Gate:
    """Answers of a handler that wait until the gate is opened; `cancelled` counts the requests that were aborted."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.cancelled = 0

    async def __call__(self, request: Received) -> web.Response:
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return web.json_response(json.loads(request.body or b"null"))


@pytest.fixture
async def service(harness: Harness) -> Service:
    """A service that waits for handlers longer than a test waits: only a cancel ends a request that hangs."""
    return await harness.service(Settings(times=replace(FAST, handler_timeout_seconds=10 * WAIT_SECONDS)))


@pytest.fixture
def failures(service: Service) -> list[object]:
    """Why calls of handlers failed; None for a call that was answered."""
    found: list[object] = []
    service.observations.subscribe(lambda record: found.append(getattr(record, "failure", None)))
    return found


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


async def test_w211_a_cancelled_invocation_aborts_the_handlers_request_and_has_no_answer(
    harness: Harness, service: Service, application: Application, failures: list[object]
) -> None:
    application.answer("slow", Gate())
    ana = await harness.connect(service, "ana")
    await invoke(ana, "slow", "a")
    await application.wait_for("slow")

    await ana.send("cancelInvocation", invocationId="a")

    await until(lambda: any(str(failure).startswith("cancelled") for failure in failures))
    assert pending(service, ana) == 0
    await ana.expect_no_message()


async def test_w211_a_cancelled_id_can_be_used_again_at_once(
    harness: Harness, service: Service, application: Application, failures: list[object]
) -> None:
    gate = Gate()
    application.answer("slow", gate)
    ana = await harness.connect(service, "ana")

    await invoke(ana, "slow", "a", data=1)
    await application.wait_for("slow")
    await ana.send("cancelInvocation", invocationId="a")
    await invoke(ana, "slow", "a", data=2)
    await application.wait_for("slow", 2)
    await until(lambda: any(str(failure).startswith("cancelled") for failure in failures))
    assert pending(service, ana) == 1
    gate.opened.set()

    assert (await ana.receive())["data"] == 2
    await ana.expect_no_message()
    assert pending(service, ana) == 0


async def test_w212_cancelling_an_unknown_or_finished_invocation_does_nothing(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.send("cancelInvocation", invocationId="never")
    await answer_to(ana)
    await ana.send("cancelInvocation", invocationId="i-1")

    await ana.expect_no_message()


@pytest.mark.parametrize("invocation_id", ["", 1, None])
async def test_a_cancel_without_a_usable_id_closes_with_1007(
    harness: Harness, service: Service, invocation_id: object
) -> None:
    ana = await harness.connect(service, "ana")

    await ana.send("cancelInvocation", invocationId=invocation_id)

    assert await ana.closed() == INVALID


async def test_w213_several_invocations_are_pending_at_once_and_hold_up_no_other_frame(
    harness: Harness, service: Service, application: Application
) -> None:
    gate = Gate()
    application.answer("slow", gate)
    application.answer("quick", lambda _: web.Response(text="now"))
    ana = await harness.connect(service, "ana")

    await invoke(ana, "slow", "a", data=1)
    await invoke(ana, "slow", "b", data=2)
    await invoke(ana, "quick", "c")
    first = await ana.receive()
    await ana.expect_no_message()
    gate.opened.set()
    others = {frame["invocationId"]: frame["data"] for frame in [await ana.receive(), await ana.receive()]}

    assert (first["invocationId"], first["data"]) == ("c", "now")
    assert others == {"a": 1, "b": 2}


async def test_a_pending_id_cannot_be_used_again_and_its_invocation_goes_on(
    harness: Harness, service: Service, application: Application
) -> None:
    gate = Gate()
    application.answer("slow", gate)
    ana = await harness.connect(service, "ana")
    await invoke(ana, "slow", "a", data=1)

    await invoke(ana, "slow", "a", data=2)
    refused = await ana.receive()
    gate.opened.set()
    answered = await ana.receive()

    assert (refused["invocationId"], refused["error"]["name"]) == ("a", "BadRequest")
    assert (answered["invocationId"], answered["data"]) == ("a", 1)


async def test_w214_an_answer_has_no_sequence_id_and_leaves_no_gap(
    harness: Harness, service: Service, application: Application
) -> None:
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, groups=["room"])

    await ana.send("sendToGroup", group="room", data=1)
    first = await ana.receive()
    answer = await answer_to(ana)
    await ana.send("sendToGroup", group="room", data=2)
    second = await ana.receive()

    assert answer == {"success": True}
    assert (first["sequenceId"], second["sequenceId"]) == (1, 2)


async def test_w215_an_answer_that_was_pending_when_the_socket_was_lost_is_not_sent_after_the_recovery(
    harness: Harness, service: Service, application: Application, failures: list[object]
) -> None:
    gate = Gate()
    application.answer("slow", gate)
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    await invoke(ana, "slow", "a")
    await application.wait_for("slow")
    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection

    ana.cut()
    await until(lambda: connection.transport is None)
    await until(lambda: any(str(failure).startswith("cancelled") for failure in failures))
    connection.hub.deliver([connection], ServerMessage(Payload(DataType.TEXT, b"meanwhile")))
    gate.opened.set()
    recovered = await harness.recover(service, ana)

    assert await recovered.data() == "meanwhile"
    await recovered.expect_no_message()
    await invoke(recovered, "quick", "a")
    assert (await recovered.receive())["success"]


async def test_w215_a_client_that_recovers_before_the_loss_is_noticed_gets_no_old_answer(
    harness: Harness, service: Service, application: Application
) -> None:
    gate = Gate()
    application.answer("slow", gate)
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    await invoke(ana, "slow", "a")
    await application.wait_for("slow")

    recovered = await harness.recover(service, ana)
    await recovered.expect_no_message()
    assert pending(service, ana) == 0
    gate.opened.set()

    await recovered.expect_no_message()


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


# --- bounds --------------------------------------------------------------------------


async def test_pending_invocations_are_limited_in_number_and_in_bytes(harness: Harness) -> None:
    limits = Limits(pending_invocations=2, pending_invocation_bytes=20)
    service = await harness.service(Settings(times=FAST, limits=limits))
    application = await harness.application()
    gate = Gate()
    application.answer("slow", gate)
    service.set_event_handlers(HUB, [application.handler()])
    ana = await harness.connect(service, "ana")

    await invoke(ana, "slow", "a", data=1)
    await invoke(ana, "slow", "big", data=10**18)
    too_big = await ana.receive()
    await invoke(ana, "slow", "b", data=2)
    await invoke(ana, "slow", "c", data=3)
    too_many = await ana.receive()
    gate.opened.set()
    answered = {(await ana.receive())["invocationId"] for _ in range(2)}
    await invoke(ana, "slow", "d", data=4)

    assert (too_big["invocationId"], too_big["error"]) == (
        "big",
        {"name": "TooManyRequests", "message": "Pending invocations would have 24 bytes, the limit is 20."},
    )
    assert (too_many["invocationId"], too_many["error"]) == (
        "c",
        {"name": "TooManyRequests", "message": "2 invocations are pending, the limit is 2."},
    )
    assert answered == {"a", "b"}
    assert (await ana.receive())["data"] == 4


async def test_in_any_mixture_of_requests_and_cancels_each_id_is_answered_once_or_not_at_all(
    harness: Harness, service: Service, application: Application
) -> None:
    """An id that was not cancelled has one answer, a cancelled one at most one, and nothing stays pending."""
    chance = Random(13)

    async def answer(request: Received) -> web.Response:
        number = request.json()
        await asyncio.sleep(number % 4 / 1000)
        return web.json_response(number) if number % 5 else web.Response(status=404)

    application.answer("any", answer)
    ana = await harness.connect(service, "ana")
    cancelled: set[str] = set()

    for number in range(400):
        await invoke(ana, "any", str(number), data=number)
        if chance.random() < 0.4:
            other = str(chance.randrange(number + 1))
            await ana.send("cancelInvocation", invocationId=other)
            cancelled.add(other)
    frames: list[dict[str, Any]] = []
    while len({frame["invocationId"] for frame in frames} | cancelled) < 400:
        frames.append(await ana.receive())
    await until(lambda: pending(service, ana) == 0)
    await ana.send("ping")
    while (frame := await ana.receive())["type"] != "pong":
        frames.append(frame)

    ids = [frame["invocationId"] for frame in frames]
    assert len(ids) == len(set(ids))
    answers = [(frame["invocationId"], frame["data"]) for frame in frames if frame["success"]]
    assert answers == [(invocation_id, int(invocation_id)) for invocation_id, _ in answers]
    assert {frame["error"]["name"] for frame in frames if not frame["success"]} <= {"NotFound", "TooManyRequests"}


@pytest.mark.parametrize("how", ["the client leaves", "the socket is cut", "the application closes", "a bad frame"])
async def test_pending_invocations_end_with_their_connection(
    harness: Harness,
    service: Service,
    application: Application,
    failures: list[object],
    caplog: pytest.LogCaptureFixture,
    how: str,
) -> None:
    application.answer("slow", Gate())
    ana = await harness.connect(service, "ana")
    for number in range(3):
        await invoke(ana, "slow", str(number))
    await application.wait_for("slow", 3)
    tasks = asyncio.all_tasks()
    connection = service.hubs.hub(HUB).connection(ana.id)
    assert connection

    if how == "the client leaves":
        await ana.ws.close()
    elif how == "the socket is cut":
        ana.cut()
    elif how == "the application closes":
        connection.hub.close(connection)
    else:
        await ana.ws.send_str("{")

    await application.wait_for("disconnected")
    await until(lambda: sum(str(failure).startswith("cancelled") for failure in failures) == 3)
    await until(lambda: not {task for task in tasks if "Invocations" in str(task.get_coro()) and not task.done()})
    assert pending(service, ana) == 0
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_service_that_stops_ends_pending_invocations(harness: Harness, application: Application) -> None:
    service = await harness.service(Settings(times=replace(FAST, handler_timeout_seconds=10 * WAIT_SECONDS)))
    service.set_event_handlers(HUB, [application.handler()])
    application.answer("slow", Gate())
    ana = await harness.connect(service, "ana")
    await invoke(ana, "slow", "a")
    await application.wait_for("slow")

    stopping = asyncio.create_task(service.stop())

    assert await ana.closed() == (1001, "The service is shutting down.")
    await stopping
    assert not [task for task in asyncio.all_tasks() if "Invocations" in str(task.get_coro())]
