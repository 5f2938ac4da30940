"""Read and write entities; a write alone and one within a transaction are read from a request in the same way."""

from collections.abc import Mapping
from typing import NamedTuple

from local_azure.tables.authentication import FULL_ACCESS, Grant, Permission, ResourceType
from local_azure.tables.batch.parser import effective_method
from local_azure.tables.entities import EntityKey, StoredEntity, parse_entity
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.json_format import Addresses, entity_document, query_document
from local_azure.tables.messages import (
    Request,
    Response,
    find_preference,
    json_response,
    parse_json,
    require_level,
)
from local_azure.tables.names import check_table_name
from local_azure.tables.queries import encode_token, parse_query, parse_select
from local_azure.tables.resource_path import Resource, ResourceKind
from local_azure.tables.store import TableStore
from local_azure.tables.timestamps import format_etag
from local_azure.tables.writes import Action, Match, Write, parse_condition

_ACTIONS = {"PUT": Action.REPLACE, "PATCH": Action.MERGE, "MERGE": Action.MERGE, "DELETE": Action.DELETE}
_NO_CONTENT = "return-no-content"


async def get_entity(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return one entity with its ETag."""
    table, key = request.resource.table, _key(request)
    grant.require(ResourceType.OBJECT, table, Permission.READ)
    level = require_level(request.accept)
    name, entity = await store.read_entity(table, key)
    select = parse_select(request.query.get("$select", ""))
    document = entity_document(entity, level, request.addresses.of_table(name), select)
    return json_response(200, document, level.content_type, {"ETag": format_etag(entity.ticks)})


async def query_entities(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return a page of a query; the continuation headers are there when there may be more."""
    grant.require(ResourceType.OBJECT, request.resource.table, Permission.READ)
    level = require_level(request.accept)
    query = parse_query(request.query)
    page = await store.query(request.resource.table, query)
    headers = {}
    if page.next_key is not None:
        headers["x-ms-continuation-NextPartitionKey"] = encode_token(page.next_key.partition)
        headers["x-ms-continuation-NextRowKey"] = encode_token(page.next_key.row)
    document = query_document(page.entities, level, request.addresses.of_table(page.table), query.select)
    return json_response(200, document, level.content_type, headers)


async def write_entity(store: TableStore, request: Request, grant: Grant) -> Response:
    """Carry out an insert, update, merge, upsert or deletion."""
    head = parse_write_head(request.method, request.resource, request.headers)
    write = parse_write(head, request.body)
    require_write(grant, head)
    if write.action is Action.INSERT and head.prefer != _NO_CONTENT:
        require_level(head.accept)  # Before the write: what cannot be answered must not be done.
    written = await store.write(head.table, write)
    return write_response(head, written.entities[0], request.addresses.of_table(written.table))


class WriteHead(NamedTuple):
    """What the request line and the headers say of a write; `key` is None for an insert: its body has it."""

    table: str
    action: Action
    key: EntityKey | None
    condition: Match | int
    prefer: str | None
    accept: str


def parse_write_head(method: str, resource: Resource, headers: Mapping[str, str]) -> WriteHead:
    """Return what a write's request says before its body; raises `TableError`."""
    method = effective_method(method, headers)
    check_table_name(resource.table)
    if method == "POST" and resource.kind is ResourceKind.ENTITIES:
        action, condition = Action.INSERT, parse_condition(None)
    elif method not in _ACTIONS or resource.kind is not ResourceKind.ENTITY:
        raise TableError(ErrorCode.UNSUPPORTED_HTTP_VERB)
    elif "If-None-Match" in headers:
        raise invalid_input("If-None-Match is not supported by this operation.")
    else:
        action, condition = _ACTIONS[method], parse_condition(headers.get("If-Match"))
        if action is Action.DELETE and condition is Match.NONE:
            raise invalid_input("A deletion needs the header If-Match.")
    prefer, accept = find_preference(headers), headers.get("Accept", "")
    return WriteHead(resource.table, action, resource.key, condition, prefer, accept)


def parse_write(head: WriteHead, body: bytes) -> Write:
    """Return the write that a request asks for; raises `TableError`."""
    _, action, key, condition, _, _ = head
    if action is Action.DELETE and key is not None:
        return Write(action, key, condition=condition)
    partition, row, properties = parse_entity(parse_json(body))
    if key is None:
        if partition is None or row is None:
            raise TableError(ErrorCode.PROPERTIES_NEED_VALUE)
        key = EntityKey(partition, row)
    return Write(action, key, properties, condition)


def require_write(grant: Grant, head: WriteHead) -> None:
    """Raise `TableError` unless the caller may do this; an insert-or-update needs the permissions for both."""
    if grant is FULL_ACCESS:
        return
    if head.action is Action.INSERT:
        letters: str = Permission.ADD
    elif head.action is Action.DELETE:
        letters = Permission.DELETE
    else:
        letters = Permission.UPDATE if head.condition is not Match.NONE else Permission.ADD + Permission.UPDATE
    grant.require(ResourceType.OBJECT, head.table, letters)


def write_response(head: WriteHead, entity: StoredEntity | None, addresses: Addresses) -> Response:
    """Return the answer to a write that was carried out; `addresses` have the table's name as it was created."""
    if entity is None:
        return Response(204)
    etag = format_etag(entity.ticks)
    if head.action is not Action.INSERT:
        return Response(204, {"DataServiceVersion": "1.0;", "ETag": etag})
    url = addresses.entity_url(entity.key)
    headers = {"DataServiceVersion": "3.0;", "Location": url, "ETag": etag}
    if head.prefer == _NO_CONTENT:
        return Response(204, {**headers, "Preference-Applied": _NO_CONTENT, "DataServiceId": url})
    if head.prefer is not None:
        headers["Preference-Applied"] = "return-content"
    level = require_level(head.accept)
    return json_response(201, entity_document(entity, level, addresses, ()), level.content_type, headers)


def _key(request: Request) -> EntityKey:
    assert request.resource.key is not None
    return request.resource.key
