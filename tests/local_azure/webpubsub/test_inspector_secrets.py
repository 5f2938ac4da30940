"""Nothing secret leaves the inspector: not in lists, details, exports or curl commands, wherever the secret stood."""

import json
from collections.abc import Iterator
from functools import cache
from urllib.parse import quote

import jwt
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL

from local_azure.http_redaction import MASK, mask_header, mask_url
from local_azure.observations import StorageCalled
from local_azure.webpubsub.event_handlers.requests import signature
from local_azure.webpubsub.inspector.curl import curl_command
from local_azure.webpubsub.inspector.documents import json_document, read_json
from local_azure.webpubsub.inspector.entries import Entry
from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.inspector.filters import EntryFilter
from local_azure.webpubsub.inspector.har import har_document, read_har
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.messages import DataType, GroupMessage, Payload, SendEvent
from local_azure.webpubsub.observations import (
    FrameReceived,
    FrameSent,
    HandshakeRefused,
    MessageFannedOut,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)
from local_azure.webpubsub.websocket_frames import data_frame
from tests.local_azure.webpubsub.kept_records import keep

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
LIMIT = 1024 * 1024
# What keys, codes and signatures are written with; a secret is long enough not to be in a text by chance.
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
OPAQUE = st.text(LETTERS + "-_~+/=.", min_size=16, max_size=60).filter(lambda text: text[0] in LETTERS)
ANY_TEXT = st.text(min_size=16, max_size=40).filter(lambda text: len(set(text)) > 8)
SECRET_HEADERS = (
    "Authorization",
    "Cookie",
    "x-functions-key",
    "X-Api-Key",
    "Ocp-Apim-Subscription-Key",
    "X-Auth-Token",
)
SECRET_PARAMETERS = ("access_token", "code", "sig", "api-key", "subscription-key", "client_secret", "password")
SECRET_FIELDS = (
    "token",
    "accessToken",
    "access_token",
    "reconnectionToken",
    "secret",
    "password",
    "AccountKey",
    "apiKey",
)


def token(secret: str) -> str:
    """Return a token whose signature follows from the secret."""
    return jwt.encode({"sub": "ana"}, secret.encode().ljust(32, b"."), "HS256")


def query(secret: str) -> str:
    return "&".join(f"{name}={quote(secret, safe='')}" for name in SECRET_PARAMETERS)


def negotiate_answer(secret: str, text: str) -> bytes:
    """Return what a negotiate function answers, and more: secrets in fields, in URLs, and in JSON within JSON."""
    document: dict[str, object] = {
        "url": f"wss://localhost/client/hubs/chat?access_token={quote(secret, safe='')}",
        "before": "shown",
        **dict.fromkeys(SECRET_FIELDS, secret),
        "any": {"password": text, "Secret": [text], "PASSWORD": {"kept": 1}},
        "inner": json.dumps({"secret": text, "token": secret, "more": json.dumps({"password": text})}),
        "headers": {"Cookie": [text, secret], "X-Api-Key": [secret]},
        "query": {"code": [secret], "sig": [text]},
        "connection": f"Endpoint=https://x;AccessKey={secret.replace(';', '')};Version=1.0;",
        "jwt": token(secret),
        "key of the service": f"it is {KEY}!",
        "after": "shown too",
    }
    return json.dumps(document).encode()


