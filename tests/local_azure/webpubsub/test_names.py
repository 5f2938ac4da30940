import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.names import InvalidName, hub_key, is_event_name, is_group_name, is_id


def test_w008_hub_names_differ_in_more_than_letter_case() -> None:
    assert hub_key("Chat") == hub_key("chat") == "chat"


@pytest.mark.parametrize("name", ["a", "A0_`,.[]", "a" * 128])
def test_a_hub_may_be_called(name: str) -> None:
    assert hub_key(name) == name.lower()


@pytest.mark.parametrize("name", ["", "1chat", "a" * 129, "a b", "a/b", "chat\n", "é"])
def test_w009_a_hub_may_not_be_called(name: str) -> None:
    with pytest.raises(InvalidName, match=f"{len(name)} characters"):
        hub_key(name)


@pytest.mark.parametrize("name", ["g", " g", "a/b", "日本", "g" * 1024, "💬" * 1024])
def test_a_group_may_be_called(name: str) -> None:
    assert is_group_name(name)


@pytest.mark.parametrize("name", ["", " ", "\t \n", "g" * 1025, "a\nb", "\ud800"])
def test_a_group_may_not_be_called(name: str) -> None:
    assert not is_group_name(name)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("x", True), ("x.y-z_1", True), ("x" * 128, True), ("1x", False), ("x" * 129, False), ("", False)],
)
def test_an_event_name_is_a_letter_and_then_few_characters(name: str, allowed: bool) -> None:
    assert is_event_name(name) is allowed


@pytest.mark.parametrize("value", ["", " ", "\udfff"])
def test_blank_text_is_no_id(value: str) -> None:
    assert not is_id(value)


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    for judge in (is_group_name, is_event_name, is_id):
        assert judge(text) in (True, False)
