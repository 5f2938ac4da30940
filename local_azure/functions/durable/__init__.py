"""The Durable extension for a local Functions host, as `azure-functions-durable` 1.x speaks to it."""

from .backend import DurableBackend
from .options import Options
from .store import StoreError

__all__ = ["DurableBackend", "Options", "StoreError"]
