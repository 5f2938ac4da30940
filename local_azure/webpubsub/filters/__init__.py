"""OData filters that select connections: the subset of OData that the REST data plane documents.

A filter is parsed once, with every type checked, and then evaluated for each connection.
"""

from collections.abc import Callable

from local_azure.webpubsub.filters.expressions import FilterableConnection, FilterProblem
from local_azure.webpubsub.filters.parser import Parser

__all__ = ["Filter", "FilterableConnection", "InvalidFilter", "parse_filter"]

_MAX_QUOTED_CHARACTERS = 200

Filter = Callable[[FilterableConnection], bool]


class InvalidFilter(ValueError):
    """An invalid filter; the text quotes its beginning and says what is wrong."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"Invalid syntax for '{text[:_MAX_QUOTED_CHARACTERS]}': {problem}. (Parameter 'filter')")


def parse_filter(text: str) -> Filter:
    """Return the filter as a function of a connection; raises `InvalidFilter`."""
    parser = Parser(text)
    try:
        condition = parser.parse()
    except FilterProblem as problem:
        raise InvalidFilter(text, str(problem)) from None
    return lambda connection: condition.value(connection) is True
