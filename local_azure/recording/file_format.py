"""The file of a recording: a first line with the version, and a line of JSON for each step of the conversation.

A line begins with its number of seconds (one decimal), its kind and its client, so a reader sees who did what, and two
recordings of one conversation differ in few places. A field that a reader does not know is ignored.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from local_azure.json_depth import check_depth

VERSION = 1
_FIRST_FIELD = "recording"

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


class InvalidRecording(ValueError):
    """A file that is no recording; the text names the file, the line and what is wrong."""


class StepKind(StrEnum):
    """What happened in a step. Clients do `connect`, `send`, `recover` and `leave`; everything else is an effect."""

    CONNECT = "connect"
    OPEN = "open"
    REFUSE = "refuse"
    SEND = "send"
    RECEIVE = "receive"
    EVENT = "event"
    ANSWER = "answer"
    REST = "rest"
    RECOVER = "recover"
    LEAVE = "leave"
    END = "end"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `client` is empty for a REST call; `at` is in seconds since the beginning of the recording.

    `line` is the line of the file, 0 for a step that comes from no file.
    """

    kind: StepKind
    client: str
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    at: float = 0.0
    line: int = 0

    @property
    def stream(self) -> tuple[str, str, str]:
        """What this step has a fixed order with: the same kind of thing of the same client, or the same REST call."""
        name = self.facts.get("event" if self.kind in (StepKind.EVENT, StepKind.ANSWER) else "call", "")
        return self.kind.value, self.client, str(name)

    def description(self) -> str:
        """Return the step in one line, without its time."""
        document = {name: value for name, value in self.facts.items() if name not in ("event", "call")}
        who = {StepKind.REST: "the app calls", StepKind.ANSWER: "the app answers"}.get(self.kind, self.client)
        verb = "" if self.kind in (StepKind.REST, StepKind.ANSWER) else self.kind.value
        words = [who, verb, self.stream[2], json.dumps(document, ensure_ascii=False) if document else ""]
        return " ".join(word for word in words if word)


def first_line() -> str:
    """Return the first line of a recording."""
    return json.dumps({_FIRST_FIELD: VERSION}) + "\n"


def format_step(step: Step) -> str:
    """Return the line of a step."""
    document: dict[str, JsonValue] = {"at": round(step.at, 1), "step": step.kind.value}
    if step.client:
        document["client"] = step.client
    return json.dumps(document | dict(step.facts), ensure_ascii=False) + "\n"


def read_recording(file: Path) -> list[Step]:
    """Return the steps of a file; raises `InvalidRecording`, also when it cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRecording(f"{file} cannot be read: {error}") from error
    return list(parse_recording(lines, str(file)))


def parse_recording(lines: Iterable[str], name: str) -> Iterator[Step]:
    """Yield the steps of the lines of a recording; `name` is the file's, for the text of `InvalidRecording`."""
    has_version = False
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        document = _parse_line(line, f"{name}, line {number}")
        if not has_version:
            _check_version(document, name)
            has_version = True
        else:
            yield _step(document, number, f"{name}, line {number}")
    if not has_version:
        raise InvalidRecording(f"{name} is empty, but its first line must be {first_line().strip()}")


def _parse_line(line: str, where: str) -> dict[str, JsonValue]:
    try:
        document = json.loads(check_depth(line))
    except ValueError as error:
        raise InvalidRecording(f"{where} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidRecording(f"{where} must be a JSON object, not {line[:40]!r}")
    return document


def _check_version(document: Mapping[str, JsonValue], name: str) -> None:
    version = document.get(_FIRST_FIELD)
    if type(version) is not int or not 1 <= version <= VERSION:
        raise InvalidRecording(
            f"{name} has the version {json.dumps(version)} in its first line, but this program reads 1 to {VERSION}"
        )


def _step(document: dict[str, JsonValue], line: int, where: str) -> Step:
    facts = {name: value for name, value in document.items() if name not in ("at", "step", "client")}
    kind, client, at = document.get("step"), document.get("client", ""), document.get("at", 0.0)
    if not isinstance(kind, str) or kind not in list(StepKind):
        raise InvalidRecording(f"{where} has the step {json.dumps(kind)}, but it must be one of {', '.join(StepKind)}")
    if not isinstance(client, str):
        raise InvalidRecording(f"{where} has a client that is no text: {json.dumps(client)[:40]}")
    seconds = float(at) if isinstance(at, int | float) else 0.0
    return Step(StepKind(kind), client, facts, seconds, line)
