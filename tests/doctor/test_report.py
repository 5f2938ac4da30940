"""What a report looks like, and what is kept out of it."""

import json

import pytest

from doctor.concealment import CONCEALED, Concealer
from doctor.findings import Finding, Verdict
from doctor.report import exit_code, format_line, format_summary, overall, to_json

OK = Finding("clock.app", Verdict.OK, "the clocks agree", milliseconds=3.24)
NOTE = Finding("clock.app", Verdict.OK, "31 s apart", "set the clock", "the-clock-is-wrong")
WRONG = Finding("ports.tables", Verdict.WRONG, "taken by\nredis", "stop it", "a-port-is-in-use")
UNKNOWN = Finding("storage.durable", Verdict.UNKNOWN, "not asked", "start the chat")
KEY = "Zm9yLW5vYm9keXMtZXllcw+/=="


def test_a_line_has_verdict_check_time_and_what_was_seen() -> None:
    assert format_line(OK) == "ok           clock.app                   the clocks agree (3 ms)"


def test_a_finding_is_one_line_with_its_fix_and_its_section() -> None:
    line = format_line(WRONG)

    assert line.startswith("wrong        ports.tables  ")
    assert line.endswith("taken by redis | Fix: stop it | docs/troubleshooting.md#a-port-is-in-use")


def test_what_is_worth_reading_behind_an_ok_is_a_note_without_a_section() -> None:
    assert format_line(NOTE).endswith("31 s apart | Note: set the clock")


@pytest.mark.parametrize(
    ("findings", "verdict", "code"),
    [
        ([], "ok", 0),
        ([OK, NOTE], "ok", 0),
        ([OK, UNKNOWN], "cannot tell", 3),
        ([UNKNOWN, WRONG, OK], "wrong", 1),
    ],
)
def test_the_worst_verdict_decides_about_all(findings: list[Finding], verdict: str, code: int) -> None:
    assert overall(findings) == verdict
    assert exit_code(findings) == code


def test_the_last_line_counts_the_verdicts() -> None:
    assert format_summary([OK, NOTE, WRONG]) == "2 ok, 1 wrong, 0 cannot tell"


def test_json_has_the_same_as_the_lines() -> None:
    document = json.loads(to_json([OK, WRONG]))

    assert (document["version"], document["status"]) == (1, "wrong")
    assert document["findings"][1] == {
        "check": "ports.tables",
        "verdict": "wrong",
        "seen": "taken by\nredis",
        "fix": "stop it",
        "symptom": "a-port-is-in-use",
        "link": "docs/troubleshooting.md#a-port-is-in-use",
        "milliseconds": None,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (KEY, f"the key is {KEY}."),
        (f"Endpoint=https://a.example;AccessKey={KEY};Version=1.0;", f"a part {KEY} of it"),
        (f"aad:1, {KEY}", f"has '{KEY}', which is no id"),
        (KEY, f"has '{KEY.lower()}', which is no origin"),
        (KEY, "GET /x?code=Zm9yLW5vYm9keXMtZXllcw%2B%2F%3D%3D"),
        (f"https://a.example/x?code={KEY}", f"asked with {KEY}"),
        ("it's a secret \\ phrase of many words", 'has "it\'s a secret \\\\ phrase of many words"'),
    ],
)
def test_a_secret_is_concealed_in_whatever_form_it_comes(value: str, text: str) -> None:
    concealed = Concealer([value]).conceal(text)

    assert CONCEALED in concealed
    assert "Zm9yLW5" not in concealed
    assert "phrase" not in concealed


@pytest.mark.parametrize("value", ["open", "Sample_ChatApp", "http://localhost:8080", "300", "", "aad:3f2b,aad:77"])
def test_what_is_no_secret_stays_readable(value: str) -> None:
    assert Concealer([value]).conceal(f"it is {value} here") == f"it is {value} here"


def test_the_address_in_a_connection_string_stays_readable() -> None:
    concealer = Concealer([f"Endpoint=https://chat.webpubsub.azure.com;AccessKey={KEY};Version=1.0;"])

    assert concealer.conceal("https://chat.webpubsub.azure.com answers") == "https://chat.webpubsub.azure.com answers"
