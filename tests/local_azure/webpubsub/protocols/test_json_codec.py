import base64
import json
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
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
)
from local_azure.webpubsub.protocols import Frame, InvalidFrame, codec_for

CODEC = codec_for("json.webpubsub.azure.v1")
RELIABLE = codec_for("json.reliable.webpubsub.azure.v1")
INVALID = (1007, "The client message is not a valid JSON protocol message.")
ANY = AnyMessage(type_url="type.example/Point", value=b"\x08\x01").SerializeToString()


def frame(**properties: object) -> str:
    return json.dumps(properties)


def send(**properties: object) -> str:
    return frame(**{"type": "sendToGroup", "group": "room", "dataType": "text", "data": "hi"} | properties)


def invoke(**properties: object) -> str:
    return frame(**{"type": "invoke", "invocationId": "1", "target": "event", "event": "sum"} | properties)


def sent_payload(text: str) -> Payload:
    message = CODEC.decode(text)
    assert isinstance(message, SendToGroup)
    return message.payload


def refusal(text: Frame) -> tuple[int, str]:
    with pytest.raises(InvalidFrame) as error:
        CODEC.decode(text)
    return error.value.close_code, error.value.reason


def shown(frame: Frame | None) -> Any:
    assert isinstance(frame, str)
    return json.loads(frame)


def close_code(frame: Frame) -> int | None:
    try:
        CODEC.decode(frame)
    except InvalidFrame as error:
        return error.close_code
    return None


# --- from a client -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (frame(type="joinGroup", group="room", ackId=1), JoinGroup("room", 1)),
        (frame(type="leaveGroup", group="room"), LeaveGroup("room")),
        (frame(type="ping"), Ping()),
        (frame(type="sequenceAck", sequenceId=42), SequenceAck(42)),
        (
            frame(type="event", event="move", dataType="text", data="e2e4", ackId=8),
            SendEvent("move", Payload(DataType.TEXT, b"e2e4"), 8),
        ),
        (
            send(noEcho=True, ackId=7, ttlSeconds=300),
            SendToGroup("room", Payload(DataType.TEXT, b"hi"), no_echo=True, ack_id=7, ttl_seconds=300),
        ),
        ('\r\n{ "type" :\t"ping" } ', Ping()),
        (r'{"\u0074ype":"ping"}', Ping()),
        ('{"type":"joinGroup","type":"PING"}', Ping()),
    ],
)
def test_a_frame_is_decoded(text: str, message: object) -> None:
    assert CODEC.decode(text) == message


def test_w074_w075_ack_id_0_is_an_id_and_null_is_none() -> None:
    assert CODEC.decode(frame(type="joinGroup", group="g", ackId=0)) == JoinGroup("g", 0)
    assert CODEC.decode(frame(type="joinGroup", group="g", ackId=None)) == JoinGroup("g", None)


def test_w090_properties_that_nobody_knows_are_ignored() -> None:
    assert CODEC.decode(frame(type="ping", more={"deep": [1e300]}, ackId="x")) == Ping()


@pytest.mark.parametrize(
    ("properties", "payload"),
    [
        pytest.param({"dataType": "text", "data": "hé"}, Payload(DataType.TEXT, "hé".encode()), id="text"),
        pytest.param({"dataType": "TEXT", "data": ""}, Payload(DataType.TEXT, b""), id="W-065"),
        pytest.param({"dataType": "binary", "data": "AP8="}, Payload(DataType.BINARY, b"\0\xff"), id="binary"),
        pytest.param(
            {"dataType": "protobuf", "data": base64.b64encode(ANY).decode()},
            Payload(DataType.PROTOBUF, ANY),
            id="protobuf",
        ),
        pytest.param({"dataType": "json", "data": {"a": 1}}, Payload(DataType.JSON, b'{"a": 1}'), id="json"),
        pytest.param({"dataType": "json", "data": "x"}, Payload(DataType.JSON, b'"x"'), id="json text"),
    ],
)
def test_w063_payloads_of_every_kind(properties: dict[str, object], payload: Payload) -> None:
    assert sent_payload(send(**properties)) == payload


def test_w064_without_a_data_type_data_is_json() -> None:
    text = frame(type="sendToGroup", group="room", data=[1])

    assert sent_payload(text) == Payload(DataType.JSON, b"[1]")


