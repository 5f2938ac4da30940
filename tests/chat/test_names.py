"""What users and rooms may be called."""

import pytest

from chat.errors import InvalidName
from chat.names import USER_ID_LENGTH, groups_of, room_name, user_id


@pytest.mark.parametrize(("written", "meant"), [(" ana ", "ana"), ("Анна", "Анна"), ("e\u0301", "é"), ("👩‍💻", "👩‍💻")])
def test_a_user_id_is_trimmed_and_normalized(written: str, meant: str) -> None:
    assert user_id(written) == meant


def test_a_user_id_over_the_limit_is_refused_with_the_limit() -> None:
    assert len(user_id("x" * USER_ID_LENGTH)) == USER_ID_LENGTH

    with pytest.raises(InvalidName, match="65 characters, the limit is 64"):
        user_id("x" * (USER_ID_LENGTH + 1))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "a\nb",
        "a\0b",
        "a\u202eb",
        "\ud800",
        "system",
        "Reminder",
        "\u200b",
        "\u3164",
        "an\u200ba",
        "an\u00ada",
        "a\u2028b",
        "a\ufffd",
        "\uff53ystem",
        "remind\u200der",
        "SYSTEM\ufe0f",
    ],
)
def test_a_user_id_that_cannot_be_read_or_is_reserved_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        user_id(name)


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
