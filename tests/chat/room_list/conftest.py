"""A client of an empty table storage on this machine."""

from collections.abc import AsyncIterator

import pytest

from chat.settings import Settings
from chat.table_storage.client import TableClient
from chat.table_storage.connection import read_storage_connection
from local_azure import tables


@pytest.fixture
async def storage() -> AsyncIterator[TableClient]:
    """A client of the storage, with the prefix of the chat's tables."""
    async with tables.serve() as service:
        settings = Settings({"AzureWebJobsStorage": service.connection_string})
        client = TableClient(read_storage_connection(settings), settings.table_prefix)
        try:
            yield client
        finally:
            await client.close()
