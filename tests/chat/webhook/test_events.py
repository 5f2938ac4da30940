"""CloudEvents become typed events, or a refusal that names the header."""

import json
from datetime import UTC, datetime

import pytest
from azure.functions import HttpRequest

from chat.errors import BodyTooLarge, InvalidEvent
from chat.webhook.connection_state import ConnectionState, encode_state
from chat.webhook.events import (
    MAX_BODY_BYTES,
    REASON_LENGTH,
    Connect,
    Connected,
    Disconnected,
    UserEvent,
    claimed_connection,
    parse_event,
)
from tests.chat.conftest import event_headers


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_connect_event_has_query_and_offered_subprotocols() -> None:
    body = {"claims": {"sub": ["ana"]}, "query": {"id": ["bo"]}, "subprotocols": ["json.webpubsub.azure.v1"]}

    event = parse_event(lowered(event_headers("sys", "connect")), json.dumps(body).encode())

    assert isinstance(event, Connect)
    assert event.origin.user_id == "ana"
    assert event.query == {"id": ("bo",)}
    assert event.subprotocols == ("json.webpubsub.azure.v1",)


def test_a_connected_event_knows_its_origin() -> None:
    event = parse_event(lowered(event_headers("sys", "connected", userId="ana", time="2026-01-31T12:00:00Z")), b"{}")

    assert isinstance(event, Connected)
    assert event.origin.hub == "sample_chatapp"
    assert event.origin.time == datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert event.origin.user_id == "ana"


def test_a_disconnected_event_has_a_reason() -> None:
    event = parse_event(lowered(event_headers("sys", "disconnected")), b'{"reason":"bye"}')

    assert isinstance(event, Disconnected)
    assert event.reason == "bye"


@pytest.mark.parametrize("reason", [b"7", b"null", b"[]", b'{"message": "hello"}'])
def test_a_reason_that_is_no_text_is_none(reason: bytes) -> None:
    event = parse_event(lowered(event_headers("sys", "disconnected")), b'{"reason": ' + reason + b"}")

    assert isinstance(event, Disconnected)
    assert event.reason == ""


def test_a_long_reason_is_cut_to_its_limit() -> None:
    body = json.dumps({"reason": "x" * 1000}).encode()

    event = parse_event(lowered(event_headers("sys", "disconnected")), body)

    assert isinstance(event, Disconnected)
    assert event.reason == "x" * REASON_LENGTH
    assert REASON_LENGTH == 200


def test_a_user_event_keeps_its_bytes() -> None:
    headers = lowered(event_headers("user", "move")) | {"content-type": "text/plain; charset=utf-8"}

    event = parse_event(headers, b"e2e4")

    assert isinstance(event, UserEvent)
    assert (event.name, event.content_type, event.body) == ("move", "text/plain", b"e2e4")


@pytest.mark.parametrize("encoded", ["andré", "andré".encode().decode("latin-1")])
def test_a_user_id_outside_ascii_is_read_with_either_decoding_of_headers(encoded: str) -> None:
    """W-134: the header is raw UTF-8, which some servers decode as Latin-1."""
    event = parse_event(lowered(event_headers("sys", "connected", userId=encoded)), b"")

    assert event.origin.user_id == "andré"


def test_our_own_state_has_the_exact_user() -> None:
    state = encode_state(ConnectionState(user="Ã©", rooms=("lobby", "design")))

    event = parse_event(lowered(event_headers("sys", "connected", userId="Ã©", connectionState=state)), b"")

    assert event.origin.user_id == "Ã©"
    assert event.origin.state.rooms == ("lobby", "design")


@pytest.mark.parametrize(
    "name", ["ce-specversion", "ce-type", "ce-eventname", "ce-id", "ce-time", "ce-hub", "ce-connectionid"]
)
def test_a_missing_header_is_named(name: str) -> None:
    headers = lowered(event_headers("sys", "connected"))
    del headers[name]

    with pytest.raises(InvalidEvent, match=name):
        parse_event(headers, b"")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce-specversion", "0.3"),
        ("ce-time", "yesterday"),
        ("ce-time", "9999-12-31T23:59:59-14:00"),
        ("ce-type", "azure.webpubsub.sys.melted"),
        ("ce-type", "com.example.connected"),
        ("ce-eventname", "other"),
    ],
)
def test_a_wrong_header_is_named_with_its_value(name: str, value: str) -> None:
    headers = lowered(event_headers("user", "move")) | {name: value}

    with pytest.raises(InvalidEvent, match=value):
        parse_event(headers, b"")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_connect_event_without_a_json_object_is_no_event(body: bytes) -> None:
    with pytest.raises(InvalidEvent, match="body"):
        parse_event(lowered(event_headers("sys", "connect")), body)


def test_a_body_larger_than_the_service_delivers_is_refused() -> None:
    headers = lowered(event_headers("user", "message"))

    assert claimed_connection(headers, b"x" * MAX_BODY_BYTES) == headers["ce-connectionid"]
    with pytest.raises(BodyTooLarge):
        claimed_connection(headers, b"x" * (MAX_BODY_BYTES + 1))


def test_the_headers_of_a_real_request_are_found_in_any_case() -> None:
    request = HttpRequest("POST", "http://localhost/eventhandler", headers=event_headers("sys", "connected"), body=b"")

    assert isinstance(parse_event(request.headers, b""), Connected)


@pytest.mark.parametrize("header", ["", "nonsense", "e30=", "W10=", "eyJuIjoxfQ=="])
def test_a_foreign_state_is_a_connection_in_the_lobby(header: str) -> None:
    event = parse_event(lowered(event_headers("sys", "connected", connectionState=header)), b"")

    assert event.origin.state == ConnectionState()