def records(secret: str, text: str) -> Iterator[Observation]:
    """Yield records of each kind, with the secrets in everything that may have one."""
    body = negotiate_answer(secret, text)
    bearer = CIMultiDict({"Authorization": f"Bearer {token(secret)}", "Content-Type": "application/json"})
    opaque = CIMultiDict([(name, secret) for name in SECRET_HEADERS])
    opaque.add("Referer", f"http://user:{quote(secret, safe='')}@localhost/?{query(secret)}")
    answered = CIMultiDict([("Set-Cookie", f"s={secret}; Path=/"), ("Location", f"/x?{query(secret)}")])
    url = URL(f"http://user:{quote(secret, safe='')}@localhost:7071/eventhandler?{query(secret)}", encoded=True)
    signed = CIMultiDict({"ce-signature": signature("c1", (KEY,)), "ce-connectionId": "c1", "ce-type": "t", **opaque})
    payload = Payload(DataType.JSON, body, {"note": token(secret)})
    yield FrameReceived("chat", "c1", "ana", body.decode(), SendEvent("negotiate", payload))
    yield FrameReceived("chat", "c1", "ana", body.decode(), None)
    yield FrameSent("chat", "c1", "ana", data_frame(body.decode()))
    yield MessageFannedOut("chat", GroupMessage("lobby", payload), (("c1", "ana"),), 1, 1, 1.0)
    yield HandshakeRefused("chat", 401, f"refused {token(secret)}")
    yield WebhookSent("chat", "c1", "ana", "t", 1, "r1", "http://localhost/", 1, body, "POST", url, signed)
    yield WebhookCalled("chat", "c1", "ana", "t", 1, "r1", "http://localhost/", 1, 200, 1.0, None, body, answered)
    for headers in (bearer, opaque):
        path, text_query = "/api/hubs/chat/:generateToken", query(secret)
        yield RestCalled(
            "POST", path, text_query, 200, 1.0, None, None, "http://localhost", f"{path}?{text_query}", headers, body,
            answered, body,
        )  # fmt: skip
    yield StorageCalled(
        at=1.0,
        operation="insert",
        table="t",
        request_id="r",
        client_request_id=f"Bearer {secret}",
        method="POST",
        status=204,
        error_code=None,
        milliseconds=1.0,
        url=f"http://localhost/account/t?{query(secret)}",
        headers=tuple(opaque.items()),
        body=body,
        body_size=len(body),
        answer_headers=tuple(answered.items()),
        answer=body,
        answer_size=len(body),
    )


def recorded(secret: str, text: str) -> list[Entry]:
    buffer = EventBuffer(Redactor([KEY]), (KEY,))
    for record in records(secret, text):
        buffer.add(keep(record, LIMIT))
    return list(buffer)


def everything_shown(entries: list[Entry]) -> str:
    """Return all that leaves the inspector of these entries, in one text; JSON is without escapes."""
    redactor = Redactor([KEY])
    exported = json_document(entries, redactor, LIMIT)
    archive = har_document(entries, redactor, "1", LIMIT)
    imported = [document.make_entry(redactor, "import")(1) for document in (*read_json(exported), *read_har(archive))]
    documents = [
        *(entry.summary() for entry in entries),
        *(entry.details() for entry in (*entries, *imported)),
        exported,
        archive,
    ]
    commands = [curl_command(entry.exchange, redactor) for entry in entries if entry.exchange]
    return "\n".join([*(json.dumps(document, ensure_ascii=False) for document in documents), *commands])


