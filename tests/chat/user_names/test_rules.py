"""What users may be called."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.errors import InvalidName
from chat.user_names.rules import (
    RESERVED_NAMES,
    USER_NAME_LENGTH,
    clean_name,
    find_problem,
    is_reserved,
    user_name,
)
from chat.user_names.tables import read_properties
from chat.user_names.visibility import is_visible


@pytest.mark.parametrize(
    "name",
    [
        "ana", "Анна", "Ana García", "O'Brien", "ana-b", "J. R. R.", "user 12", "7", "李小龙", "田中さん", "タナカ",
        "Tanaka 田中", "김민수", "Kim 김", "陳B", "महेश", "عائشة", "שרה", "Μαρία", "สมชาย", "தமிழ்", "Đặng", "Ångström",
        "👍", "ana 🌻", "👩‍💻", "❤️", "1️⃣", "👩🏽‍❤️‍👨🏿", "🧑🏻‍🤝‍🧑🏻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪",
        "علی\u200cرضا", "ශ\u0dca\u200dරී", "क\u094d\u200dष", "ക\u0d4d\u200c\u0d37",
    ],
)  # fmt: skip
def test_a_name_as_people_write_theirs_is_allowed(name: str) -> None:
    assert user_name(name) == unicodedata.normalize("NFC", name)


def test_a_name_is_kept_in_normal_form_c() -> None:
    assert user_name("Jose\u0301") == "José"


def test_a_name_over_the_limit_is_refused_with_the_limit() -> None:
    assert len(user_name("x" * USER_NAME_LENGTH)) == USER_NAME_LENGTH

    with pytest.raises(InvalidName, match="65 characters, the limit is 64"):
        user_name("x" * (USER_NAME_LENGTH + 1))


@pytest.mark.parametrize(
    "char",
    [
        *"\u3164\u2800\uffa0\u115f\u1160\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u061c\u180b\u180e\u17b4\u17b5",
        *"\u202e\u2066\u206a\u2028\u2029\ufe00\ufe0e\ufe0f\ufff9\ufffa\ufffc\ufffd\u2d7f\U0001d159\U0001d173\U00016fe4",
        *"\U000e0001\U000e0041\U000e0100\U000e01ef\u00a0\u2003\u3000\u202f\u1680\x00\x1f\x7f\x85\n\t\ue000\U000f0000",
        *"\ud800\udfff\ufdd0\uffff\U0010ffff\u0378",
    ],
)
def test_a_character_that_cannot_be_seen_is_refused_wherever_it_stands(char: str) -> None:
    for name in (char, f"ana{char}", f"{char}ana", f"an{char}a", f"system{char}", f"reminder{char}", f"a{char} b"):
        with pytest.raises(InvalidName):
            user_name(name)


def test_the_refusal_of_an_invisible_character_names_it() -> None:
    with pytest.raises(InvalidName, match=r"U\+3164 HANGUL FILLER, which cannot be seen"):
        user_name("ana\u3164")


@pytest.mark.parametrize(
    "name", ["a\u200db", "👩\u200d🍕", "👍\ufe0f", "1\ufe0f", "a\u200cb", "ی\u200c", "क\u094d\u200dि", "👩\u200d"]
)
def test_a_joiner_or_selector_that_changes_nothing_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot be seen"):
        user_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"), ("   ", "is empty"), (" ana", "begins or ends with a space"), ("ana ", "begins or ends"),
        ("ana  b", "two spaces in a row"), ("\u0301ana", "a mark that stands on no letter"), ("ana \u0301b", "a mark"),
        ("a\u0316\u0317\u0318\u0319\u031ab", "over four marks"), ("a\u0323\u0323b", "the same one twice"),
        ("...", "no letter, digit or symbol"), ("٣3", "digits of several number systems"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_read_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidName, match=reason):
        user_name(name)


@pytest.mark.parametrize("name", ["ѕуѕtеm", "аna", "Tоm", "αna", "ана α", "漢字а", "ana Анна", "한Я", "ひα"])
def test_letters_of_several_scripts_are_refused(name: str) -> None:
    with pytest.raises(InvalidName, match=r"mixes scripts: U\+[0-9A-F]{4,5} .+ with U\+[0-9A-F]{4,5} "):
        user_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *RESERVED_NAMES,
        "System", "SYSTEM", "system.", "s y s t e m", "-system-", "sys_tem", "system ✔", "system%", "ｓｙｓｔｅｍ",
        "𝓼𝔂𝓼𝓽𝓮𝓶", "ⓢⓨⓢⓣⓔⓜ",
        "remınder", "rem\u0069\u0307nder", "Reminder", "rerninder", "ѕуѕтем", "ЅУЅТЕМ", "ꜱʏꜱᴛᴇᴍ", "🆂🆈🆂🆃🅴🅼", "🇸🇾🇸🇹🇪🇲",
        "adm1n", "ADMlN", "adm|n", "admın", "rnod", "м0d", "b0t", "ѕеrvеr", "Еrаѕеd",
    ],
)  # fmt: skip
def test_a_name_that_looks_like_a_reserved_one_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match=r"reserved|mixes scripts"):
        user_name(name)


@pytest.mark.parametrize("name", ["adminna", "ana admin", "botond", "Heremias", "modesta", "robot", "bo", "ade"])
def test_a_name_that_only_contains_a_reserved_one_is_allowed(name: str) -> None:
    assert user_name(name) == name


anything = st.text(st.characters(), max_size=USER_NAME_LENGTH)
near_reserved = st.builds(
    lambda name, part, place: name[:place] + part + name[place:],
    st.sampled_from(RESERVED_NAMES),
    st.text(st.characters(), min_size=1, max_size=2),
    st.integers(0, 13),
)


@given(anything | near_reserved)
@example("\u3164").via("a name without ink")
def test_whatever_is_allowed_can_be_seen_and_is_not_reserved(text: str) -> None:
    try:
        name = user_name(text)
    except InvalidName:
        return
    is_ignorable = read_properties().ignorable.get
    assert user_name(name) == name
    assert name == name.strip()
    assert "  " not in name
    assert not is_reserved(name)
    assert not is_reserved("".join(char for char in name if not is_ignorable(char)))
    assert all(unicodedata.category(char) not in ("Cc", "Co", "Cs", "Cn", "Zl", "Zp") for char in name)
    assert [
        char for char in name if is_ignorable(char) and char not in "\u200c\u200d\ufe0f" and char < "\U000e0020"
    ] == []


@given(st.characters().filter(lambda char: not char.isascii()))
def test_a_default_ignorable_character_between_latin_letters_is_always_refused(char: str) -> None:
    if read_properties().ignorable.get(char):
        with pytest.raises(InvalidName):
            user_name(f"an{char}a")


def test_no_single_character_of_unicode_makes_a_second_name_of_a_reserved_one() -> None:
    """Appended to a reserved name, whatever cannot be seen and whatever is punctuation or a space is refused."""
    every = [chr(point) for point in range(0x110000)]
    unreadable = [char for char in every if unicodedata.category(char) in ("Cn", "Co", "Cs")]
    hidden = set(unreadable)
    ignored = [char for char in every if unicodedata.category(char)[0] in "CZP" and char not in hidden]

    assert [char for char in unreadable if is_visible(char)] == []
    assert [char for char in ignored if is_allowed(f"system{char}")] == []


def is_allowed(name: str) -> bool:
    try:
        user_name(name)
    except InvalidName:
        return False
    return True


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("ana@contoso.example", "ana@contoso.example"), ("  Ana \u00a0 García\n", "Ana García"), ("An\u200ba", "Ana"),
        ("\u202eana", "ana"), ("Анна Smith", "Анна Smith"), ("👩‍💻 Ana", "👩‍💻 Ana"), ("x" * 80, "x" * 64),
        ("", ""), ("\u3164", ""), ("System", ""), ("ａdmin", ""), ("a\ud800b", "ab"), ("علی\u200cرضا", "علی\u200cرضا"),
    ],
)  # fmt: skip
def test_the_name_that_a_provider_gives_is_cleaned_and_never_refused(given_name: str, shown: str) -> None:
    assert clean_name(given_name) == shown


@given(anything)
def test_a_cleaned_name_can_be_read_or_is_empty(text: str) -> None:
    name = clean_name(text)

    assert name == "" or (find_problem(name) is None and not is_reserved(name))
    assert clean_name(name) == name
