"""The Functions host: HTTP and timer triggers and Durable Functions for any Python v2 app folder."""

import importlib
from typing import TYPE_CHECKING

from local_azure.extras import require_extra

if TYPE_CHECKING:
    from local_azure.functions.errors import AppLoadError, ConfigurationError, HostError
    from local_azure.functions.host import RunningHost, serve
    from local_azure.functions.http_server.access_keys import AccessKeys
    from local_azure.functions.http_server.cors import Cors

__all__ = ["AccessKeys", "AppLoadError", "ConfigurationError", "Cors", "HostError", "RunningHost", "serve"]

_MODULES = {
    "AccessKeys": "http_server.access_keys",
    "AppLoadError": "errors",
    "ConfigurationError": "errors",
    "Cors": "http_server.cors",
    "HostError": "errors",
    "RunningHost": "host",
    "serve": "host",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: a process that only starts and watches hosts does not need the host."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _MODULES[name] != "errors":
        require_extra("functions", "the Functions host")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
