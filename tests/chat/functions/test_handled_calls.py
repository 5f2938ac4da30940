"""The one line of the log that each event and each request gets, and the trace that joins it to the calls it made."""

import asyncio
import json
import logging
from collections import Counter
from typing import Any

import pytest

from chat.functions.handled_calls import received_trace
from chat.trace_context import parse_traceparent
from local_azure.webpubsub.observations import WebhookCalled
from tests.chat.conftest import event_headers, invocation, request_to
from tests.chat.local_chat import LocalChat, until
from tests.chat.recorded_calls import run_recorded_app

FIELDS = {"event", "room", "user", "connection", "message", "seq", "status", "code", "ms", "traceparent"}
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"

Line = dict[str, Any]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="chat")
    return caplog


def lines(log: pytest.LogCaptureFixture, text: str, **wanted: Any) -> list[Line]:
    """Return the fields of the lines that begin so and have these values; None is an absent field."""
    messages = [record.getMessage() for record in log.records if record.name == "chat"]
    found = [json.loads(message[len(text) + 1 :]) for message in messages if message.startswith(f"{text} {{")]
    return [line for line in found if all(line.get(name) == value for name, value in wanted.items())]


def line_of(log: pytest.LogCaptureFixture, text: str, **wanted: Any) -> Line:
    (line,) = lines(log, text, **wanted)
    return line


async def test_each_event_gets_one_line_with_the_same_few_fields(
    chat: LocalChat, log: pytest.LogCaptureFixture
) -> None:
    delivered: Counter[str] = Counter()

    def count(seen: object) -> None:
        if isinstance(seen, WebhookCalled):
            delivered[seen.event.rpartition(".")[2]] += 1

    chat.service.observations.subscribe(count)
    ana, head = await chat.enter("ana", "design")
    for event, data in [
        ("message", {"room": "design", "message": "a secret thought"}),
        ("typing", {"room": "design"}),
        ("read", {"room": "design", "seq": 1}),
        ("history", {"room": "design"}),
        ("message", {"room": "design", "message": "x" * 5000}),
        ("message", {"room": "nowhere", "message": "a secret thought"}),
        ("unheard_of_" * 8, {}),
    ]:
        await ana.ask(event, data)
    said = await ana.next(message="a secret thought")
    await ana.ask("edit", {"room": "design", "id": said["id"], "message": "another secret thought"})
    await ana.ask("react", {"room": "design", "id": said["id"], "emoji": "👍"})
    await ana.ask("delete", {"room": "design", "id": said["id"]})
    await ana.close()
    await until(lambda: delivered["disconnected"])

    sent = line_of(log, "event handled", event="message", status=204)
    written = lines(log, "event handled")
    assert delivered.pop("validate") == 1
    assert Counter(line["event"] for line in written) == {name[:64]: number for name, number in delivered.items()}
    assert all(set(line) <= FIELDS and line["ms"] >= 0 and parse_traceparent(line["traceparent"]) for line in written)
    assert all((line["user"], line["connection"]) == ("ana", ana.connection_id) for line in written)
    assert {name: sent[name] for name in ("room", "message", "seq")} == {
        "room": "design",
        "message": said["id"],
        "seq": said["seq"],
    }
    assert head["head"] == 0
    for event, seq in [("edit", 2), ("react", 3), ("delete", 4)]:
        changed = line_of(log, "event handled", event=event)
        assert (changed["room"], changed["message"], changed["seq"]) == ("design", said["id"], seq)
    for event in ("join", "typing", "read", "history"):
        asked = line_of(log, "event handled", event=event)
        assert (asked["room"], "message" in asked, "seq" in asked) == ("design", False, False)
    refused = lines(log, "event handled", event="message", status=400)
    assert [(line["code"], line["room"]) for line in refused] == [
        ("message_too_long", "design"),
        ("not_in_room", "nowhere"),
    ]
    assert line_of(log, "event handled", code="unknown_event")["status"] == 400
    assert "secret" not in log.text


