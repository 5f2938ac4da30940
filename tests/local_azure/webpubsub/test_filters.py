from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.filters import InvalidFilter, parse_filter


@dataclass(frozen=True)
class Subject:
    id: str = "c1"
    user_id: str | None = "a"
    groups: Collection[str] = frozenset()
    protocol: str | None = None


ANA = Subject(user_id="a", groups=frozenset(("g", "h")))
NOBODY = Subject(id="c2", user_id=None, protocol="json.webpubsub.azure.v1")


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        pytest.param("userId eq null", [NOBODY], id="W-195"),
        pytest.param("userId ne null", [ANA], id="ne null"),
        pytest.param("null eq userId", [NOBODY], id="null first"),
        pytest.param("'g' in groups", [ANA], id="W-196 membership"),
        pytest.param("userId in ('a','b')", [ANA], id="W-196 list"),
        pytest.param("userId in ('x',null)", [NOBODY], id="null in a list"),
        pytest.param("length(groups) gt 1", [ANA], id="W-196 length"),
        pytest.param("length(groups) in (0,1)", [NOBODY], id="integers in a list"),
        pytest.param("not (userId eq 'a')", [NOBODY], id="W-197 not"),
        pytest.param("userId eq 'A'", [], id="W-198 case"),
        pytest.param("tolower(concat(userId,'B')) eq 'ab'", [ANA], id="W-198 tolower"),
        pytest.param("USERID eq 'a' and ConnectionId eq 'c1'", [ANA], id="identifiers in any case"),
        pytest.param("protocol eq 'json.webpubsub.azure.v1'", [NOBODY], id="protocol"),
        pytest.param("not (startswith(userId,'bot-')) or length(groups) gt 3", [ANA, NOBODY], id="or"),
        pytest.param("userId in ('a','b') and not ('muted' in groups)", [ANA], id="and not"),
        pytest.param("false and true or true", [ANA, NOBODY], id="and before or"),
        pytest.param("not not true", [ANA, NOBODY], id="not not"),
        pytest.param("not true eq false", [ANA, NOBODY], id="not binds tightest"),
        pytest.param("endswith('abc','bc') and contains('abc','b')", [ANA, NOBODY], id="text functions"),
        pytest.param("indexof(userId,'a') eq 0", [ANA], id="indexof"),
        pytest.param("indexof(userId,'a') eq -1", [NOBODY], id="indexof null"),
        pytest.param("length(userId) ge 0", [ANA], id="ordering null is false"),
        pytest.param("toupper(userId) eq null", [NOBODY], id="function of null"),
        pytest.param("contains(userId,'a') eq false", [NOBODY], id="contains null is false"),
        pytest.param("substring('abc',1) eq 'bc' and substring('abc',1,1) eq 'b'", [ANA, NOBODY], id="substring"),
        pytest.param("substring('abc',4) eq null and substring('abc',-1) eq null", [ANA, NOBODY], id="out of range"),
        pytest.param("substring('abc',1,9) eq null", [ANA, NOBODY], id="too long"),
        pytest.param("trim('  a ') eq userId", [ANA], id="trim"),
        pytest.param("(userId) eq ('a')", [ANA], id="parentheses"),
        pytest.param("length('a') le 1 and 2 lt 3", [ANA, NOBODY], id="integers"),
    ],
)
def test_w195_to_w198_a_filter_selects(text: str, selected: list[Subject]) -> None:
    condition = parse_filter(text)

    assert [subject for subject in (ANA, NOBODY) if condition(subject)] == selected


