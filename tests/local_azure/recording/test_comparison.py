"""When two steps are alike, and how a difference is told."""

import pytest

from local_azure.recording import RecordingDiffers, Step, StepKind, compare_recordings
from local_azure.recording.comparison import Bindings, Difference, compare_steps
from local_azure.recording.file_format import JsonValue


def received(frame: JsonValue, client: str = "ana", line: int = 0) -> Step:
    return Step(StepKind.RECEIVE, client, {"frame": frame}, line=line)


def paths(expected: JsonValue, got: JsonValue, *ignored: str) -> list[str]:
    found = compare_steps(received(expected), received(got), Bindings(), ignored)
    return [each.path for each in found]


@pytest.mark.parametrize(
    ("expected", "got", "where"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": [1, {"c": 2}]}, {"a": 1, "b": [1, {"c": 3}]}, ["frame.b[1].c"]),
        ({"a": 1}, {}, ["frame.a"]),
        ({}, {"a": 1}, ["frame.a"]),
        ([1, 2], [1, 2, 3], ["frame"]),
        (1, True, ["frame"]),
        ("1", 1, ["frame"]),
        (None, None, []),
        ('{"message": "tea"}', '{ "message":"tea" }', []),
        ('{"message": "tea"}', '{"message": "cake"}', ["frame.message"]),
    ],
)
def test_a_difference_is_where_the_values_differ(expected: JsonValue, got: JsonValue, where: list[str]) -> None:
    assert paths(expected, got) == where


def test_an_ignored_field_may_have_any_value_and_may_be_missing() -> None:
    assert paths({"a": {"sentAt": 1}, "id": 1}, {"a": {"sentAt": 2}}, "sentAt", "id") == []
    assert paths('{"sentAt": 1, "b": 1}', '{"sentAt": 2, "b": 2}', "sentAt") == ["frame.b"]


def test_ids_agree_when_each_stands_for_one_other_id() -> None:
    assert paths(["⟨uuid 1⟩", "⟨uuid 2⟩", "x ⟨uuid 1⟩"], ["⟨uuid 7⟩", "⟨uuid 3⟩", "x ⟨uuid 7⟩"]) == []
    assert paths(["⟨uuid 1⟩", "⟨uuid 1⟩"], ["⟨uuid 1⟩", "⟨uuid 2⟩"]) == ["frame[1]"]
    assert paths(["⟨uuid 1⟩", "⟨uuid 2⟩"], ["⟨uuid 1⟩", "⟨uuid 1⟩"]) == ["frame[1]"]
    assert paths("⟨uuid 1⟩", "⟨hex32 1⟩") == ["frame"]
    assert paths({"⟨uuid 2⟩": 1, "x": 2}, {"⟨uuid 9⟩": 1, "x": 2}) == []


def test_what_an_unlike_step_would_say_of_ids_is_not_learned() -> None:
    bindings = Bindings()

    assert compare_steps(received(["⟨uuid 1⟩", 1]), received(["⟨uuid 5⟩", 2]), bindings, ())
    assert compare_steps(received("⟨uuid 1⟩"), received("⟨uuid 6⟩"), bindings, ()) == ()


def test_steps_of_different_clients_have_no_order() -> None:
    expected = [received("1"), received("2"), received("1", "bo")]
    got = [received("1", "bo"), received("1"), received("2")]

    assert compare_recordings(expected, got) == (3, [])


def test_frames_of_one_client_have_an_order() -> None:
    compared, differences = compare_recordings([received("1"), received("2")], [received("2"), received("1")])

    assert (compared, len(differences)) == (2, 2)


def test_missing_and_additional_steps_are_differences() -> None:
    missing, added = received("1", line=4), received("2", "bo")

    _, differences = compare_recordings([missing], [added])

    assert differences == [Difference(missing, None), Difference(None, added)]


def test_the_text_names_the_step_what_was_expected_and_what_came() -> None:
    expected, got = received({"message": "tea"}, line=7), received({"message": "cake"})
    _, differences = compare_recordings([expected, received("x", "bo", line=9)], [got, received("y", "cy")])

    text = str(RecordingDiffers("chat.jsonl", 2, differences))

    assert text == "\n".join(
        [
            "chat.jsonl: 3 differences in 2 compared steps (- recorded, + now)",
            "",
            "line 7: differs",
            '  - ana receive {"frame": {"message": "tea"}}',
            '  + ana receive {"frame": {"message": "cake"}}',
            '    frame.message: expected "tea", got "cake"',
            "",
            "line 9: did not come",
            '  - bo receive {"frame": "x"}',
            "",
            "not expected",
            '  + cy receive {"frame": "y"}',
        ]
    )


def test_a_very_long_difference_is_shortened() -> None:
    _, differences = compare_recordings([received("a" * 5000)] * 50, [])

    text = str(RecordingDiffers("chat.jsonl", 50, differences))

    assert len(text) < 20_000
    assert text.endswith("and 30 more")