async def test_each_request_gets_one_line_and_a_refusal_no_other(
    chat: LocalChat, log: pytest.LogCaptureFixture
) -> None:
    await chat.get("/session")
    await chat.get("/negotiate?id=ana")
    await chat.get("/negotiate?id=system", status=400)
    await chat.get("/rooms")
    await chat.get("/rooms/design", headers={"traceparent": TRACEPARENT})
    await chat.get("/healthz")
    headers, forged = {"WebHook-Request-Origin": "evil.example"}, event_headers("user", "message", key="guessed" * 8)
    async with chat.http.options(f"{chat.url}/eventhandler/x", headers=headers) as response:
        assert response.status == 403
    async with chat.http.post(f"{chat.url}/eventhandler", headers=forged) as response:
        assert response.status == 401

    handled = lines(log, "request handled")
    told = ("event", "status", "code", "user", "room")
    assert [tuple(line.get(name) for name in told) for line in handled] == [
        ("session", 200, None, None, None),
        ("negotiate", 200, None, "ana", None),
        ("negotiate", 400, "invalid_name", None, None),
        ("rooms", 200, None, None, None),
        ("roster", 200, None, None, "design"),
        ("eventhandler", 403, "origin_refused", None, None),
    ]
    assert handled[4]["traceparent"] == TRACEPARENT
    # Nothing of an event that is not verified is believed, not even its name.
    unverified = line_of(log, "event handled")
    assert (unverified["event"], unverified["status"], unverified["code"]) == ("unknown", 401, "untrusted_event")
    assert set(unverified) == {"event", "status", "code", "ms", "traceparent"}
    assert len([record for record in log.records if record.name == "chat"]) == len(handled) + 1


async def test_a_failure_is_a_warning_that_has_its_reason_in_one_more_line(
    chat: LocalChat, log: pytest.LogCaptureFixture
) -> None:
    ana = await chat.open("ana-of-failures")
    await until(lambda: lines(log, "event handled", event="connected", user="ana-of-failures"))
    chat.service.faults.add("fail rest 503 operation=send_to_group for=60s")
    await ana.ask("message", {"message": "hello", "clientId": "m-1"})
    chat.service.faults.clear()

    failed = line_of(log, "event handled", event="message")
    assert (failed["status"], failed["code"], failed["seq"]) == (503, "service_unavailable", 1)
    told = [record for record in log.records if "service_unavailable" in record.getMessage()]
    assert [record.getMessage().partition(" {")[0] for record in told] == ["event failed", "event handled"]
    assert told[1].levelno == logging.WARNING


@pytest.mark.parametrize(
    ("from_host", "from_caller", "expected"),
    [
        (TRACEPARENT, OTHER, TRACEPARENT),
        ("", OTHER, OTHER),
        ("not a trace", OTHER, OTHER),
        ("", "not a trace", "None"),
        ("", "", "None"),
    ],
)
def test_the_platforms_invocation_says_more_than_the_request_where_a_call_stands_in_a_trace(
    from_host: str, from_caller: str, expected: str
) -> None:
    request = request_to("/negotiate", headers={"traceparent": from_caller})

    assert str(received_trace(request, invocation("negotiate", from_host))) == expected


async def test_the_calls_that_a_message_makes_are_in_the_trace_of_its_event(log: pytest.LogCaptureFixture) -> None:
    async with run_recorded_app() as app:
        await app.send("hello", TRACEPARENT)
        with_trace = app.calls()
        await app.send("hello again", "no trace")
        without_trace = app.calls()

    own = [line["traceparent"] for line in lines(log, "event handled", event="message")[1:]]
    assert own[0] == TRACEPARENT
    for line, calls in zip(own, (with_trace, without_trace), strict=True):
        called = [call.headers["traceparent"] for call in calls]
        assert len(set(called)) == 2  # the transaction and the publication, each with a span of its own
        assert {without_span(traceparent) for traceparent in called} == {without_span(line)}
        assert line not in called


def without_span(traceparent: str) -> tuple[str, str]:
    """Return the trace's id and the flags of a valid header."""
    trace = parse_traceparent(traceparent)
    assert trace is not None
    return trace.trace_id, trace.flags


async def test_a_transaction_is_in_the_trace_of_the_oldest_message_that_it_carries(
    log: pytest.LogCaptureFixture,
) -> None:
    async with run_recorded_app() as app:
        await asyncio.gather(*(app.send(f"message {number}") for number in range(12)))

    seqs = {without_span(line["traceparent"]): line["seq"] for line in lines(log, "event handled", event="message")}
    carried = [seqs[without_span(call.headers["traceparent"])] for call in app.storage.to("$batch")]
    assert len(seqs) == 13
    assert carried == sorted(set(carried))
