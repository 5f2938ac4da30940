"""No secret gets into a recording, wherever it stands."""

import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.recording.file_format import JsonValue, format_step
from local_azure.recording.recorder import Recorder
from local_azure.recording.secret_filter import HIDDEN, SecretFilter, hide_parameters
from local_azure.webpubsub.messages import DataType, GroupMessage, Payload, SendEvent
from local_azure.webpubsub.observations import (
    ConnectionEnded,
    ConnectionOpened,
    FrameReceived,
    FrameSent,
    HandshakeReceived,
    MessagePublished,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)
from local_azure.webpubsub.websocket_frames import data_frame

KEY = "abcDEF+/1234567890abcDEF+/1234567890abcDEF+="
TOKEN = jwt.encode({"sub": "ana", "aud": "http://localhost/client/hubs/chat"}, KEY, "HS256")
DIGEST = "0123456789abcdef" * 4
FILTER = SecretFilter([KEY])

# What must not be in the file, and the texts around it in which it is found.
EVERYWHERE = "{}"
SECRETS: list[tuple[str, list[str]]] = [
    (KEY, [EVERYWHERE]),
    (quote(KEY, safe=""), [EVERYWHERE]),
    (quote_plus(KEY), [EVERYWHERE]),
    (TOKEN, [EVERYWHERE]),
    (f"sha256={DIGEST}", [EVERYWHERE]),
    ("c2VjcmV0LXRva2Vu.other", ["Bearer {}", "bearer  {}", "Authorization: Bearer {}"]),
    ("another-account-key==", ["AccountKey={};", "Endpoint=http://x;AccessKey={};Version=1.0;"]),
    ("opaque-token-of-a-url", ["wss://x/client?access_token={}", "https://x/api?a=1&code={}", "https://x/?sig={}#a"]),
    ("hunter2-hunter2", ['{{"password": "{}"}}', '{{"a": [{{"clientSecret": "{}"}}]}}', 'log: {{"api_key":"{}"']),
]
PLACED = [(secret, form) for secret, forms in SECRETS for form in forms]

WORDS = st.text(alphabet="abc xyz.,!", max_size=12)
WRAPPINGS: list[Callable[[JsonValue], JsonValue]] = [
    lambda value: value,
    lambda value: [1, value, None],
    lambda value: {"data": value, "ackId": 1},
    lambda value: {"token": value},
    lambda value: json.dumps(value),
    lambda value: json.dumps({"text": value}),
    lambda value: b64encode(json.dumps(value).encode()).decode(),
    lambda value: {"base64": b64encode(b"\x00\xff" + json.dumps(value).encode()).decode()},
]


@given(
    st.sampled_from(PLACED),
    WORDS,
    WORDS,
    st.lists(st.sampled_from(WRAPPINGS), max_size=3),
)
def test_a_secret_is_removed_from_any_text_in_any_place(
    placed: tuple[str, str], before: str, after: str, wrappings: list[Callable[[JsonValue], JsonValue]]
) -> None:
    secret, form = placed
    value: JsonValue = f"{before} {form.format(secret)} {after}"
    for wrap in wrappings:
        value = wrap(value)

    kept = json.dumps(FILTER.remove(value), ensure_ascii=False)

    assert secret not in kept
    assert b64encode(secret.encode()).decode()[4:-4] not in kept


def records_with(text: str) -> list[Observation]:
    """Return one record of each kind that is recorded, with the text in each of its fields that others choose."""
    payload = Payload(DataType.TEXT, text.encode(), {"note": text})
    frame = json.dumps({"type": "event", "event": "say", "dataType": "text", "data": text})
    answer = json.dumps({"type": "message", "from": "server", "dataType": "text", "data": text})
    query = urlencode({"filter": text, "excluded": text})
    return [
        HandshakeReceived("chat", text, (text,), {"name": (text,), "role": (text,)}, {"note": [text], "code": [text]}),
        ConnectionOpened("chat", "c-1", text, "json.webpubsub.azure.v1", recovered=False),
        FrameReceived("chat", "c-1", text, frame, SendEvent("say", payload)),
        FrameReceived("chat", "c-2", None, text, None),
        WebhookSent("chat", "c-1", text, "azure.webpubsub.user.say", 1, None, "handler", 1, text.encode()),
        FrameSent("chat", "c-1", text, data_frame(answer)),
        FrameSent("chat", "c-2", None, data_frame(b"\xff" + text.encode())),
        MessagePublished("chat", GroupMessage(text, payload)),
        RestCalled("POST", f"/api/hubs/chat/groups/{quote(text, safe='')}/:send", query, 202, 1.0, None, None),
        WebhookCalled("chat", "c-1", text, "azure.webpubsub.user.say", 1, None, "h", 1, 200, 1.0, text, text.encode()),
        ConnectionEnded("chat", "c-1", text, text),
    ]


@given(st.sampled_from(PLACED), WORDS, WORDS)
def test_no_record_of_the_service_brings_a_secret_into_the_file(
    placed: tuple[str, str], before: str, after: str
) -> None:
    secret, form = placed
    lines: list[str] = []
    recorder = Recorder("http://localhost:1", [KEY], lambda step: lines.append(format_step(step)))

    for record in records_with(f"{before} {form.format(secret)} {after}"):
        recorder.add(record)
    recorder.flush()

    assert len(lines) == 10
    assert [line for line in lines if secret in line] == []


@pytest.mark.parametrize(("secret", "form"), PLACED)
def test_what_is_around_a_secret_stays(secret: str, form: str) -> None:
    kept = FILTER.remove_from_text(f"before {form.format(secret)} after")

    assert kept.startswith("before ")
    assert kept.endswith(" after")
    assert HIDDEN in kept


@pytest.mark.parametrize(
    "name", ["reconnectionToken", "access_token", "x-functions-key-secret", "Authorization", "Cookie"]
)
def test_a_field_that_is_named_like_a_secret_is_hidden_with_all_its_texts(name: str) -> None:
    assert FILTER.remove({name: "opaque", "message": "tea"}) == {name: HIDDEN, "message": "tea"}
    assert FILTER.remove({name: {"a": ["opaque"], "count": 2}}) == {name: {"a": [HIDDEN], "count": 2}}


@pytest.mark.parametrize(
    "text",
    [
        "tea at four?",
        "",
        "the basic idea, and no bearer of news",
        '{"message": "tea", "seq": 1}',
        "[not json",
        "eyJ.a.b",
    ],
)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert FILTER.remove_from_text(text) == text


def test_parameters_of_a_url_are_hidden_by_their_names() -> None:
    given = [("code", "abc"), ("room", "lobby"), ("access_token", "x"), ("my-api-key", "y")]

    assert hide_parameters(given) == [
        ("code", HIDDEN),
        ("room", "lobby"),
        ("access_token", HIDDEN),
        ("my-api-key", HIDDEN),
    ]