@pytest.mark.parametrize(
    "text", ["1.0", "-0", "1E400", "123456789012345678901234567890", "9" * 5000, '{"b":1,"a": 2.50}']
)
def test_w070_json_reaches_a_receiver_as_it_was_written(text: str) -> None:
    payload = sent_payload(f'{{"type":"sendToGroup","group":"room","data":{text} ,"ackId":1}}')

    assert payload.data.decode() == text
    assert f'"data":{text}}}' in str(CODEC.encode(ServerMessage(payload)))


def test_w069_metadata_without_data_is_an_empty_text() -> None:
    payload = sent_payload(frame(type="sendToGroup", group="room", metadata={"a": "b"}))

    assert payload == Payload(DataType.TEXT, b"", {"a": "b"})


@pytest.mark.parametrize("name", ["metadata", "ttlSeconds"])
def test_w269_null_is_an_absent_property(name: str) -> None:
    assert CODEC.decode(send(**{name: None})) == CODEC.decode(send())
    event = {"type": "event", "event": "e", "dataType": "text", "data": "hi"}
    assert CODEC.decode(frame(**event, metadata=None)) == CODEC.decode(frame(**event))


def test_w271_empty_metadata_stands_in_for_data_and_is_shown() -> None:
    payload = sent_payload(frame(type="sendToGroup", group="room", metadata={}))

    assert payload == Payload(DataType.TEXT, b"")
    assert shown(CODEC.encode(ServerMessage(payload))) == {
        "type": "message",
        "from": "server",
        "dataType": "text",
        "data": "",
        "metadata": {},
    }


