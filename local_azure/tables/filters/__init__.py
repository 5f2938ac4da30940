"""Which entities does a `$filter` select? The subset of OData that the Table service documents.

A filter is parsed once. It is then asked about each entity, and says which range of keys can hold matches at all.
"""

from local_azure.tables.filters.expressions import Expression, Lookup
from local_azure.tables.filters.key_range import KeyRange, find_key_range, remaining_filter
from local_azure.tables.filters.parser import parse_filter

__all__ = ["Expression", "KeyRange", "Lookup", "find_key_range", "parse_filter", "remaining_filter"]
