"""Entities as JSON: what is written is read again, value and type."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.table_storage.entities import Value, decode_entities, decode_entity, encode_entity
from local_azure.tables.entities import join_properties, parse_entity

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
ENTITIES = st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), VALUES, max_size=8)


@given(ENTITIES)
def test_what_the_service_stores_is_what_was_given(entity: dict[str, Value]) -> None:
    answer = join_properties(parse_entity(json.loads(encode_entity(entity))).properties)

    assert decode_entity(answer.encode()) == entity
    assert decode_entities(f'{{"value": [{answer}]}}'.encode()) == [entity]
    assert [type(value) for value in decode_entity(answer.encode()).values()] == [type(v) for v in entity.values()]


def test_an_int_is_annotated_where_it_needs_64_bits() -> None:
    assert encode_entity({"a": 2**31 - 1, "b": -(2**31)}) == '{"a":2147483647,"b":-2147483648}'
    assert json.loads(encode_entity({"a": 2**31})) == {"a@odata.type": "Edm.Int64", "a": "2147483648"}


def test_a_float_without_a_fraction_stays_a_float() -> None:
    assert encode_entity({"a": 3.0, "b": True}) == '{"a@odata.type":"Edm.Double","a":3.0,"b":true}'
    assert repr(decode_entity(b'{"a@odata.type":"Edm.Double","a":3}')["a"]) == "3.0"


@pytest.mark.parametrize(("value", "text"), [(math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, "NaN")])
def test_a_float_that_is_no_number_of_json_is_annotated(value: float, text: str) -> None:
    document = encode_entity({"a": value})

    assert json.loads(document) == {"a@odata.type": "Edm.Double", "a": text}
    assert repr(decode_entity(document.encode())["a"]) == repr(value)


def test_an_entity_that_was_read_can_be_written() -> None:
    entity = decode_entity(b'{"odata.metadata":"m","odata.etag":"e","n@odata.type":"Edm.Int64","n":"1","t":"x"}')

    assert entity == {"odata.etag": "e", "n": 1, "t": "x"}
    assert encode_entity(entity) == '{"n":1,"t":"x"}'


def test_a_date_is_read_as_its_text() -> None:
    body = b'{"at@odata.type":"Edm.DateTime","at":"2026-01-02T03:04:05Z"}'

    assert decode_entity(body) == {"at": "2026-01-02T03:04:05Z"}


def test_a_text_that_looks_like_an_annotation_is_a_text() -> None:
    assert decode_entity(b'{"t":"x@odata.type"}') == {"t": "x@odata.type"}


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_an_int_of_more_than_64_bits_is_an_error(value: int) -> None:
    with pytest.raises(ValueError, match="n has more than 64 bits"):
        encode_entity({"n": value})


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'"x"'])
def test_another_body_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode_entity(body)
    with pytest.raises(ValueError, match=r".+"):
        decode_entities(body)
