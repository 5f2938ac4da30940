"""What a payload asks for, and the limits of each field."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chat.errors import BinaryRefused, EmptyMessage, InvalidMessage, InvalidName, MessageTooLong
from chat.message_ids import derived_id
from chat.messages.parse import (
    Draft,
    named_room_and_client_id,
    parse_draft,
    parse_emoji,
    parse_utc_offset,
)
from chat.webhook.connection_state import ConnectionState
from chat.webhook.events import Origin, UserEvent, read_payload

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LIMIT = 64
AN_ID = derived_id("ana", "x")


def message(body: str | bytes, content_type: str = "application/json", *, event_id: str = "1") -> UserEvent:
    origin = Origin("hub", "c1", event_id, NOON, "ana", None, ConnectionState())
    return UserEvent(origin, "message", content_type, body.encode() if isinstance(body, str) else body)


def draft_of(event: UserEvent) -> Draft:
    return parse_draft(read_payload(event), LIMIT)


@pytest.mark.parametrize("event", [message("hello", "text/plain"), message('"hello"'), message('{"message":"hello"}')])
def test_text_and_json_are_the_same_message(event: UserEvent) -> None:
    assert draft_of(event) == Draft("hello")


def test_a_full_draft_is_read() -> None:
    body = f'{{"room":"Design","message":"yes","clientId":"m-1","utcOffset":120,"replyTo":"{AN_ID}"}}'

    assert draft_of(message(body)) == Draft("yes", "design", "m-1", AN_ID, 120)


@pytest.mark.parametrize("quoted", ["", ',"from":"bo","message":"shall we?"', ',"from":"\\u0000","message":7'])
def test_of_a_quoted_message_only_the_id_is_read(quoted: str) -> None:
    body = f'{{"message":"yes","replyTo":{{"id":"{AN_ID}"{quoted}}}}}'

    assert draft_of(message(body)) == Draft("yes", answers=AN_ID)


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b", "\u2060\u00ad"])
def test_a_message_with_nothing_to_read_is_empty(text: str) -> None:
    with pytest.raises(EmptyMessage):
        draft_of(message(text, "text/plain"))


def test_the_limit_counts_bytes_of_utf_8() -> None:
    assert draft_of(message("é" * 32, "text/plain")).text == "é" * 32

    with pytest.raises(MessageTooLong, match="66 bytes of UTF-8, the limit is 64"):
        draft_of(message("é" * 33, "text/plain"))


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/x-protobuf", "text/html", ""])
def test_binary_is_refused(content_type: str) -> None:
    with pytest.raises(BinaryRefused):
        draft_of(message(b"\x00\x01", content_type))


@pytest.mark.parametrize(
    "body",
    [
        "{", "7", "null", "[]", "{}", '{"message":7}', '{"message":"\\ud800"}', '{"message":"a\\u0000"}', "[" * 100_000,
        '{"message":"a","clientId":""}', '{"message":"a","clientId":7}', '{"message":"a","clientId":"\\n"}',
        '{"message":"a","replyTo":{}}', '{"message":"a","replyTo":""}', '{"message":"a","replyTo":7}',
        '{"message":"a","replyTo":{"id":"x","from":"b","message":"c"}}',
        '{"message":"a","utcOffset":"UTC"}', '{"message":"a","utcOffset":100000}',
    ],
)  # fmt: skip
def test_a_payload_of_another_form_is_refused(body: str) -> None:
    with pytest.raises(InvalidMessage):
        draft_of(message(body))


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidMessage):
        draft_of(message(b"\xff", "text/plain"))


def test_an_invalid_room_name_is_refused() -> None:
    with pytest.raises(InvalidName):
        draft_of(message('{"message":"a","room":"a b"}'))


def test_the_room_and_the_client_id_of_a_refused_payload_are_repeated_where_they_are_well_formed() -> None:
    assert named_room_and_client_id({"room": "Design", "clientId": "m-1"}) == ("design", "m-1")
    assert named_room_and_client_id({"room": "a b", "clientId": "m-1"}) == (None, None)
    assert named_room_and_client_id("hello") == (None, None)


@pytest.mark.parametrize("mark", ["\u061c", "\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"])
def test_an_emoji_has_no_mark_that_changes_the_direction_of_text(mark: str) -> None:
    assert parse_emoji("👍") == "👍"

    with pytest.raises(InvalidMessage, match="can be seen"):
        parse_emoji(f"👍{mark}")


def test_every_emoji_that_the_page_offers_can_be_a_reaction_in_every_skin_tone() -> None:
    table = (Path(__file__).parents[3] / "static" / "panels" / "emoji.txt").read_text(encoding="utf-8")
    offered = [emoji for line in table.splitlines() for emoji in line.split("\t")[:2] if "\t" in line and emoji]
    toned = [emoji.replace("\U0001f3fb", chr(tone)) for emoji in offered for tone in range(0x1F3FB, 0x1F400)]

    assert len(set(toned)) > 3000
    assert [emoji for emoji in toned if parse_emoji(emoji) != emoji] == []


@pytest.mark.parametrize("emoji", ["", " ", "\u200b", "👍 👍", "😀" * 13, "a\n", 7, None])
def test_an_emoji_is_short_and_visible(emoji: object) -> None:
    with pytest.raises(InvalidMessage):
        parse_emoji(emoji)


@pytest.mark.parametrize("minutes", [840, -840, 0])
def test_a_utc_offset_is_at_most_fourteen_hours(minutes: int) -> None:
    assert parse_utc_offset(minutes) == minutes

    with pytest.raises(InvalidMessage, match="at most 840"):
        parse_utc_offset(841 if minutes >= 0 else -841)
