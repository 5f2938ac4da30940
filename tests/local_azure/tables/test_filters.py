"""Filters: every text is understood or refused, and a range of keys never loses a match."""

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_azure.tables.edm import EdmType, Property
from local_azure.tables.errors import TableError
from local_azure.tables.filters import KeyRange, find_key_range, parse_filter, remaining_filter
from local_azure.tables.filters.expressions import Comparison
from local_azure.tables.names import sort_key
from local_azure.tables.timestamps import format_datetime, parse_datetime

WORDS = ["a", "b", "and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "(", ")", "1", "1.5", "12L", "'x'", "true"]
TICKS = st.integers(parse_datetime("1601-01-01T00:00:00Z"), parse_datetime("9999-12-31T00:00:00Z"))
KEYS = st.text("ab😀\ue000'", max_size=3)


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


COMPARISONS = st.builds(
    lambda name, operator, key: f"{name} {operator} {literal(key)}",
    st.sampled_from(["PartitionKey", "RowKey"]),
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
    KEYS,
)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds("({}) and ({})".format, inner, inner)
        | st.builds("({}) or ({})".format, inner, inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=6,
)


A = sort_key("a")
CHAINS = st.lists(COMPARISONS, min_size=1, max_size=4).map(" and ".join)


def matches(text: str, **properties: Property) -> bool:
    expression = parse_filter(text)
    assert expression is not None
    return expression.matches(properties.get)


def is_within(key_range: KeyRange, partition: bytes, row: bytes) -> bool:
    if (partition, row) < (key_range.first_partition, key_range.first_row):
        return False
    if key_range.last_partition is None:
        return True
    if key_range.last_row is None:
        return partition <= key_range.last_partition
    return (partition, row) <= (key_range.last_partition, key_range.last_row)


@given(CONDITIONS | CHAINS, KEYS, KEYS)
@settings(max_examples=500)
def test_an_entity_matches_when_it_is_within_the_range_of_keys_and_what_remains_matches(
    text: str, partition: str, row: str
) -> None:
    keys = {"PartitionKey": Property(EdmType.STRING, partition), "RowKey": Property(EdmType.STRING, row)}
    expression = parse_filter(text)

    key_range = find_key_range(expression)
    remaining = remaining_filter(expression, key_range)

    is_selected = is_within(key_range, sort_key(partition), sort_key(row))
    is_selected = is_selected and (remaining is None or remaining.matches(keys.get))
    assert is_selected is matches(text, **keys)


@pytest.mark.parametrize(
    ("text", "remaining"),
    [
        ("PartitionKey eq 'p'", None),
        ("PartitionKey eq 'p' and RowKey ge 'a' and RowKey le 'b'", None),
        ("PartitionKey eq 'p' and RowKey ge 'a' and kind eq 'message'", "kind eq 'message'"),
        ("PartitionKey eq 'p' and RowKey gt 'a' and RowKey lt 'b'", "RowKey gt 'a' and RowKey lt 'b'"),
        ("PartitionKey ge 'p' and RowKey ge 'a'", "PartitionKey ge 'p' and RowKey ge 'a'"),
    ],
)
def test_the_range_of_one_partition_needs_no_second_look_at_inclusive_bounds(text: str, remaining: str | None) -> None:
    expression = parse_filter(text)

    left = remaining_filter(expression, find_key_range(expression))

    assert left == (None if remaining is None else parse_filter(remaining))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PartitionKey ge 'a' and PartitionKey gt 'b'", KeyRange(sort_key("b"))),
        ("PartitionKey le 'b' and PartitionKey lt 'a'", KeyRange(b"", A)),
        ("PartitionKey ge 'a' and PartitionKey le 'b' and RowKey eq 'r'", KeyRange(A, sort_key("b"))),
        (
            "PartitionKey eq 'a' and RowKey lt 'x' and RowKey le 'y'",
            KeyRange(A, A, b"", sort_key("x")),
        ),
        ("PartitionKey eq 'a' or RowKey eq 'r'", KeyRange()),
        ("not (PartitionKey eq 'a')", KeyRange()),
        ("PartitionKey ne 'a' and PartitionKey gt 1", KeyRange()),
    ],
)
def test_a_range_is_the_smallest_that_the_comparisons_state(text: str, expected: KeyRange) -> None:
    assert find_key_range(parse_filter(text)) == expected


