"""Entities of Table storage, as functions see them: JSON without the service's annotations.

The rules are those of the tables extension: a function reads an entity as a JSON object with its keys and properties,
and writes objects or arrays of objects. This module has no I/O.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_azure.functions.errors import BindingError

MAX_TRANSACTION = 100
_KEY = re.compile(r"[^/\\#?\x00-\x1f\x7f-\x9f]*")
_INT64 = range(-(2**63), 2**63)
# What the extension leaves out of what a function reads.
_LEFT_OUT = frozenset({"odata.etag", "odata.metadata", "odata.type", "odata.id", "odata.editlink", "timestamp"})
_ETAG_NAMES = frozenset({"etag", "odata.etag"})


@dataclass(frozen=True, slots=True)
class EntityWrite:
    """One entity to write. `body` is the service's JSON; `etag` is None to insert, `*` to replace whatever is there."""

    partition_key: str
    row_key: str
    etag: str | None
    body: str


def to_function_json(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entity as a function reads it: without annotations and Timestamp, 64-bit integers as numbers."""
    seen: dict[str, Any] = {}
    for name, value in entity.items():
        if name.lower() not in _LEFT_OUT and not name.endswith("@odata.type"):
            seen[name] = _to_function_value(value, entity.get(f"{name}@odata.type"))
    return seen


def _to_function_value(value: Any, kind: object) -> Any:
    if kind == "Edm.Int64":
        return int(value)
    if kind == "Edm.DateTime":
        whole, point, fraction = str(value).removesuffix("Z").partition(".")
        fraction = fraction.rstrip("0")
        return f"{whole}{point if fraction else ''}{fraction}+00:00"
    return value


def read_output(value: object) -> list[dict[str, Any]]:
    """Return the objects that a function set an output to. Raises BindingError when they are no JSON objects.

    The value is an object or a list (`dict`, `list`), or the JSON text of one (`str`, `bytes`).
    """
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, (dict, list)):
        # The worker sends them as JSON.
        try:
            value = json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise BindingError(f"a table output was set to what is no JSON: {error}") from None
    if not isinstance(value, str):
        raise BindingError(f"a table output must be set to a JSON object or array, not to {type(value).__name__}")
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        raise BindingError("a table output must be set to a JSON object or array; the text is no JSON") from None
    rows = parsed if isinstance(parsed, list) else [parsed]
    for row in rows:
        if not isinstance(row, dict):
            raise BindingError(f"a row for a table output must be a JSON object, not {type(row).__name__}")
    return rows


def to_write(row: Mapping[str, Any], partition_key: str | None, row_key: str | None) -> EntityWrite:
    """Return the write of a row; keys that it does not have are those of the binding.

    The names of its keys and of its ETag may be in any letter case. Raises BindingError for a key that is missing or
    cannot be used.
    """
    keys: dict[str, Any] = {"partitionkey": None, "rowkey": None}
    etag: str | None = None
    properties: dict[str, Any] = {}
    for name, value in row.items():
        lower = name.lower()
        if lower in keys:
            keys[lower] = value
        elif lower in _ETAG_NAMES:
            etag = value
        elif lower != "timestamp":
            properties |= _to_property(name, value)
    partition = _check_key("PartitionKey", keys["partitionkey"], partition_key)
    key = _check_key("RowKey", keys["rowkey"], row_key)
    body = json.dumps({"PartitionKey": partition, "RowKey": key, **properties})
    return EntityWrite(partition, key, etag or None, body)


def _check_key(name: str, given: object, default: str | None) -> str:
    value = default if given is None else given
    if value is None:
        raise BindingError(f"a row for a table output needs a {name}: the row has none, and neither has the binding")
    if not isinstance(value, str):
        raise BindingError(f"the {name} of a row must be a text, not {type(value).__name__}")
    if not _KEY.fullmatch(value):
        raise BindingError(
            f"the {name} {value[:64]!r} has a character that a key cannot have: / \\ # ? or a control one"
        )
    return value


def _to_property(name: str, value: Any) -> dict[str, Any]:
    """Return the property with its type: whole numbers have 64 bits, an object or array becomes JSON text."""
    if value is None:
        return {}
    if isinstance(value, (bool, str)):
        return {name: value}
    if isinstance(value, int):
        if value not in _INT64:
            raise BindingError(f"the property {name!r} is a number of more than 64 bits")
        return {f"{name}@odata.type": "Edm.Int64", name: str(value)}
    if isinstance(value, float):
        # The service's names of numbers that JSON does not have.
        special = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(str(value))
        return {f"{name}@odata.type": "Edm.Double", name: special or value}
    return {name: json.dumps(value, indent=2)}


def to_transactions(writes: Sequence[EntityWrite]) -> Iterator[list[EntityWrite]]:
    """Yield the writes in transactions: one partition each, no row twice, at most 100 rows."""
    open_ones: dict[str, dict[str, EntityWrite]] = {}
    for write in writes:
        rows = open_ones.setdefault(write.partition_key, {})
        if write.row_key in rows or len(rows) == MAX_TRANSACTION:
            yield list(open_ones.pop(write.partition_key).values())
            rows = open_ones.setdefault(write.partition_key, {})
        rows[write.row_key] = write
    yield from (list(rows.values()) for rows in open_ones.values())
