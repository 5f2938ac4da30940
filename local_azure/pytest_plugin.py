"""Fixtures for projects that test against Azure Web PubSub or Table storage: a local service on a free port per test.

Load it with `pytest_plugins = ["local_azure.pytest_plugin"]` in the top conftest.py or with
`-p local_azure.pytest_plugin`; where the package is installed, pytest loads it by itself. The service runs in a thread
with its own event loop, so synchronous tests and clients may block, and asynchronous ones keep their own loop.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from local_azure.recording_fixture import RecordsAndReplays

if TYPE_CHECKING:
    # pytest loads plugins in every run, even if no test uses a service, so this import must be cheap.
    from local_azure import tables
    from local_azure.faults import Fault
    from local_azure.webpubsub import EventHandler, Service, Settings

__all__ = [
    "TableStorage",
    "WebPubSub",
    "running",
    "running_table_storage",
    "table_storage",
    "table_storage_settings",
    "web_pubsub",
    "web_pubsub_settings",
]

T = TypeVar("T")
S = TypeVar("S")
W = TypeVar("W", bound="_ThreadedService")

START_SECONDS = 10.0
CALL_SECONDS = 30.0


class _ThreadedService:
    """A service that runs on an event loop in a thread of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the service's thread and return what it returns, or raise what it raises."""

        async def call_function() -> T:
            return function()

        return self.run(call_function())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the service's loop and return its result; raises TimeoutError after 30 seconds."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CALL_SECONDS)


class WebPubSub(_ThreadedService, RecordsAndReplays):
    """A running service, used from any thread.

    `endpoint` is like `http://127.0.0.1:54321`, `connection_string` is what the official SDKs take. `service` is the
    service itself, with its hubs and faults: it runs in its own thread, so use it through `call` and `run`.
    """

    def __init__(self, service: "Service", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.endpoint: str = service.endpoint
        self.connection_string: str = service.connection_string
        self.service = service

    def set_event_handlers(self, hub: str, handlers: "Sequence[EventHandler]") -> None:
        """Send the hub's events from now on to these handlers, in this order of preference."""
        self.call(lambda: self.service.set_event_handlers(hub, handlers))

    def add_fault(self, fault: "Fault | str") -> None:
        """Inject a fault, for example `fail rest 503 operation=send_to_group count=2`.

        Raises `InvalidFault`, which lists the known faults, when the line cannot be parsed.
        """
        self.call(lambda: self.service.faults.add(fault))


class TableStorage(_ThreadedService):
    """A running table storage, used from any thread.

    `endpoint` is like `http://127.0.0.1:54321/devstoreaccount1`, `connection_string` is what the official SDKs take.
    `service` is the storage itself, with its faults: it runs in its own thread, so use it through `call` and `run`.
    """

    def __init__(self, service: "tables.Service", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.endpoint: str = service.endpoint
        self.connection_string: str = service.connection_string
        self.service = service

    def add_fault(self, fault: "Fault | str") -> None:
        """Inject a fault, for example `throttle storage operation=insert count=2`.

        Raises `InvalidFault`, which lists the known faults, when the line cannot be parsed.
        """
        self.call(lambda: self.service.faults.add(fault))


@contextmanager
def running(settings: "Settings | None" = None, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[WebPubSub]:
    """Run a service in a thread of its own while the context lasts, as the fixture does; for other test runners.

    Port 0 is any free port. Raises `OSError` when the address cannot be bound.
    """
    from local_azure import webpubsub

    with _run_in_thread("web-pubsub", lambda: webpubsub.serve(settings, host=host, port=port), WebPubSub) as service:
        yield service


@contextmanager
def running_table_storage(
    settings: "tables.Settings | None" = None, *, host: str = "127.0.0.1", port: int = 0
) -> Iterator[TableStorage]:
    """Run a table storage in a thread of its own while the context lasts, as the fixture does.

    Port 0 is any free port. Raises `OSError` when the address cannot be bound, `StoreError` when the data cannot be
    used.
    """
    from local_azure import tables

    with _run_in_thread("table-storage", lambda: tables.serve(settings, host=host, port=port), TableStorage) as storage:
        yield storage


@contextmanager
def _run_in_thread(
    name: str,
    serve: Callable[[], AbstractAsyncContextManager[S]],
    wrap: Callable[[S, asyncio.AbstractEventLoop], W],
) -> Iterator[W]:
    """Run what `serve` starts in a thread of this name; raises what keeps it from starting."""
    started: Future[W] = Future()
    stop = asyncio.Event()

    async def serve_until_stopped() -> None:
        async with serve() as service:
            started.set_result(wrap(service, asyncio.get_running_loop()))
            await stop.wait()

    def run_service() -> None:
        try:
            asyncio.run(serve_until_stopped())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run_service, name=name, daemon=True)
    thread.start()
    service = started.result(START_SECONDS)
    try:
        yield service
    finally:
        service.call(stop.set)
        thread.join(START_SECONDS)


@pytest.fixture
def web_pubsub_settings() -> "Settings | None":
    """Return the settings of `web_pubsub`; override this fixture to choose others. None means the defaults."""
    return None


@pytest.fixture
def web_pubsub(web_pubsub_settings: "Settings | None") -> Iterator[WebPubSub]:
    """Give the test its own service: no connection, group or permission of another test is in it."""
    with running(web_pubsub_settings) as service:
        yield service


@pytest.fixture
def table_storage_settings() -> "tables.Settings | None":
    """Return the settings of `table_storage`; override this fixture to choose others. None means the defaults."""
    return None


@pytest.fixture
def table_storage(table_storage_settings: "tables.Settings | None") -> Iterator[TableStorage]:
    """Give the test its own table storage, in memory and empty."""
    with running_table_storage(table_storage_settings) as storage:
        yield storage