def test_t079_both_keys_make_one_point_and_a_prefix_a_short_range() -> None:
    point = find_key_range(parse_filter("PartitionKey eq 'p' and RowKey eq 'r'"))
    prefix = find_key_range(parse_filter("PartitionKey eq 'p' and (RowKey ge 'm-' and RowKey lt 'm.') and a eq 1"))

    assert point == KeyRange(sort_key("p"), sort_key("p"), sort_key("r"), sort_key("r"))
    assert prefix == KeyRange(sort_key("p"), sort_key("p"), sort_key("m-"), sort_key("m."))


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=20))
def test_t072_every_text_is_understood_or_refused(text: str) -> None:
    status = 200
    try:
        expression = parse_filter(text)
    except TableError as error:
        status = error.code.status
    else:
        assert expression is None or expression.matches(lambda name: None) in (True, False)
    assert status in (200, 400, 501)


@given(st.integers(-(2**63), 2**63 - 1))
def test_t071_an_int64_equals_its_literals(number: int) -> None:
    item = Property(EdmType.INT64, number)

    assert matches(f"a eq {number}", a=item)
    assert matches(f"a eq {number}L", a=item)
    assert not matches(f"a ne {number}L", a=item)


@given(st.text(max_size=10), st.text(max_size=10))
def test_t067_texts_compare_as_their_utf_16_units_do(one: str, other: str) -> None:
    less = one.encode("utf-16-be") < other.encode("utf-16-be")

    assert matches(f"a lt {literal(other)}", a=Property(EdmType.STRING, one)) is less
    assert matches(f"{literal(other)} gt a", a=Property(EdmType.STRING, one)) is less


@given(st.uuids(), TICKS, st.binary(max_size=6), st.floats(-1e9, 1e9))
def test_t068_each_type_equals_its_literal(guid: uuid.UUID, ticks: int, data: bytes, number: float) -> None:
    text = format_datetime(ticks)

    assert matches(f"a eq guid'{str(guid).upper()}'", a=Property(EdmType.GUID, str(guid)))
    assert matches(f"a eq datetime'{text}'", a=Property(EdmType.DATETIME, ticks))
    assert matches(f"a eq X'{data.hex()}' and a eq binary'{data.hex()}'", a=Property(EdmType.BINARY, data))
    assert matches(f"a eq {number!r}", a=Property(EdmType.DOUBLE, number))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a eq 1 or a eq 2 and a eq 3", True),
        ("(a eq 1 or a eq 2) and a eq 3", False),
        ("not a eq 2", True),
        ("not a eq 1 or a eq 1", True),
        ("not (a eq 1 or a eq 1)", False),
        ("not not a eq 1", True),
        ("missing eq 1", False),
        ("missing ne 1", False),
        ("not (missing eq 1)", True),
        ("a eq '1'", False),
        ("a ne '1'", True),
        ("a lt '1' or a gt '1'", False),
        ("a eq 1L", False),
        ("a eq 1.0", True),
        ("a", False),
        ("yes", True),
        ("not yes", False),
        ("yes and a eq 1", True),
    ],
)
def test_t068_operators_bind_and_compare(text: str, expected: bool) -> None:
    """T-068..T-070."""
    assert matches(text, a=Property(EdmType.INT32, 1), yes=Property(EdmType.BOOLEAN, True)) is expected


def test_a_comparison_may_begin_with_the_constant() -> None:
    flipped: Any = parse_filter("5 le a")

    assert isinstance(flipped, Comparison)
    assert (flipped.name, flipped.operator) == ("a", "ge")


@pytest.mark.parametrize("text", ["(" * 60 + "a eq 1" + ")" * 60, "not " * 60 + "a eq 1"])
def test_a_filter_is_nested_to_a_bound(text: str) -> None:
    with pytest.raises(TableError, match="nested deeper than 50"):
        parse_filter(text)


def test_a_long_chain_is_not_nested() -> None:
    assert matches(" or ".join(f"a eq {n}" for n in range(500)), a=Property(EdmType.INT32, 499))
