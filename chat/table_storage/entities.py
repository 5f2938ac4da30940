"""Entities as JSON: properties are text, bool, int and float.

An int beyond 32 bits and a float are annotated with their type: the service may refuse the one without, and Azurite
makes an int of `3.0`. A null is stored as nothing. Dates, GUIDs and binary values that another program wrote are read
as the text that JSON has for them.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

Value = str | bool | int | float
Entity = dict[str, Any]
"""An entity that was read: its properties by name, and its ETag under `odata.etag`."""

ETAG = "odata.etag"
ANNOTATION = "@odata.type"
MIN_INT32, MAX_INT32 = -(2**31), 2**31 - 1
INT64 = range(-(2**63), 2**63)
_METADATA = "odata.metadata"
_INFINITY = {math.inf: "Infinity", -math.inf: "-Infinity"}

# Made once: `json.dumps` makes an encoder for each call that has options.
_encode_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encode_entity(entity: Mapping[str, Value]) -> str:
    """Return an entity's JSON for a request; what it was read with (`odata.…`) is left out.

    Raises ValueError for an int that has more than 64 bits.
    """
    if ETAG in entity:
        entity = {name: value for name, value in entity.items() if not name.startswith("odata.")}
    members: dict[str, Value] = {}
    for name, value in entity.items():
        if type(value) is int and not MIN_INT32 <= value <= MAX_INT32:
            if value not in INT64:
                raise ValueError(f"{name} has more than 64 bits")
            members[name + ANNOTATION], members[name] = "Edm.Int64", str(value)
        elif type(value) is float:
            members[name + ANNOTATION] = "Edm.Double"
            members[name] = value if math.isfinite(value) else _INFINITY.get(value, "NaN")
        else:
            members[name] = value
    return _encode_json(members)


def decode_entity(body: bytes) -> Entity:
    """Return the entity in the answer to a get, with its ETag; raises ValueError for another body."""
    entity = json.loads(body)
    if not isinstance(entity, dict):
        raise ValueError("the answer is no entity")
    entity.pop(_METADATA, None)
    if ANNOTATION.encode() in body:
        _convert_annotated(entity)
    return entity


def decode_entities(body: bytes) -> list[Entity]:
    """Return the entities in the answer to a query; raises ValueError for another body."""
    document = json.loads(body)
    entities = document.get("value") if isinstance(document, dict) else None
    if not isinstance(entities, list):
        raise ValueError("the answer is no list of entities")
    if ANNOTATION.encode() in body:
        for entity in entities:
            _convert_annotated(entity)
    return entities


def _convert_annotated(entity: Entity) -> None:
    """Replace Int64 and non-finite Double values, which JSON has as text, and remove all annotations."""
    for member in [name for name in entity if name.endswith(ANNOTATION)]:
        edm_type, name = entity.pop(member), member.removesuffix(ANNOTATION)
        if edm_type == "Edm.Int64":
            entity[name] = int(entity[name])
        elif edm_type == "Edm.Double":
            entity[name] = float(entity[name])
