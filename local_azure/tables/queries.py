"""The options of a query, and the tokens by which a page continues the one before it."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from local_azure.tables.edm import EdmType, Property
from local_azure.tables.entities import StoredEntity, find_property, parse_body
from local_azure.tables.errors import TableError, invalid_input
from local_azure.tables.filters import (
    Expression,
    KeyRange,
    Lookup,
    find_key_range,
    parse_filter,
    remaining_filter,
)
from local_azure.tables.names import sort_key

MAX_PAGE_SIZE = 1000

_NUMBER = re.compile(r"[0-9]{1,9}")
_TOKEN = re.compile(r"1!([0-9]{1,4})!([A-Za-z0-9_-]*)")


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks for: the entities of a range that match the filter.

    `start` are the sort keys (partition, row) of the first entity that it may return.
    """

    filter: Expression | None
    key_range: KeyRange
    start: tuple[bytes, bytes]
    select: tuple[str, ...]
    page_size: int


def parse_query(options: Mapping[str, str]) -> Query:
    """Return the query that a URL's options state; raises `TableError`."""
    expression = parse_filter(options.get("$filter", ""))
    key_range = find_key_range(expression)
    start = (key_range.first_partition, key_range.first_row)
    if "NextPartitionKey" in options:
        partition = decode_token(options["NextPartitionKey"])
        row = decode_token(options.get("NextRowKey") or encode_token(""))
        start = max(start, (sort_key(partition), sort_key(row)))
    condition = remaining_filter(expression, key_range)
    return Query(condition, key_range, start, parse_select(options.get("$select", "")), parse_top(options))


def parse_select(text: str) -> tuple[str, ...]:
    """Return the names of a selection, each once; empty for all, which `*` means too."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    return () if "*" in names else names


def parse_top(options: Mapping[str, str]) -> int:
    """Return how many entities a page may have; raises `TableError` when `$top` is not 0 to 1,000."""
    text = options.get("$top")
    if text is None:
        return MAX_PAGE_SIZE
    if not _NUMBER.fullmatch(text) or int(text) > MAX_PAGE_SIZE:
        raise invalid_input()
    return int(text)


def encode_token(key: str) -> str:
    """Return a continuation token for a key; it is never empty, and has only characters that are safe in a URL."""
    encoded = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    return f"1!{len(encoded)}!{encoded}"


def decode_token(token: str) -> str:
    """Return the key of a continuation token; raises `TableError` for any other text."""
    match = _TOKEN.fullmatch(token)
    if match is None or len(match[2]) != int(match[1]):
        raise _invalid_token()
    padding = "=" * (-len(match[2]) % 4)
    try:
        return base64.urlsafe_b64decode(match[2] + padding).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _invalid_token() from None


def _invalid_token() -> TableError:
    return invalid_input("The continuation token is not valid.")


def entity_lookup(entity: StoredEntity) -> Lookup:
    """Return the function by which a filter reads the entity; the body is parsed when a filter first needs it."""
    members: Mapping[str, object] | None = None

    def lookup(name: str) -> Property | None:
        nonlocal members
        if name == "PartitionKey":
            return Property(EdmType.STRING, entity.key.partition)
        if name == "RowKey":
            return Property(EdmType.STRING, entity.key.row)
        if name == "Timestamp":
            return Property(EdmType.DATETIME, entity.ticks)
        if members is None:
            members = parse_body(entity.body)
        return find_property(members, name)

    return lookup


def table_name_lookup(name: str) -> Lookup:
    """Return the function by which a filter reads a table: its one property is TableName."""
    properties = {"TableName": Property(EdmType.STRING, name)}
    return properties.get
