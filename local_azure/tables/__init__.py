"""Azure Table storage on this machine, on SQLite: one account, in a file or in memory."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_azure.tables.service import Service, serve
    from local_azure.tables.settings import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Settings, SettingsError
    from local_azure.tables.store import StoreError

__all__ = [
    "DEVELOPMENT_ACCOUNT",
    "DEVELOPMENT_KEY",
    "Service",
    "Settings",
    "SettingsError",
    "StoreError",
    "serve",
]

# Where a name is, if not in `settings`.
_MODULES = {"Service": "service", "StoreError": "store", "serve": "service"}


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the command first decides what Ctrl-C does during the imports."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES.get(name, 'settings')}"), name)
