"""Which connections does an OData filter select? The subset of OData that the REST data plane documents.

A filter is parsed once, with every type checked, and then asked about each connection.
"""

from collections.abc import Callable

from local_azure.webpubsub.filters.parser import Parser
from local_azure.webpubsub.filters.terms import Problem, Subject

__all__ = ["Filter", "InvalidFilter", "Subject", "parse_filter"]

_MAX_QUOTED_CHARACTERS = 200

Filter = Callable[[Subject], bool]


class InvalidFilter(ValueError):
    """A filter that cannot be used; the text quotes its beginning and says what is wrong."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"Invalid syntax for '{text[:_MAX_QUOTED_CHARACTERS]}': {problem}. (Parameter 'filter')")


def parse_filter(text: str) -> Filter:
    """Return the condition that the text states; raises `InvalidFilter`."""
    parser = Parser(text)
    try:
        condition = parser.whole()
    except Problem as problem:
        raise InvalidFilter(text, str(problem)) from None
    return lambda connection: condition.value(connection) is True
