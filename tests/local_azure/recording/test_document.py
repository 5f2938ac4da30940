"""The page about recordings says what the code does: its steps, placeholders, options, and an example that runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from local_azure.pytest_plugin import running
from local_azure.recording import Difference, RecordingDiffers, Step, StepKind, compare_recordings
from local_azure.recording.__main__ import _replay_parser
from local_azure.recording.file_format import JsonValue, format_step, parse_recording
from local_azure.recording.identifiers import PLACEHOLDER

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "local-azure" / "recording.md").read_text(encoding="utf-8")
RECORDING = re.findall(r"^```text\n(\{.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
DIFFERENCES = re.findall(r"^```text\n(tea\.jsonl.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]


def test_every_kind_of_step_and_every_placeholder_has_its_words() -> None:
    first_column = "\n".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))

    assert [kind for kind in StepKind if f"`{kind.value}`" not in first_column] == []
    shown = {match[1] for match in PLACEHOLDER.finditer(PAGE)}
    assert shown == {"connection", "endpoint", "uuid", "hex32", "time", "time-ms"}


def test_every_option_of_replay_is_named() -> None:
    options = {option for action in _replay_parser()._actions for option in action.option_strings}

    assert [option for option in sorted(options) if option.startswith("--") and option not in PAGE] == ["--help"]


def test_the_recording_of_the_page_can_be_read_and_is_written_as_it_stands_there() -> None:
    steps = list(parse_recording(RECORDING.splitlines(), "page"))

    assert [format_step(step).rstrip("\n") for step in steps] == RECORDING.splitlines()[1:]


def test_the_differences_of_the_page_are_what_would_be_said() -> None:
    def received(text: str) -> Step:
        return Step(
            StepKind.RECEIVE,
            "ana",
            {"frame": {"type": "message", "from": "server", "dataType": "text", "data": text}},
            line=7,
        )

    call: dict[str, JsonValue] = {
        "call": "POST chat/groups/room/:send",
        "status": 202,
        "dataType": "text",
        "data": "tea",
    }
    _, differences = compare_recordings([received("tea")], [received("cake")])
    missing = Difference(Step(StepKind.REST, "", call, line=9), None)

    assert str(RecordingDiffers("tea.jsonl", 29, [*differences, missing])) == DIFFERENCES.rstrip("\n")


def test_the_example_passes(app_url: str, conversation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (conversation.parent / "tea.jsonl").write_text(conversation.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.chdir(conversation.parent)
    names: dict[str, Any] = {}
    exec(example, names)

    with running() as web_pubsub:
        names["test_the_app_still_does_what_it_did"](web_pubsub, app_url.removesuffix("/{event}"))
