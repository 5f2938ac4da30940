"""Create, delete and list tables."""

from dataclasses import replace

from local_azure.tables.authentication import Grant, Permission, ResourceType
from local_azure.tables.errors import ErrorCode, TableError, invalid_input
from local_azure.tables.filters import parse_filter
from local_azure.tables.json_format import table_document, tables_document
from local_azure.tables.messages import Request, Response, json_response, require_level
from local_azure.tables.names import check_table_name
from local_azure.tables.queries import decode_token, encode_token, parse_top
from local_azure.tables.store import TableStore


async def create_table(store: TableStore, request: Request, grant: Grant) -> Response:
    """Create the table that the body names; 201 with its document, or 204 when that is preferred."""
    document = request.json()
    name = document.get("TableName") if isinstance(document, dict) else None
    if not isinstance(name, str):
        raise invalid_input("The body must be a JSON object with a TableName.")
    grant.require(ResourceType.CONTAINER, name, Permission.CREATE, Permission.WRITE)
    check_table_name(name)
    wants_content = request.prefer != "return-no-content"
    level = require_level(request.accept) if wants_content else None
    await store.create_table(name)
    headers = {"Location": request.addresses.table_url(name), "DataServiceVersion": "3.0;"}
    if request.prefer is not None:
        headers["Preference-Applied"] = "return-content" if wants_content else "return-no-content"
    if level is None:
        return Response(204, headers)
    return json_response(201, table_document(name, level, request.addresses), level.content_type, headers)


def named_table(request: Request) -> str:
    """Return the name of the table to create, as it is written; empty when the body has none."""
    try:
        document = request.json()
    except TableError:
        return ""
    name = document.get("TableName") if isinstance(document, dict) else None
    return name if isinstance(name, str) else ""


async def delete_table(store: TableStore, request: Request, grant: Grant) -> Response:
    """Delete the table."""
    grant.require(ResourceType.CONTAINER, request.resource.table, Permission.DELETE)
    await store.delete_table(request.resource.table)
    return Response(204)


async def get_table(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return the document of one table."""
    grant.require(ResourceType.CONTAINER, request.resource.table, Permission.LIST, Permission.READ)
    level = require_level(request.accept)
    try:
        name = await store.find_table(request.resource.table)
    except TableError:
        raise TableError(ErrorCode.RESOURCE_NOT_FOUND) from None
    return json_response(200, table_document(name, level, request.addresses), level.content_type)


async def list_tables(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return a page of tables, sorted by name without regard to letter case."""
    grant.require(ResourceType.CONTAINER, "", Permission.LIST)
    level = require_level(request.accept)
    condition = parse_filter(request.query.get("$filter", ""))
    token = request.query.get("NextTableName")
    start = "" if token is None else decode_token(token)
    names, next_name = await store.list_tables(condition, start, parse_top(request.query))
    headers = {} if next_name is None else {"x-ms-continuation-NextTableName": encode_token(next_name)}
    document = tables_document(names, level, replace(request.addresses, table=""))
    return json_response(200, document, level.content_type, headers)
