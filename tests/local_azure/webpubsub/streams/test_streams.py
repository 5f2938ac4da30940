"""Streams of JSON clients on real sockets: their publishers, their subscribers, and what ends them."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from local_azure.webpubsub import Limits, Service, Settings, Times
from local_azure.webpubsub.faults import FaultInjector
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.settings import HubSettings
from tests.local_azure.webpubsub.harness import FAST, HUB, RELIABLE_JSON, Client, Harness, until
from tests.local_azure.webpubsub.rest.rest_client import RestClient

Frame = dict[str, Any]


async def start(client: Client, stream_id: str = "s1", /, group: str = "room", **properties: Any) -> None:
    """Start a stream, which must be accepted."""
    stream = {"streamId": stream_id, **properties.pop("stream", {})}
    await client.send("sendToGroup", group=group, stream=stream, **properties)
    assert await client.receive() == {"type": "streamAck", "streamId": stream_id, "expectedSequenceId": 1}


async def write(client: Client, number: int, stream_id: str = "s1") -> None:
    """Send a part whose text is its number."""
    await client.send("streamData", streamId=stream_id, streamSequenceId=number, dataType="text", data=str(number))


async def end(client: Client, stream_id: str = "s1", **properties: Any) -> None:
    await client.send("streamEnd", streamId=stream_id, **properties)


async def answers(client: Client, count: int = 1) -> list[Frame]:
    return [await client.receive() for _ in range(count)]


def ack(expected: int, stream_id: str = "s1") -> Frame:
    return {"type": "streamAck", "streamId": stream_id, "expectedSequenceId": expected}


def closed(frame: Frame, stream_id: str = "s1") -> str | None:
    """Return the name of the error in a `streamClosed`, None when it has none."""
    assert (frame["type"], frame["streamId"]) == ("streamClosed", stream_id), frame
    assert "error" not in frame or frame["error"]["message"]
    return str(frame["error"]["name"]) if "error" in frame else None


def part(number: int, stream_id: str = "s1", **properties: Any) -> Frame:
    """Return the frame in which a subscriber gets a part."""
    stream = {"streamId": stream_id, "streamSequenceId": number}
    text = {"dataType": "text", "data": str(number)}
    return (
        {"type": "message", "from": "group", "group": "room", "fromUserId": "ana"}
        | text
        | {"stream": stream}
        | properties
    )


def last(number: int, stream_id: str = "s1", **properties: Any) -> Frame:
    """Return the frame that tells a subscriber the end."""
    stream = {"streamId": stream_id, "streamSequenceId": number, "endOfStream": True, **properties}
    return part(number, stream_id) | {"data": "", "stream": stream}


@pytest.fixture
async def ana(harness: Harness, service: Service) -> Client:
    """The publisher; not a member of the group (W-226)."""
    return await harness.connect(service, "ana")


@pytest.fixture
async def bo(harness: Harness, service: Service) -> Client:
    """A subscriber."""
    return await harness.connect(service, "bo", groups=["room"])


async def test_w222_w223_w226_w236_w238_parts_reach_the_subscribers_in_order_and_then_the_end(
    ana: Client, bo: Client
) -> None:
    await start(ana)
    await bo.expect_no_message()

    for number in (1, 2, 3):
        await write(ana, number)
    assert (await answers(ana, 3))[-1] == ack(4)
    await end(ana)

    assert closed(await ana.receive()) is None
    assert await answers(bo, 4) == [part(1), part(2), part(3), last(4)]


@pytest.mark.parametrize("no_echo", [True, False])
async def test_w224_no_echo_keeps_all_of_the_stream_from_its_publisher(
    harness: Harness, service: Service, no_echo: bool
) -> None:
    ana = await harness.connect(service, "ana", groups=["room"])
    await start(ana, noEcho=no_echo)

    await write(ana, 1)
    await end(ana)

    closing = {"type": "streamClosed", "streamId": "s1"}
    expected = [ack(2), closing] if no_echo else [part(1), ack(2), last(2), closing]
    assert await answers(ana, len(expected)) == expected
    await ana.expect_no_message()


@pytest.mark.parametrize(
    ("properties", "error"),
    [
        pytest.param({"group": "other"}, "Forbidden", id="W-225 no permission"),
        pytest.param({"stream": {"streamId": ""}}, "BadRequest", id="W-228 empty id"),
        pytest.param({"stream": {"streamId": "s1", "idleTimeoutMs": 0}}, "BadRequest", id="W-228 no idle time"),
        pytest.param({"data": "x", "dataType": "text"}, "BadRequest", id="W-229 data"),
        pytest.param({"dataType": "text"}, "BadRequest", id="W-229 dataType"),
    ],
)
async def test_w225_w228_w229_a_start_that_is_refused_leaves_the_connection_open(
    harness: Harness, service: Service, properties: Frame, error: str
) -> None:
    ana = await harness.connect(service, "ana", roles=["webpubsub.sendToGroup.room"])
    request: Frame = {"group": "room", "stream": {"streamId": "s1"}} | properties

    await ana.send("sendToGroup", ackId=1, **request)

    assert closed(await ana.receive(), request["stream"]["streamId"]) == error
    await write(ana, 1)
    assert closed(await ana.receive()) == "StreamNotFound"


async def test_w227_an_id_in_use_is_refused_and_its_stream_goes_on(ana: Client, bo: Client) -> None:
    await start(ana)
    await ana.send("sendToGroup", group="elsewhere", stream={"streamId": "s1"})
    assert closed(await ana.receive()) == "BadRequest"

    await write(ana, 1)
    await end(ana)
    assert await answers(ana, 2) == [ack(2), {"type": "streamClosed", "streamId": "s1"}]
    await start(ana)
    await write(ana, 1)

    assert await answers(bo, 3) == [part(1), last(2), part(1)]


async def test_w230_one_id_on_two_connections_is_two_streams(
    harness: Harness, service: Service, ana: Client, bo: Client
) -> None:
    other = await harness.connect(service, "cy")
    for publisher in (ana, other):
        await start(publisher)
    for publisher in (ana, other):
        await write(publisher, 1)
        assert await publisher.receive() == ack(2)

    assert await answers(bo, 2) == [part(1), part(1, fromUserId="cy")]


async def test_w231_w232_w250_repeats_are_dropped_and_a_gap_is_refused(ana: Client, bo: Client) -> None:
    await start(ana)
    for number in (1, 1, 3, 2, 3):
        await write(ana, number)

    once, again, gap, *rest = await answers(ana, 5)
    assert (once, again, rest) == (ack(2), ack(2), [ack(3), ack(4)])
    nack = {"type": "streamNack", "streamId": "s1", "expectedSequenceId": 2, "name": "InvalidSequenceId"}
    assert gap == nack | {"message": "The number is 3, expected is 2."}
    assert await answers(bo, 3) == [part(1), part(2), part(3)]


async def test_w233_w241_a_stream_that_is_unknown_or_over_is_not_found(ana: Client) -> None:
    await write(ana, 1)
    await end(ana)
    assert [closed(frame) for frame in await answers(ana, 2)] == ["StreamNotFound"] * 2

    await start(ana)
    await end(ana)
    await write(ana, 1)
    assert [closed(frame) for frame in await answers(ana, 2)] == [None, "StreamNotFound"]


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


async def test_w247_who_joins_late_gets_what_is_left(harness: Harness, service: Service, ana: Client) -> None:
    await start(ana)
    await write(ana, 1)
    assert await ana.receive() == ack(2)
    late = await harness.connect(service, "late", groups=["room"])

    await write(ana, 2)
    await end(ana)

    assert await answers(late, 2) == [part(2), last(3)]


async def test_w248_streams_of_one_publisher_each_keep_their_order(ana: Client, bo: Client) -> None:
    for stream_id in ("s1", "s2"):
        await start(ana, stream_id)
    for number in (1, 2):
        for stream_id in ("s1", "s2"):
            await write(ana, number, stream_id)

    assert await answers(bo, 4) == [part(1), part(1, "s2"), part(2), part(2, "s2")]


async def test_w249_every_part_has_its_own_type(ana: Client, bo: Client) -> None:
    payloads = [("json", {"n": [1.5]}), ("binary", base64.b64encode(b"\0\xff").decode()), ("text", "")]
    await start(ana)
    for number, (data_type, data) in enumerate(payloads, start=1):
        await ana.send("streamData", streamId="s1", streamSequenceId=number, dataType=data_type, data=data)

    assert [(frame["dataType"], frame["data"]) for frame in await answers(bo, 3)] == payloads


async def test_w251_a_raw_subscriber_gets_the_payloads_and_nothing_for_the_end(
    harness: Harness, service: Service, ana: Client
) -> None:
    raw = await harness.connect(service, "raw", subprotocol=None, groups=["room"])
    await start(ana)
    await write(ana, 1)
    await end(ana)
    assert await answers(ana, 2) == [ack(2), {"type": "streamClosed", "streamId": "s1"}]

    await ana.send("sendToGroup", group="room", dataType="text", data="after")

    assert [(await raw.frame()).data for _ in range(2)] == ["1", "after"]


async def test_what_the_start_says_of_metadata_is_shown_with_every_part(ana: Client, bo: Client) -> None:
    await start(ana, metadata={"trace": "t1"})
    await write(ana, 1)
    await end(ana)

    assert await answers(bo, 2) == [frame | {"metadata": {"trace": "t1"}} for frame in (part(1), last(2))]


async def test_a_connection_may_have_so_many_streams_and_no_more(harness: Harness) -> None:
    service = await harness.service(Settings(limits=Limits(open_streams=2), times=FAST))
    ana, other = await harness.connect(service, "ana"), await harness.connect(service, "bo")
    for stream_id in ("s1", "s2"):
        await start(ana, stream_id)

    await ana.send("sendToGroup", group="room", stream={"streamId": "s3"})

    assert closed(await ana.receive(), "s3") == "BadRequest"
    await start(other, "s3")


async def test_a_subscriber_that_does_not_read_holds_up_neither_the_stream_nor_the_others(harness: Harness) -> None:
    limits = Limits(outbound_messages=4, outbound_bytes=2**20)
    service = await harness.service(Settings(limits=limits, times=FAST))
    slow = await harness.connect(service, "slow", groups=["room"])
    ana, bo = await harness.connect(service, "ana"), await harness.connect(service, "bo", groups=["room"])
    await start(ana)
    text, number = "x" * 500_000, 0

    while service.hubs.hub(HUB).connection(slow.id) is not None:
        number += 1
        await ana.send("streamData", streamId="s1", streamSequenceId=number, dataType="text", data=text)
        assert await ana.receive() == ack(number + 1)
        assert (await bo.receive())["stream"] == {"streamId": "s1", "streamSequenceId": number}
    await end(ana)

    assert closed(await ana.receive()) is None
    assert await bo.receive() == last(number + 1)


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


# --- recovery ----------------------------------------------------------------


async def lose_socket(service: Service, client: Client) -> None:
    """Cut the client's socket and wait until the service knows."""
    connection = service.hubs.hub(HUB).connection(client.id)
    assert connection
    client.cut()
    await until(lambda: connection.transport is None)


