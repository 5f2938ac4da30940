"""Events that are signed and wrong all the same, as bytes on the wire: none is a 5xx, none is trusted too far."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from http.client import responses
from typing import Any

import pytest

from chat.webhook.connection_state import LATEST, ConnectionState, encode_state
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.chat.conftest import event_headers, in_module_loop
from tests.chat.local_chat import LocalChat
from tests.local_azure.functions.apps import Answer, send

STATE = {"user": "ana", "rooms": ["lobby"], "arrived": True, "typed": 0}
AN_ID = "k7oq2xg4hbzd-3m5n7p2q4r6s7t2u4v6w"


async def deliver(chat: LocalChat, kind: str, name: str, body: bytes = b"", **more: str) -> Answer:
    """Post an event of a connection that is open; a header's characters are the bytes that are sent."""
    if "connectionId" not in more:
        more["connection"] = await chat.unannounced_connection()
    headers = event_headers(kind, name, key=DEFAULT_ACCESS_KEY, **more)
    content_type = "application/json" if body[:1] in b"{[" else "text/plain; charset=utf-8"
    sent = (*headers.items(), ("Content-Type", content_type))
    return await asyncio.to_thread(send, chat.url, "POST", "/eventhandler", sent, body)


async def send_event(chat: LocalChat, name: str, content: str, **more: str) -> Any:
    """Deliver a user event of ana's with JSON as it is written; return what she is answered, None for nothing."""
    answer = await deliver(chat, "user", name, content.encode(errors="surrogatepass"), **({"userId": "ana"} | more))
    assert answer.status in (200, 204), responses[answer.status]
    return answer.json() if answer.body else None


