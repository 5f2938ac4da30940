"""Which settings an app gets on this machine, and that right ones are found to be right."""

import json
from functools import cached_property
from pathlib import Path

import pytest

from chat.settings import Settings
from doctor.findings import Finding, Verdict
from doctor.folder.files import AppSettings, UnreadableFile, known_settings, read_app_settings, read_json
from doctor.folder.settings import check_container, check_settings
from tests.doctor.settings_faults import IDENTITY, ROOT

EXAMPLE = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
# Their values cannot be wrong, or they are read by another property that is asked.
NEVER_WRONG = {"connection", "identity_client_id", "storage_setting", "allowed_origins", "admins"}


def verdicts_of(values: dict[str, str]) -> set[Verdict]:
    app = AppSettings(values, frozenset(values), "local.settings.json")
    return {finding.verdict for finding in check_settings(ROOT, app)}


def test_the_settings_of_the_example_are_right() -> None:
    findings = check_settings(ROOT, read_app_settings(ROOT, {}))

    assert [finding for finding in findings if finding.verdict is not Verdict.OK or finding.fix] == []


@pytest.mark.parametrize(
    "more",
    [
        IDENTITY,
        IDENTITY | {"ChatWebhookTrust": "functionkey"},
        {"ChatAuth": "easyauth", "ChatAdmins": "aad:3f2b", "ChatEmbedOrigins": "https://www.example.com"},
        {"ChatStorage": "ChatTables", "ChatTables__accountName": "chattables"},
        {"AzureWebJobs.sweep.Disabled": "true", "ChatAuth__note": "mine", "ChatbotName": "bot"},
    ],
)
def test_other_right_settings_are_right(more: dict[str, str]) -> None:
    assert verdicts_of(EXAMPLE | more) == {Verdict.OK}


def test_every_setting_that_the_app_checks_is_asked() -> None:
    properties = {name for name, member in vars(Settings).items() if isinstance(member, property | cached_property)}
    source = (ROOT / "doctor" / "folder" / "settings.py").read_text(encoding="utf-8")

    assert {name for name in properties - NEVER_WRONG if f"settings.{name}" not in source} == set()


def test_the_environment_wins_and_what_is_empty_there_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "local.settings.json").write_text('{"IsEncrypted": false, "Values": {"ChatAuth": "open", "Own": "1"}}')

    app = read_app_settings(tmp_path, {"ChatAuth": "easyauth", "Own": "", "PATH": "/bin", "WebPubSubHub": "Hub"})

    assert {name: app.values[name] for name in app.own} == {"ChatAuth": "easyauth", "Own": "1", "WebPubSubHub": "Hub"}
    assert app.file == "local.settings.json"


def test_a_file_of_variables_is_taken_instead_and_what_is_empty_there_is_unset(tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    file.write_text(
        "# made by run\nChatAuth=open\nWebPubSubConnectionString=\n\nChatRateLimits='message=60/30, join=9/9'\n"
    )

    app = read_app_settings(ROOT, {"ChatAuth": "easyauth", "WebPubSubConnectionString": "x"}, file)

    assert {name: app.values[name] for name in app.own} == {
        "ChatAuth": "open",
        "ChatRateLimits": "message=60/30, join=9/9",
    }
    assert Settings(app.values).connection is None


@pytest.mark.parametrize("text", ["ChatAuth", "ChatAuth = open", "ChatAuth='open"])
def test_a_file_that_has_no_variables_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    file = tmp_path / "app.env"
    file.write_text(text)

    with pytest.raises(
        UnreadableFile, match=r"^app\.env (cannot be read: ValueError|has a line that is not NAME=value)$"
    ):
        read_app_settings(ROOT, {}, file)


def test_comments_and_trailing_commas_are_allowed_as_the_host_allows_them(tmp_path: Path) -> None:
    file = tmp_path / "host.json"
    file.write_text('\ufeff{ // a comment\n "a": "http://x", /* and\n another */ "b": [1, 2,],\n}', encoding="utf-8")

    assert read_json(file) == {"a": "http://x", "b": [1, 2]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"{", "line 1"), (b"[]", "not a list"), (b"\xff", "UnicodeDecodeError"), (None, "FileNotFoundError")],
)
def test_a_file_that_cannot_be_read_is_named_without_its_content(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "host.json").write_bytes(content)

    with pytest.raises(UnreadableFile, match=rf"host\.json .*{problem}"):
        read_json(tmp_path / "host.json")


def test_every_setting_of_the_app_is_known() -> None:
    assert {"ChatAuth", "WebPubSubHub", "WebPubSubConnectionString", "ChatRateLimits"} <= known_settings(ROOT)


def test_a_machine_that_looks_like_azure_gets_a_note() -> None:
    note: Finding = check_container({"CONTAINER_NAME": "build-7"})

    assert (note.verdict, bool(note.fix), check_container({}).fix) == (Verdict.OK, True, "")
