"""Table storage for a test: a running service, used from any thread."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from local_azure import tables
from local_azure.faults import Fault
from local_azure.testing.threaded_service import ThreadedService, run_in_thread


class TableStorage(ThreadedService):
    """A running table storage, used from any thread.

    `endpoint` is like `http://127.0.0.1:54321/devstoreaccount1`, `connection_string` is what the official SDKs take.
    `service` is the storage itself, with its faults: it runs in its own thread, so use it through `call` and `run`.
    """

    def __init__(self, service: tables.Service, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.endpoint: str = service.endpoint
        self.connection_string: str = service.connection_string
        self.service = service

    def __repr__(self) -> str:
        return f"<TableStorage at {self.endpoint}>"

    def add_fault(self, fault: Fault | str) -> None:
        """Inject a fault, for example `throttle storage operation=insert count=2`.

        Raises `InvalidFault`, which lists the known faults, when the line cannot be parsed.
        """
        self.call(lambda: self.service.faults.add(fault))


@contextmanager
def running_table_storage(
    settings: tables.Settings | None = None, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[TableStorage]:
    """Run a table storage in a thread of its own while the context lasts, as the fixture does.

    Port 0 is any free port. Raises `OSError` when the address cannot be bound, `StoreError` when the data cannot be
    used.
    """
    with run_in_thread("table-storage", lambda: tables.serve(settings, host=host, port=port), TableStorage) as storage:
        yield storage
