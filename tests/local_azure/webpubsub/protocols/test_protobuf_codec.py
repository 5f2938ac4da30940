from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from grpc_tools import protoc
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.messages import (
    Ack,
    AckError,
    CancelInvocation,
    ClientMessage,
    Connected,
    DataType,
    Disconnected,
    GroupMessage,
    Invoke,
    InvokeResponse,
    JoinGroup,
    LeaveGroup,
    Payload,
    Ping,
    Pong,
    SendEvent,
    SendToGroup,
    SequenceAck,
    ServerMessage,
    ServiceMessage,
)
from local_azure.webpubsub.protocols import Frame, InvalidFrame, codec_for
from local_azure.webpubsub.protocols import webpubsub_pb2 as pb

ROOT = Path(__file__).resolve().parents[4]
PROTO = "local_azure/webpubsub/protocols/webpubsub.proto"
CODEC = codec_for("protobuf.webpubsub.azure.v1")
RELIABLE = codec_for("Protobuf.Reliable.WebPubSub.azure.v1")
JSON_CODEC = codec_for("json.webpubsub.azure.v1")
RAW = codec_for(None)
INVALID = (1007, "The client message is not a valid protobuf.webpubsub.azure.v1 protocol message.")
ANY = AnyMessage(type_url="type.example/Point", value=b"\x08\x01").SerializeToString()


def refusal(frame: Frame) -> tuple[int, str]:
    with pytest.raises(InvalidFrame) as error:
        CODEC.decode(frame)
    return error.value.close_code, error.value.reason


def close_code(frame: Frame) -> int | None:
    try:
        CODEC.decode(frame)
    except InvalidFrame as error:
        return error.close_code
    return None


def downstream(message: ServiceMessage) -> pb.DownstreamMessage:
    frame = RELIABLE.encode(message)
    assert isinstance(frame, bytes)
    return pb.DownstreamMessage.FromString(frame)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param("32080A04726F6F6D1000", JoinGroup("room", 0), id="W-112"),
        pytest.param("3A080A04726F6F6D1007", LeaveGroup("room", 7), id="leave"),
        pytest.param(
            "0A100A04726F6F6D10011A040A0268692001",
            SendToGroup("room", Payload(DataType.TEXT, b"hi"), no_echo=True, ack_id=1),
            id="send",
        ),
        pytest.param(
            "2A130A0463686174120922077B2261223A317D1802",
            SendEvent("chat", Payload(DataType.JSON, b'{"a":1}'), 2),
            id="event",
        ),
        pytest.param("420308AC02", SequenceAck(300), id="sequence ack"),
        pytest.param("4A00", Ping(), id="ping"),
        pytest.param(
            "52110A0373756D1201311A0722055B312C325D",
            Invoke("1", "sum", Payload(DataType.JSON, b"[1,2]")),
            id="W-217 invoke",
        ),
        pytest.param("52060A0165120131", Invoke("1", "e", Payload(DataType.TEXT, b"")), id="W-217 without payload"),
        pytest.param(
            "520E0A016512013122060A016B120176",
            Invoke("1", "e", Payload(DataType.TEXT, b"", {"k": "v"})),
            id="W-219 metadata without payload",
        ),
        pytest.param("5A030A0131", CancelInvocation("1"), id="W-217 cancel"),
    ],
)
def test_w112_known_client_frames(frame: str, message: ClientMessage) -> None:
    assert CODEC.decode(bytes.fromhex(frame)) == message


@pytest.mark.parametrize(
    ("message", "frame"),
    [
        pytest.param(Pong(), "2200", id="pong"),
        pytest.param(Ack(1), "0A0408011001", id="ack"),
        pytest.param(
            Ack(1, AckError("Forbidden", "no")), "0A1308011A0F0A09466F7262696464656E12026E6F", id="W-116 error"
        ),
        pytest.param(Connected("c1", "alice"), "1A0D0A0B0A0263311205616C696365", id="W-115 connected"),
        pytest.param(Disconnected("bye"), "1A0712051203627965", id="disconnected"),
        pytest.param(
            InvokeResponse("1", Payload(DataType.JSON, b"3")), "2A0A0A013110011A03220133", id="W-217 response"
        ),
        pytest.param(InvokeResponse("1"), "2A050A01311001", id="W-217 response without payload"),
        pytest.param(
            InvokeResponse("1", error=AckError("BadRequest", "no")),
            "2A150A013122100A0A4261645265717565737412026E6F",
            id="W-217 error",
        ),
        pytest.param(InvokeResponse("1", metadata={"k": "v"}), "2A0D0A013110012A060A016B120176", id="W-219 metadata"),
    ],
)
def test_w115_w116_known_service_frames(message: ServiceMessage, frame: str) -> None:
    assert CODEC.encode(message) == bytes.fromhex(frame)


