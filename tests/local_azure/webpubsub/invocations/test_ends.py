"""What is pending, for how long, and how much of it: cancels, lost sockets, bounds (W-211 to W-215)."""

import asyncio
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from aiohttp import web

from local_azure.webpubsub import Limits, Service, Settings
from local_azure.webpubsub.messages import DataType, Payload, ServerMessage
from tests.local_azure.webpubsub.harness import (
    FAST,
    HUB,
    RELIABLE_JSON,
    WAIT_SECONDS,
    Application,
    Harness,
    Received,
    until,
)
from tests.local_azure.webpubsub.invocations.invoking import INVALID, Gate, answer_to, invoke, pending


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
