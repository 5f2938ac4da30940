"""The frames of streams in protobuf: known bytes both ways, and clients on real sockets."""

from typing import Any

import pytest

from local_azure.webpubsub import Service, Settings
from local_azure.webpubsub.messages import (
    AckError,
    ClientMessage,
    DataType,
    EndStream,
    GroupMessage,
    Payload,
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
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb
from local_azure.webpubsub.settings import HubSettings
from tests.local_azure.webpubsub.harness import FAST, HUB, Client, Harness, client_url, until

PROTOBUF = "protobuf.webpubsub.azure.v1"
RELIABLE = "protobuf.reliable.webpubsub.azure.v1"
CODEC = codec_for(PROTOBUF)
WITHOUT_STREAMS = codec_for(PROTOBUF, streams=False)
START = "0A0F0A04726F6F6D3A070A027331108827"
DATA = "6A0C0A02733110011A040A026869"
KEEP_ALIVE = "6A040A027331"
END = "72040A027331"
END_WITH_ERROR = "72100A027331120A0A04626F6F6D12024531"


def downstream(message: ServiceMessage) -> pb.DownstreamMessage:
    frame = CODEC.encode(message)
    assert isinstance(frame, bytes)
    return pb.DownstreamMessage.FromString(frame)


def is_refused(frame: bytes) -> bool:
    try:
        CODEC.decode(frame)
    except InvalidFrame as error:
        return error.close_code == 1007
    return False


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param(START, StartStream("s1", "room", 5000), id="start"),
        pytest.param(DATA, StreamData("s1", 1, Payload(DataType.TEXT, b"hi")), id="data"),
        pytest.param(KEEP_ALIVE, StreamData("s1"), id="keep-alive"),
        pytest.param(END, EndStream("s1"), id="end"),
        pytest.param(END_WITH_ERROR, EndStream("s1", StreamError("UserError", "boom", "E1")), id="end with an error"),
    ],
)
def test_known_frames_of_a_publisher(frame: str, message: ClientMessage) -> None:
    assert CODEC.decode(bytes.fromhex(frame)) == message


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        pytest.param(StreamAck("s1", 2), "32060A0273311002", id="ack"),
        pytest.param(
            StreamNack("s1", 2, AckError("InvalidSequenceId", "gap")),
            "3A1E0A0273311211496E76616C696453657175656E636549641A036761702002",
            id="nack",
        ),
        pytest.param(StreamClosed("s1"), "42040A027331", id="closed"),
        pytest.param(
            StreamClosed("s1", AckError("StreamNotFound", "none")),
            "421C0A02733112160A0E53747265616D4E6F74466F756E6412046E6F6E65",
            id="closed with an error",
        ),
        pytest.param(
            GroupMessage("room", Payload(DataType.TEXT, b"hi"), stream=StreamPart("s1", 1)),
            "121B0A0567726F75701204726F6F6D1A040A02686932060A0273311001",
            id="part",
        ),
        pytest.param(
            GroupMessage("room", Payload(DataType.TEXT, b""), stream=StreamPart("s1", 2, is_last=True)),
            "121B0A0567726F75701204726F6F6D1A020A0032080A02733110021801",
            id="last",
        ),
    ],
)
def test_w252_known_frames_of_the_service(message: ServiceMessage, frame: str) -> None:
    assert CODEC.encode(message) == bytes.fromhex(frame)


def test_w237_the_publishers_error_reaches_a_protobuf_subscriber() -> None:
    error = StreamError("UserError", "boom", "E1")
    message = GroupMessage("room", Payload(DataType.TEXT, b""), stream=StreamPart("s1", 2, is_last=True, error=error))

    shown = downstream(message).data_message.stream.error

    assert (shown.name, shown.message, shown.user_error_code) == ("UserError", "boom", "E1")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(pb.UpstreamMessage(stream_data_message={"stream_id": "s1", "stream_sequence_id": 1}), id="W-235"),
        pytest.param(
            pb.UpstreamMessage(stream_data_message={"stream_id": "s1", "data": {"text_data": "x"}}),
            id="W-235 no number",
        ),
        pytest.param(
            pb.UpstreamMessage(stream_data_message={"stream_id": "s1", "stream_sequence_id": 1, "data": {}}),
            id="nothing selected",
        ),
        pytest.param(
            pb.UpstreamMessage(
                event_message=pb.EventMessage(event="e", data={"text_data": "x"}, stream=pb.Stream(stream_id="s1"))
            ),
            id="a stream to a handler",
        ),
        pytest.param(
            pb.UpstreamMessage(
                send_to_group_message=pb.SendToGroupMessage(
                    group="room", ttl_seconds=301, stream=pb.Stream(stream_id="s1")
                )
            ),
            id="time to live",
        ),
    ],
)
def test_w235_a_frame_that_breaks_a_rule_is_an_invalid_message(message: pb.UpstreamMessage) -> None:
    assert is_refused(message.SerializeToString())