def test_w084_a_large_message_is_decoded() -> None:
    assert len(sent_payload(send(data="x" * 1_000_000)).data) == 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(frame(type="fly"), id="W-081 unknown type"),
        pytest.param("{", id="W-081 no JSON"),
        pytest.param("", id="empty"),
        pytest.param("[]", id="W-081 array"),
        pytest.param("{}", id="no type"),
        pytest.param('{"type":"ping"} x', id="trailing text"),
        pytest.param('{"type":"ping",}', id="trailing comma"),
        pytest.param('{"type" "ping"}', id="no colon"),
        pytest.param("{type:1}", id="key without quotes"),
        pytest.param('{"type":', id="cut off"),
        pytest.param('{"type":5}', id="type of the wrong type"),
        pytest.param('\ufeff{"type":"ping"}', id="byte order mark"),
        pytest.param(frame(type="joinGroup"), id="no group"),
        pytest.param(frame(type="joinGroup", group=" "), id="blank group"),
        pytest.param(frame(type="joinGroup", group=5), id="group of the wrong type"),
        pytest.param(frame(type="joinGroup", group="g" * 1025), id="long group"),
        pytest.param(frame(type="joinGroup", group="\ud800"), id="half a surrogate pair"),
        pytest.param(frame(type="joinGroup", group="g", ackId="1"), id="ackId as text"),
        pytest.param(frame(type="joinGroup", group="g", ackId=-1), id="negative ackId"),
        pytest.param(frame(type="joinGroup", group="g", ackId=1.0), id="fractional ackId"),
        pytest.param(frame(type="joinGroup", group="g", ackId=2**64), id="ackId above uint64"),
        pytest.param(frame(type="joinGroup", group="g", ackId=True), id="ackId as boolean"),
        pytest.param(frame(type="sequenceAck"), id="no sequenceId"),
        pytest.param(frame(type="sequenceAck", sequenceId="5"), id="sequenceId as text"),
        pytest.param(frame(type="event", event="1x", data=1), id="W-082 event name"),
        pytest.param(frame(type="event", event="x" * 129, data=1), id="W-082 long event name"),
        pytest.param(frame(type="event", event="x"), id="no data"),
        pytest.param(send(noEcho=None), id="W-270 noEcho null"),
        pytest.param(send(noEcho="true"), id="noEcho as text"),
        pytest.param(send(ttlSeconds=301), id="W-088 ttl 301"),
        pytest.param(send(ttlSeconds=-1), id="W-088 ttl -1"),
        pytest.param(send(ttlSeconds=1.5), id="ttl with a fraction"),
        pytest.param(send(dataType="xml"), id="unknown dataType"),
        pytest.param(send(dataType=None), id="W-270 dataType null"),
        pytest.param(frame(type="event", event="x", metadata=None), id="W-271 metadata null without data"),
        pytest.param(send(data={"a": 1}), id="W-066"),
        pytest.param(send(data=5), id="W-066 number"),
        pytest.param(send(data="\ud800"), id="text with half a surrogate pair"),
        pytest.param(send(dataType="binary", data="AP8"), id="W-067 padding"),
        pytest.param(send(dataType="binary", data="AP 8="), id="W-067 space"),
        pytest.param(send(dataType="binary", data="AP8é"), id="W-067 letter"),
        pytest.param(send(dataType="protobuf", data="AP8="), id="no Any"),
        pytest.param(send(dataType="json", data=None), id="W-068"),
        pytest.param('{"type":"event","event":"e","data":NaN}', id="NaN is no JSON"),
        pytest.param('{"type":"event","event":"e","data":01}', id="leading zero"),
        pytest.param('{"type":"event","event":"e","data":' + "[" * 200_000, id="deep"),
        pytest.param('{"type":"event","event":"e","data":1,"x":' + '{"x":' * 200_000, id="deep elsewhere"),
        pytest.param(send(metadata={"a b": "x"}), id="W-087 key with space"),
        pytest.param(send(metadata={"a": "é"}), id="W-087 non-ASCII"),
        pytest.param(send(metadata={f"k{n}": "x" * 1022 for n in range(9)}), id="W-087 total"),
        pytest.param(send()[:-1] + ',"metadata":{"a":"1","a":"2"}}', id="W-087 duplicate key"),
        pytest.param(send(metadata={"a": {"b": "c"}}), id="metadata with an object"),
        pytest.param(send(metadata=[["a", "b"]]), id="metadata as a list"),
        pytest.param(send(type="event", event="e", stream={"streamId": "s1"}), id="a stream to a handler"),
        pytest.param(invoke(invocationId="\ud800"), id="W-210 half a surrogate pair"),
        pytest.param(invoke(dataType="text"), id="W-210 dataType without data"),
        pytest.param(invoke(stream={"streamId": "s1"}), id="stream of an invocation"),
    ],
)
def test_w066_to_w088_an_invalid_frame_ends_the_connection_with_1007(text: str) -> None:
    assert refusal(text) == INVALID


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (invoke(data=[1, 2]), Invoke("1", "sum", Payload(DataType.JSON, b"[1, 2]"))),
        (invoke(), Invoke("1", "sum", Payload(DataType.TEXT, b""))),
        (invoke(dataType="text", data=""), Invoke("1", "sum", Payload(DataType.TEXT, b""))),
        (invoke(metadata={"k": "v"}), Invoke("1", "sum", Payload(DataType.TEXT, b"", {"k": "v"}))),
        (invoke(type="INVOKE", target="Event", ackId=5), Invoke("1", "sum", Payload(DataType.TEXT, b""))),
        (frame(type="cancelInvocation", invocationId="é"), CancelInvocation("é")),
    ],
)
def test_w201_w204_an_invocation_may_have_a_payload(text: str, message: ClientMessage) -> None:
    assert CODEC.decode(text) == message


def test_w083_a_binary_frame_ends_the_connection_with_1003() -> None:
    assert refusal(b"{}") == (1003, "The JSON subprotocol requires text messages.")


# --- to a client -------------------------------------------------------------


def test_w056_only_a_reliable_connection_is_given_a_token() -> None:
    plain = {"type": "system", "event": "connected", "userId": None, "connectionId": "c"}

    assert shown(CODEC.encode(Connected("c", None))) == plain
    assert shown(RELIABLE.encode(Connected("c", "ü", "t"))) == plain | {"userId": "ü", "reconnectionToken": "t"}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Pong(), {"type": "pong"}),
        (Disconnected('"why"'), {"type": "system", "event": "disconnected", "message": '"why"'}),
        (Ack(7), {"type": "ack", "ackId": 7, "success": True}),
        (
            Ack(2**64 - 1, AckError("Forbidden", "group 'g\"'")),
            {
                "type": "ack",
                "ackId": 2**64 - 1,
                "success": False,
                "error": {"name": "Forbidden", "message": "group 'g\"'"},
            },
        ),
        (
            InvokeResponse('"1"', Payload(DataType.BINARY, b"\0\xff")),
            {"type": "invokeResponse", "invocationId": '"1"', "success": True, "dataType": "binary", "data": "AP8="},
        ),
        (
            InvokeResponse("1", metadata={"k": "v"}),
            {"type": "invokeResponse", "invocationId": "1", "success": True, "metadata": {"k": "v"}},
        ),
        (
            InvokeResponse("1", error=AckError("BadRequest", '"no"')),
            {
                "type": "invokeResponse",
                "invocationId": "1",
                "success": False,
                "error": {"name": "BadRequest", "message": '"no"'},
            },
        ),
    ],
)
def test_service_frames(message: Any, expected: object) -> None:
    assert shown(CODEC.encode(message)) == expected


