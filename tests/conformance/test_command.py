"""The command: its options, its table, and what is stated about targets."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args
from urllib.request import Request, urlopen

import pytest

from conformance.__main__ import main, make_parser
from conformance.all_cases import WITHOUT_CASE, all_cases
from conformance.expectations import shown
from conformance.hubs import settings_for
from conformance.report import summary, table, to_json, to_markdown
from conformance.results import Result
from conformance.run import Limits, reason_not_to_run
from conformance.tables.cases import all_table_cases
from conformance.target import (
    InvalidConnectionString,
    Statements,
    Target,
    TargetKind,
    parse_connection_string,
    read_statements,
)

KEY = "a key that is 32 bytes long or longer"
ROOT = Path(__file__).resolve().parents[2]
NOBODY = "http://127.0.0.1:9"
TARGET = Target("http://localhost:1", KEY)
NUMBERS = {f"W-{number:03}" for number in range(1, 296)}
RESULTS = [
    Result("W-001", "One.", "pass"),
    Result("W-002", "Two.", "differs", "status 200", "404 | no"),
    Result("W-003", "Three.", "stated", "status 200", "404", "the emulator has none"),
    Result("W-004", "Four.", "not run", reason="needs an address"),
]


def test_every_number_has_a_case_or_a_reason() -> None:
    assert {*all_cases(), *WITHOUT_CASE} == NUMBERS
    assert {*all_cases()} & {*WITHOUT_CASE} == set()


def test_the_page_about_the_suite_counts_the_cases_and_shows_every_option() -> None:
    page = (ROOT / "docs/local-azure/conformance.md").read_text(encoding="utf-8")

    assert f"Of {len(NUMBERS)}, {len(all_cases())} have a case" in page
    assert f"looks at {len(all_table_cases())} of" in page
    options = {option for action in make_parser()._actions for option in action.option_strings} - {"-h", "--help"}
    assert {option for option in options if f"`{option}" not in page and f"{option} " not in page} == set()


def test_every_title_is_one_sentence() -> None:
    assert [case.number for case in all_cases().values() if not case.title.endswith(".") or ". " in case.title] == []


@pytest.mark.parametrize("kind", [kind for kind in get_args(TargetKind) if kind != "azurite"])
def test_what_is_stated_about_a_target_names_cases_and_their_families(kind: TargetKind) -> None:
    statements = read_statements(kind)

    assert {*statements.differences} <= {*all_cases()}
    assert {*statements.not_offered} <= {case.family for case in all_cases().values()}
    assert {*statements.sources} <= {case.source for case in all_cases().values()} - {"published"}


def test_nothing_is_excused_for_the_local_service() -> None:
    assert read_statements("local") == Statements()


def test_the_table_shows_what_was_expected_and_seen_below_a_difference() -> None:
    text = table(RESULTS)

    assert "W-001    pass     One." in text
    assert "expected: status 200\n" in text
    assert "reason: needs an address" in text
    assert summary(RESULTS) == "4 behaviours: 1 pass, 1 differ, 1 differ as stated, 1 not run"


def test_the_json_document_has_counts_and_every_result() -> None:
    document: dict[str, Any] = json.loads(to_json(RESULTS, {"target": "local"}))

    assert document["version"] == 1
    assert document["summary"] == {"pass": 1, "differs": 1, "stated": 1, "not run": 1}
    assert document["results"][1]["got"] == "404 | no"


def test_a_bar_in_a_value_does_not_break_the_markdown_table() -> None:
    assert r"| W-002 | Two. | differs | expected status 200; got 404 \| no |" in to_markdown(
        RESULTS, {"target": "local"}
    )


def test_a_case_is_not_run_where_the_target_lacks_its_family_or_cannot_reach_this_machine() -> None:
    cases = all_cases()
    emulator = read_statements("emulator")

    def reason(number: str, statements: Statements) -> str:
        return reason_not_to_run(cases[number], TARGET, statements, None, Limits())

    assert "refuses streams" in reason("W-222", emulator)
    assert reason("W-222", Statements()) == ""
    assert "--handler-url" in reason("W-129", Statements())
    assert reason("W-105", Statements()) == "waits for 30 seconds: --slow"
    assert reason("W-011", emulator) == ""


def test_the_settings_for_the_emulator_have_only_keys_that_it_knows() -> None:
    hubs = settings_for("h", "http://localhost:9797", "emulator")["WebPubSub"]["Hubs"]

    keys = {key for hub in hubs.values() for handler in hub["EventHandlers"] for key in handler}
    assert keys == {"UrlTemplate", "SystemEvents", "EventPattern"}
    assert {key for hub in hubs.values() for key in hub} == {"EventHandlers"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Endpoint=http://localhost:8080;AccessKey=a=b;Version=1.0;", ("http://localhost:8080", "a=b")),
        ("endpoint=http://localhost/;accesskey=k;Port=81", ("http://localhost:81", "k")),
    ],
)
def test_a_connection_string_is_read(text: str, expected: tuple[str, str]) -> None:
    assert parse_connection_string(text) == expected


def test_a_connection_string_without_key_is_refused_by_name() -> None:
    with pytest.raises(InvalidConnectionString, match="accesskey"):
        parse_connection_string("Endpoint=http://localhost")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--connection-string is missing"),
        (["--connection-string", "Endpoint=http://localhost"], "has no accesskey"),
        (["--connection-string", f"Endpoint=http://127.0.0.1:9;AccessKey={KEY}"], "does not answer"),
        (["--connection-string", f"Endpoint=http://x;AccessKey={KEY}", "--only", "X-1"], "X-1"),
        (["--print-settings"], "needs --handler-url"),
        (["--print-settings", "--handler-url", "http://localhost:9797/events"], "without a path"),
        (
            ["--handler-url", "https://tunnel", "--connection-string", f"Endpoint={NOBODY};AccessKey={KEY}"],
            "does not answer",
        ),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exit_code_two(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments)

    output = capsys.readouterr()
    assert (code, output.out) == (2, "")
    assert words in output.err
    assert output.err.count("\n") == 1
    assert KEY not in output.err


def test_only_listening_answers_the_validation_until_ctrl_c() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "conformance", "--only-listen", "--handler-url", "https://tunnel.example"]
    with subprocess.Popen([*command, "--listen", address], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"listens on http://{address} until Ctrl-C\n"
            request = Request(f"http://{address}/conformance_events/validate", method="OPTIONS")
            with urlopen(request, timeout=10) as answer:
                assert answer.headers["WebHook-Allowed-Origin"] == "*"
            if os.name == "posix":  # Windows cannot press Ctrl-C for one process alone
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=10) == 130
        finally:
            process.kill()


def test_results_never_show_the_signature_of_a_token() -> None:
    assert shown("GET /?access_token=eyJhbGc.eyJhdWQ.c2lnbmF0dXJl") == "GET /?access_token=eyJhbGc.eyJhdWQ.***"
