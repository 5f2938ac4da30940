"""Azure Web PubSub on this machine: client protocols, REST data plane and event handlers, in one process."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_azure.webpubsub.connection_string import ConnectionString, InvalidConnectionString
    from local_azure.webpubsub.faults.hooks import EventLost, FaultHooks
    from local_azure.webpubsub.service import Service, serve
    from local_azure.webpubsub.settings import (
        DEFAULT_ACCESS_KEY,
        EventHandler,
        GroupPresenceEvents,
        HubSettings,
        Limits,
        RecorderSettings,
        Settings,
        SettingsError,
        Times,
    )

__all__ = [
    "DEFAULT_ACCESS_KEY",
    "ConnectionString",
    "EventHandler",
    "EventLost",
    "FaultHooks",
    "GroupPresenceEvents",
    "HubSettings",
    "InvalidConnectionString",
    "Limits",
    "RecorderSettings",
    "Service",
    "Settings",
    "SettingsError",
    "Times",
    "serve",
]

# Where a name is, if not in `settings`.
_MODULES = {
    "ConnectionString": "connection_string",
    "EventLost": "faults.hooks",
    "FaultHooks": "faults.hooks",
    "InvalidConnectionString": "connection_string",
    "Service": "service",
    "serve": "service",
}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the command first decides what Ctrl-C does during the imports."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES.get(name, 'settings')}"), name)
