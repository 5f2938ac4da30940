"""Rooms in the local Table storage, over real sockets."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from chat.room_log.store import TABLE, RoomStore
from chat.room_log.writer import RoomWriter
from chat.table_storage.client import TableClient
from chat.table_storage.connection import parse_storage_string
from local_azure.pytest_plugin import TableStorage, table_storage, table_storage_settings
from tests.chat.room_log.table_proxy import TableProxy, serve_proxy

__all__ = ["table_storage", "table_storage_settings"]

ROOM = "lobby"


@dataclass
class Instances:
    """Processes of the app as far as a room's log knows: each has a client of storage and a writer of its own."""

    clients: list[TableClient] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def store(self, connection_string: str) -> RoomStore:
        """Return the rooms as one more instance sees them."""
        self.clients.append(TableClient(parse_storage_string(connection_string, "ChatStorage"), "Chat"))
        return RoomStore(self.clients[-1])

    def writer(
        self, connection_string: str, *, clock: Callable[[], float] = lambda: 1000.0, append_seconds: float = 5.0
    ) -> RoomWriter:
        """Return one more instance's writer of the room."""
        store = self.store(connection_string)
        return RoomWriter(ROOM, store, self.open_room, clock=clock, append_seconds=append_seconds)

    async def open_room(self, room: str) -> None:
        """Note that a room's first entry is about to be stored."""
        self.opened.append(room)


@pytest.fixture
async def instances() -> AsyncIterator[Instances]:
    """Instances of the app, whose connections are closed after the test."""
    made = Instances()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(close_all, made.clients)
        yield made


async def close_all(clients: list[TableClient]) -> None:
    for client in clients:
        await client.close()


@pytest.fixture
def store(instances: Instances, table_storage: TableStorage) -> RoomStore:
    """The rooms in an empty storage."""
    return instances.store(table_storage.connection_string)


@pytest.fixture
async def proxy(table_storage: TableStorage, store: RoomStore) -> AsyncIterator[TableProxy]:
    """A proxy in front of the storage, where the table is there already."""
    await store.tables.insert(TABLE, {"PartitionKey": "another-room", "RowKey": "head"})
    async with serve_proxy(table_storage.endpoint, table_storage.connection_string) as running:
        yield running


@pytest.fixture
def writer(instances: Instances, proxy: TableProxy) -> RoomWriter:
    """One instance's writer, whose calls are counted."""
    return instances.writer(proxy.connection_string)


@pytest.fixture
def other(instances: Instances, table_storage: TableStorage) -> RoomWriter:
    """Another instance's writer."""
    return instances.writer(table_storage.connection_string)