def seconds_from_now(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def packed(state: object) -> str:
    return base64.b64encode(state if isinstance(state, bytes) else json.dumps(state).encode()).decode()


@pytest.mark.parametrize("name", ["signature", "connectionId"])
@in_module_loop
async def test_bytes_that_are_no_text_do_not_verify(shared_chat: LocalChat, name: str) -> None:
    answer = await deliver(shared_chat, "sys", "connect", b"{}", **{name: "sha256=\xff\xfe"})

    if name == "signature":
        assert (answer.status, answer.json()["error"]["code"]) == (401, "untrusted_event")
    else:  # signed by the test over other bytes than those that are sent
        assert answer.status == 401


@pytest.mark.parametrize(
    ("sent", "user"),
    [
        ("andr\xe9", "andré"),
        ("andré".encode().decode("latin-1"), "andré"),
        ("Анна".encode().decode("latin-1"), "Анна"),
        ("👩‍💻".encode().decode("latin-1"), "👩‍💻"),
    ],
)
@in_module_loop
async def test_a_user_name_in_any_script_is_the_sender(shared_chat: LocalChat, sent: str, user: str) -> None:
    """`ce-userId` holds UTF-8 bytes (W-134); bytes that are not UTF-8 are read as latin-1."""
    bo = await shared_chat.open("bo")

    assert (await deliver(shared_chat, "user", "message", b"hi", userId=sent)).status == 204

    assert (await bo.next(message="hi"))["from"] == user


@pytest.mark.parametrize("user", ["reminder", "x" * 65, "a\xe2\x80\xaeb", "\xe2\x80\x8b"])
async def test_a_user_whom_no_connect_event_checked_is_checked_when_sending(chat: LocalChat, user: str) -> None:
    bo = await chat.open("bo")

    assert (await send_event(chat, "message", "hi", userId=user))["code"] == "invalid_name"

    await bo.ask("message", "last")
    await bo.next(message="last")
    assert bo.frames == []


@pytest.mark.parametrize(
    "state",
    [
        b"[" * 3000,
        b"7",
        b"null",
        STATE | {"typed": 10**18},
        STATE | {"typed": LATEST},
        STATE | {"typed": -1},
        json.dumps(STATE).replace('"typed": 0', '"typed": Infinity').encode(),
        STATE | {"typed": None},
        STATE | {"user": 7},
        STATE | {"user": ["ana"]},
        STATE | {"user": "\ud800"},
        STATE | {"rooms": ["../design"]},
        STATE | {"rooms": 7},
    ],
)
@in_module_loop
async def test_a_state_that_we_did_not_write_is_a_connection_in_the_lobby(
    shared_chat: LocalChat, state: object
) -> None:
    bo = await shared_chat.open("bo")

    assert (
        await deliver(shared_chat, "user", "message", b"hi", userId="ana", connectionState=packed(state))
    ).status == 204

    line = await bo.next(message="hi")
    assert (line["from"], line["room"], line["sentAt"][:4]) == ("ana", "lobby", "2026")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59.9999Z"])
@in_module_loop
async def test_a_time_that_no_line_can_have_is_no_event(shared_chat: LocalChat, time: str) -> None:
    answer = await deliver(shared_chat, "sys", "disconnected", b"{}", userId="ana", time=time)

    assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_event")
    assert time in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"claims": {"sub": ["\\ud800"]}}', 400),
        (json.dumps({"claims": {"sub": ["x" * 65]}}), 400),
        (json.dumps({"claims": {"sub": ["system"]}}), 400),
        ('{"query": {"id": ["\\u0000"]}}', 400),
        ('{"claims": [], "query": 7, "subprotocols": {}}', 401),
        ('{"query": {"id": "ana"}}', 401),
        ('{"query": {"id": ["ana"]}, "subprotocols": ["\\ud800"]}', 400),
        ('{"query": {"id": ["ana"], "id": ["bo"]}}', 200),
        ('{"query": {"id": [{"a": 1}]}}', 200),
    ],
)
@in_module_loop
async def test_a_connect_event_with_unusual_content_is_refused_or_accepted_by_the_rules(
    shared_chat: LocalChat, body: str, status: int
) -> None:
    assert (await deliver(shared_chat, "sys", "connect", body.encode())).status == status


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("message", '{"message": NaN}', "invalid_message"),
        ("message", '{"message": "a\ud800"}', "invalid_message"),
        ("message", '{"message": "a\\ud800"}', "invalid_message"),
        ("message", '{"message": ' + "[" * 900 + "]" * 900 + "}", "invalid_message"),
        ("message", '{"message": "a", "utcOffset": true}', "invalid_message"),
        ("message", '{"message": "a", "utcOffset": 1e999}', "invalid_message"),
        ("message", '{"message": "a", "utcOffset": ' + "9" * 4000 + "}", "invalid_message"),
        ("message", '{"message": "a", "utcOffset": ' + "9" * 5000 + "}", "invalid_message"),
        ("message", '{"message": "a", "replyTo": "' + AN_ID + '\\n"}', "invalid_message"),
        ("message", json.dumps({"message": "a", "replyTo": {"id": "y" * 900_000}}), "invalid_message"),
        ("message", json.dumps({"message": "a", "replyTo": {"id": [AN_ID]}}), "invalid_message"),
        ("message", '{"message": "a", "replyTo": ' + "[" * 900 + "]" * 900 + "}", "invalid_message"),
        ("message", '{"message": "a", "replyTo": {"id": "' + AN_ID + '", "from": "\\u0000", "message": ""}}',
         "unknown_message"),
        ("message", json.dumps({"message": "a", "replyTo": {"id": AN_ID, "from": "a\u202eb", "message": ""}}),
         "unknown_message"),
        ("message", json.dumps({"message": "\0" * 150_000}), "message_too_long"),
        ("message", json.dumps({"message": "x", "room": "y" * 900_000}), "invalid_name"),
        ("history", json.dumps({"room": "lobby", "limit": "y" * 900_000}), "invalid_message"),
        ("history", '{"room": "lobby", "limit": ' + "9" * 4000 + "}", "invalid_message"),
        ("history", '{"room": "lobby", "limit": true}', "invalid_message"),
        ("history", '{"room": "lobby", "limit": 0}', "invalid_message"),
        ("history", '{"room": "lobby", "before": {}}', "invalid_message"),
        ("history", '{"room": "lobby", "before": -1}', "invalid_message"),
        ("history", '{"room": "lobby", "before": 1000000000000}', "invalid_message"),
        ("history", '{"room": "lobby", "before": ' + "9" * 4000 + "}", "invalid_message"),
        ("history", '{"room": "lobby", "before": true}', "invalid_message"),
        ("history", '{"room": "lobby", "before": 1.0}', "invalid_message"),
        ("history", '{"room": "lobby", "before": "7"}', "invalid_message"),
        ("history", '{"room": "lobby", "before": "1769860800000.' + AN_ID + '"}', "invalid_message"),
        ("since", '{"room": "lobby"}', "invalid_message"),
        ("since", '{"room": "lobby", "seq": null}', "invalid_message"),
        ("since", '{"room": "lobby", "seq": -1}', "invalid_message"),
        ("since", '{"room": "lobby", "seq": NaN}', "invalid_message"),
        ("since", '{"room": "lobby", "seq": "' + "y" * 900_000 + '"}', "invalid_message"),
        ("since", '{"room": "lobby", "seq": 0, "until": -1}', "invalid_message"),
        ("since", '{"room": "lobby", "seq": 0, "until": []}', "invalid_message"),
        ("edit", json.dumps({"room": "lobby", "id": AN_ID, "message": "a", "clientId": "y" * 65}), "invalid_message"),
        ("delete", json.dumps({"room": "lobby", "id": AN_ID}), "unknown_message"),
        ("react", json.dumps({"room": "lobby", "id": AN_ID, "emoji": "👍", "on": "y" * 900_000}), "invalid_message"),
        ("react", json.dumps({"room": "lobby", "id": AN_ID, "emoji": "👍"})[:-1] + ', "on": ' + "[" * 950 + "]" * 950
         + "}", "invalid_message"),
        ("react", json.dumps({"room": "lobby", "id": AN_ID, "emoji": "\u202e"}), "invalid_message"),
        ("react", json.dumps({"room": "lobby", "id": AN_ID, "emoji": "\u200b"}), "invalid_message"),
        ("react", json.dumps({"room": "lobby", "id": AN_ID, "emoji": "👍" * 13}), "invalid_message"),
        ("x" * 2000, "{}", "unknown_event"),
    ],
)  # fmt: skip
@in_module_loop
async def test_a_hostile_payload_gets_a_short_answer(
    shared_chat: LocalChat, name: str, content: str, code: str
) -> None:
    refusal = await send_event(shared_chat, name, content)

    assert (refusal["type"], refusal["event"], refusal["code"]) == ("system", "error", code)
    assert len(refusal["message"]) < 300


