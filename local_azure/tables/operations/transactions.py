"""Entity group transactions: up to 100 writes to one partition, all carried out or none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from local_azure.tables.authentication import Grant
from local_azure.tables.batch import BatchOperation, OperationHead, change_set_response, parse_batch, query_response
from local_azure.tables.errors import ErrorCode, OperationFailed, TableError, invalid_input
from local_azure.tables.messages import Request, Response, error_response
from local_azure.tables.names import table_key
from local_azure.tables.operations.entities import (
    WriteHead,
    get_entity,
    parse_write,
    parse_write_head,
    query_entities,
    require_write,
    write_response,
)
from local_azure.tables.resource_path import Resource, ResourceKind, parse_resource, split_account
from local_azure.tables.store import TableStore
from local_azure.tables.writes import Write

MAX_OPERATIONS = 100
_JSON = "application/json"
_FIRST_OPERATION = re.compile(rb"^[A-Za-z]+ (\S+) HTTP/1", re.MULTILINE)
# Alone in its change set, an operation that fails for one of these reasons has no index in its message.
_FOUND_WHILE_STORING = frozenset(
    (
        ErrorCode.ENTITY_ALREADY_EXISTS,
        ErrorCode.PROPERTY_VALUE_TOO_LARGE,
        ErrorCode.UPDATE_CONDITION_NOT_SATISFIED,
    )
)


async def submit_transaction(store: TableStore, request: Request, grant: Grant) -> Response:
    """Carry out the writes of a change set, or the one query of a batch that has none; the answer is 202.

    Raises `TableError` for a body that is no such batch. A write that is refused is told in the answer, by its index.
    """
    batch = parse_batch(request.headers.get("Content-Type", ""), request.body)
    if batch.query is not None:
        return await _answer_query(store, request, grant, batch.query)
    try:
        heads, writes = _parse_writes(request.addresses.account, grant, batch.changes)
        written = await store.write_all(heads[0].table, writes)
    except OperationFailed as failure:
        part = _failed_part(request, failure, is_alone=len(batch.changes) == 1)
        return replace(change_set_response([part], request.request_id), error_code=part.error_code)
    addresses = request.addresses.of_table(written.table)
    parts = [write_response(head, entity, addresses) for head, entity in zip(heads, written.entities, strict=True)]
    return change_set_response(parts, request.request_id)


def first_table(request: Request) -> str:
    """Return the table that the first operation of a batch names, as it is written; empty when there is none."""
    match = _FIRST_OPERATION.search(request.body)
    if match is None:
        return ""
    path = urlsplit(match[1].decode(errors="replace")).path
    try:
        return parse_resource(split_account(path, request.addresses.account).rest).table
    except TableError:
        return ""


def _parse_writes(account: str, grant: Grant, changes: Sequence[BatchOperation]) -> tuple[list[WriteHead], list[Write]]:
    """Return the head of each operation and its write; raises `OperationFailed`."""
    if len(changes) > MAX_OPERATIONS:
        problem = f"The batch request operation exceeds the maximum {MAX_OPERATIONS} changes per change set."
        raise OperationFailed(MAX_OPERATIONS - 1, invalid_input(problem))
    heads: list[WriteHead] = []
    writes: list[Write] = []
    group: tuple[str, str] | None = None
    for index, change in enumerate(changes):
        try:
            head = _parse_head(change.head, account)
            write = parse_write(head, change.body)
            require_write(grant, head)
            own_group = (table_key(head.table), write.key.partition)
            if own_group != (group := group or own_group):
                raise TableError(ErrorCode.COMMANDS_ON_DIFFERENT_PARTITIONS)
        except TableError as error:
            raise OperationFailed(index, error) from None
        heads.append(head)
        writes.append(write)
    keys = [write.key for write in writes]
    if len(set(keys)) < len(keys):
        second = next(index for index, key in enumerate(keys) if key in keys[:index])
        raise OperationFailed(second, TableError(ErrorCode.INVALID_DUPLICATE_ROW))
    return heads, writes


# Cached: all inserts into a table have the same.
@lru_cache(maxsize=256)
def _parse_head(head: OperationHead, account: str) -> WriteHead:
    resource, _ = _parse_url(head.url, account)
    return parse_write_head(head.method, resource, head.headers)


def _parse_url(text: str, account: str) -> tuple[Resource, Mapping[str, str]]:
    """Return what an operation's URL names and its query; the host need not be the one that was dialled."""
    url = urlsplit(text)
    if not url.path.startswith("/"):
        raise invalid_input("The URL of an operation must be absolute.")
    path = split_account(url.path, account).rest
    return parse_resource(path), dict(parse_qsl(url.query, keep_blank_values=True))


def _failed_part(request: Request, failure: OperationFailed, *, is_alone: bool) -> Response:
    has_index = not is_alone or failure.error.code not in _FOUND_WHILE_STORING
    prefix = f"{failure.index}:" if has_index else ""
    part = error_response(failure.error, _JSON, request.request_id, request.now, prefix=prefix)
    return replace(part, headers={"DataServiceVersion": "3.0;", **part.headers})


async def _answer_query(store: TableStore, request: Request, grant: Grant, operation: BatchOperation) -> Response:
    try:
        head = operation.head
        resource, options = _parse_url(head.url, request.addresses.account)
        query = replace(
            request, method=head.method, resource=resource, query=options, headers=head.headers, body=operation.body
        )
        if query.resource.kind is ResourceKind.ENTITY:
            response = await get_entity(store, query, grant)
        elif query.resource.kind is ResourceKind.ENTITIES:
            response = await query_entities(store, query, grant)
        else:
            raise invalid_input("The query of a batch must ask for entities.")
    except TableError as error:
        response = error_response(error, _JSON, request.request_id, request.now)
    return replace(query_response(response, request.request_id), error_code=response.error_code)
