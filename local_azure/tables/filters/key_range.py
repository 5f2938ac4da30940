"""Which keys can match a filter: what the comparisons of PartitionKey and RowKey in its top-level `and` say.

The range may hold entities that do not match, never the other way round: what is left of the filter decides about each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from local_azure.tables.filters.expressions import And, Comparison, Expression, LiteralKind
from local_azure.tables.names import sort_key


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Bounds, all inclusive, as sort keys; None is no bound. The rows apply within the first and the last partition."""

    first_partition: bytes = b""
    last_partition: bytes | None = None
    first_row: bytes = b""
    last_row: bytes | None = None


def find_key_range(expression: Expression | None) -> KeyRange:
    """Return the smallest range that holds every match."""
    if expression is None:
        return KeyRange()
    comparisons = list(_joined_by_and(expression))
    first, last = _bounds(comparisons, "PartitionKey")
    if first != last:
        return KeyRange(first, last)
    # One partition: only here do the bounds of RowKey limit a contiguous range.
    first_row, last_row = _bounds(comparisons, "RowKey")
    return KeyRange(first, last, first_row, last_row)


def remaining_filter(expression: Expression | None, key_range: KeyRange) -> Expression | None:
    """Return what the range does not say of the filter that it was found in; None when it says all."""
    if key_range.first_partition != key_range.last_partition:
        return expression
    if not isinstance(expression, And):
        return None if _is_inclusive_bound(expression) else expression
    parts = tuple(part for part in expression.parts if not _is_inclusive_bound(part))
    if len(parts) < 2:
        return parts[0] if parts else None
    return And(parts)


def _is_inclusive_bound(expression: Expression | None) -> bool:
    return (
        isinstance(expression, Comparison)
        and expression.name in ("PartitionKey", "RowKey")
        and expression.operator in ("eq", "ge", "le")
        and expression.literal.kind is LiteralKind.STRING
    )


def _joined_by_and(expression: Expression) -> Iterator[Comparison]:
    if isinstance(expression, Comparison):
        yield expression
    elif isinstance(expression, And):
        for part in expression.parts:
            yield from _joined_by_and(part)


def _bounds(comparisons: list[Comparison], name: str) -> tuple[bytes, bytes | None]:
    """Return the greatest lower and the smallest upper bound of a key."""
    first, last = b"", None
    for comparison in comparisons:
        if comparison.name != name or comparison.literal.kind is not LiteralKind.STRING:
            continue
        bound = sort_key(str(comparison.literal.value))
        if comparison.operator in ("eq", "ge", "gt"):
            first = max(first, bound)
        if comparison.operator in ("eq", "le", "lt"):
            last = bound if last is None else min(last, bound)
    return first, last
