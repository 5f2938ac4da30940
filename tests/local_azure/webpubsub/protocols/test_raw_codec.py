from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.messages import (
    Ack,
    Connected,
    DataType,
    Disconnected,
    GroupMessage,
    Payload,
    Pong,
    SendEvent,
    SendToGroup,
    ServerMessage,
    ServiceMessage,
)
from local_azure.webpubsub.protocols import (
    PREDEFINED_SUBPROTOCOLS,
    InvalidFrame,
    InvalidRawMode,
    RawMode,
    codec_for,
    is_predefined,
    parse_raw_mode,
)

RAW = codec_for("my.own.subprotocol")


def test_w044_w045_frames_are_message_events() -> None:
    assert RAW.decode("hé") == SendEvent("message", Payload(DataType.TEXT, "hé".encode()))
    assert RAW.decode(b"\0") == SendEvent("message", Payload(DataType.BINARY, b"\0"))


def test_w046_w048_in_send_to_group_mode_frames_are_published() -> None:
    raw = codec_for(None, RawMode("g", no_echo=True))

    assert raw.decode("hi") == SendToGroup("g", Payload(DataType.TEXT, b"hi"), no_echo=True)


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ([], RawMode()),
        ([("webpubsub_mode", "")], RawMode()),
        ([("webpubsub_mode", "SendEvent"), ("group", " "), ("noEcho", "x")], RawMode()),
        ([("webpubsub_mode", "sendToGroup"), ("group", "g")], RawMode("g")),
        ([("webpubsub_mode", "SENDTOGROUP"), ("group", "G"), ("noEcho", "TRUE")], RawMode("G", no_echo=True)),
        ([("webpubsub_mode", "sendToGroup"), ("group", "g"), ("noEcho", "")], RawMode("g")),
        ([("webpubsub_mode", "foo"), ("webpubsub_mode", "sendToGroup"), ("group", "a"), ("group", "b")], RawMode("b")),
    ],
)
def test_w051_modes_are_read_in_any_case_and_the_last_value_counts(query: list[tuple[str, str]], mode: RawMode) -> None:
    assert parse_raw_mode(query) == mode


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        pytest.param([("webpubsub_mode", "foo")], "Valid modes are sendToGroup and sendEvent.", id="W-049"),
        pytest.param([("webpubsub_mode", "sendToGroup")], "Invalid group", id="W-050"),
        pytest.param([("webpubsub_mode", "sendToGroup"), ("group", " ")], "Invalid group", id="blank group"),
        pytest.param([("webpubsub_mode", "sendToGroup"), ("group", "g" * 1025)], "Invalid group", id="long group"),
        pytest.param(
            [("webpubsub_mode", "sendToGroup"), ("group", "g"), ("noEcho", "yes")], "Invalid noEcho", id="noEcho"
        ),
    ],
)
def test_w049_w050_a_wrong_mode_is_refused(query: list[tuple[str, str]], problem: str) -> None:
    with pytest.raises(InvalidRawMode, match=problem):
        parse_raw_mode(query)


@pytest.mark.parametrize(
    ("payload", "frame"),
    [
        (Payload(DataType.TEXT, "hé".encode()), "hé"),
        (Payload(DataType.JSON, b'{"a":1.0}'), '{"a":1.0}'),
        (Payload(DataType.BINARY, b"\xff"), b"\xff"),
        (Payload(DataType.PROTOBUF, b"\x0a\x01a"), b"\x0a\x01a"),
        (Payload(DataType.TEXT, b"", {"a": "b"}), ""),
    ],
)
def test_w052_a_raw_client_gets_bare_payloads(payload: Payload, frame: str | bytes) -> None:
    assert RAW.encode(ServerMessage(payload)) == frame
    assert RAW.encode(GroupMessage("g", payload, "ana"), 5) == frame
    assert RAW.add_sequence_id(frame, 5) == frame


@pytest.mark.parametrize("message", [Connected("c", None), Disconnected("bye"), Ack(1), Pong()])
def test_w055_a_raw_client_gets_no_other_frames(message: ServiceMessage) -> None:
    assert RAW.encode(message) is None


def test_subprotocols_are_found_in_any_letter_case_and_unknown_ones_are_raw() -> None:
    assert [codec_for(name.upper()).name for name in PREDEFINED_SUBPROTOCOLS] == list(PREDEFINED_SUBPROTOCOLS)
    assert [codec_for(name).reliable for name in PREDEFINED_SUBPROTOCOLS] == [False, True, False, True]
    assert not is_predefined(None)
    assert not is_predefined("graphql-ws")
    assert codec_for("graphql-ws").name == "raw"


@given(st.text(alphabet=st.characters()) | st.binary())
def test_any_frame_is_an_event_or_not_unicode(frame: str | bytes) -> None:
    with suppress(InvalidFrame):
        assert isinstance(RAW.decode(frame), SendEvent)


@given(st.lists(st.tuples(st.sampled_from(["webpubsub_mode", "group", "noEcho"]), st.text())))
def test_any_query_is_a_mode_or_refused(query: list[tuple[str, str]]) -> None:
    with suppress(InvalidRawMode):
        parse_raw_mode(query)