async def test_w242_a_reliable_subscriber_gets_the_parts_again_that_it_missed(
    harness: Harness, service: Service, ana: Client
) -> None:
    bo = await harness.connect(service, "bo", subprotocol=RELIABLE_JSON, groups=["room"])
    await ana.send("sendToGroup", group="room", dataType="text", data="before")
    await start(ana)
    await write(ana, 1)
    assert [frame["sequenceId"] for frame in await answers(bo, 2)] == [1, 2]
    await bo.send("sequenceAck", sequenceId=2)
    await bo.expect_no_message()
    await lose_socket(service, bo)
    await write(ana, 2)
    await end(ana)
    assert len(await answers(ana, 3)) == 3

    again = await harness.recover(service, bo)

    assert await answers(again, 2) == [part(2, sequenceId=3), last(3) | {"sequenceId": 4}]


async def test_w243_w244_a_reliable_publisher_goes_on_with_its_stream_after_a_recovery(
    harness: Harness, service: Service, bo: Client
) -> None:
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    await start(ana)
    for number in (1, 2):
        await write(ana, number)
    assert await answers(ana, 2) == [ack(2), ack(3)]
    await lose_socket(service, ana)

    again = await harness.recover(service, ana)  # which reads `connected`
    for number in (2, 3):  # the ack of 2 may have been lost
        await write(again, number)
    await end(again)

    assert await answers(again, 3) == [ack(3), ack(4), {"type": "streamClosed", "streamId": "s1"}]
    assert await answers(bo, 4) == [part(1), part(2), part(3), last(4)]


