"""The Durable extension for a local Functions host, as `azure-functions-durable` 1.x speaks to it."""

from local_azure.functions.durable.backend import DurableBackend
from local_azure.functions.durable.options import DurableOptions
from local_azure.functions.durable.storage.store import StoreError

__all__ = ["DurableBackend", "DurableOptions", "StoreError"]