def test_w197_a_doubled_quote_is_one_quote() -> None:
    assert parse_filter("userId eq 'o''neil'''")(Subject(user_id="o'neil'"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("userId lt 1", "Type 'string', expect 'int'", id="W-199 type"),
        pytest.param("nickname eq 'a'", "Unexpected 'nickname'", id="W-199 unknown identifier"),
        pytest.param("true true", "Unexpected 'true'", id="W-199 trailing text"),
        pytest.param("", "Unexpected end", id="empty"),
        pytest.param("userId", "Type 'string', expect 'bool'", id="no condition"),
        pytest.param("userId eq 1", "Type 'int', expect 'string'", id="mixed equality"),
        pytest.param("true eq 1", "Type 'int', expect 'bool'", id="true is not one"),
        pytest.param("true or userId", "Type 'string', expect 'bool'", id="both sides are checked"),
        pytest.param("groups eq 'a'", "Type 'collection'", id="collection equality"),
        pytest.param("groups in groups", "Type 'collection'", id="collection in groups"),
        pytest.param("userId in (1)", "Type 'int', expect 'string'", id="mixed list"),
        pytest.param("userId in ('a'", "Unexpected end", id="open list"),
        pytest.param("not userId eq 'a'", "Type 'string', expect 'bool'", id="not binds tightest"),
        pytest.param("length() eq 1", "Unexpected", id="no argument"),
        pytest.param("length('a','b') eq 1", "has 2 arguments", id="two arguments"),
        pytest.param("length(1) eq 1", "Type 'int', expect 'string'", id="wrong argument"),
        pytest.param("'abc", "Unexpected character at 0", id="open quote"),
        pytest.param("userId eq 'a' eq true", "Unexpected 'eq'", id="comparison of comparison"),
        pytest.param("99999999999999999999 eq 1", "Unexpected '99999999999999999999'", id="too large"),
        pytest.param("9" * 5000 + " eq 1", "Unexpected character", id="absurd number"),
        pytest.param("groups/any(g: g eq 'a')", "Unexpected character", id="lambda"),
        pytest.param("userId AND true", "Unexpected 'AND'", id="operators are lower case"),
    ],
)
def test_w199_a_filter_is_refused_with_its_beginning_and_the_problem(text: str, problem: str) -> None:
    with pytest.raises(InvalidFilter) as error:
        parse_filter(text)

    assert str(error.value).startswith(f"Invalid syntax for '{text[:50]}")
    assert problem in str(error.value)
    assert str(error.value).endswith("(Parameter 'filter')")
    assert len(str(error.value)) < 400


def nested(depth: int) -> str:
    return "(" * depth + "true" + ")" * depth


@pytest.mark.parametrize(
    "text",
    [nested(100), nested(100_000), "not " * 101 + "true", "tolower(" * 101 + "'a'" + ")" * 101 + " eq 'a'"],
    ids=["parentheses", "many parentheses", "not", "functions"],
)
def test_w200_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilter, match="deeper than 100"):
        parse_filter(text)


def test_w200_nesting_up_to_the_limit_works() -> None:
    assert parse_filter(nested(99))(ANA)


def test_more_than_a_hundred_clauses_are_refused() -> None:
    assert parse_filter(" or ".join(["(false)"] * 99 + ["(userId eq 'a')"]))(ANA)
    with pytest.raises(InvalidFilter, match="more than 100 clauses"):
        parse_filter(" and ".join(["true"] * 50) + " or " + " and ".join(["true"] * 51))


def test_a_long_list_is_looked_up_with_few_comparisons() -> None:
    """Otherwise a hub of a thousand connections would block the event loop for seconds."""
    comparisons = 0

    class User(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal comparisons
            comparisons += 1
            return str.__eq__(self, str(other))

    everyone = ",".join(f"'u{number}'" for number in range(10_000))
    condition = parse_filter(f"userId in ({everyone})")

    assert [condition(Subject(user_id=User(user))) for user in ("u9999", "u10000")] == [True, False]
    assert comparisons < 10


WORDS = """
    userId connectionId groups protocol eq ne gt in and or not ( ) , 'a' '' 1 -1 true null
    length tolower concat substring indexof contains
"""
words = st.sampled_from(WORDS.split())


@given(st.text() | st.lists(words, max_size=30).map(" ".join))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with suppress(InvalidFilter):
        condition = parse_filter(text)
        assert condition(ANA) in (True, False)
        assert condition(NOBODY) in (True, False)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_user_can_be_named_with_quotes_doubled(user_id: str) -> None:
    quoted = "'" + user_id.replace("'", "''") + "'"

    assert parse_filter(f"userId eq {quoted}")(Subject(user_id=user_id))