def test_w073_w089_a_message_tells_its_group_and_sender() -> None:
    payload = Payload(DataType.TEXT, b"hi")

    server = {"type": "message", "from": "server", "dataType": "text", "data": "hi"}
    group = server | {"from": "group", "group": 'r"1', "fromUserId": None}
    assert shown(CODEC.encode(ServerMessage(payload))) == server
    assert shown(CODEC.encode(GroupMessage('r"1', payload))) == group
    assert shown(CODEC.encode(GroupMessage('r"1', payload, "ana"))) == group | {"fromUserId": "ana"}


def test_w086_metadata_is_shown_when_there_is_some() -> None:
    payload = sent_payload(send(metadata={"trace": 'a"b'}))

    assert shown(CODEC.encode(ServerMessage(payload)))["metadata"] == {"trace": 'a"b'}
    assert "metadata" not in shown(CODEC.encode(ServerMessage(Payload(DataType.TEXT, b""))))


def test_w094_a_reliable_message_is_numbered() -> None:
    message = GroupMessage("room", Payload(DataType.JSON, b'{"a":1}'), "ana")

    numbered = RELIABLE.encode(message, 2**63)

    assert shown(numbered)["sequenceId"] == 2**63
    unnumbered = RELIABLE.encode(message)
    assert unnumbered is not None
    assert RELIABLE.add_sequence_id(unnumbered, 2**63) == numbered


# --- arbitrary input ---------------------------------------------------------

unicode_text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | unicode_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(unicode_text, inner, max_size=4),
    max_leaves=10,
)
NAMES = ["type", "group", "event", "dataType", "data", "ackId", "noEcho", "ttlSeconds", "metadata", "sequenceId"]
NAMES += ["invocationId", "target", "stream", "streamId", "streamSequenceId", "error"]
TYPES = ["sendToGroup", "event", "joinGroup", "sequenceAck", "invoke", "cancelInvocation", "streamData", "streamEnd"]
property_names = st.sampled_from(NAMES)
property_values = (
    json_values
    | st.sampled_from([*TYPES, "text", "binary"])
    | st.dictionaries(st.sampled_from(["streamId", "idleTimeoutMs", "message", "userErrorCode"]), json_values)
)


@given(st.text() | st.binary() | st.dictionaries(property_names, property_values).map(json.dumps))
def test_any_frame_is_understood_or_ends_as_documented(frame: Frame) -> None:
    assert close_code(frame) in ((None, 1007) if isinstance(frame, str) else (1003,))


@given(unicode_text)
def test_any_text_is_the_same_after_the_round_trip(text: str) -> None:
    payload = sent_payload(send(data=text))

    assert shown(CODEC.encode(GroupMessage("g", payload)))["data"] == text


@given(json_values.filter(lambda value: value is not None), st.sampled_from([(",", ":"), (" , ", " : ")]))
def test_any_json_is_the_same_text_after_the_round_trip(value: object, separators: tuple[str, str]) -> None:
    text = json.dumps(value, separators=separators)

    payload = sent_payload(f'{{"data":{text},"type":"sendToGroup","group":"g"}}')

    assert payload.data.decode() == text
    assert shown(CODEC.encode(ServerMessage(payload)))["data"] == value


@given(st.binary())
def test_any_bytes_are_the_same_after_the_round_trip(data: bytes) -> None:
    payload = sent_payload(send(dataType="binary", data=base64.b64encode(data).decode()))

    assert payload.data == data
    assert base64.b64decode(shown(CODEC.encode(ServerMessage(payload)))["data"]) == data
