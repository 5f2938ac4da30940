"""The Python SDK for tables, synchronous or asynchronous: one test drives both."""

import inspect
from collections.abc import AsyncIterable
from typing import Any

from azure.data.tables import TableClient, TableServiceClient
from azure.data.tables.aio import TableClient as AsyncTableClient
from azure.data.tables.aio import TableServiceClient as AsyncTableServiceClient


class TableClients:
    """Makes clients for a connection string; `wait` and `collect` hide which kind they are."""

    def __init__(self, connection_string: str, *, is_async: bool) -> None:
        self.connection_string = connection_string
        self.is_async = is_async
        self._made: list[Any] = []

    def service(self, **options: Any) -> Any:
        """Return a client of the account."""
        made = AsyncTableServiceClient if self.is_async else TableServiceClient
        return self._keep(made.from_connection_string(self.connection_string, **options))

    def table(self, name: str = "rooms", **options: Any) -> Any:
        """Return a client of a table, which need not exist."""
        made = AsyncTableClient if self.is_async else TableClient
        return self._keep(made.from_connection_string(self.connection_string, name, **options))

    def at(self, endpoint: str, name: str, credential: Any) -> Any:
        """Return a client of a table with a credential of another kind."""
        made = AsyncTableClient if self.is_async else TableClient
        return self._keep(made(endpoint, name, credential=credential))

    async def created(self, name: str = "rooms") -> Any:
        """Return a client of a table that is there."""
        client = self.table(name)
        await wait(client.create_table())
        return client

    async def close(self) -> None:
        """Close every client."""
        for client in self._made:
            await wait(client.close())

    def _keep(self, client: Any) -> Any:
        self._made.append(client)
        return client


async def wait(result: Any) -> Any:
    """Return the result of a call of either kind."""
    return await result if inspect.isawaitable(result) else result


async def collect(items: Any) -> list[Any]:
    """Return what an iterator of either kind gives."""
    if isinstance(items, AsyncIterable):
        return [item async for item in items]
    return list(items)
