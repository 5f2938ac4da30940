"""The file of a recording: what is written can be read, and what cannot be read is said with its line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure.recording import InvalidRecording, Step, StepKind, read_recording
from local_azure.recording.file_format import first_line, format_step, parse_recording

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FACTS = st.dictionaries(st.sampled_from(["frame", "event", "call", "data", "status"]), JSON)


@settings(max_examples=40)
@given(st.sampled_from(StepKind), st.text(max_size=8), FACTS, st.integers(0, 9999))
def test_a_step_is_read_as_it_was_written(kind: StepKind, client: str, facts: dict[str, None], tenths: int) -> None:
    step = Step(kind, client, facts, tenths / 10)

    line = format_step(step)
    (read,) = parse_recording([first_line(), line], "a.jsonl")

    assert line.count("\n") == 1
    assert (read.kind, read.client, read.facts, read.at, read.line) == (kind, client, facts, tenths / 10, 2)


VERSION_1 = """{"recording": 1, "from": "a later program"}

{"at": 0.5, "step": "receive", "client": "ana", "frame": {"type": "pong"}, "unknown": true}
{"step": "rest", "call": "POST chat/:send", "status": 202}
"""


def test_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(VERSION_1, encoding="utf-8")

    received, call = read_recording(file)

    assert (received.kind, received.client, received.at, received.line) == (StepKind.RECEIVE, "ana", 0.5, 3)
    assert received.facts["frame"] == {"type": "pong"}
    assert (call.client, call.at, call.stream) == ("", 0.0, ("rest", "", "POST chat/:send"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty, but its first line must be"),
        ('{"recording": 2}', "has the version 2 in its first line, but this program reads 1 to 1"),
        ('{"recording": true}', "has the version true"),
        ("[]", "line 1 must be a JSON object"),
        ("{", "line 1 is not JSON"),
        ('{"recording": 1}\n{"step": "dance"}', 'line 2 has the step "dance", but it must be one of connect, open'),
        ('{"recording": 1}\n{"step": "send", "client": 5}', "line 2 has a client that is no text: 5"),
        ('{"recording": 1}\n{"step": "send", "frame": ' + "[" * 300 + "]" * 300 + "}", "nested more than 256"),
    ],
)
def test_what_is_no_recording_is_said_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidRecording) as refused:
        read_recording(file)

    assert told in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with pytest.raises(InvalidRecording, match="cannot be read"):
        read_recording(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidRecording, match="cannot be read"):
        read_recording(file)
