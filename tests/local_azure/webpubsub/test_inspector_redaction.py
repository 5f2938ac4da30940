"""What the inspector shows of a payload, and what it never shows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.inspector.redaction import HIDDEN, KEPT_BYTES, Redactor, payload_texts
from local_azure.webpubsub.tokens import make_client_token

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
TOKEN = make_client_token(KEY, "http://localhost/client/hubs/chat", now=0, lifetime_seconds=60, user_id="ana")
redactor = Redactor([KEY])


@pytest.mark.parametrize(
    ("data", "text", "form"),
    [
        ("plain words", "plain words", "text"),
        (b"caf\xc3\xa9", "café", "text"),
        (b'{"a": 1}', '{"a": 1}', "json"),
        ('{"a": ', '{"a": ', "text"),
        ("42", "42", "text"),
        (b"\x00\xff\x10", "00 ff 10", "hex"),
        (b"", "", "text"),
        ("\ud800", "?", "text"),
    ],
)
def test_text_is_shown_as_text_and_bytes_as_hexadecimal(data: str | bytes, text: str, form: str) -> None:
    payload = redactor.redact(data)

    assert (payload.text, payload.form) == (text, form)


def test_only_the_start_of_a_long_payload_is_kept() -> None:
    payload = redactor.redact("é" * 100_000)

    assert payload.size == 200_000
    assert payload.is_truncated
    assert payload.text == "é" * (KEPT_BYTES // 2)


def test_a_character_is_kept_whole_or_not_at_all() -> None:
    assert redactor.redact("x" + "é" * 100_000).text == "x" + "é" * (KEPT_BYTES // 2 - 1)


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"see ws://localhost/client/hubs/chat?access_token={TOKEN}&x=1",
        json.dumps({"type": "system", "event": "connected", "reconnectionToken": TOKEN}),
        "x" * (KEPT_BYTES - 10) + TOKEN,
        "x" * (2 * KEPT_BYTES - 10) + TOKEN,
        f"\x01\x02{TOKEN}\x12",
    ],
)
def test_a_token_is_never_shown_wherever_it_stands(text: str) -> None:
    shown = redactor.redact(text).text

    assert "eyJ" not in shown
    assert TOKEN[20:40] not in shown


def test_a_token_among_bytes_is_not_shown_in_hexadecimal_either() -> None:
    payload = redactor.redact(b"\xff\xfe" + TOKEN.encode())

    assert payload.form == "hex"
    assert bytes.fromhex(payload.text) == b"\xff\xfe" + HIDDEN.encode()


def test_the_access_key_is_never_shown() -> None:
    assert KEY not in redactor.redact(f"Endpoint=http://localhost;AccessKey={KEY};").text
    assert redactor.redact_text(f"key={KEY}") == f"key={HIDDEN}"


def test_a_clients_cookies_are_not_shown() -> None:
    body = json.dumps({"headers": {"Cookie": ["session=abc"], "Origin": ["http://localhost"]}, "query": {}})

    shown = json.loads(redactor.redact(body).text)

    assert shown["headers"] == {"Cookie": [HIDDEN], "Origin": ["http://localhost"]}


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_any_payload_can_be_shown(data: bytes | str) -> None:
    payload = redactor.redact(data)

    json.dumps(payload.text)
    payload_texts(payload)


def test_the_texts_of_a_payload_are_its_strings_or_the_whole() -> None:
    document = json.dumps({"room": "lobby", "tags": ["a", {"b": "c"}], "n": 1})

    assert payload_texts(redactor.redact(document)) == {"lobby", "a", "c"}
    assert payload_texts(redactor.redact("just words")) == {"just words"}


@pytest.mark.parametrize("value", ["kF2-vQ8hT4mB9xLpZ0cWrY6u", 'with "quotes" in it', "", "é\n"])
@pytest.mark.parametrize("name", ["secret", "password", "Secret"])
def test_a_field_that_is_called_a_secret_is_hidden_and_the_frame_stays_json(name: str, value: str) -> None:
    frame = {"type": "event", "data": {"room": "design", name: value, "after": 1}}

    payload = redactor.redact(json.dumps(frame))

    assert json.loads(payload.text)["data"] == {"room": "design", name: HIDDEN, "after": 1}
