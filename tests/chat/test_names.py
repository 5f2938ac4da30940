"""What rooms may be called, and their groups."""

import pytest

from chat.errors import InvalidName
from chat.names import groups_of, room_name


@pytest.mark.parametrize(
    ("written", "meant"), [("Design", "design"), (" a ", "a"), ("_x-1", "_x-1"), ("r" * 32, "r" * 32)]
)
def test_a_room_follows_the_grammar_in_lower_case(written: str, meant: str) -> None:
    assert room_name(written) == meant


@pytest.mark.parametrize("name", ["", "-a", "a.b", "a/b", "a b", "é", "r" * 33, None, 7, ["a"]])
def test_anything_else_is_no_room(name: object) -> None:
    with pytest.raises(InvalidName, match="1 to 32"):
        room_name(name)


def test_two_rooms_never_have_the_same_group() -> None:
    assert not set(groups_of("a", rich=True)) & set(groups_of("b", rich=True))
    assert groups_of("a", rich=False) == ("room.a",)