async def test_w244_a_recovery_is_told_connected_once_before_anything_else(harness: Harness, service: Service) -> None:
    bo = await harness.connect(service, "bo", subprotocol=RELIABLE_JSON, groups=["room"])
    ana = await harness.connect(service, "ana")
    await lose_socket(service, bo)
    await ana.request("sendToGroup", 1, group="room", dataType="text", data="missed")

    again = await harness.recover(service, bo)

    assert again.connected.keys() == bo.connected.keys()
    assert again.connected | {"reconnectionToken": ""} == bo.connected | {"reconnectionToken": ""}
    assert await again.data() == "missed"
    await again.expect_no_message()
    await lose_socket(service, again)
    third = await harness.recover(service, again)  # with the token of the second `connected`
    assert await third.data() == "missed"


async def test_w245_a_reliable_publisher_that_does_not_come_back_ends_its_streams(harness: Harness) -> None:
    service = await harness.service(Settings(times=replace(FAST, retention_seconds=0.05)))
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    bo = await harness.connect(service, "bo", groups=["room"])
    await start(ana)

    await lose_socket(service, ana)

    assert (await bo.receive())["stream"]["error"]["name"] == "Cancelled"


async def test_w243_a_stream_whose_publisher_stays_away_too_long_ends_by_its_idle_time(
    harness: Harness, service: Service, bo: Client
) -> None:
    ana = await harness.connect(service, "ana", subprotocol=RELIABLE_JSON)
    await start(ana, stream={"idleTimeoutMs": 50})
    await lose_socket(service, ana)
    assert (await bo.receive())["stream"]["error"]["name"] == "IdleTimeout"

    again = await harness.recover(service, ana)
    await write(again, 1)

    assert closed(await again.receive()) == "StreamNotFound"


