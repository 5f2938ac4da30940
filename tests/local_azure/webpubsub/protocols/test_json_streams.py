"""The frames of streams in JSON, both ways."""

import json
from typing import Any

import pytest

from local_azure.webpubsub.messages import (
    AckError,
    DataType,
    EndStream,
    GroupMessage,
    Payload,
    SendToGroup,
    ServiceMessage,
    StartStream,
    StreamAck,
    StreamClosed,
    StreamData,
    StreamError,
    StreamNack,
    StreamPart,
)
from local_azure.webpubsub.protocols import InvalidFrame, codec_for

CODEC = codec_for("json.webpubsub.azure.v1")
RELIABLE = codec_for("json.reliable.webpubsub.azure.v1")
WITHOUT_STREAMS = codec_for("json.webpubsub.azure.v1", streams=False)


def frame(**properties: object) -> str:
    return json.dumps(properties)


def start(*, stream: object, **properties: object) -> str:
    return frame(type="sendToGroup", group="room", stream=stream, **properties)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (start(stream={"streamId": "s1"}), StartStream("s1", "room")),
        (
            start(
                stream={"streamId": "s1", "idleTimeoutMs": 5000},
                noEcho=True,
                ttlSeconds=9,
                metadata={"a": "b"},
                ackId=1,
            ),
            StartStream("s1", "room", 5000, no_echo=True, ttl_seconds=9, metadata={"a": "b"}),
        ),
        (start(stream={"streamId": "", "idleTimeoutMs": -3, "more": 1}), StartStream("", "room", -3)),
        (start(stream={"streamId": "s1"}, ackId=1), StartStream("s1", "room")),
        (start(stream={"streamId": "s1", "idleTimeoutMs": None}), StartStream("s1", "room")),
        (start(stream={"streamId": "s1"}, data=1), StartStream("s1", "room", has_payload=True)),
        (start(stream={"streamId": "s1"}, dataType="odd"), StartStream("s1", "room", has_payload=True)),
        (start(stream=None, data=1), SendToGroup("room", Payload(DataType.JSON, b"1"))),
        (frame(type="STREAMDATA", streamId="s1"), StreamData("s1")),
        (
            frame(type="streamData", streamId="s1", streamSequenceId=2, dataType="JSON", data=[1]),
            StreamData("s1", 2, Payload(DataType.JSON, b"[1]")),
        ),
        (
            frame(type="streamData", streamId="s1", streamSequenceId=2**64 - 1, dataType="binary", data="AP8="),
            StreamData("s1", 2**64 - 1, Payload(DataType.BINARY, b"\0\xff")),
        ),
        (frame(type="streamEnd", streamId="s1"), EndStream("s1")),
        (frame(type="streamEnd", streamId="s1", error=None), EndStream("s1")),
        (frame(type="streamEnd", streamId="s1", error={}), EndStream("s1", StreamError("UserError"))),
        (
            frame(type="streamEnd", streamId="s1", error={"message": "boom", "userErrorCode": "E1", "name": "x"}),
            EndStream("s1", StreamError("UserError", "boom", "E1")),
        ),
    ],
)
def test_a_frame_of_a_stream_is_decoded(text: str, message: object) -> None:
    assert CODEC.decode(text) == message


@pytest.mark.parametrize(
    "text",
    [
        start(stream={}),
        start(stream={"streamId": 5}),
        start(stream={"streamId": "\ud800"}),
        start(stream="s1"),
        start(stream=["s1"]),
        start(stream={"streamId": "s1", "idleTimeoutMs": "5000"}),
        start(stream={"streamId": "s1", "idleTimeoutMs": 1.5}),
        start(stream={"streamId": "s1"}, ttlSeconds=301),
        start(stream={"streamId": "s1"}, metadata={"a b": "c"}),
        frame(type="sendToGroup", group=" ", stream={"streamId": "s1"}),
        frame(type="streamData"),
        frame(type="streamData", streamId=None),
        frame(type="streamData", streamId="s1", streamSequenceId=-1, dataType="text", data="x"),
        frame(type="streamData", streamId="s1", streamSequenceId=2**64, dataType="text", data="x"),
        frame(type="streamData", streamId="s1", streamSequenceId=1, dataType="json", data=None),
        frame(type="streamData", streamId="s1", streamSequenceId=1, data="x"),
        frame(type="streamEnd"),
        frame(type="streamEnd", streamId="s1", error="boom"),
        frame(type="streamEnd", streamId="s1", error={"message": 5}),
        frame(type="streamEnd", streamId="s1", error={"userErrorCode": "\ud800"}),
    ],
)
def test_w235_a_frame_that_breaks_a_rule_ends_the_connection_with_1007(text: str) -> None:
    with pytest.raises(InvalidFrame) as refusal:
        CODEC.decode(text)
    assert refusal.value.close_code == 1007


def test_w253_a_codec_without_streams_knows_nothing_of_them() -> None:
    for text in (start(stream={"streamId": "s1"}), frame(type="streamData", streamId="s1")):
        with pytest.raises(InvalidFrame):
            WITHOUT_STREAMS.decode(text)
    message = SendToGroup("room", Payload(DataType.JSON, b"1"))
    assert WITHOUT_STREAMS.decode(start(stream={"streamId": "s1"}, data=1)) == message


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (StreamAck("s1", 2), {"type": "streamAck", "streamId": "s1", "expectedSequenceId": 2}),
        (
            StreamNack('s"1', 2, AckError("InvalidSequenceId", "gap")),
            {
                "type": "streamNack",
                "streamId": 's"1',
                "expectedSequenceId": 2,
                "name": "InvalidSequenceId",
                "message": "gap",
            },
        ),
        (StreamClosed("s1"), {"type": "streamClosed", "streamId": "s1"}),
        (
            StreamClosed("s1", AckError("StreamNotFound", "none")),
            {"type": "streamClosed", "streamId": "s1", "error": {"name": "StreamNotFound", "message": "none"}},
        ),
    ],
)
def test_the_answers_to_a_publisher(message: ServiceMessage, expected: object) -> None:
    assert json.loads(str(CODEC.encode(message))) == expected


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (StreamPart("é", 1), {"streamId": "é", "streamSequenceId": 1}),
        (StreamPart("s1", 2, is_last=True), {"streamId": "s1", "streamSequenceId": 2, "endOfStream": True}),
        (
            StreamPart("s1", 2, is_last=True, error=StreamError("UserError", "boom", "E1")),
            {
                "streamId": "s1",
                "streamSequenceId": 2,
                "endOfStream": True,
                "error": {"name": "UserError", "message": "boom", "userErrorCode": "E1"},
            },
        ),
        (
            StreamPart("s1", 2, is_last=True, error=StreamError("UserError")),
            {"streamId": "s1", "streamSequenceId": 2, "endOfStream": True, "error": {"name": "UserError"}},
        ),
    ],
)
def test_w238_w242_a_part_is_a_group_message_with_its_place(part: StreamPart, shown: dict[str, Any]) -> None:
    message = GroupMessage("room", Payload(DataType.TEXT, b"", {"a": "b"}), "ana", part)

    numbered = json.loads(str(RELIABLE.encode(message, 7)))

    assert numbered.pop("sequenceId") == 7
    assert numbered == {
        "type": "message",
        "from": "group",
        "group": "room",
        "fromUserId": "ana",
        "dataType": "text",
        "data": "",
        "metadata": {"a": "b"},
        "stream": shown,
    }
