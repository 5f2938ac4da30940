import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.json_depth import MAX_DEPTH, check_depth, is_too_deep

NESTED = st.recursive(
    st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_text_may_be_nested_256_levels_deep(opening: str, closing: str) -> None:
    deepest = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
    assert check_depth(deepest) == deepest
    with pytest.raises(ValueError, match="nested more than 256 levels"):
        check_depth(opening + deepest + closing)


@given(NESTED)
def test_brackets_in_strings_do_not_count(value: object) -> None:
    outer = "[" * (MAX_DEPTH - 60)
    assert not is_too_deep(outer + json.dumps(value) + json.dumps("[{" * MAX_DEPTH))


def test_a_string_without_an_end_hides_what_follows_it() -> None:
    assert not is_too_deep('"' + "[" * 1000)
    assert is_too_deep('"\\""' + "[" * 1000)
