import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.json_text import MAX_DEPTH, depth_exceeds, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def measured_depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(measured_depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value: object) -> None:
    text = json.dumps(value)
    assert parse_json(text) == parse_json(text.encode()) == value


@given(VALUES, st.integers(0, 8))
def test_the_depth_is_that_of_arrays_and_objects_whatever_their_strings_have(value: object, limit: int) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert depth_exceeds(text, limit) is (measured_depth(value) > limit)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_the_deepest_value_that_is_read_has_64_levels(opening: str, closing: str) -> None:
    deepest = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
    assert measured_depth(parse_json(deepest)) == MAX_DEPTH
    with pytest.raises(ValueError, match="nested more than 64 levels"):
        parse_json(opening + deepest + closing)


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    assert parse_json("[" + ",".join(["[]"] * 1000) + "]") == [[]] * 1000
    assert parse_json(json.dumps("[" * 1000)) == "[" * 1000


@pytest.mark.parametrize("text", ['"' + "\\" * 1_000_001, '"\\"' * 300_000, "[" * 1_000_000, '["' * 300_000 + "\\"])
def test_a_hostile_text_is_refused_without_being_looked_through_again_and_again(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json("[" * MAX_DEPTH + text)


@pytest.mark.parametrize("text", [b"\xff", '{"a": 1}'.encode("utf-16"), b"", b"[1"])
def test_what_is_no_utf_8_or_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
