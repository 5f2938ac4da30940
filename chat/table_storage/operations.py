"""The writes, each as one HTTP request: alone, and as an operation of a transaction.

An etag is what an earlier answer gave; `*` is any.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chat.table_storage.addresses import entity_path
from chat.table_storage.entities import Value, encode_entity
from chat.value_objects import value_object

ANY = "*"
Properties = Mapping[str, Value]
"""An entity to write: `PartitionKey`, `RowKey` and its own properties."""


@value_object
class Insert:
    """Write an entity that must not exist: else Conflict 409."""

    entity: Properties


@value_object
class Merge:
    """Change the given properties of an entity: Conflict 404 when it is absent, 412 when its etag is another."""

    entity: Properties
    etag: str = ANY


@value_object
class Replace:
    """Replace an entity as a whole: Conflict 404 when it is absent, 412 when its etag is another."""

    entity: Properties
    etag: str = ANY


@value_object
class Upsert:
    """Write an entity that may exist: its other properties are kept, or with `replace` removed."""

    entity: Properties
    replace: bool = False


@value_object
class Delete:
    """Delete an entity: Conflict 404 when it is absent, 412 when its etag is another."""

    partition: str
    row: str
    etag: str = ANY


Operation = Insert | Merge | Replace | Upsert | Delete


class WriteRequest(NamedTuple):
    """A write as HTTP; `path` is below the endpoint, without a slash before it, `body` is JSON or empty."""

    method: str
    path: str
    if_match: str | None
    body: str


def write_request(table: str, operation: Operation) -> WriteRequest:
    """Return the request for a write; raises ValueError for an entity that has no JSON form."""
    match operation:
        case Insert(entity):
            return WriteRequest("POST", table, None, encode_entity(entity))
        case Merge(entity, etag):
            return WriteRequest("PATCH", _path(table, entity), etag, encode_entity(entity))
        case Replace(entity, etag):
            return WriteRequest("PUT", _path(table, entity), etag, encode_entity(entity))
        case Upsert(entity, replace):
            return WriteRequest("PUT" if replace else "PATCH", _path(table, entity), None, encode_entity(entity))
        case Delete(partition, row, etag):
            return WriteRequest("DELETE", entity_path(table, partition, row), etag, "")


def _path(table: str, entity: Properties) -> str:
    return entity_path(table, str(entity["PartitionKey"]), str(entity["RowKey"]))
