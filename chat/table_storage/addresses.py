"""Paths, queries and filters: keys and values are quoted here, so that callers give them as they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

# Most keys need no quoting, and to find that out so takes a tenth of the time.
_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where the next page of a query begins; opaque, and usable later."""

    partition: str
    row: str | None = None


def entity_path(table: str, partition: str, row: str) -> str:
    """Return the path of an entity below the endpoint, without a slash before it."""
    return f"{table}(PartitionKey='{_quote_key(partition)}',RowKey='{_quote_key(row)}')"


def _quote_key(key: str) -> str:
    return key if _is_plain(key) else quote(key.replace("'", "''"), safe="")


def select_query(select: Sequence[str]) -> str:
    """Return the query that names the wanted properties, without `?`; empty for all properties."""
    return f"$select={quote(','.join(select), safe=',')}" if select else ""


def entities_query(filter_text: str, select: Sequence[str], top: int | None, continuation: Continuation | None) -> str:
    """Return the query of a query, without `?`."""
    parts = [f"$filter={quote(filter_text, safe='')}" if filter_text else "", select_query(select)]
    if top is not None:
        parts.append(f"$top={top}")
    if continuation:
        parts.append(f"NextPartitionKey={quote(continuation.partition, safe='')}")
        if continuation.row is not None:
            parts.append(f"NextRowKey={quote(continuation.row, safe='')}")
    return "&".join(filter(None, parts))


def quote_text(text: str) -> str:
    """Return a text as a filter writes it: `'it''s'`."""
    return "'" + text.replace("'", "''") + "'"


def key_range(partition: str, first: str | None = None, before: str | None = None) -> str:
    """Return the filter for the rows of a partition from `first` on, and before `before` (not included)."""
    parts = [f"PartitionKey eq {quote_text(partition)}"]
    if first is not None:
        parts.append(f"RowKey ge {quote_text(first)}")
    if before is not None:
        parts.append(f"RowKey lt {quote_text(before)}")
    return " and ".join(parts)
