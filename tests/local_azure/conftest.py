"""What holds for every test of local Azure."""

import gc
import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Undo what a command that ran in this process set for the log: the next tests read their own lines."""
    root, own = logging.getLogger(), logging.getLogger("local_azure")
    handlers, levels = list(root.handlers), (root.level, own.level)
    yield
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    root.setLevel(levels[0])
    own.setLevel(levels[1])


@pytest.fixture(autouse=True)
def _garbage_collection_as_before() -> Iterator[None]:
    """Undo what a command that ran in this process set for the garbage collector."""
    threshold = gc.get_threshold()
    yield
    if gc.get_threshold() != threshold:
        gc.set_threshold(*threshold)
        gc.unfreeze()
