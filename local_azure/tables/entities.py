"""An entity: its key, its properties and when it was written; reading it from JSON, and the limits of its size.

A stored body is the JSON text of the own properties with their annotations, as an answer with minimal metadata has
them: most answers are made without parsing it again.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from local_azure.tables.edm import (
    MAX_STRING_UNITS,
    Property,
    encode_json,
    needs_annotation,
    parse_property,
    property_bytes,
    property_to_json,
    utf16_units,
)
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.names import SYSTEM_PROPERTIES, check_key, check_property_name

ANNOTATION = "@odata.type"
MAX_ENTITY_BYTES = 1024 * 1024
MAX_PROPERTIES = 252
# An entity has at most four bytes for each character of its JSON text, and two for each unit of its keys.
_MAX_SMALL_BODY_CHARACTERS = MAX_ENTITY_BYTES // 8

PropertyTexts = Mapping[str, str]
"""Properties by name, each as the JSON text by which it is stored."""


class EntityKey(NamedTuple):
    """What identifies an entity within its table."""

    partition: str
    row: str


class StoredEntity(NamedTuple):
    """An entity as it is stored; `ticks` is its Timestamp, `body` the JSON text of its own properties."""

    key: EntityKey
    ticks: int
    body: str


class EntityDocument(NamedTuple):
    """What a request's body says of an entity; the keys are None where it does not name them."""

    partition: str | None
    row: str | None
    properties: PropertyTexts


def parse_entity(document: object) -> EntityDocument:
    """Return the entity in a request's JSON; a null property is left out, Timestamp and `odata.…` are ignored.

    Raises `TableError` for names, types and values that the service refuses.
    """
    if not isinstance(document, dict):
        raise invalid_input("The body must be one JSON object.")
    properties: dict[str, str] = {}
    for name, label, annotation_name in _find_properties(tuple(document)):
        value = document[name]
        # Most values are short texts and small numbers, which are stored as they are.
        plain_type = type(value) if annotation_name is None else None
        if plain_type is str and len(value) <= MAX_STRING_UNITS and value.isascii():
            properties[name] = label + encode_json(value)
        elif plain_type is int and -(2**31) <= value < 2**31:
            properties[name] = label + str(value)
        else:
            annotation = None if annotation_name is None else document[annotation_name]
            if annotation is not None and not isinstance(annotation, str):
                raise invalid_input(f"The value of {annotation_name} must be a string.")
            item = parse_property(value, annotation)
            if item is not None:
                properties[name] = encode_property(name, item)
    if len(properties) > MAX_PROPERTIES:
        raise TableError(ErrorCode.TOO_MANY_PROPERTIES)
    return EntityDocument(_parse_key(document, "PartitionKey"), _parse_key(document, "RowKey"), properties)


# Cached: the entities of one kind have the same names.
@lru_cache(maxsize=128)
def _find_properties(names: tuple[str, ...]) -> Sequence[tuple[str, str, str | None]]:
    """Return the properties to store among a document's members.

    Of each the name, what stands before its value in the stored body, and the member that holds its type, if there is
    one. Raises `TableError` when a property may not be called so.
    """
    known = frozenset(names)
    found: list[tuple[str, str, str | None]] = []
    for name in names:
        if name in SYSTEM_PROPERTIES or name.endswith(ANNOTATION) or name.startswith("odata."):
            continue
        check_property_name(name)
        annotation_name = name + ANNOTATION
        found.append((name, f"{encode_json(name)}:", annotation_name if annotation_name in known else None))
    return found


def _parse_key(document: Mapping[str, object], name: str) -> str | None:
    key = document.get(name)
    if key is None:
        return None
    if not isinstance(key, str):
        raise invalid_input(f"{name} must be a string.")
    check_key(name, key, in_url=False)
    return key


def encode_property(name: str, item: Property) -> str:
    """Return the JSON text by which a property is stored: its value, after an annotation when it needs one."""
    text = f"{encode_json(name)}:{encode_json(property_to_json(item))}"
    return f'{encode_json(name + ANNOTATION)}:"{item.type}",{text}' if needs_annotation(item) else text


def join_properties(properties: PropertyTexts) -> str:
    """Return the stored body of an entity with these properties."""
    return f"{{{','.join(properties.values())}}}"


def split_properties(body: str) -> PropertyTexts:
    """Return the properties in a stored body, each as its text."""
    return parse_entity(parse_body(body)).properties


def parse_body(body: str) -> dict[str, Any]:
    """Return the members of a stored body: values and annotations."""
    members: dict[str, Any] = json.loads(body)
    return members


def find_property(members: Mapping[str, Any], name: str) -> Property | None:
    """Return a property among the members of a stored body, None when there is none of this name."""
    if name.endswith(ANNOTATION):
        return None
    return parse_property(members.get(name), members.get(name + ANNOTATION))


def decode_properties(body: str) -> dict[str, Property]:
    """Return the properties in a stored body."""
    members = parse_body(body)
    found = ((name, find_property(members, name)) for name in members)
    return {name: item for name, item in found if item is not None}


def check_entity_size(key: EntityKey, properties: PropertyTexts, body: str) -> None:
    """Raise `TableError` for an entity that has more properties or bytes than allowed; `body` is its stored body."""
    if len(properties) > MAX_PROPERTIES:
        raise TableError(ErrorCode.TOO_MANY_PROPERTIES)
    if len(body) <= _MAX_SMALL_BODY_CHARACTERS:
        return
    if entity_bytes(key, decode_properties(body)) > MAX_ENTITY_BYTES:
        raise TableError(ErrorCode.ENTITY_TOO_LARGE)


def entity_bytes(key: EntityKey, properties: Mapping[str, Property]) -> int:
    """Return the size of an entity by the formula that the service documents for billing."""
    keys = utf16_units(key.partition) + utf16_units(key.row)
    own = sum(8 + 2 * utf16_units(name) + property_bytes(item) for name, item in properties.items())
    return 4 + 2 * keys + own
