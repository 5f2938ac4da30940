"""Read and write entities; a write alone and one within a transaction are read from a request in the same way."""

from local_azure.tables.authentication import FULL_ACCESS, Grant, Permission, ResourceType
from local_azure.tables.batch.parser import effective_method
from local_azure.tables.entities import EntityKey, StoredEntity, parse_entity
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.json_format import Addresses, MetadataLevel, entity_document, query_document
from local_azure.tables.messages import Request, Response, json_response, require_level
from local_azure.tables.names import check_table_name
from local_azure.tables.queries import encode_token, parse_query, parse_select
from local_azure.tables.resource_path import ResourceKind
from local_azure.tables.store import TableStore
from local_azure.tables.timestamps import format_etag
from local_azure.tables.writes import Action, Match, Write, parse_condition

_ACTIONS = {"PUT": Action.REPLACE, "PATCH": Action.MERGE, "MERGE": Action.MERGE, "DELETE": Action.DELETE}
_NO_CONTENT = "return-no-content"


async def get_entity(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return one entity with its ETag."""
    table, key = request.resource.table, _key(request)
    grant.require(ResourceType.OBJECT, table, Permission.READ)
    level = require_level(request)
    name, entity = await store.read_entity(table, key)
    select = parse_select(request.query.get("$select", ""))
    document = entity_document(entity, level, request.addresses.of_table(name), select)
    return json_response(200, document, level.content_type, {"ETag": format_etag(entity.ticks)})


async def query_entities(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return a page of a query; the continuation headers are there when there may be more."""
    grant.require(ResourceType.OBJECT, request.resource.table, Permission.READ)
    level = require_level(request)
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
    write = parse_write(request)
    require_write(grant, request.resource.table, write)
    if write.action is Action.INSERT and request.prefer != _NO_CONTENT:
        require_level(request)  # Before the write: what cannot be answered must not be done.
    written = await store.write(request.resource.table, write)
    return write_response(request, write, written.entities[0], request.addresses.of_table(written.table))


def require_write(grant: Grant, table: str, write: Write) -> None:
    """Raise `TableError` unless the caller may do this; an insert-or-update needs the permissions for both."""
    if grant is FULL_ACCESS:
        return
    if write.action is Action.INSERT:
        letters: str = Permission.ADD
    elif write.action is Action.DELETE:
        letters = Permission.DELETE
    else:
        letters = Permission.UPDATE if write.condition is not Match.NONE else Permission.ADD + Permission.UPDATE
    grant.require(ResourceType.OBJECT, table, letters)


def parse_write(request: Request) -> Write:
    """Return the write that a request asks for; raises `TableError`.

    The keys are those of the URL; an insert's are in its body.
    """
    method = effective_method(request.method, request.headers)
    check_table_name(request.resource.table)
    if method == "POST" and request.resource.kind is ResourceKind.ENTITIES:
        return _parse_insert(request)
    if method not in _ACTIONS or request.resource.kind is not ResourceKind.ENTITY:
        raise TableError(ErrorCode.UNSUPPORTED_HTTP_VERB)
    if "If-None-Match" in request.headers:
        raise invalid_input("If-None-Match is not supported by this operation.")
    action, key = _ACTIONS[method], _key(request)
    condition = parse_condition(request.headers.get("If-Match"))
    if action is Action.DELETE:
        if condition is Match.NONE:
            raise invalid_input("A deletion needs the header If-Match.")
        return Write(action, key, condition=condition)
    return Write(action, key, parse_entity(request.json()).properties, condition)


def write_response(request: Request, write: Write, entity: StoredEntity | None, addresses: Addresses) -> Response:
    """Return the answer to a write that was carried out; `addresses` have the table's name as it was created."""
    if entity is None:
        return Response(204)
    etag = format_etag(entity.ticks)
    if write.action is not Action.INSERT:
        return Response(204, {"DataServiceVersion": "1.0;", "ETag": etag})
    url, prefer = addresses.entity_url(entity.key), request.prefer
    headers = {"DataServiceVersion": "3.0;", "Location": url, "ETag": etag}
    wants_content = prefer != _NO_CONTENT
    if prefer is not None:
        headers["Preference-Applied"] = "return-content" if wants_content else _NO_CONTENT
    if not wants_content:
        headers["DataServiceId"] = url
        return Response(204, headers)
    return _created(request, entity, addresses, headers)


def _created(request: Request, entity: StoredEntity, addresses: Addresses, headers: dict[str, str]) -> Response:
    level: MetadataLevel = require_level(request)
    return json_response(201, entity_document(entity, level, addresses, ()), level.content_type, headers)


def _parse_insert(request: Request) -> Write:
    document = parse_entity(request.json())
    if document.partition is None or document.row is None:
        raise TableError(ErrorCode.PROPERTIES_NEED_VALUE)
    return Write(Action.INSERT, EntityKey(document.partition, document.row), document.properties)


def _key(request: Request) -> EntityKey:
    assert request.resource.key is not None
    return request.resource.key
