"""The types of properties: what goes in comes out, and what does not fit is refused."""

import json
import math
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.tables.edm import EdmType, Property, needs_annotation, parse_property, property_to_json
from local_azure.tables.entities import (
    ANNOTATION,
    EntityKey,
    check_entity_size,
    decode_properties,
    encode_property,
    entity_bytes,
    join_properties,
    parse_body,
    parse_entity,
)
from local_azure.tables.errors import TableError
from local_azure.tables.timestamps import OLDEST_YEAR, parse_datetime

INT64 = st.integers(-(2**63), 2**63 - 1)
LATEST = parse_datetime("9999-12-31T23:59:59.9999999Z")
OLDEST = parse_datetime(f"{OLDEST_YEAR}-01-01T00:00:00Z")
VALUES: dict[EdmType, st.SearchStrategy[Any]] = {
    EdmType.STRING: st.text(),
    EdmType.INT32: st.integers(-(2**31), 2**31 - 1),
    EdmType.INT64: INT64,
    EdmType.DOUBLE: st.floats(),
    EdmType.BOOLEAN: st.booleans(),
    EdmType.DATETIME: st.integers(OLDEST, LATEST),
    EdmType.GUID: st.uuids().map(str),
    EdmType.BINARY: st.binary(max_size=200),
}
ANY_PROPERTY = st.one_of(*(st.builds(Property, st.just(edm_type), values) for edm_type, values in VALUES.items()))
NAMES = st.text(string.ascii_letters + "_é", min_size=1, max_size=12).filter(str.isidentifier)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def stored_body(properties: dict[str, Property]) -> str:
    return join_properties({name: encode_property(name, item) for name, item in properties.items()})


def is_same(one: Property, other: Property) -> bool:
    if one.type is EdmType.DOUBLE and math.isnan(float(one.value)):
        return other.type is EdmType.DOUBLE and math.isnan(float(other.value))
    return one == other


@given(ANY_PROPERTY)
def test_t050_a_property_survives_its_json(item: Property) -> None:
    """T-050..T-052: with its annotation, and without one where its value alone shows the type."""
    value = json.loads(json.dumps(property_to_json(item)))

    annotation = item.type if needs_annotation(item) else None
    parsed = parse_property(value, annotation)

    assert parsed is not None
    assert is_same(parsed, item)


@given(st.dictionaries(NAMES, ANY_PROPERTY, max_size=6))
def test_properties_survive_being_stored(properties: dict[str, Property]) -> None:
    stored = decode_properties(stored_body(properties))

    assert list(stored) == list(properties)
    assert all(is_same(stored[name], properties[name]) for name in properties)


@given(st.dictionaries(NAMES, ANY_PROPERTY, max_size=6), st.text(max_size=5), st.text(max_size=5))
def test_a_request_is_read_as_an_answer_writes_it(properties: dict[str, Property], partition: str, row: str) -> None:
    document = {**parse_body(stored_body(properties)), "Timestamp": "2001-01-01T00:00:00Z", "odata.etag": "x"}

    read = parse_entity(json.loads(json.dumps(document)))

    assert (read.partition, read.row) == (None, None)
    stored = decode_properties(join_properties(read.properties))
    assert list(stored) == list(properties)
    assert all(is_same(stored[name], properties[name]) for name in properties)


@given(JSON, st.sampled_from([None, *EdmType]) | st.text(max_size=12))
def test_t054_any_value_is_read_or_refused(value: object, annotation: str | None) -> None:
    try:
        item = parse_property(value, annotation)
    except TableError:
        return
    assert (item is None) is (value is None)


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(["PartitionKey", "RowKey", f"a{ANNOTATION}", "a"]), JSON))
def test_any_object_is_an_entity_or_refused(document: dict[str, object]) -> None:
    try:
        entity = parse_entity(document)
    except TableError:
        return
    assert set(entity.properties) <= set(document)
    key = EntityKey(entity.partition or "", entity.row or "")
    check_entity_size(key, entity.properties, join_properties(entity.properties))


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_character_is_refused(text: str) -> None:
    """JSON can write one; no answer could hold it."""
    for name in ("a", "PartitionKey"):
        with pytest.raises(TableError):
            parse_entity({name: text})


@given(st.text(max_size=20), st.dictionaries(NAMES | st.just("\U0001d49c"), ANY_PROPERTY))
def test_an_entity_has_at_most_four_bytes_for_each_character_of_its_body(
    row: str, properties: dict[str, Property]
) -> None:
    """A small body need not be measured."""
    body = stored_body(properties)

    assert entity_bytes(EntityKey("", row), properties) <= 4 + 4 * len(row) + 4 * len(body)


def test_the_size_of_an_entity_follows_the_documented_formula() -> None:
    properties = {
        "ab": Property(EdmType.STRING, "😀"),
        "b": Property(EdmType.BINARY, b"123"),
        "c": Property(EdmType.BOOLEAN, True),
        "d": Property(EdmType.INT32, 1),
        "e": Property(EdmType.GUID, "c9da6455-213d-42c9-9a79-3e9149a57833"),
    }

    size = entity_bytes(EntityKey("pp", "r"), properties)

    # 4 + both keys; for each property 8, its name and its value.
    assert size == (4 + 6) + (8 + 4 + 8) + (8 + 2 + 7) + (8 + 2 + 1) + (8 + 2 + 4) + (8 + 2 + 16)