@pytest.mark.parametrize("field", [12, 15, 16, 17, 18])
def test_w274_members_of_the_schema_that_nobody_carries_out_are_invalid_messages(field: int) -> None:
    """15 to 17 are those of group state."""
    tag = field << 3 | 2
    assert is_refused(bytes([tag & 0x7F | 0x80, tag >> 7, 2, 0x0A, 0]))


@pytest.mark.parametrize("frame", [START, DATA, KEEP_ALIVE, END])
def test_w253_w274_without_streams_their_frames_are_invalid_messages(frame: str) -> None:
    with pytest.raises(InvalidFrame) as refusal:
        WITHOUT_STREAMS.decode(bytes.fromhex(frame))
    assert refusal.value.close_code == 1007


# --- on real sockets ---------------------------------------------------------


async def send(client: Client, frame: str) -> None:
    await client.ws.send_bytes(bytes.fromhex(frame))


async def receive(client: Client) -> pb.DownstreamMessage:
    return pb.DownstreamMessage.FromString((await client.frame()).data)


async def connect(harness: Harness, service: Service, user: str, subprotocol: str = PROTOBUF, **options: Any) -> Client:
    client = await harness.connect(service, user, subprotocol=subprotocol, **options)
    hello = (await receive(client)).system_message.connected_message
    client.connected = {"connectionId": hello.connection_id, "reconnectionToken": hello.reconnection_token}
    return client


async def test_w222_w236_w252_a_stream_of_a_protobuf_client_reaches_every_kind_of_client(
    harness: Harness, service: Service
) -> None:
    ana = await connect(harness, service, "ana")
    bo = await connect(harness, service, "bo", RELIABLE, groups=["room"])
    cy = await harness.connect(service, "cy", groups=["room"])

    for frame in (START, DATA, KEEP_ALIVE, END_WITH_ERROR, DATA):
        await send(ana, frame)

    answers = [await receive(ana) for _ in range(4)]
    assert [answer.WhichOneof("message") for answer in answers] == [
        "stream_ack_message",
        "stream_ack_message",
        "stream_closed_message",
        "stream_closed_message",
    ]
    assert [answer.stream_ack_message.expected_sequence_id for answer in answers[:2]] == [1, 2]
    assert not answers[2].stream_closed_message.HasField("error")
    assert answers[3].stream_closed_message.error.name == "StreamNotFound"
    first, last = [(await receive(bo)).data_message for _ in range(2)]
    assert (first.sequence_id, first.data.text_data, first.stream) == (
        1,
        "hi",
        pb.DataMessage.StreamPart(stream_id="s1", stream_sequence_id=1),
    )
    assert (last.sequence_id, last.data.WhichOneof("data")) == (2, "text_data")
    assert (last.stream.stream_sequence_id, last.stream.end_of_stream) == (2, True)
    assert (await cy.receive())["stream"] == {"streamId": "s1", "streamSequenceId": 1}
    assert (await cy.receive())["stream"]["error"] == {"name": "UserError", "message": "boom", "userErrorCode": "E1"}


async def test_w243_w244_a_reliable_protobuf_publisher_goes_on_after_a_recovery(
    harness: Harness, service: Service
) -> None:
    ana = await connect(harness, service, "ana", RELIABLE)
    cy = await harness.connect(service, "cy", groups=["room"])
    for frame in (START, DATA):
        await send(ana, frame)
    assert [(await receive(ana)).stream_ack_message.expected_sequence_id for _ in range(2)] == [1, 2]
    connection = service.hubs.hub(HUB).connection(ana.id)
    ana.cut()
    await until(lambda: connection is not None and connection.transport is None)

    query = {"awps_connection_id": ana.id, "awps_reconnection_token": ana.connected["reconnectionToken"]}
    again = await harness.open(client_url(service, **query), RELIABLE)
    for frame in (DATA, END):
        await send(again, frame)

    welcome, ack, closed = [await receive(again) for _ in range(3)]
    assert welcome.system_message.connected_message.connection_id == ana.id
    assert welcome.system_message.connected_message.reconnection_token
    assert ack.stream_ack_message.expected_sequence_id == 2
    assert closed.HasField("stream_closed_message")
    assert [(await cy.receive())["stream"]["streamSequenceId"] for _ in range(2)] == [1, 2]


async def test_w253_w274_a_hub_without_streams_closes_a_protobuf_publisher_with_1007(harness: Harness) -> None:
    service = await harness.service(Settings(hubs={HUB: HubSettings(streams=False)}, times=FAST))
    ana = await connect(harness, service, "ana")

    await send(ana, START)

    assert (await ana.closed())[0] == 1007
