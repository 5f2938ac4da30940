"""Which operation a request asks for."""

from collections.abc import Awaitable, Callable

from local_azure.tables.authentication import Grant
from local_azure.tables.batch.parser import effective_method
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.messages import Request, Response
from local_azure.tables.operations import access_policies, entities, service_properties, table_list, transactions
from local_azure.tables.resource_path import ResourceKind
from local_azure.tables.store import TableStore

Operation = Callable[[TableStore, Request, Grant], Awaitable[Response]]

_SERVICE: dict[str, dict[str, Operation]] = {
    "properties": {"GET": service_properties.get_properties, "PUT": service_properties.set_properties},
    "stats": {"GET": service_properties.get_statistics},
}
_POLICIES: dict[str, Operation] = {"GET": access_policies.get_policies, "PUT": access_policies.set_policies}
_OPERATIONS: dict[ResourceKind, dict[str, Operation]] = {
    ResourceKind.TABLES: {"GET": table_list.list_tables, "POST": table_list.create_table},
    ResourceKind.TABLE: {"GET": table_list.get_table, "DELETE": table_list.delete_table},
    ResourceKind.ENTITIES: {"GET": entities.query_entities, "POST": entities.write_entity},
    ResourceKind.ENTITY: {
        "GET": entities.get_entity,
        "PUT": entities.write_entity,
        "PATCH": entities.write_entity,
        "MERGE": entities.write_entity,
        "DELETE": entities.write_entity,
    },
    ResourceKind.BATCH: {"POST": transactions.submit_transaction},
}


async def answer(store: TableStore, request: Request, grant: Grant) -> Response:
    """Carry out what the request asks for; raises `TableError` when it is refused."""
    operations = _operations(request)
    operation = operations.get(effective_method(request.method, request.headers))
    if operation is None:
        raise TableError(ErrorCode.UNSUPPORTED_HTTP_VERB)
    return await operation(store, request, grant)


def _operations(request: Request) -> dict[str, Operation]:
    """Return the operations of what the request names, by method."""
    comp = request.query.get("comp")
    kind = request.resource.kind
    if kind is ResourceKind.SERVICE:
        return _SERVICE.get(comp or "", {})
    if kind is ResourceKind.ENTITIES and comp == "acl":
        return _POLICIES
    return _OPERATIONS[kind]
