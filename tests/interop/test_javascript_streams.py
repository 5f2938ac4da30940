"""Streams to groups with @azure/web-pubsub-client, unchanged, as publisher and as subscriber."""

from typing import Any

import pytest
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from tests.interop.javascript_client import JavaScriptClient, Start
from tests.interop.link import Link
from tests.interop.listening import HUB, Listeners


async def parts(client: JavaScriptClient, count: int) -> list[Any]:
    """Return the payloads that the application's loop over a stream has got, as soon as there are this many."""
    while len(client.callbacks("stream-part")) < count:
        await client.next_callback("stream-part")
    return [report["data"] for report in client.callbacks("stream-part")]


async def opened(client: JavaScriptClient, **options: Any) -> str:
    """Open a stream to the group `room` and return its id."""
    return str((await client("open-stream", group="room", **options))["result"])


@pytest.mark.parametrize("protocol", ["plain", "reliable"])
async def test_a_stream_is_read_in_order_to_its_end(start: Start, protocol: str) -> None:
    """Parts of each type, and an end that is no part (W-222, W-223, W-236, W-238, W-249)."""
    ana, bo = await start("ana", protocol=protocol), await start("bo", protocol=protocol)
    await bo("read-streams", handleFromStart=True)
    await bo("join", group="room")

    stream = await opened(ana)
    await ana("write", stream=stream, content="text", dataType="text")
    await ana("write", stream=stream, content={"n": 1}, dataType="json")
    await ana("write", stream=stream, content=[0, 255], dataType="binary")
    await ana("end-stream", stream=stream)

    assert await bo.next_callback("stream-end") == {"report": "stream-end", "stream": stream}
    assert await parts(bo, 3) == ["text", {"n": 1}, [0, 255]]
    assert {report["fromUserId"] for report in bo.callbacks("stream-part")} == {"ana"}
    assert ana.callbacks("stream-error") == []


async def test_a_publisher_that_is_a_member_reads_its_own_stream_unless_it_wants_no_echo(start: Start) -> None:
    """W-224."""
    ana = await start("ana")
    await ana("read-streams")
    await ana("join", group="room")

    silent = await opened(ana, noEcho=True)
    await ana("write", stream=silent, content="nobody", dataType="text")
    await ana("end-stream", stream=silent)
    heard = await opened(ana)
    await ana("write", stream=heard, content="echo", dataType="text")
    await ana("end-stream", stream=heard)

    assert (await ana.next_callback("stream-end"))["stream"] == heard
    assert await parts(ana, 1) == ["echo"]


async def test_the_publishers_error_reaches_the_reader(start: Start) -> None:
    """W-237."""
    ana, bo = await start("ana"), await start("bo")
    await bo("read-streams")
    await bo("join", group="room")

    stream = await opened(ana)
    await ana("abort-stream", stream=stream, error={"message": "boom", "userErrorCode": "E1"})

    ended = await bo.next_callback("stream-end")
    assert ended["error"] == {"name": "UserError", "message": "boom", "userErrorCode": "E1"}


async def test_a_refused_stream_does_not_open_and_a_silent_one_is_reported(start: Start) -> None:
    """`openGroupStream` fails (W-225); an idle time that passes reaches the writer and the reader (W-239)."""
    stranger, ana, bo = await start("eve", roles=[]), await start("ana"), await start("bo")
    await bo("read-streams")
    await bo("join", group="room")

    refused = await stranger("open-stream", group="room")
    stream = await opened(ana, idleTimeoutInMs=200)

    assert "Forbidden" in refused["failed"]
    assert (await ana.next_callback("stream-error"))["name"] == "IdleTimeout"
    assert (await bo.next_callback("stream-end"))["error"]["name"] == "IdleTimeout"
    assert "completed" in (await ana("write", stream=stream, content="late", dataType="text"))["failed"]


async def test_a_cut_in_the_middle_of_a_stream_loses_no_part_and_repeats_none(
    start: Start, link: Link, listeners: Listeners
) -> None:
    """The acks of some parts never arrive, so they are sent again after the recovery (W-243, W-244)."""
    ana, bo = await start("ana", through=link), await start("bo")
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

    assert await bo.next_callback("stream-end") == {"report": "stream-end", "stream": stream}
    assert await parts(bo, 60) == list(range(60))
    assert link.connection_count == 3
    assert len(ana.callbacks("connected")) == 1
    assert ana.callbacks("stream-error") == []


async def test_a_reader_that_loses_its_connection_misses_no_part(start: Start, link: Link) -> None:
    """W-242."""
    ana, bo = await start("ana"), await start("bo", through=link)
    await bo("read-streams")
    await bo("join", group="room")
    stream = await opened(ana)

    for number in range(30):
        if number == 10:
            link.discard_answers()
        if number == 15:
            link.cut()
        await ana("write", stream=stream, content=number, dataType="json")
    await ana("end-stream", stream=stream)

    await bo.next_callback("stream-end")
    assert await parts(bo, 30) == list(range(30))
    assert len(bo.callbacks("connected")) == 1


async def test_when_the_publisher_is_gone_the_reader_is_told(start: Start, web_pubsub: WebPubSub) -> None:
    """W-245."""
    ana, bo = await start("ana"), await start("bo")
    await bo("read-streams")
    await bo("join", group="room")
    stream = await opened(ana)
    await ana("write", stream=stream, content="half", dataType="text")
    await parts(bo, 1)

    connection = ana.callbacks("connected")[0]["connectionId"]
    WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB).close_connection(connection)

    assert (await bo.next_callback("stream-end"))["error"]["name"] == "Cancelled"
    assert (await ana.next_callback("stream-error"))["stream"] == stream