# --- streams switched off ----------------------------------------------------


@pytest.fixture
async def without_streams(harness: Harness) -> Service:
    return await harness.service(Settings(hubs={HUB: HubSettings(streams=False)}, times=FAST))


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("streamData", {"streamId": "s1"}),
        ("streamEnd", {"streamId": "s1"}),
        ("sendToGroup", {"group": "room", "stream": {"streamId": "s1"}}),
    ],
)
async def test_w253_without_streams_their_frames_are_invalid_messages(
    harness: Harness, without_streams: Service, type_: str, properties: Frame
) -> None:
    ana = await harness.connect(without_streams, "ana")

    await ana.send(type_, **properties)

    assert await ana.closed() == (1007, "The client message is not a valid JSON protocol message.")


async def test_w253_without_streams_a_stream_beside_data_has_no_meaning(
    harness: Harness, without_streams: Service
) -> None:
    ana = await harness.connect(without_streams, "ana", groups=["room"])

    await ana.send("sendToGroup", group="room", dataType="text", data="hi", stream={"streamId": "s1"})

    shown = await ana.receive()
    assert (shown["data"], "stream" in shown) == ("hi", False)


async def test_w253_without_streams_a_recovery_is_not_told_connected(
    harness: Harness, without_streams: Service
) -> None:
    ana = await harness.connect(without_streams, "ana", subprotocol=RELIABLE_JSON)
    await lose_socket(without_streams, ana)

    await (await harness.recover(without_streams, ana)).expect_no_message()


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
