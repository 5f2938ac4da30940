"""Streams of JSON clients on real sockets: starts, parts, and what subscribers of each kind get."""

import base64

import pytest

from local_azure.webpubsub import Limits, Service, Settings
from tests.local_azure.webpubsub.harness import FAST, HUB, Client, Harness
from tests.local_azure.webpubsub.streams.stream_frames import Frame, ack, answers, closed, end, last, part, start, write


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


async def test_w247_who_joins_late_gets_what_is_left(harness: Harness, service: Service, ana: Client) -> None:
    await start(ana)
    await write(ana, 1)
    assert await ana.receive() == ack(2)
    late = await harness.connect(service, "late", groups=["room"])

    await write(ana, 2)
    await end(ana)

    assert await answers(late, 2) == [part(2), last(3)]


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
