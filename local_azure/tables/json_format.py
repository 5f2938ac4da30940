"""The JSON of answers: documents and entities at the three levels of OData metadata."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from local_azure.tables.edm import EdmType, encode_json
from local_azure.tables.entities import (
    ANNOTATION,
    EntityKey,
    StoredEntity,
    parse_body,
)
from local_azure.tables.timestamps import format_datetime, format_etag

_SAFE_IN_KEYS = "!$&*+-.:;=@_~"
# Most keys need no quoting, and this is found out in a tenth of the time that quoting takes.
_is_plain = re.compile(r"[A-Za-z0-9!$&*+.:;=@_~-]*").fullmatch


class MetadataLevel(Enum):
    """How much an answer says about types and addresses; the value is the parameter in Accept and Content-Type."""

    NONE = "nometadata"
    MINIMAL = "minimalmetadata"
    FULL = "fullmetadata"

    @property
    def content_type(self) -> str:
        """The Content-Type of an answer at this level."""
        return f"application/json;odata={self.value};streaming=true;charset=utf-8"


def requested_level(accept: str) -> MetadataLevel | None:
    """Return the level that an Accept header asks for, None when it does not name JSON."""
    text = accept.replace(" ", "").lower()
    if "application/json" not in text:
        return None
    for level in (MetadataLevel.NONE, MetadataLevel.FULL):
        if f"odata={level.value}" in text:
            return level
    return MetadataLevel.MINIMAL


@dataclass(frozen=True, slots=True)
class Addresses:
    """The URLs in answers: `base` is the account's address as the caller dialled it, without a slash at the end."""

    base: str
    account: str
    table: str = ""

    def of_table(self, name: str) -> "Addresses":
        """Return the same for the entities of a table; `name` is the one it was created with."""
        return Addresses(self.base, self.account, name)

    def table_url(self, name: str) -> str:
        """Return the URL of a table."""
        return f"{self.base}/Tables('{name}')"

    def entity_url(self, key: EntityKey) -> str:
        """Return the URL of an entity."""
        return f"{self.base}/{self.edit_link(key)}"

    def edit_link(self, key: EntityKey) -> str:
        """Return the URL of an entity relative to the account."""
        return f"{self.table}(PartitionKey='{_quoted(key.partition)}',RowKey='{_quoted(key.row)}')"


def _quoted(key: str) -> str:
    return key if _is_plain(key) else quote(key.replace("'", "''"), safe=_SAFE_IN_KEYS)


def entity_document(entity: StoredEntity, level: MetadataLevel, addresses: Addresses, select: Sequence[str]) -> str:
    """Return the document of one entity; without `select` it has every property."""
    content = entity_members(entity, level, addresses, select)
    if level is MetadataLevel.NONE:
        return f"{{{content}}}"
    context = _context(f"{addresses.base}/$metadata#{addresses.table}/@Element", select)
    return f"{{{context},{content}}}"


def query_document(
    entities: Iterable[StoredEntity], level: MetadataLevel, addresses: Addresses, select: Sequence[str]
) -> str:
    """Return the document of a page of entities."""
    values = ",".join(f"{{{entity_members(entity, level, addresses, select)}}}" for entity in entities)
    if level is MetadataLevel.NONE:
        return f'{{"value":[{values}]}}'
    context = _context(f"{addresses.base}/$metadata#{addresses.table}", select)
    return f'{{{context},"value":[{values}]}}'


def table_document(name: str, level: MetadataLevel, addresses: Addresses) -> str:
    """Return the document of one table."""
    members: dict[str, object] = {}
    if level is not MetadataLevel.NONE:
        members["odata.metadata"] = f"{addresses.base}/$metadata#Tables/@Element"
    return encode_json({**members, **_table_members(name, level, addresses)})


def tables_document(names: Iterable[str], level: MetadataLevel, addresses: Addresses) -> str:
    """Return the document of a page of tables."""
    members: dict[str, object] = {}
    if level is not MetadataLevel.NONE:
        members["odata.metadata"] = f"{addresses.base}/$metadata#Tables"
    members["value"] = [_table_members(name, level, addresses) for name in names]
    return encode_json(members)


def entity_members(entity: StoredEntity, level: MetadataLevel, addresses: Addresses, select: Sequence[str]) -> str:
    """Return the members of an entity's object, without its braces; names of `select` that it lacks are null."""
    own = _selected(entity, level, select) if select else _every(entity, level)
    if level is MetadataLevel.NONE:
        return own
    etag = f'"odata.etag":{encode_json(format_etag(entity.ticks))}'
    if level is MetadataLevel.FULL:
        type_name = f'"odata.type":{encode_json(f"{addresses.account}.{addresses.table}")}'
        identity = f'"odata.id":{encode_json(addresses.entity_url(entity.key))}'
        link = f'"odata.editLink":{encode_json(addresses.edit_link(entity.key))}'
        etag = f"{type_name},{identity},{etag},{link}"
    return f"{etag},{own}" if own else etag


def _every(entity: StoredEntity, level: MetadataLevel) -> str:
    timestamp_type = f'"Timestamp{ANNOTATION}":"Edm.DateTime",' if level is MetadataLevel.FULL else ""
    # The stored body has the annotations of both levels with metadata: no need to parse it.
    body = entity.body if level is not MetadataLevel.NONE else _without_annotations(entity.body)
    own = body[1:-1]
    system = (
        f'"PartitionKey":{encode_json(entity.key.partition)},"RowKey":{encode_json(entity.key.row)},'
        f'{timestamp_type}"Timestamp":"{format_datetime(entity.ticks)}"'
    )
    return f"{system},{own}" if own else system


def _selected(entity: StoredEntity, level: MetadataLevel, select: Sequence[str]) -> str:
    stored = {
        "PartitionKey": entity.key.partition,
        "RowKey": entity.key.row,
        "Timestamp": format_datetime(entity.ticks),
        **parse_body(entity.body),
    }
    if level is MetadataLevel.FULL:
        stored[f"Timestamp{ANNOTATION}"] = EdmType.DATETIME
    members: dict[str, object] = {}
    for name in select:
        annotation = name + ANNOTATION
        if annotation in stored:
            members[annotation] = stored[annotation]
        members[name] = None if name.endswith(ANNOTATION) else stored.get(name)
    text = encode_json(members)
    return (_without_annotations(text) if level is MetadataLevel.NONE else text)[1:-1]


def _without_annotations(body: str) -> str:
    if ANNOTATION not in body:
        return body
    return encode_json({name: value for name, value in json.loads(body).items() if not name.endswith(ANNOTATION)})


def _table_members(name: str, level: MetadataLevel, addresses: Addresses) -> dict[str, object]:
    if level is not MetadataLevel.FULL:
        return {"TableName": name}
    return {
        "odata.type": f"{addresses.account}.Tables",
        "odata.id": addresses.table_url(name),
        "odata.editLink": f"Tables('{name}')",
        "TableName": name,
    }


def _context(url: str, select: Sequence[str]) -> str:
    selection = f"&$select={','.join(select)}" if select else ""
    return f'"odata.metadata":{encode_json(url + selection)}'
