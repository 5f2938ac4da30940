"""Spans by OpenTelemetry's API: made where a setting asks for them, with an SDK that the process has; else nothing."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from chat.errors import AdminsOnly, NotConfigured, StorageUnavailable
from chat.settings import Settings
from chat.spans import open_tracer
from tests.chat.functions.test_handled_calls import TRACEPARENT, lines
from tests.chat.recorded_calls import run_recorded_app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """What an SDK in this process exports; a process has one for its whole life."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    return kept


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[InMemorySpanExporter]:
    exporter.clear()
    yield exporter
    exporter.clear()


def ours(spans: InMemorySpanExporter, name: str, **attributes: object) -> list[ReadableSpan]:
    """Return the chat's finished spans with this name and these attributes."""
    made = [span for span in spans.get_finished_spans() if span.instrumentation_scope.name == "chat"]  # type: ignore[union-attr]
    wanted = {f"chat.{name}": value for name, value in attributes.items()}
    return [span for span in made if span.name == name and wanted.items() <= dict(span.attributes or {}).items()]


def only(found: list[ReadableSpan]) -> ReadableSpan:
    (span,) = found
    return span


def header_of(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def parent_of(span: ReadableSpan) -> str:
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"


async def test_a_message_is_a_span_below_its_callers_with_its_append_and_its_publication_below_it(
    spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="chat")
    async with run_recorded_app(ChatTelemetry="opentelemetry") as app:
        spans.clear()
        await app.send("a secret thought", TRACEPARENT)
        transaction, publication = app.calls()

    event, append, publish = (only(ours(spans, name)) for name in ("event message", "append", "publish"))
    line = lines(caplog, "event handled", event="message")[-1]
    assert parent_of(event) == TRACEPARENT.split("-")[2]
    assert parent_of(append) == parent_of(publish) == header_of(event).split("-")[2]
    assert len({header_of(span).split("-")[1] for span in (event, append, publish)} | {TRACEPARENT.split("-")[1]}) == 1
    assert (event.kind, append.kind, publish.kind) == (SpanKind.SERVER, SpanKind.CLIENT, SpanKind.CLIENT)
    # Whoever is called is below the span of the call, and the line is that of the event's span.
    assert transaction.headers["traceparent"] == header_of(append)
    assert publication.headers["traceparent"] == header_of(publish)
    assert line["traceparent"] == header_of(event)
    about = {"chat.room": "lobby", "chat.message": line["message"], "chat.seq": 2}
    assert dict(append.attributes or {}) == dict(publish.attributes or {}) == about
    connection = {"chat.connection": line["connection"], "chat.event": "message", "chat.status": 204}
    assert dict(event.attributes or {}) == about | connection
    assert all(not span.events for span in (event, append, publish))


async def test_without_a_caller_the_event_is_in_the_trace_that_the_host_began_and_a_refusal_is_no_failure(
    spans: InMemorySpanExporter,
) -> None:
    async with run_recorded_app(ChatTelemetry="opentelemetry") as app:
        spans.clear()
        await app.send("x" * 6000, is_refused=True)

    event = only(ours(spans, "event message"))
    assert event.parent is not None
    assert event.parent.is_remote
    assert event.status.status_code is StatusCode.UNSET
    assert dict(event.attributes or {})["chat.code"] == "message_too_long"


async def test_messages_that_share_a_transaction_have_a_span_of_an_append_each(spans: InMemorySpanExporter) -> None:
    async with run_recorded_app(ChatTelemetry="opentelemetry") as app:
        spans.clear()
        await asyncio.gather(*(app.send(f"message {number}") for number in range(12)))
        transactions = app.storage.to("$batch")

    events, appends = ours(spans, "event message"), ours(spans, "append")
    below = {dict(span.attributes or {})["chat.message"]: parent_of(span) for span in appends}
    assert below == {dict(span.attributes or {})["chat.message"]: header_of(span).split("-")[2] for span in events}
    assert {dict(span.attributes or {})["chat.seq"] for span in appends} == set(range(2, 14))
    assert {call.headers["traceparent"] for call in transactions} <= {header_of(span) for span in appends}


async def test_a_failure_marks_its_spans_with_a_code_and_no_text(spans: InMemorySpanExporter) -> None:
    async with run_recorded_app(ChatTelemetry="opentelemetry") as app:
        spans.clear()
        app.service.fails = True
        await app.send("a secret thought", is_refused=True)

    failed = [only(ours(spans, name)) for name in ("event message", "publish")]
    assert {(span.status.status_code, span.status.description) for span in failed} == {
        (StatusCode.ERROR, "service_unavailable")
    }
    assert only(ours(spans, "append")).status.status_code is StatusCode.UNSET
    assert all(not span.events for span in failed)


def test_a_call_that_is_refused_is_no_failure_and_one_that_is_cancelled_is(spans: InMemorySpanExporter) -> None:
    tracer = open_tracer(Settings({"ChatTelemetry": "opentelemetry"}))
    assert tracer is not None

    for error in (AdminsOnly(), StorageUnavailable("a secret"), asyncio.CancelledError()):
        with pytest.raises(type(error)), tracer.call("append", {"room": "lobby"}):
            raise error

    ended = [(span.status.status_code, span.status.description) for span in ours(spans, "append")]
    assert ended == [
        (StatusCode.UNSET, None),
        (StatusCode.ERROR, "storage_unavailable"),
        (StatusCode.ERROR, "CancelledError"),
    ]
    assert [dict(span.attributes or {}).get("chat.code") for span in ours(spans, "append")] == [
        *("admins_only", "storage_unavailable", None),
    ]


async def test_an_event_that_there_is_not_makes_no_name_of_a_span(spans: InMemorySpanExporter) -> None:
    async with run_recorded_app(ChatTelemetry="opentelemetry") as app:
        spans.clear()
        await app.send("hello", event="unheard_of_" * 20, is_refused=True)

    assert dict(only(ours(spans, "event unknown")).attributes or {})["chat.event"] == ("unheard_of_" * 20)[:64]


@pytest.mark.parametrize(
    ("settings", "makes"),
    [
        ({}, False),
        ({"ChatTelemetry": "lines"}, False),
        ({"ChatTelemetry": "OpenTelemetry"}, True),
        ({"PYTHON_ENABLE_OPENTELEMETRY": "true"}, True),
        ({"PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "1"}, True),
        ({"PYTHON_ENABLE_OPENTELEMETRY": "false"}, False),
        ({"PYTHON_ENABLE_OPENTELEMETRY": "true", "ChatTelemetry": "lines"}, False),
    ],
)
def test_spans_are_made_where_a_setting_of_the_chat_or_of_the_platform_says_so(
    settings: dict[str, str], makes: bool
) -> None:
    assert Settings(settings).makes_spans is makes
    assert (open_tracer(Settings(settings)) is not None) is makes


def test_an_unknown_value_is_named_and_stops_no_event(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings({"ChatTelemetry": "loud"})

    with pytest.raises(NotConfigured, match="ChatTelemetry is 'loud': it must be 'lines' or 'opentelemetry'"):
        _ = settings.makes_spans
    assert open_tracer(settings) is None
    assert caplog.messages[0].startswith("no spans are made")


IMPORTS = """
import asyncio, sys
import chat.functions.handled_calls, chat.handlers
from chat.settings import Settings
from chat.spans import open_tracer
assert not [name for name in sys.modules if name.startswith("opentelemetry")], "the chat imports it"
import azure.durable_functions  # which imports the API, and not the SDK
before = set(sys.modules)
import function_app
from chat.functions.process_state import process_state
async def read_tracer():
    return process_state().tracer
made = asyncio.run(read_tracer()) is not None
found = [name for name in set(sys.modules) - before if name.startswith("opentelemetry")]
print(made, found, "opentelemetry.sdk" in sys.modules)
"""


@pytest.mark.parametrize(("telemetry", "makes"), [("", "False"), ("opentelemetry", "True")])
def test_nothing_of_opentelemetry_is_imported_that_nobody_asks_for_and_never_an_sdk(telemetry: str, makes: str) -> None:
    """The API comes with Durable Functions, which imports it; without it, nothing of the chat does."""
    environment = os.environ | {"ChatTelemetry": telemetry}
    process = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (process.stdout, process.stderr) == (f"{makes} [] False\n", "")
