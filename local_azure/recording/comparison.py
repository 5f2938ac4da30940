"""Compares the steps of a recording with those of another run, and says in words where they differ.

Placeholders of ids agree when each stands for one and the same other id throughout. A text that holds a JSON object is
compared as that object.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from local_azure.recording.file_format import JsonValue, Step
from local_azure.recording.frames import parse_container
from local_azure.recording.identifiers import PLACEHOLDER

MAX_SHOWN = 20
_SHOWN_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where two values differ: `path` is like `frame.data.message`; an absent value is shown as `nothing`."""

    path: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One step that is not as recorded: what was expected, what came instead, and why they differ.

    `expected` is None for a step that was not expected, `got` is None for one that did not come.
    """

    expected: Step | None
    got: Step | None
    mismatches: tuple[Mismatch, ...] = ()

    def __str__(self) -> str:
        """Return the difference as lines of text."""
        if self.expected is None:
            assert self.got is not None
            return f"not expected\n  + {_shortened(self.got.description())}"
        where = f"line {self.expected.line}: " if self.expected.line else ""
        if self.got is None:
            return f"{where}did not come\n  - {_shortened(self.expected.description())}"
        lines = [
            f"{where}differs",
            f"  - {_shortened(self.expected.description())}",
            f"  + {_shortened(self.got.description())}",
        ]
        lines += [
            f"    {each.path}: expected {_shortened(each.expected)}, got {_shortened(each.got)}"
            for each in islice(self.mismatches, MAX_SHOWN)
        ]
        return "\n".join(lines)


class RecordingDiffers(AssertionError):
    """A replay was not as recorded; the text says which steps, `differences` holds them."""

    def __init__(self, name: str, compared: int, differences: Iterable[Difference]) -> None:
        self.differences = tuple(differences)
        count = len(self.differences)
        title = f"{name}: {count} {'difference' if count == 1 else 'differences'} in {compared} compared steps"
        shown = [str(difference) for difference in self.differences[:MAX_SHOWN]]
        more = [f"and {count - MAX_SHOWN} more"] if count > MAX_SHOWN else []
        super().__init__("\n\n".join([f"{title} (- recorded, + now)", *shown, *more]))


@dataclass(slots=True)
class Bindings:
    """Which placeholder of the other run each placeholder of the recording is."""

    forward: dict[str, str] = field(default_factory=dict)
    backward: dict[str, str] = field(default_factory=dict)

    def bind(self, expected: str, got: str) -> bool:
        """Return whether both may be the same id, and remember that they are."""
        return self.forward.setdefault(expected, got) == got and self.backward.setdefault(got, expected) == expected

    def copy(self) -> "Bindings":
        """Return bindings that can be changed without these."""
        return Bindings(dict(self.forward), dict(self.backward))

    def take(self, other: "Bindings") -> None:
        """Take over what a copy has learned."""
        self.forward, self.backward = other.forward, other.backward


def compare_steps(expected: Step, got: Step, bindings: Bindings, ignored: Collection[str]) -> tuple[Mismatch, ...]:
    """Return where the facts differ; fields of an ignored name may have any value. Learns which ids are the same.

    When they differ, nothing is learned.
    """
    learned = bindings.copy()
    mismatches = tuple(_compare(dict(expected.facts), dict(got.facts), "", learned, ignored))
    if not mismatches:
        bindings.take(learned)
    return mismatches


def compare_recordings(
    expected: Iterable[Step], got: Iterable[Step], ignored: Collection[str] = ()
) -> tuple[int, list[Difference]]:
    """Return how many steps were compared, and the differences. Steps of different streams have no order."""
    waiting: dict[tuple[str, str, str], list[Step]] = {}
    for step in got:
        waiting.setdefault(step.stream, []).append(step)
    bindings, differences, compared = Bindings(), [], 0
    for step in expected:
        compared += 1
        stream = waiting.get(step.stream)
        if not stream:
            differences.append(Difference(step, None))
            continue
        other = stream.pop(0)
        if mismatches := compare_steps(step, other, bindings, ignored):
            differences.append(Difference(step, other, mismatches))
    differences += [Difference(None, step) for stream in waiting.values() for step in stream]
    return compared, differences


def _compare(
    expected: JsonValue, got: JsonValue, path: str, bindings: Bindings, ignored: Collection[str]
) -> Iterator[Mismatch]:
    if isinstance(expected, dict) and isinstance(got, dict):
        yield from _compare_objects(expected, got, path, bindings, ignored)
    elif isinstance(expected, list) and isinstance(got, list):
        yield from _compare_lists(expected, got, path, bindings, ignored)
    elif isinstance(expected, str) and isinstance(got, str):
        yield from _compare_texts(expected, got, path, bindings, ignored)
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        yield _mismatch(path, expected, got)


def _compare_objects(
    expected: dict[str, JsonValue],
    got: dict[str, JsonValue],
    path: str,
    bindings: Bindings,
    ignored: Collection[str],
) -> Iterator[Mismatch]:
    matched: set[str] = set()
    for name, value in expected.items():
        below = f"{path}.{name}" if path else name
        if name in ignored:
            matched.add(name)
            continue
        other = _find_name(name, got, matched, bindings)
        if other is None:
            yield Mismatch(below, _text(value), "nothing")
            continue
        matched.add(other)
        yield from _compare(value, got[other], below, bindings, ignored)
    for name, value in got.items():
        if name not in matched and name not in ignored:
            yield Mismatch(f"{path}.{name}" if path else name, "nothing", _text(value))


def _find_name(name: str, got: dict[str, JsonValue], matched: set[str], bindings: Bindings) -> str | None:
    """Return the name in the other object: the same one, or one that differs in its ids only."""
    if not PLACEHOLDER.search(name):
        return name if name in got else None
    for other in got:
        if other not in matched:
            learned = bindings.copy()
            if _same_text(name, other, learned):
                bindings.take(learned)
                return other
    return None


def _compare_lists(
    expected: list[JsonValue], got: list[JsonValue], path: str, bindings: Bindings, ignored: Collection[str]
) -> Iterator[Mismatch]:
    for number, (value, other) in enumerate(zip(expected, got, strict=False)):
        yield from _compare(value, other, f"{path}[{number}]", bindings, ignored)
    if len(expected) != len(got):
        yield Mismatch(path, f"{len(expected)} items", f"{len(got)} items")


def _compare_texts(
    expected: str, got: str, path: str, bindings: Bindings, ignored: Collection[str]
) -> Iterator[Mismatch]:
    if expected == got and "⟨" not in expected:
        return
    inner, other = parse_container(expected), parse_container(got)
    if inner is not None and other is not None:
        yield from _compare(inner, other, path, bindings, ignored)
        return
    learned = bindings.copy()
    if _same_text(expected, got, learned):
        bindings.take(learned)
    else:
        yield _mismatch(path, expected, got)


def _same_text(expected: str, got: str, bindings: Bindings) -> bool:
    if PLACEHOLDER.sub("⟨⟩", expected) != PLACEHOLDER.sub("⟨⟩", got):
        return False
    pairs = zip(PLACEHOLDER.finditer(expected), PLACEHOLDER.finditer(got), strict=True)
    return all(mine[1] == other[1] and bindings.bind(mine[0], other[0]) for mine, other in pairs)


def _mismatch(path: str, expected: JsonValue, got: JsonValue) -> Mismatch:
    return Mismatch(path, _text(expected), _text(got))


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}… ({len(text)} characters)"