async def test_of_two_equal_keys_the_last_one_counts(chat: LocalChat) -> None:
    bo = await chat.open("bo")

    assert await send_event(chat, "message", '{"message": "first", "message": "second"}') is None

    await bo.next(message="second")


async def test_a_number_after_all_entries_reads_the_newest(chat: LocalChat) -> None:
    assert await send_event(chat, "message", "hi") is None

    page = await send_event(chat, "history", '{"room": "lobby", "before": 999999999999}')
    run = await send_event(chat, "since", '{"room": "lobby", "seq": 999999999999}')

    assert ([line["message"] for line in page["messages"]], page["before"], page["complete"]) == (["hi"], None, True)
    assert (run["entries"], run["head"]) == ([], 1)


async def test_a_page_before_the_first_entry_is_empty_and_complete(chat: LocalChat) -> None:
    assert await send_event(chat, "message", "hi") is None

    page = await send_event(chat, "history", '{"room": "lobby", "before": 0}')

    assert (page["messages"], page["before"], page["complete"], page["head"]) == ([], None, True, 1)


async def test_an_event_delivered_twice_and_late_is_the_same_message(chat: LocalChat) -> None:
    """Its place is where it was stored first; the times of the events do not matter."""
    bo = await chat.open("bo")
    first = {"id": "1", "time": seconds_from_now(-5)}
    second = {"id": "2", "time": seconds_from_now(0)}

    for attributes, body in ((second, b"later"), (first, b"earlier"), (second, b"changed"), (first, b"earlier")):
        assert (await deliver(chat, "user", "message", body, userId="ana", **attributes)).status == 204

    later, later_again = await bo.next(message="later"), await bo.next(message="later")
    earlier, earlier_again = await bo.next(message="earlier"), await bo.next(message="earlier")
    assert (later, earlier) == (later_again, earlier_again)
    assert (later["seq"], earlier["seq"]) == (1, 2)
    assert later["sentAt"] < earlier["sentAt"]


async def test_an_edit_delivered_again_does_not_undo_the_one_after_it(chat: LocalChat) -> None:
    """It is the entry that it was, and shows what the message is now."""
    ana = await chat.open("ana")
    await ana.ask("message", "teh")
    line = await ana.next(sender="ana")
    state = encode_state(ConnectionState("ana"))

    async def edit(event_id: str, time: str, text: str) -> None:
        content = json.dumps({"room": "lobby", "id": line["id"], "message": text})
        assert await send_event(chat, "edit", content, id=event_id, time=time, connectionState=state) is None

    await edit("1", seconds_from_now(100), "the first")
    await edit("2", seconds_from_now(105), "the second")
    await edit("1", seconds_from_now(100), "the first")

    shown = [await ana.next(type="edited") for _ in range(3)]
    assert shown[0]["at"] == shown[2]["at"] < shown[1]["at"]
    assert [frame["seq"] for frame in shown] == [2, 3, 2]
    assert [frame["version"] for frame in shown] == [2, 3, 3]
    assert [frame["message"] for frame in shown] == ["the first", "the second", "the second"]
