"""The frames of streams, as JSON publishers send them and as JSON clients get them."""

from typing import Any

from tests.local_azure.webpubsub.harness import Client

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
