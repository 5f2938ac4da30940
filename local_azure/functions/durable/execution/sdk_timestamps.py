"""Remember the timestamps that the SDK has parsed.

The SDK parses the time of every event of the history in every episode, with a parser that guesses the format. That is
five sixths of its replay: 100 ms of 120 ms for 500 activities. The text of an event never changes, so the same parser
needs to see it once. The SDK gets the same values as without this.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVENT_MODULE = "azure.durable_functions.models.history.HistoryEvent"
PARSER_NAME = "dt_parse"
# Two for each step of an orchestration; an entry takes about 250 bytes.
MAX_TIMESTAMPS = 32_768


@contextmanager
def remembered_timestamps() -> Iterator[None]:
    """Let the SDK's parser of timestamps remember its results while the context lasts.

    Nothing happens when the SDK has no such parser, or it remembers already.
    """
    module = sys.modules.get(EVENT_MODULE)
    parser: Callable[..., object] | None = getattr(module, PARSER_NAME, None)
    if parser is None or hasattr(parser, "cache_info"):
        yield
        return
    setattr(module, PARSER_NAME, functools.lru_cache(MAX_TIMESTAMPS)(parser))
    try:
        yield
    finally:
        setattr(module, PARSER_NAME, parser)