def forms(secret: str) -> set[str]:
    """Return how a secret may be written: as it is, in a URL, and in JSON within JSON."""
    written = {secret, quote(secret, safe=""), quote(secret)}
    for text in list(written):
        once = json.dumps(text)[1:-1]
        written |= {once, json.dumps(once)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return written


@cache
def always_shown() -> str:
    """Return what is shown whatever the secrets are, in small letters: Hypothesis also tries texts of our source."""
    return everything_shown(recorded("Q" * 20, "another text, which is secret")).casefold()


@settings(max_examples=12)
@given(OPAQUE, ANY_TEXT)
@example("0000000000000000", "000000001234567\\")  # the quote after a backslash ends the text
def test_no_secret_leaves_the_inspector(secret: str, text: str) -> None:
    assume(secret.casefold() not in always_shown() and text.casefold() not in always_shown())
    entries = recorded(secret, text)
    shown = everything_shown(entries)

    hidden = forms(secret) | forms(text) | {KEY, token(secret), token(secret).rpartition(".")[2]}
    hidden.add(signature("c1", (KEY,)).removeprefix("sha256="))
    assert [one for one in hidden if one in shown] == []
    assert shown.count("shown too") >= 10  # what is not secret is there
    assert "verified" in shown


@settings(max_examples=10)
@given(OPAQUE, ANY_TEXT)
def test_no_search_tells_a_secret(secret: str, text: str) -> None:
    """Who searches for the start of a secret must not learn the rest, character by character."""
    assume(secret[:12].casefold() not in always_shown())
    entries = recorded(secret, text)

    assert [entry.title for entry in entries if EntryFilter.from_query({"q": secret[:12]}).matches(entry)] == []
    assert len([entry for entry in entries if EntryFilter.from_query({"q": "shown too"}).matches(entry)]) >= 8


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer abc.def", f"Bearer {MASK}"),
        ("authorization", "SharedKey account:c2ln", f"SharedKey {MASK}"),
        ("Authorization", "opaque", MASK),
        ("ce-signature", "sha256=00,sha256=11", f"sha256={MASK},sha256={MASK}"),
        ("x-functions-key", "abc", MASK),
        ("X-Amz-Security-Token", "abc", MASK),
        ("Referer", "http://a:b@localhost/?x=1&code=2", f"http://{MASK}@localhost/?x=1&code={MASK}"),
        ("X-Note", "see eyJhbGciOi.eyJzdWIi.sig now", f"see {MASK} now"),
    ],
)
def test_a_secret_header_is_masked_and_its_scheme_is_left(name: str, value: str, shown: str) -> None:
    assert mask_header(name, value) == shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-ms-error-code", "TableNotFound"),
        ("x-ms-client-request-id", "0f7a"),
        ("x-ms-continuation-NextRowKey", "1!8!cm93"),
        ("ETag", "W/\"datetime'2026'\""),
        ("Content-Type", "application/json;odata=nometadata"),
        ("ce-connectionId", "0f7a"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZQ=="),
        ("Location", "http://localhost/t(PartitionKey='a',RowKey='b')"),
    ],
)
def test_what_only_looks_like_a_secret_is_shown(name: str, value: str) -> None:
    assert mask_header(name, value) == value


@pytest.mark.parametrize("text", ["end", "end\\", "end\\\\", 'a "word"', 'end\\"', '"', "\\"])
def test_a_secret_of_any_end_in_nested_json_takes_its_own_value_and_nothing_else(text: str) -> None:
    """JSON in a string of JSON in a string of JSON: every level writes a backslash twice."""
    nested: dict[str, object] = {"before": "kept", "token": text, "after": "kept", "password": text, "last": "kept"}
    masked: dict[str, object] = nested | {"token": MASK, "password": MASK}
    for _ in range(4):
        assert json.loads(Redactor([]).redact(json.dumps(nested)).text) == masked
        nested, masked = {"inner": json.dumps(nested)}, {"inner": json.dumps(masked)}


def test_names_that_only_look_secret_keep_their_values() -> None:
    url = "http://localhost/t?NextPartitionKey=1&NextRowKey=2&api-version=3&continuationToken=4&status_code=200"
    fields = {"PartitionKey": "a", "RowKey": "b", "tokens": 3, "code": "de", "key": "c", "continuationToken": "x"}

    assert mask_url(url) == url.replace("status_code=200", f"status_code={MASK}")
    assert json.loads(Redactor([]).redact(json.dumps(fields)).text) == fields


@pytest.mark.parametrize(
    "hostile",
    [
        "\\" * 300_000,
        '"' * 300_000,
        ('\\"' + "a" * 80 + '\\":') * 4_000,
        '"token":"' * 30_000,
        '"token":[' * 30_000,
        "eyJ" * 100_000,
        "eyJ" + "a." * 150_000,
        "Bearer " * 40_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_are_redacted_in_the_time_that_their_length_needs(hostile: str) -> None:
    """In quadratic time, each of these takes minutes."""
    Redactor([KEY]).redact(hostile, LIMIT)