def test_w094_a_known_numbered_message_however_it_got_its_number() -> None:
    message = GroupMessage("room", Payload(DataType.TEXT, b"hi"), "alice")
    expected = bytes.fromhex("12150A0567726F75701204726F6F6D1A040A0268692005")

    assert RELIABLE.encode(message, 5) == expected
    unnumbered = RELIABLE.encode(message)
    assert unnumbered is not None
    assert RELIABLE.add_sequence_id(unnumbered, 5) == expected


def test_w115_a_reliable_connected_frame_has_a_token_and_an_absent_user_is_empty() -> None:
    connected = downstream(Connected("c1", None, "token")).system_message.connected_message

    assert (connected.user_id, connected.reconnection_token) == ("", "token")
    assert not downstream(Connected("c1", None)).system_message.connected_message.HasField("reconnection_token")


def upstream_send(**fields: Any) -> bytes:
    fields = dict[str, Any](group="room", data=pb.MessageData(text_data="hi")) | fields
    return pb.UpstreamMessage(send_to_group_message=pb.SendToGroupMessage(**fields)).SerializeToString()


def upstream_invoke(**fields: Any) -> bytes:
    fields = dict[str, Any](event="sum", invocation_id="1") | fields
    return pb.UpstreamMessage(invoke_event_message=pb.InvokeEventMessage(**fields)).SerializeToString()


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"", id="W-113 empty"),
        pytest.param(b"\xff\x00random", id="W-113 random bytes"),
        pytest.param(bytes.fromhex("320A0A08FFFEFDFCFBFAF9F8"), id="text that is no UTF-8"),
        pytest.param(bytes.fromhex("3200"), id="no group"),
        pytest.param(upstream_send(group=" "), id="blank group"),
        pytest.param(upstream_send(ttl_seconds=301), id="ttl"),
        pytest.param(upstream_send(data=pb.MessageData()), id="no data"),
        pytest.param(
            upstream_send(data=pb.MessageData(), metadata=[pb.MetadataEntry(key="a", value="1")]),
            id="W-272 unselected data with metadata",
        ),
        pytest.param(bytes.fromhex("7A020801"), id="W-274 a message of a later protocol"),
        pytest.param(upstream_send(data=pb.MessageData(json_data="{")), id="no JSON"),
        pytest.param(upstream_send(data=pb.MessageData(json_data=" null ")), id="JSON null"),
        pytest.param(upstream_send(data=pb.MessageData(json_data="[" * 200_000)), id="deep JSON"),
        pytest.param(upstream_send(metadata=[pb.MetadataEntry(key="a b", value="c")]), id="metadata key"),
        pytest.param(upstream_send(metadata=[pb.MetadataEntry(key="a", value="c")] * 2), id="metadata duplicate"),
        pytest.param(
            pb.UpstreamMessage(event_message=pb.EventMessage(event="1x")).SerializeToString(), id="event name"
        ),
        pytest.param(bytes.fromhex("5200"), id="W-210 an empty invocation"),
        pytest.param(upstream_invoke(invocation_id=""), id="W-210 no invocation id"),
        pytest.param(upstream_invoke(event="1x"), id="W-210 event name"),
        pytest.param(upstream_invoke(data=pb.MessageData()), id="unselected data of an invocation"),
        pytest.param(upstream_invoke(stream=pb.Stream(stream_id="s1")), id="stream of an invocation"),
        pytest.param(upstream_invoke(metadata=[pb.MetadataEntry(key="a b")]), id="metadata key of an invocation"),
        pytest.param(bytes.fromhex("5A00"), id="a cancel without an id"),
    ],
)
def test_w113_an_invalid_frame_ends_the_connection_with_1007(frame: bytes) -> None:
    assert refusal(frame) == INVALID


def test_w113_a_text_frame_ends_the_connection_with_1003() -> None:
    assert refusal("{}") == (1003, "The protobuf.webpubsub.azure.v1 subprotocol requires binary messages.")


@pytest.mark.parametrize(
    ("data", "kind"),
    [(pb.MessageData(text_data=""), DataType.TEXT), (pb.MessageData(binary_data=b""), DataType.BINARY)],
)
def test_w273_a_selected_payload_may_be_empty(data: pb.MessageData, kind: DataType) -> None:
    message = CODEC.decode(upstream_send(data=data))

    assert isinstance(message, SendToGroup)
    assert message.payload == Payload(kind, b"")


