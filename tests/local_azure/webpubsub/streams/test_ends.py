"""What ends a stream, and what its publisher and its subscribers are told; on real sockets."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local_azure.webpubsub import Limits, Service, Settings, Times
from local_azure.webpubsub.faults import FaultInjector
from local_azure.webpubsub.hub import Connection
from tests.local_azure.webpubsub.harness import FAST, RELIABLE_JSON, Client, Harness, lose_socket
from tests.local_azure.webpubsub.rest.rest_client import RestClient
from tests.local_azure.webpubsub.streams.stream_frames import Frame, ack, answers, closed, end, last, part, start, write


@pytest.mark.parametrize(
    "properties",
    [
        {"streamSequenceId": 1},
        {"dataType": "text", "data": "x"},
        {"streamSequenceId": 1, "data": "x"},
        {"streamSequenceId": None, "dataType": "text", "data": "x"},
        {"streamSequenceId": "1", "dataType": "text", "data": "x"},
        {"streamSequenceId": 1, "dataType": "binary", "data": "?"},
    ],
    ids=str,
)
async def test_w235_w245_a_part_of_a_part_ends_the_connection_and_with_it_the_stream(
    ana: Client, bo: Client, properties: Frame
) -> None:
    await start(ana)
    await write(ana, 1)

    await ana.send("streamData", streamId="s1", **properties)

    assert (await ana.closed())[0] == 1007
    error = {"name": "Cancelled", "message": "The connection of the publisher ended."}
    assert await answers(bo, 2) == [part(1), last(2, error=error)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"message": "boom", "userErrorCode": "E1"}, {"message": "boom", "userErrorCode": "E1"}),
        ({"message": "boom"}, {"message": "boom"}),
        ({}, {}),
    ],
    ids=str,
)
async def test_w237_the_subscribers_are_told_the_publishers_error(
    ana: Client, bo: Client, given: Frame, shown: Frame
) -> None:
    await start(ana)

    await end(ana, error=given)

    assert closed(await ana.receive()) is None
    assert await bo.receive() == last(1, error={"name": "UserError"} | shown)


async def test_w234_w239_a_keep_alive_uses_no_number_and_silence_ends_the_stream(ana: Client, bo: Client) -> None:
    started = asyncio.get_running_loop().time()
    await ana.send("sendToGroup", group="room", stream={"streamId": "s1", "idleTimeoutMs": 100})
    await ana.send("streamData", streamId="s1")
    await write(ana, 1)
    assert await answers(ana, 2) == [ack(1), ack(2)]

    assert closed(await ana.receive()) == "IdleTimeout"

    assert asyncio.get_running_loop().time() - started >= 0.1
    error = {"name": "IdleTimeout", "message": "Nothing was sent to the stream for 100 milliseconds."}
    assert await answers(bo, 2) == [part(1), last(2, error=error)]


async def test_w239_the_stream_that_is_silent_first_ends_first(ana: Client) -> None:
    """Whichever started first, and also when the service is late for both; a third one is never silent for so long."""
    for stream_id, milliseconds in (("long", 60_000), ("short", 60), ("shorter", 20)):
        await ana.send("sendToGroup", group="room", stream={"streamId": stream_id, "idleTimeoutMs": milliseconds})
    assert await answers(ana, 3) == [ack(1, "long"), ack(1, "short"), ack(1, "shorter")]

    first, second = await answers(ana, 2)

    assert (closed(first, "shorter"), closed(second, "short")) == ("IdleTimeout", "IdleTimeout")
    await write(ana, 1, "long")
    assert await ana.receive() == ack(2, "long")


async def test_w240_the_idle_time_of_a_stream_that_names_none_is_a_setting(harness: Harness) -> None:
    assert Times().stream_idle_seconds == 300
    service = await harness.service(Settings(times=replace(FAST, stream_idle_seconds=0.03)))
    ana = await harness.connect(service, "ana")

    await start(ana)

    assert closed(await ana.receive()) == "IdleTimeout"


async def test_w245_when_the_publishers_connection_ends_its_subscribers_are_told(ana: Client, bo: Client) -> None:
    await start(ana)
    await start(ana, "s2")
    await write(ana, 1)
    assert await ana.receive() == ack(2)

    await ana.ws.close()

    error = {"name": "Cancelled", "message": "The connection of the publisher ended."}
    assert await answers(bo, 3) == [part(1), last(2, error=error), last(1, "s2", error=error)]


@pytest.mark.parametrize("frame", ["streamData", "keep-alive"])
async def test_w246_a_permission_that_was_revoked_ends_the_stream(
    harness: Harness, service: Service, ana: Client, bo: Client, frame: str
) -> None:
    await start(ana)
    path = f"/permissions/sendToGroup/connections/{ana.id}"
    assert (await RestClient(service, harness.http)("DELETE", path, ("targetName", "room"))).status == 204

    await (write(ana, 1) if frame == "streamData" else ana.send("streamData", streamId="s1"))

    assert closed(await ana.receive()) == "Forbidden"
    shown = await bo.receive()
    assert shown["stream"].pop("error")["name"] == "Forbidden"
    assert shown == last(1)


async def test_w245_a_publisher_that_is_dropped_for_its_own_echo_ends_its_stream_after_that_part(
    harness: Harness,
) -> None:
    service = await harness.service(Settings(limits=Limits(replay_messages=2), times=FAST))
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON, groups=["room"])
    bo = await harness.connect(service, "bo", groups=["room"])
    await start(ana)

    for number in (1, 2, 3, 4):  # the third is more than may wait for an ack of its client
        await write(ana, number)

    error = {"name": "Cancelled", "message": "The connection of the publisher ended."}
    assert await answers(bo, 4) == [part(1), part(2), part(3), last(4, error=error)]
    await bo.expect_no_message()


class _EndedMeanwhile(FaultInjector):
    """Ends a connection while its frame is being received."""

    async def frame(self, connection: Connection, frame: str | bytes) -> bool:
        if connection.user_id == "ana":
            connection.hub.close(connection)
        return True


async def test_a_connection_that_has_ended_opens_no_stream(
    harness: Harness, service: Service, ana: Client, bo: Client
) -> None:
    cy = await harness.connect(service, "cy")
    service.faults = _EndedMeanwhile(service.hubs.connections, service.observations)

    await ana.send("sendToGroup", group="room", stream={"streamId": "s1", "idleTimeoutMs": 1})
    assert (await ana.closed())[0] == 1000
    await start(cy, "s2", stream={"idleTimeoutMs": 30})

    shown = await bo.receive()
    assert (shown["fromUserId"], shown["stream"]["streamId"]) == ("cy", "s2")


async def test_when_the_service_stops_no_timer_of_a_stream_is_left(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await harness.service()
    ana, bo = await harness.connect(service, "ana"), await harness.connect(service, "bo", subprotocol=RELIABLE_JSON)
    loop, timers = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    call_later = loop.call_later

    def recorded(delay: float, callback: Callable[..., object], *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        timer = call_later(delay, callback, *arguments, **options)
        if callback.__module__.startswith("local_azure.webpubsub.streams"):
            timers.append(timer)
        return timer

    monkeypatch.setattr(loop, "call_later", recorded)
    for publisher in (ana, bo):
        await start(publisher)
    await lose_socket(service, bo)
    await asyncio.gather(service.stop(), ana.closed())

    assert [timer.cancelled() for timer in timers] == [True, True]
