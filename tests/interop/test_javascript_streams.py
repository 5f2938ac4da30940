"""Streams to groups with @azure/web-pubsub-client, unchanged, as publisher and as subscriber."""

from typing import Any

import pytest
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from tests.interop.javascript_client import JavaScriptClient, Start
from tests.interop.link import Link
from tests.interop.listening import HUB


async def parts(client: JavaScriptClient, stream: str, count: int) -> list[Any]:
    """Return what the application's loop over a stream has got, as soon as there are so many parts."""

    def got() -> list[Any]:
        return [report["data"] for report in client.callbacks("stream-part") if report["stream"] == stream]

    while len(got()) < count:
        await client.next_callback("stream-part")
    return got()


async def ending(client: JavaScriptClient, stream: str) -> dict[str, Any]:
    """Return the error with which the application's loop over a stream ended, empty for none, as soon as it did."""

    def reports() -> list[dict[str, Any]]:
        return [report for report in client.callbacks("stream-end") if report["stream"] == stream]

    while not reports():
        await client.next_callback("stream-end")
    error: dict[str, Any] = reports()[0].get("error", {})
    return error


async def opened(client: JavaScriptClient, **options: Any) -> str:
    """Open a stream to the group `room` and return its id."""
    return str((await client("open-stream", group="room", **options))["result"])


@pytest.mark.parametrize("protocol", ["plain", "reliable"])
async def test_a_stream_is_read_in_order_to_its_end_or_until_its_publisher_is_gone(
    start: Start, web_pubsub: WebPubSub, protocol: str
) -> None:
    """Parts of each type, and an end that is no part (W-222, W-223, W-236, W-238, W-249); W-245."""
    ana, bo = await start("ana", protocol=protocol), await start("bo", protocol=protocol)
    await bo("read-streams", handleFromStart=True)
    await bo("join", group="room")

    stream = await opened(ana)
    await ana("write", stream=stream, content="text", dataType="text")
    await ana("write", stream=stream, content={"n": 1}, dataType="json")
    await ana("write", stream=stream, content=[0, 255], dataType="binary")
    await ana("end-stream", stream=stream)
    assert await ending(bo, stream) == {}
    assert await parts(bo, stream, 3) == ["text", {"n": 1}, [0, 255]]
    assert {report["fromUserId"] for report in bo.callbacks("stream-part")} == {"ana"}
    assert ana.callbacks("stream-error") == []

    unfinished = await opened(ana)
    await ana("write", stream=unfinished, content="half", dataType="text")
    assert await parts(bo, unfinished, 1) == ["half"]
    connection = ana.callbacks("connected")[0]["connectionId"]
    WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB).close_connection(connection)
    assert (await ending(bo, unfinished))["name"] == "Cancelled"
    assert (await ana.next_callback("stream-error"))["stream"] == unfinished


async def test_a_member_reads_its_own_stream_unless_it_wants_no_echo_and_the_errors_of_each(start: Start) -> None:
    """W-224, W-237, W-225 (`openGroupStream` fails), and W-239, which the writer is told too."""
    ana = await start("ana", roles=["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup.room"])
    await ana("read-streams")
    await ana("join", group="room")

    silent = await opened(ana, noEcho=True)
    await ana("write", stream=silent, content="nobody", dataType="text")
    await ana("end-stream", stream=silent)
    heard = await opened(ana)
    await ana("write", stream=heard, content="echo", dataType="text")
    await ana("abort-stream", stream=heard, error={"message": "boom", "userErrorCode": "E1"})
    assert await ending(ana, heard) == {"name": "UserError", "message": "boom", "userErrorCode": "E1"}
    assert await parts(ana, heard, 1) == ["echo"]
    assert [report["stream"] for report in ana.callbacks("stream")] == [heard]

    assert "Forbidden" in (await ana("open-stream", group="other"))["failed"]

    idle = await opened(ana, idleTimeoutInMs=100)
    assert (await ana.next_callback("stream-error"))["name"] == "IdleTimeout"
    assert (await ending(ana, idle))["name"] == "IdleTimeout"
    assert "completed" in (await ana("write", stream=idle, content="late", dataType="text"))["failed"]


async def test_cuts_in_the_middle_of_a_stream_lose_no_part_and_repeat_none(start: Start, link: Link) -> None:
    """Of both sockets (W-242, W-243, W-244): acks and parts that never arrived are sent again after the recovery."""
    ana, bo = await start("ana", through=link), await start("bo", through=link)
    await bo("read-streams")
    await bo("join", group="room")
    stream = await opened(ana)

    for number in range(60):
        if number in (20, 40):
            link.discard_answers()
        if number in (25, 45):
            link.cut()
        await ana("write", stream=stream, content=number, dataType="json")
    await ana("end-stream", stream=stream)

    assert await ending(bo, stream) == {}
    assert await parts(bo, stream, 60) == list(range(60))
    assert link.connection_count >= 6  # one more where a recovery was cut as well
    assert [len(client.callbacks("connected")) for client in (ana, bo)] == [1, 1]
    assert ana.callbacks("stream-error") == []
