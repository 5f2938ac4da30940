"""Streams whose publisher or subscriber loses its socket and recovers its connection."""

from dataclasses import replace

from local_azure.webpubsub import Service, Settings
from tests.local_azure.webpubsub.harness import FAST, RELIABLE_JSON, Client, Harness, lose_socket
from tests.local_azure.webpubsub.streams.stream_frames import ack, answers, closed, end, last, part, start, write


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


async def test_w253_without_streams_a_recovery_is_not_told_connected(
    harness: Harness, without_streams: Service
) -> None:
    ana = await harness.connect(without_streams, "ana", subprotocol=RELIABLE_JSON)
    await lose_socket(without_streams, ana)

    await (await harness.recover(without_streams, ana)).expect_no_message()
