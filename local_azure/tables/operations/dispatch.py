"""Which operation a request asks for, under which name, and for which table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local_azure.tables.authentication import Grant
from local_azure.tables.batch.parser import effective_method
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.messages import Request, Response
from local_azure.tables.operations import access_policies, entities, service_properties, table_list, transactions
from local_azure.tables.resource_path import ResourceKind
from local_azure.tables.store import TableStore

Handler = Callable[[TableStore, Request, Grant], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `name` is public (`operation=` of a fault); `handle` carries it out."""

    name: str
    handle: Handler


_MERGE = Operation("merge", entities.write_entity)
_SERVICE: dict[str, dict[str, Operation]] = {
    "properties": {
        "GET": Operation("get_properties", service_properties.get_properties),
        "PUT": Operation("set_properties", service_properties.set_properties),
    },
    "stats": {"GET": Operation("get_statistics", service_properties.get_statistics)},
}
_POLICIES: dict[str, Operation] = {
    "GET": Operation("get_policies", access_policies.get_policies),
    "PUT": Operation("set_policies", access_policies.set_policies),
}
_OPERATIONS: dict[ResourceKind, dict[str, Operation]] = {
    ResourceKind.TABLES: {
        "GET": Operation("list_tables", table_list.list_tables),
        "POST": Operation("create_table", table_list.create_table),
    },
    ResourceKind.TABLE: {
        "GET": Operation("get_table", table_list.get_table),
        "DELETE": Operation("delete_table", table_list.delete_table),
    },
    ResourceKind.ENTITIES: {
        "GET": Operation("query", entities.query_entities),
        "POST": Operation("insert", entities.write_entity),
    },
    ResourceKind.ENTITY: {
        "GET": Operation("get", entities.get_entity),
        "PUT": Operation("update", entities.write_entity),
        "PATCH": _MERGE,
        "MERGE": _MERGE,
        "DELETE": Operation("delete", entities.write_entity),
    },
    ResourceKind.BATCH: {"POST": Operation("transaction", transactions.submit_transaction)},
}

OPERATION_NAMES = tuple(
    dict.fromkeys(
        operation.name
        for operations in (*_OPERATIONS.values(), _POLICIES, *_SERVICE.values())
        for operation in operations.values()
    )
)
"""The name of every operation, once."""


def find_operation(request: Request) -> Operation:
    """Return the operation that the request asks for; raises `TableError` when there is none."""
    operation = _operations(request).get(effective_method(request.method, request.headers))
    if operation is None:
        raise TableError(ErrorCode.UNSUPPORTED_HTTP_VERB)
    return operation


def find_table(request: Request) -> str:
    """Return the table that the request is about, as the caller writes it; empty when it names none.

    A transaction's is that of its first operation.
    """
    match request.resource.kind:
        case ResourceKind.BATCH:
            return transactions.first_table(request)
        case ResourceKind.TABLES if request.method == "POST":
            return table_list.named_table(request)
    return request.resource.table


def _operations(request: Request) -> dict[str, Operation]:
    """Return the operations of what the request names, by method."""
    comp = request.query.get("comp")
    kind = request.resource.kind
    if kind is ResourceKind.SERVICE:
        return _SERVICE.get(comp or "", {})
    if kind is ResourceKind.ENTITIES and comp == "acl":
        return _POLICIES
    return _OPERATIONS[kind]
