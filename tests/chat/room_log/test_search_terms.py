"""Words are found without letter case and accents, by their beginnings, in every script."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.errors import InvalidMessage
from chat.room_log.search_terms import fold_text, has_patterns, parse_words, search_patterns


def is_found(searched: str, text: str) -> bool:
    return has_patterns(text, search_patterns(parse_words(searched)))


@pytest.mark.parametrize(
    ("searched", "text"),
    [
        ("hello", "Hello, world"),
        ("world hello", "hello world"),
        ("hel", "oh hello"),
        ("cafe", "the CAFÉ is closed"),
        ("CAFÉ", "cafe"),
        ("cafe\u0301", "caf\u00e9"),
        ("strasse", "Straße"),
        ("istanbul", "İstanbul"),
        ("file", "\ufb01le"),
        ("naïve", "a naive plan"),
        ("привет", "ПРИВЕТ всем"),
        ("αθηνα", "η Αθήνα"),
        ("world", "hello-world"),
        ("bar", "foo_bar"),
        ("don t", "I don't know"),
        ("42", "room 42b"),
        ("京都", "東京都に行く"),
        ("ภาษา", "ฉันพูดภาษาไทย"),
        ("한국", "한국어"),
        ("🎉", "done🎉!"),
        ("👍", "👍🏽"),
        ("❤", "❤️"),
        ("x", "🎉x"),
        ("namaste", "na\u00admaste"),
        ("नमस्ते", "नमस्ते दोस्त"),
    ],
)
def test_a_text_with_the_words_is_found(searched: str, text: str) -> None:
    assert is_found(searched, text)


@pytest.mark.parametrize(
    ("searched", "text"),
    [
        ("orld", "hello world"),
        ("hello there", "hello world"),
        ("helloworld", "hello world"),
        ("京大", "東京都に行く大人"),
        ("🎉", "done 🎊"),
    ],
)
def test_a_text_without_one_of_the_words_is_not_found(searched: str, text: str) -> None:
    assert not is_found(searched, text)


def test_marks_and_spaces_alone_are_no_words() -> None:
    assert parse_words(" ?! - ") == ()


def test_a_word_counts_once() -> None:
    assert parse_words("Tea TEA téa") == ("tea",)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (42, "text is 42, it must be a string"),
        ("x" * 201, "text has 201 characters, the limit is 200"),
        (" ".join(f"w{number}" for number in range(11)), "text has 11 words, the limit is 10"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_with_the_limit(value: object, reason: str) -> None:
    with pytest.raises(InvalidMessage, match=reason):
        parse_words(value)


@given(st.text(max_size=80))
def test_every_text_is_found_by_its_own_first_words(text: str) -> None:
    words = tuple(dict.fromkeys(fold_text(text).split()))[:10]

    assert has_patterns(text, search_patterns(words))


def test_letter_case_never_matters() -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isalpha()]

    different = [letter for letter in letters if fold_text(letter.upper()) != fold_text(letter.lower())]

    assert different == ["\N{LATIN SMALL LETTER DOTLESS I}"]  # its capital is the I of other languages
