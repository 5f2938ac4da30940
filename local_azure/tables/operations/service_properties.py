"""Properties and statistics of the service: kept and given back, without any effect here."""

from xml.etree import ElementTree

from local_azure.tables.authentication import Grant, Permission, ResourceType
from local_azure.tables.errors import ErrorCode, TableError
from local_azure.tables.messages import Request, Response, xml_response
from local_azure.tables.store import TableStore

_DOCUMENT = "service properties"
_ROOT = "StorageServiceProperties"
_SECTIONS = frozenset(("Logging", "HourMetrics", "MinuteMetrics", "Cors"))
_DEFAULT = (
    f"<{_ROOT}><Logging><Version>1.0</Version><Delete>false</Delete><Read>false</Read><Write>false</Write>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>"
    "<HourMetrics><Version>1.0</Version><Enabled>false</Enabled>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></HourMetrics>"
    "<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled>"
    f"<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></MinuteMetrics><Cors /></{_ROOT}>"
)
_STATISTICS = (
    "<StorageServiceStats><GeoReplication><Status>unavailable</Status><LastSyncTime /></GeoReplication>"
    "</StorageServiceStats>"
)
_XML_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


async def get_properties(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return the properties as XML."""
    grant.require(ResourceType.SERVICE, "", Permission.READ)
    properties = await store.read_document(_DOCUMENT)
    # The service writes a byte order mark before the declaration.
    return xml_response(200, f"\ufeff{_XML_DECLARATION}{properties or _DEFAULT}")


async def set_properties(store: TableStore, request: Request, grant: Grant) -> Response:
    """Keep the sections that the body has; the others stay as they are. Raises `TableError` for other XML."""
    grant.require(ResourceType.SERVICE, "", Permission.WRITE)
    given = parse_xml(request, _ROOT)
    if any(section.tag not in _SECTIONS for section in given):
        raise TableError(ErrorCode.INVALID_XML_DOCUMENT)
    stored = ElementTree.fromstring(await store.read_document(_DOCUMENT) or _DEFAULT)  # noqa: S314 (our own text)
    sections = {section.tag: section for section in [*stored, *given]}
    merged = ElementTree.Element(_ROOT)
    merged.extend(sections.values())
    await store.write_document(_DOCUMENT, ElementTree.tostring(merged, encoding="unicode"))
    return Response(202)


async def get_statistics(store: TableStore, request: Request, grant: Grant) -> Response:
    """Return that there is no second copy of the data."""
    grant.require(ResourceType.SERVICE, "", Permission.READ)
    return xml_response(200, _XML_DECLARATION + _STATISTICS)


def parse_xml(request: Request, root: str) -> ElementTree.Element:
    """Return the root of the body's XML; raises `TableError` when it has another name or is malformed."""
    try:
        # Expat refuses entities that grow without bounds.
        document = ElementTree.fromstring(request.text())  # noqa: S314
    except ElementTree.ParseError:
        raise TableError(ErrorCode.INVALID_XML_DOCUMENT) from None
    if document.tag != root:
        raise TableError(ErrorCode.INVALID_XML_DOCUMENT)
    return document
