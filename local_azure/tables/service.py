"""The storage as a whole: open its database, listen on an address, stop."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from local_azure.bearer_tokens import BearerTokens
from local_azure.listening import start_sites
from local_azure.local_requests import is_loopback
from local_azure.log_lines import http_logger
from local_azure.observations import Publisher, StorageObservation
from local_azure.tables.faults import FaultInjector
from local_azure.tables.http_server import HttpServer
from local_azure.tables.settings import Settings
from local_azure.tables.store import Database, TableStore

KEEP_ALIVE_SECONDS = 75.0
SHUTDOWN_SECONDS = 1.0
MAX_LINE_BYTES = 64 * 1024


class Service:
    """A running table storage. `observations` publishes its calls, `faults` injects faults into them."""

    def __init__(self, settings: Settings, tokens: BearerTokens | None = None) -> None:
        """Make a service that is not listening yet; `tokens` checks those of identities, without it any is accepted."""
        self.settings = settings
        self.observations = Publisher[StorageObservation]()
        self.faults = FaultInjector(self.observations)
        self._store = TableStore(
            Database(settings.database), settings.now, pages_end_at_partitions=settings.pages_end_at_partitions
        )
        self._http_server = HttpServer(self._store, settings, self.faults, self.observations, tokens)
        self._runner: web.ServerRunner | None = None
        self._scheme = "http"
        self._host = ""
        self._port = 0

    @property
    def port(self) -> int:
        """The port on which the service listens."""
        return self._port

    @property
    def endpoint(self) -> str:
        """The account's URL, e.g. `http://127.0.0.1:10002/devstoreaccount1`."""
        return f"{self._scheme}://{self._host}:{self._port}/{self.settings.account}"

    @property
    def connection_string(self) -> str:
        """What the official SDKs take to find the storage and to sign for it; it holds the account's key."""
        return (
            f"DefaultEndpointsProtocol={self._scheme};AccountName={self.settings.account};"
            f"AccountKey={self.settings.keys[0]};TableEndpoint={self.endpoint};"
        )

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Open the database and listen, with `tls` by https; port 0 takes any free one.

        On a loopback address, faults can be added and removed over HTTP (`local_azure.faults.http_api`).
        Raises `StoreError` when the database cannot be used and `OSError` when the address cannot be had.
        """
        await self._store.open()
        try:
            server = web.Server(
                self._http_server.handle_local if is_loopback(host) else self._http_server.handle,
                access_log=None,
                logger=http_logger("tables"),
                auto_decompress=False,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                max_line_size=MAX_LINE_BYTES,
            )
            self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
            await self._runner.setup()
            self._port = await start_sites(self._runner, host, port, tls)
            self._scheme = "https" if tls else "http"
            self._host = _url_host(host)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Free the port, let calls that are under way finish, and close the database."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self._store.close()


@asynccontextmanager
async def serve(
    settings: Settings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    tokens: BearerTokens | None = None,
) -> AsyncIterator[Service]:
    """Run a storage in this event loop for as long as the context is open; port 0 takes any free one.

    `tls` and `tokens` are those of `Service`.
    Raises `StoreError` when the database cannot be used and `OSError` when the address cannot be had.
    """
    service = Service(settings or Settings(), tokens)
    await service.start(host, port, tls)
    try:
        yield service
    finally:
        await service.stop()


def _url_host(host: str) -> str:
    """Return the host for a URL by which this machine reaches the address.

    It is never `localhost`: on another port than 10002 the Python SDK takes that for Azure Cosmos DB.
    """
    if host in ("", "localhost", "0.0.0.0", "::"):  # noqa: S104 (compared, not listened on)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
