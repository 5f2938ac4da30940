"""Stored access policies of a table: kept and given back; signatures that name one are not offered."""

from xml.etree import ElementTree

from local_azure.tables.authentication import Grant
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.messages import Request, Response, xml_response
from local_azure.tables.operations.service_properties import parse_xml
from local_azure.tables.store import TableStore

MAX_POLICIES = 5
_ROOT = "SignedIdentifiers"
_EMPTY = f"<{_ROOT} />"


async def get_policies(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return the policies as XML."""
    grant.require_full()
    policies = await store.read_policies(request.resource.table)
    return xml_response(200, f'<?xml version="1.0" encoding="utf-8"?>{policies or _EMPTY}')


async def set_policies(store: TableStore, request: Request, grant: Grant) -> Response:
    """Replace the policies; raises `TableError` for more than five."""
    grant.require_full()
    # Without a body there are none.
    document = parse_xml(request, _ROOT) if request.body.strip() else ElementTree.Element(_ROOT)
    if len(document) > MAX_POLICIES:
        raise TableError(ErrorCode.INVALID_XML_DOCUMENT)
    await store.write_policies(request.resource.table, ElementTree.tostring(document, encoding="unicode"))
    return Response(204)
