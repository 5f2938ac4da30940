"""A client of the local table storage, which runs in a thread of its own."""

import pytest

from chat.settings import Settings
from chat.table_storage.client import TableClient, TableClients
from local_azure.pytest_plugin import TableStorage, table_storage, table_storage_settings

__all__ = ["table_storage", "table_storage_settings"]


@pytest.fixture
async def client(table_storage: TableStorage) -> TableClient:
    """A client whose tables begin with `Chat`; none of them is there yet."""
    return await TableClients().get(Settings({"AzureWebJobsStorage": table_storage.connection_string}))
