"""Azure on this machine: Web PubSub, Table storage and a Functions host, for development and tests.

`running()` and `running_table_storage()` serve one of them in a thread, for a test without pytest.
"""

import importlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_azure.testing import running, running_table_storage

__all__ = ["PROCESS_STARTED", "__version__", "running", "running_table_storage"]

__version__ = "0.2.0"

# Unix time at which this process first imported the package: "Ready after …" counts from here, imports included.
PROCESS_STARTED = time.time()

_OF_TESTING = ("running", "running_table_storage")


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a command needs no service of a test."""
    if name not in _OF_TESTING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("local_azure.testing"), name)
