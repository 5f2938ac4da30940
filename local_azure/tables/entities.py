"""An entity: its key, its properties and when it was written; reading it from JSON, and the limits of its size.

A stored body is the JSON text of the own properties with their annotations, as an answer with minimal metadata has
them: most answers are made without parsing it again.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from local_azure.tables.edm import (
    SHOWN_BY_JSON,
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

Properties = Mapping[str, Property]


@dataclass(frozen=True, slots=True)
class EntityKey:
    """What identifies an entity within its table."""

    partition: str
    row: str


@dataclass(frozen=True, slots=True)
class StoredEntity:
    """An entity as it is stored; `ticks` is its Timestamp, `body` the JSON text of its own properties."""

    key: EntityKey
    ticks: int
    body: str


@dataclass(frozen=True, slots=True)
class EntityDocument:
    """What a request's body says of an entity; the keys are None where it does not name them."""

    partition: str | None
    row: str | None
    properties: Properties


def parse_entity(document: object) -> EntityDocument:
    """Return the entity in a request's JSON; a null property is left out, Timestamp and `odata.…` are ignored.

    Raises `TableError` for names, types and values that the service refuses.
    """
    if not isinstance(document, dict):
        raise invalid_input("The body must be one JSON object.")
    properties: dict[str, Property] = {}
    for name, value in document.items():
        if not _is_own(name):
            continue
        annotation = document.get(name + ANNOTATION)
        if annotation is not None and not isinstance(annotation, str):
            raise invalid_input(f"The value of {name}{ANNOTATION} must be a string.")
        item = parse_property(value, annotation)
        if item is not None:
            properties[name] = item
    if len(properties) > MAX_PROPERTIES:
        raise TableError(ErrorCode.TOO_MANY_PROPERTIES)
    return EntityDocument(_parse_key(document, "PartitionKey"), _parse_key(document, "RowKey"), properties)


# Cached: entities of one table have the same names.
@lru_cache(maxsize=1024)
def _is_own(name: str) -> bool:
    """Return whether a member is a property to store; raises `TableError` when a property may not be called so."""
    if name in SYSTEM_PROPERTIES or name.endswith(ANNOTATION) or name.startswith("odata."):
        return False
    check_property_name(name)
    return True


def _parse_key(document: Mapping[str, object], name: str) -> str | None:
    key = document.get(name)
    if key is None:
        return None
    if not isinstance(key, str):
        raise invalid_input(f"{name} must be a string.")
    check_key(name, key, in_url=False)
    return key


def encode_properties(properties: Properties) -> str:
    """Return the JSON text of properties, an annotation before each value that needs one."""
    return encode_json(annotated(properties.items()))


def annotated(properties: Iterable[tuple[str, Property]]) -> dict[str, object]:
    """Return properties as a JSON object, an annotation before each value that needs one."""
    members: dict[str, object] = {}
    for name, item in properties:
        edm_type, value = item
        if edm_type in SHOWN_BY_JSON:
            members[name] = value
            continue
        if needs_annotation(item):
            members[name + ANNOTATION] = edm_type
        members[name] = property_to_json(item)
    return members


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


def check_entity_size(key: EntityKey, properties: Properties, body: str) -> None:
    """Raise `TableError` for an entity that has more properties or bytes than allowed; `body` is its JSON text."""
    if len(properties) > MAX_PROPERTIES:
        raise TableError(ErrorCode.TOO_MANY_PROPERTIES)
    if len(body) <= _MAX_SMALL_BODY_CHARACTERS:
        return
    if entity_bytes(key, properties) > MAX_ENTITY_BYTES:
        raise TableError(ErrorCode.ENTITY_TOO_LARGE)


def entity_bytes(key: EntityKey, properties: Properties) -> int:
    """Return the size of an entity by the formula that the service documents for billing."""
    keys = utf16_units(key.partition) + utf16_units(key.row)
    own = sum(8 + 2 * utf16_units(name) + property_bytes(item) for name, item in properties.items())
    return 4 + 2 * keys + own
