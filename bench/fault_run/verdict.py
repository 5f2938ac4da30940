"""What came of a run: the log of each room beside what was sent and what the clients show.

Nothing here knows which faults there were. An acknowledged message is in the log once; what its sender was told had
failed is there once or not at all; and every screen is the log.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

Line = Mapping[str, Any]
Outcome = Literal["acknowledged", "failed", "unanswered"]
MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Sent:
    """A message or a change that a client sent, perhaps several times, with what it was told in the end.

    `kind` is the event; `target` the id of the changed message, `emoji` and `on` those of a reaction.
    """

    user: str
    room: str
    kind: str
    client_id: str
    outcome: Outcome
    text: str = ""
    target: str = ""
    emoji: str = ""
    on: bool = True


@dataclass(frozen=True)
class RoomLog:
    """A room as it was read at the end: its messages by `history`, its entries by `since`, and its head."""

    lines: Sequence[Line]
    entries: Sequence[Line]
    head: int


@dataclass
class Verdict:
    """Counts of what was sent and of what went wrong, with a few examples of each problem."""

    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    unanswered: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, problem: str, example: str) -> None:
        """Count a problem."""
        self.problems[problem] += 1
        examples = self.examples.setdefault(problem, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(example)


PROBLEMS = ("lost", "doubled", "misordered", "gaps", "diverged")
"""Lost: acknowledged and not in the log. Doubled: in the log twice. Misordered: against the order of `seq`, of times,
or of one sender. Gaps: numbers that are missing, or about which both ways to read disagree. Diverged: what a screen
shows otherwise than the log."""


def judge(
    logs: Mapping[str, RoomLog], sent: Sequence[Sent], screens: Mapping[str, Mapping[str, Sequence[Line]]]
) -> Verdict:
    """Compare the logs by room with what was sent, in the order of sending, and the screens by user and room."""
    verdict = Verdict(sent=len(sent))
    outcomes = Counter(each.outcome for each in sent)
    verdict.acknowledged, verdict.failed = outcomes["acknowledged"], outcomes["failed"]
    verdict.unanswered = outcomes["unanswered"]
    for room, log in logs.items():
        _check_numbers(verdict, room, log)
        _check_sent(verdict, room, log, [each for each in sent if each.room == room])
    for user, rooms in screens.items():
        for room, lines in rooms.items():
            for example in differences(logs[room].lines, lines):
                verdict.add("diverged", f"{user} in {room}: {example}")
    return verdict


def differences(log: Sequence[Line], screen: Sequence[Line]) -> list[str]:
    """Return in words what a screen shows otherwise than the log; [] when both are equal, in order and content."""
    shown, stored = {line["id"]: line for line in screen}, {line["id"]: line for line in log}
    found = [f"seq {stored[key]['seq']} is missing" for key in stored if key not in shown]
    found += [f"seq {shown[key]['seq']} is not in the log" for key in shown if key not in stored]
    for key in stored.keys() & shown.keys():
        if fields := sorted(_different_fields(stored[key], shown[key])):
            found.append(f"seq {stored[key]['seq']} has another {', '.join(fields)}")
    if not found and [line["id"] for line in screen] != [line["id"] for line in log]:
        found.append("the order is another")
    return found


def _different_fields(one: Line, other: Line) -> set[str]:
    names = (one.keys() | other.keys()) - {"room"}
    return {name for name in names if one.get(name) != other.get(name)}


def _check_numbers(verdict: Verdict, room: str, log: RoomLog) -> None:
    numbers = Counter(entry["seq"] for entry in log.entries)
    for number in range(1, log.head + 1):
        if number not in numbers:
            verdict.add("gaps", f"{room}: {number} of {log.head}")
    if log.entries and max(numbers) > log.head:
        verdict.add("gaps", f"{room}: the head is {log.head}, there is an entry {max(numbers)}")
    for what in _repeated(numbers.elements()):
        verdict.add("doubled", f"{room}: seq {what}")
    for what in _repeated(line["id"] for line in log.lines):
        verdict.add("doubled", f"{room}: message {what}")
    for what in _repeated((author(entry), entry["clientId"]) for entry in log.entries if "clientId" in entry):
        verdict.add("doubled", f"{room}: {what}")
    told = {entry["id"]: entry["seq"] for entry in log.entries if "type" not in entry}
    listed = {line["id"]: line["seq"] for line in log.lines}
    for key in {*told.items()} ^ {*listed.items()}:
        verdict.add("gaps", f"{room}: history and since disagree about {key}")
    for earlier, later in pairwise(log.lines):
        if earlier["seq"] >= later["seq"] or earlier["sentAt"] > later["sentAt"]:
            verdict.add("misordered", f"{room}: seq {earlier['seq']} before {later['seq']}")


def _check_sent(verdict: Verdict, room: str, log: RoomLog, sent: Sequence[Sent]) -> None:
    numbers = {(author(entry), entry["clientId"]): entry["seq"] for entry in log.entries if "clientId" in entry}
    deleted = {line["id"] for line in log.lines if "deletedAt" in line}
    last: dict[str, int] = {}
    reacted: dict[tuple[str, str, str], bool] = {}
    for each in sent:
        number = numbers.get((each.user, each.client_id))
        reaction = (each.user, each.target, each.emoji)
        if number is not None:
            reacted[reaction] = each.on
        if each.outcome != "acknowledged":
            continue
        if number is None:
            changed_nothing = each.kind in ("delete", "react") and each.target in deleted
            changed_nothing |= each.kind == "react" and reacted.get(reaction, False) == each.on
            if not changed_nothing:
                verdict.add("lost", f"{room}: {each.kind} {each.client_id} of {each.user}")
        elif number < last.get(each.user, 0):
            verdict.add("misordered", f"{room}: {each.client_id} of {each.user} came before what was sent earlier")
        else:
            last[each.user] = number


def author(entry: Line) -> str:
    """Return who said a line, or made a change."""
    return str(entry["by"] if "type" in entry else entry["from"])


def _repeated(values: Iterable[object]) -> list[object]:
    return [value for value, count in Counter(values).items() if count > 1]