def test_w272_metadata_without_data_is_an_empty_text_and_metadata_reaches_the_receiver() -> None:
    entries = [pb.MetadataEntry(key="b", value="2"), pb.MetadataEntry(key="a", value="1")]
    message = CODEC.decode(upstream_send(data=None, metadata=entries))

    assert isinstance(message, SendToGroup)
    assert message.payload == Payload(DataType.TEXT, b"", {"b": "2", "a": "1"})
    assert list(downstream(ServerMessage(message.payload)).data_message.metadata) == entries


def test_the_metadata_field_is_read_as_the_map_that_the_service_declares() -> None:
    """A map<string, string> field and repeated entries are the same bytes (protobuf's encoding guide, maps)."""
    frame = b"\x0a\x15" + bytes.fromhex("0A04726F6F6D") + bytes.fromhex("1A040A026869") + b"\x32\x07"

    message = CODEC.decode(frame[:1] + bytes([len(frame) - 2 + 6 + 1]) + frame[2:] + b"\x0a\x01a\x12\x02bc")

    assert isinstance(message, SendToGroup)
    assert dict(message.payload.metadata) == {"a": "bc"}


@pytest.mark.parametrize(
    ("payload", "field", "raw"),
    [
        (Payload(DataType.TEXT, "hé".encode()), "text_data", "hé"),
        (Payload(DataType.JSON, b'{"a": 1.0}'), "json_data", '{"a": 1.0}'),
        (Payload(DataType.BINARY, b"\0\xff"), "binary_data", b"\0\xff"),
        (Payload(DataType.PROTOBUF, ANY), "protobuf_data", ANY),
    ],
)
def test_w114_w117_payloads_of_every_kind_reach_every_kind_of_client(payload: Payload, field: str, raw: Frame) -> None:
    """JSON is `json_data` for protobuf clients, and raw clients get bare payloads."""
    data = downstream(GroupMessage("room", payload)).data_message.data
    again = CODEC.decode(upstream_send(data=data))

    assert data.WhichOneof("data") == field
    assert isinstance(again, SendToGroup)
    assert again.payload == payload
    assert RAW.encode(ServerMessage(payload)) == raw
    frame = str(JSON_CODEC.encode(ServerMessage(payload)))
    from_json = JSON_CODEC.decode(frame.replace('"message"', '"sendToGroup"').replace("{", '{"group":"room",', 1))
    assert isinstance(from_json, SendToGroup)
    assert from_json.payload == payload


def test_bytes_that_are_no_any_reach_protobuf_clients_as_bytes() -> None:
    """An event handler may answer application/x-protobuf with anything."""
    data = downstream(ServerMessage(Payload(DataType.PROTOBUF, b"\xff"))).data_message.data

    assert data.binary_data == b"\xff"


def test_a_server_message_has_no_group() -> None:
    message = downstream(ServerMessage(Payload(DataType.TEXT, b"hi"))).data_message

    assert getattr(message, "from") == "server"
    assert not message.HasField("group")


def without_json_names(messages: Iterable[descriptor_pb2.DescriptorProto]) -> None:
    for message in messages:
        for field in message.field:
            field.ClearField("json_name")
        without_json_names(message.nested_type)


def test_the_generated_code_is_up_to_date(tmp_path: Path) -> None:
    """Python's generated code holds the file's description, but for the names of fields in JSON."""
    output = tmp_path / "set.bin"
    includes = [f"-I{ROOT}", f"-I{Path(protoc.__file__).parent / '_proto'}"]
    code = protoc.main(["protoc", *includes, f"--descriptor_set_out={output}", str(ROOT / PROTO)])

    [compiled] = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file
    without_json_names(compiled.message_type)
    assert code == 0
    assert descriptor_pb2.FileDescriptorProto.FromString(pb.DESCRIPTOR.serialized_pb) == compiled


# --- arbitrary input ---------------------------------------------------------


@given(st.binary() | st.text() | st.binary().map(lambda tail: upstream_send() + tail))
def test_any_frame_is_understood_or_ends_as_documented(frame: Frame) -> None:
    assert close_code(frame) in ((None, 1007) if isinstance(frame, bytes) else (1003,))


@given(st.binary(), st.integers(0, 2**64 - 1), st.booleans(), st.integers(0, 300))
def test_any_send_is_the_same_after_the_round_trip(data: bytes, ack_id: int, no_echo: bool, ttl_seconds: int) -> None:
    frame = upstream_send(
        data=pb.MessageData(binary_data=data), ack_id=ack_id, no_echo=no_echo, ttl_seconds=ttl_seconds
    )

    message = SendToGroup("room", Payload(DataType.BINARY, data), no_echo, ack_id, ttl_seconds)
    assert CODEC.decode(frame) == message
    assert downstream(GroupMessage("room", message.payload)).data_message.data.binary_data == data
