"""Azure Table storage on this machine, on SQLite: one account, in a file or in memory."""

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
