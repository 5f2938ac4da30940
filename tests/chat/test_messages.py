"""What is a message, and that every delivery of it agrees."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.connection_state import ConnectionState
from chat.errors import BinaryRefused, EmptyMessage, InvalidMessage, InvalidName, MessageTooLong
from chat.events import Origin, UserEvent
from chat.messages import (
    Draft,
    Quote,
    derived_id,
    is_own,
    mentioned,
    message_id,
    new_message_id,
    parse_draft,
    sent_at,
    timestamp,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_MS = 1_769_860_800_000
LIMIT = 64
AN_ID = derived_id("ana", "x")


def message(body: str | bytes, content_type: str = "application/json", *, event_id: str = "1") -> UserEvent:
    origin = Origin("hub", "c1", event_id, NOON, "ana", None, ConnectionState())
    return UserEvent(origin, "message", content_type, body.encode() if isinstance(body, str) else body)


@pytest.mark.parametrize("event", [message("hello", "text/plain"), message('"hello"'), message('{"message":"hello"}')])
def test_text_and_json_say_the_same(event: UserEvent) -> None:
    assert parse_draft(event, LIMIT) == Draft("hello")


def test_a_full_draft_is_read() -> None:
    body = (
        '{"room":"Design","message":"yes","clientId":"m-1","utcOffset":120,'
        f'"replyTo":{{"id":"{AN_ID}","from":"bo","message":"shall\\nwe?"}}}}'
    )

    assert parse_draft(message(body), LIMIT) == Draft("yes", "design", "m-1", Quote(AN_ID, "bo", "shall we?"), 120)


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b", "\u2060\u00ad"])
def test_a_message_with_nothing_to_read_is_empty(text: str) -> None:
    with pytest.raises(EmptyMessage):
        parse_draft(message(text, "text/plain"), LIMIT)


def test_the_limit_counts_bytes_of_utf_8() -> None:
    assert parse_draft(message("é" * 32, "text/plain"), LIMIT).text == "é" * 32

    with pytest.raises(MessageTooLong, match="66 bytes of UTF-8, the limit is 64"):
        parse_draft(message("é" * 33, "text/plain"), LIMIT)


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/x-protobuf", "text/html", ""])
def test_binary_is_refused(content_type: str) -> None:
    with pytest.raises(BinaryRefused):
        parse_draft(message(b"\x00\x01", content_type), LIMIT)


@pytest.mark.parametrize(
    "body",
    [
        "{", "7", "null", "[]", "{}", '{"message":7}', '{"message":"\\ud800"}', '{"message":"a\\u0000"}', "[" * 100_000,
        '{"message":"a","clientId":""}', '{"message":"a","clientId":7}', '{"message":"a","clientId":"\\n"}',
        '{"message":"a","replyTo":{}}', '{"message":"a","replyTo":{"id":"x","from":"b","message":"c"}}',
        '{"message":"a","utcOffset":"UTC"}', '{"message":"a","utcOffset":100000}',
    ],
)  # fmt: skip
def test_a_payload_of_another_form_is_refused(body: str) -> None:
    with pytest.raises(InvalidMessage):
        parse_draft(message(body), LIMIT)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidMessage):
        parse_draft(message(b"\xff", "text/plain"), LIMIT)


def test_a_room_that_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidName):
        parse_draft(message('{"message":"a","room":"a b"}'), LIMIT)


def test_a_message_sent_again_has_the_same_id() -> None:
    first, again = message("x", event_id="1"), message("x", event_id="2")

    assert new_message_id("ana", first, "m-1") == new_message_id("ana", again, "m-1")
    assert new_message_id("ana", first, None) == new_message_id("ana", first, None)


def test_different_messages_have_different_ids() -> None:
    first, second = message("x", event_id="1"), message("x", event_id="2")
    ids = {
        new_message_id("ana", first, "m-1"),
        new_message_id("ana", first, "m-2"),
        new_message_id("ana", first, None),
        new_message_id("ana", second, None),
        new_message_id("bo", first, "m-1"),
    }

    assert len(ids) == 5


def test_an_id_tells_whose_message_it_is() -> None:
    assert is_own(AN_ID, "ana")
    assert not is_own(AN_ID, "bo")
    assert message_id(AN_ID) == AN_ID


@given(st.lists(st.integers(min_value=-5_000, max_value=5_000), min_size=2, max_size=20))
def test_one_connections_messages_keep_their_order_whatever_our_clock_says(drift: list[int]) -> None:
    times, previous = [], 0
    for difference in drift:
        previous = sent_at(NOON, NOON_MS + difference, previous)
        times.append(previous)

    assert times == sorted(set(times))
    assert times[0] // 1000 == NOON_MS // 1000


def test_a_precise_event_time_is_taken_as_it_is() -> None:
    assert sent_at(NOON.replace(microsecond=250_000), 0, 0) == NOON_MS + 250


def test_a_timestamp_has_milliseconds_and_is_utc() -> None:
    assert timestamp(NOON_MS + 7) == "2026-01-31T12:00:00.007Z"


def test_what_a_refused_payload_mentions_is_repeated_where_it_can_be() -> None:
    assert mentioned(message('{"room":"Design","clientId":"m-1"}')) == ("design", "m-1")
    assert mentioned(message("{")) == (None, None)
