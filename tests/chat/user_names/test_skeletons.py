"""Which names look alike."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.user_names.skeletons import name_keys, skeleton


def look_alike(one: str, other: str) -> bool:
    return not set(name_keys(one)).isdisjoint(name_keys(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana", "Ana"), ("ana", "ANA"), ("ana", "ana."), ("ana", "a-n-a"), ("ana", "an a"), ("ana", "ana ✔"),
        ("ana", "ana%"), ("ana", "ana‗"),
        ("ana", "аnа"), ("ana", "ａｎａ"), ("ana", "𝐚𝐧𝐚"), ("ana", "ⓐⓝⓐ"), ("ANA", "ΑΝΑ"), ("ana", "ᴀɴᴀ"),
        ("ana", "ana\u200b"), ("10", "lO"),
        ("Ian", "lan"), ("bill", "biII"), ("bill", "bi1l"), ("bo", "b0"), ("tom", "torn"), ("José", "Jose\u0301"),
        ("mina", "mi\u0307na"), ("Нина", "нина"), ("Анна", "АННА"), ("Ανα", "ανα"), ("paypal", "раураӏ"), ("0", "О"),
    ],
)  # fmt: skip
def test_names_that_look_alike_share_a_key(one: str, other: str) -> None:
    assert look_alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana", "anna"), ("van", "nan"), ("ana", "ána"), ("jose", "José"), ("user 1", "user 2"), ("👍", "👎"),
        ("bo", "do"), ("Анна", "Ана"), ("李", "季"), ("ana 1", "ana"), ("!?", "?!"),
    ],
)  # fmt: skip
def test_names_that_look_different_do_not(one: str, other: str) -> None:
    assert not look_alike(one, other)


def test_a_name_in_ascii_has_one_key() -> None:
    assert [char for char in string.printable if len(name_keys(char)) != 1] == []


@given(st.text(max_size=64))
def test_a_skeleton_is_its_own_skeleton_and_every_name_has_a_key(text: str) -> None:
    """A key that is empty would put strangers into one group."""
    assert skeleton(skeleton(text)) == skeleton(text)
    assert name_keys(text + "a")
    assert all(name_keys(text + "a"))
    assert look_alike(text + "a", text + "A")
    assert name_keys(text + "a.") == name_keys(text + "a")
