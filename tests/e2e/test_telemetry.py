"""One message is followed through everything that the product writes down, as an operator would follow it."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from azure.data.tables import TableClient
from playwright.sync_api import Page

from chat.message_ids import new_message_id
from tests.app_copy import copy_app
from tests.e2e.conftest import Chat
from tests.e2e.people import Person, Wire, until
from tests.e2e.processes import run_processes

# What an operator adds who exports spans: here each one becomes a line of a file.
EXPORT = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

spans = open({path!r}, "a", encoding="utf-8")
exporter = ConsoleSpanExporter(out=spans, formatter=lambda span: span.to_json(indent=None) + "\\n")
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
"""


def test_one_id_leads_from_the_pages_enter_to_the_row_the_line_of_the_log_and_the_spans(
    tmp_path: Path, new_person: Callable[[], Page]
) -> None:
    app, spans = tmp_path / "app", tmp_path / "spans.jsonl"
    app.mkdir()
    copy_app(app)
    with (app / "function_app.py").open("a", encoding="utf-8") as file:
        file.write(EXPORT.format(path=str(spans)))
    with run_processes(tmp_path, app, ChatTelemetry="opentelemetry") as started:
        page = new_person()
        wire = Wire(page)
        ana = Person(page, cast(Chat, SimpleNamespace(url=started.url)), "ana").enter()
        ana.say("a secret thought")
        ana.expect_line("a secret thought")

        # The page gives each message an id, from which the app's follows.
        (sent,) = wire.events("message")
        message = new_message_id("ana", "", "", sent["clientId"])
        # The message is shown before its event is answered.
        until(page, lambda: bool(lines_about(message, started.functions.output())))
        until(page, lambda: len(spans_about(message, spans)) == 3)
        row = stored_row(started.tables.environment["AzureWebJobsStorage"], message)
        output = started.functions.output()

    (line,) = lines_about(message, output)
    assert (row["text"], row["clientId"], row["user"]) == ("a secret thought", sent["clientId"], "ana")
    assert (line["event"], line["room"], line["seq"], line["status"]) == ("message", "lobby", row["seq"], 204)
    followed = {span["name"]: span for span in spans_about(message, spans)}
    assert set(followed) == {"event message", "append", "publish"}
    assert {span["attributes"]["chat.seq"] for span in followed.values()} == {row["seq"]}
    # The line names the span of its event, and the spans of the calls are below it.
    _, trace, span, _ = line["traceparent"].split("-")
    assert {each["context"]["trace_id"] for each in followed.values()} == {f"0x{trace}"}
    assert followed["event message"]["context"]["span_id"] == f"0x{span}"
    assert {followed[name]["parent_id"] for name in ("append", "publish")} == {f"0x{span}"}
    assert "secret" not in output
    assert "secret" not in spans.read_text(encoding="utf-8")


def stored_row(connection_string: str, message: str) -> dict[str, Any]:
    """Return a message of the lobby as it is in the table, with its number in `seq`."""
    with TableClient.from_connection_string(connection_string, "ChatRooms") as rooms:
        seq = rooms.get_entity("lobby", f"i-{message}")["seq"]
        return dict(rooms.get_entity("lobby", f"e-{seq:012d}")) | {"seq": seq}


def lines_about(message: str, output: str) -> list[dict[str, Any]]:
    """Return the lines of events that have a message's id, from what the Functions host printed."""
    found = [json.loads(fields) for fields in re.findall(r"event handled (\{.*\})", output)]
    return [line for line in found if line.get("message") == message]


def spans_about(message: str, file: Path) -> list[dict[str, Any]]:
    """Return the spans that have a message's id; the last line of the file may not be whole yet."""
    whole = file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
    return [span for span in map(json.loads, whole) if span["attributes"].get("chat.message") == message]
