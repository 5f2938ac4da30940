"""The service as a whole: its parts, its start on an address, and its stop."""

import contextlib
import ipaddress
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from aiohttp import hdrs, web

from local_azure.bearer_tokens import BearerTokens
from local_azure.faults import FaultRegistry
from local_azure.listening import start_sites
from local_azure.local_requests import is_loopback
from local_azure.log_lines import http_logger
from local_azure.observations import Publisher, StorageCalled, StorageObservation
from local_azure.webpubsub import rest
from local_azure.webpubsub.clients import Clients
from local_azure.webpubsub.connection_string import ConnectionString
from local_azure.webpubsub.event_handlers import EventHandlers
from local_azure.webpubsub.faults import FaultInjector
from local_azure.webpubsub.hub import Connection, Hubs
from local_azure.webpubsub.inspector import Inspector
from local_azure.webpubsub.observations import Observations, RestCalled
from local_azure.webpubsub.recovery import Recovery
from local_azure.webpubsub.settings import EventHandler, HubSettings, Settings
from local_azure.webpubsub.streams import OpenStreams

log = logging.getLogger(__name__)

GOING_AWAY = 1001
SHUTTING_DOWN = "The service is shutting down."
SHUTDOWN_GRACE_SECONDS = 1.0
HTTP_SHUTDOWN_SECONDS = 0.1

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Service:
    """A running service. `hubs` is its state, `observations` publishes what happens, `faults` injects faults."""

    def __init__(
        self, settings: Settings, tokens: BearerTokens | None = None, own_token: Callable[[str], str] | None = None
    ) -> None:
        """Create a service that does not listen yet; needs a running event loop.

        `tokens` checks those of identities that call it, `own_token` returns one of its own identity for a resource.
        Raises `SettingsError` when an event handler needs that, and there is none.
        """
        self.settings = settings
        self.observations = Observations()
        self.hubs = Hubs(time.monotonic, self.observations, self._on_end, self._on_group_change)
        self.faults = FaultInjector(self.hubs.connections, self.observations)
        self._recovery = Recovery(
            keys=settings.access_keys,
            retention_seconds=settings.times.retention_seconds,
            clock=time.monotonic,
            wall_clock=time.time,
            observations=self.observations,
        )
        self._handlers = EventHandlers(
            settings,
            clock=time.monotonic,
            observations=self.observations,
            faults=self._current_faults,
            own_token=own_token,
        )
        self._streams = OpenStreams(
            max_open=settings.limits.open_streams,
            default_idle_seconds=settings.times.stream_idle_seconds,
            clock=time.monotonic,
        )
        self._clients = Clients(
            settings,
            self.hubs,
            self._handlers,
            self._recovery,
            self._streams,
            observations=self.observations,
            faults=self._current_faults,
        )
        self._answer_rest = rest.DataPlane(self.hubs, settings, tokens=tokens).answer
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=http_logger("webpubsub"),
            auto_decompress=False,  # compressed bodies are refused, so they need not be read
            shutdown_timeout=HTTP_SHUTDOWN_SECONDS,
            handle_signals=False,
        )
        self._inspector: Inspector | None = None
        self._storage_subscriptions: list[Callable[[], None]] = []
        self._scheme = "http"
        self._host = ""
        self._port = 0

    @property
    def endpoint(self) -> str:
        """The service's URL, e.g. `http://127.0.0.1:54321`."""
        return f"{self._scheme}://{self._host}:{self._port}"

    @property
    def connection_string(self) -> str:
        """What applications need to find the service and to sign their requests; it holds the access key."""
        return str(ConnectionString(self.endpoint, self.settings.access_key))

    @property
    def event_handlers(self) -> EventHandlers:
        """What sends events to the hubs' handlers."""
        return self._handlers

    @property
    def has_inspector(self) -> bool:
        """Whether the inspector is at the service's address."""
        return self._inspector is not None

    def set_event_handlers(self, hub: str, handlers: Iterable[EventHandler]) -> None:
        """Send the hub's events to these handlers from now on; letter case of the hub does not matter."""
        self._handlers.set_handlers(hub, tuple(handlers))

    def replace_hubs(self, hubs: Mapping[str, HubSettings]) -> None:
        """Take the event handlers and listeners of these hubs from now on; raises `SettingsError` and changes nothing.

        What else the settings say of hubs counts from the start of the service.
        """
        self._handlers.replace_hubs(hubs)

    def show_storage(self, observations: Publisher[StorageObservation], faults: FaultRegistry) -> None:
        """Show a storage in the inspector, its calls in the traces and its faults, and let the meter count its calls.

        Without an inspector, because the service does not listen on a loopback address, its calls are only counted.
        """
        if self._inspector is not None:
            self._inspector.show_storage(observations, faults)
        meter = self.observations.meter
        meter.has_storage = True

        def count(record: StorageObservation) -> None:
            if isinstance(record, StorageCalled):
                meter.count_storage_call(record.client_request_id)

        self._storage_subscriptions.append(observations.subscribe(count))

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Listen; port 0 takes any free one. Raises `OSError` when the address is not available.

        With `tls` the endpoint is https, and clients' URLs are wss.

        On a loopback address the inspector is at the root.
        """
        if is_loopback(host):
            self._mount_inspector()
        await self._runner.setup()
        self._answer_rest_directly()
        try:
            self._port = await start_sites(self._runner, host, port, tls)
            self._scheme = "https" if tls else "http"
            self._host = _url_host(host)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every connection with 1001, let events that are being sent finish, and free the port.

        REST is answered until the end: a handler of `disconnected` may send messages.
        """
        self._clients.stop_accepting()
        for unsubscribe in self._storage_subscriptions:
            unsubscribe()
        self._storage_subscriptions.clear()
        for connection in list(self.hubs.connections()):
            connection.hub.end(connection, SHUTTING_DOWN, code=GOING_AWAY, close_text=SHUTTING_DOWN)
        self._handlers.stop_retrying()
        await self._clients.close(SHUTDOWN_GRACE_SECONDS)
        await self._handlers.close(SHUTDOWN_GRACE_SECONDS)  # after `disconnected` was sent for the last client
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._observe_rest_calls])
        application.add_routes(self._clients.routes())
        application.add_routes([rest.route(self._answer_rest)])
        return application

    def _answer_rest_directly(self) -> None:
        """Let REST calls pass by the router and the middleware of aiohttp, which cost more than the call itself."""
        server = self._runner.server
        assert server is not None
        answer = server.request_handler

        async def answer_request(request: web.BaseRequest) -> web.StreamResponse:
            assert isinstance(request, web.Request)
            if not request.raw_path.startswith("/api/") or hdrs.EXPECT in request.headers:
                return await answer(request)
            return await self._observe_rest_call(request, self._answer_rest)

        server.request_handler = answer_request

    def _mount_inspector(self) -> None:
        self._inspector = Inspector(
            self.settings,
            self.hubs,
            self.observations,
            self._handlers,
            self._current_faults,
        )
        self._runner.app.add_routes(self._inspector.routes())
        self._runner.app.on_shutdown.append(self._inspector.close)

    @web.middleware
    async def _observe_rest_calls(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not request.path.startswith("/api/"):
            return await handler(request)
        return await self._observe_rest_call(request, handler)

    async def _observe_rest_call(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Apply faults to a REST call, and publish it to observers."""
        request_id = request.headers.get("x-ms-client-request-id")
        self.observations.start_trace(request_id)
        self.observations.meter.begin_call(request_id)
        began, started = time.time(), time.perf_counter()
        response = await self.faults.rest(request, handler)
        if self.observations.active:
            milliseconds = (time.perf_counter() - started) * 1000
            with contextlib.suppress(ConnectionError):  # aiohttp meets it again, and knows what to do
                await response.prepare(request)  # makes its headers complete
            self.observations.publish(
                RestCalled(
                    request.method,
                    request.path,
                    request.rel_url.raw_query_string,
                    response.status,
                    milliseconds,
                    request_id,
                    response.headers.get(rest.ERROR_CODE_HEADER),
                    f"{request.scheme}://{request.host}",
                    request.raw_path,
                    request.headers,
                    request.get(rest.BODY_KEY),
                    response.headers,
                    body if isinstance(body := getattr(response, "body", None), bytes) else None,
                    # Not the time of this line: the effects of the call must not have earlier times than the call.
                    at=began + milliseconds / 1000,
                )
            )
        return response

    def _current_faults(self) -> FaultInjector:
        return self.faults

    def _on_end(self, connection: Connection, reason: str) -> None:
        self._recovery.cancel_expiry(connection)
        self._streams.cancel(connection)
        self._handlers.disconnected(connection.source, reason)

    def _on_group_change(self, connection: Connection, event: str, group: str) -> None:
        self._handlers.group_changed(connection.source, event, group)


@asynccontextmanager
async def serve(
    settings: Settings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    tokens: BearerTokens | None = None,
    own_token: Callable[[str], str] | None = None,
) -> AsyncIterator[Service]:
    """Run a service in this event loop for as long as the context is open; port 0 takes any free one.

    `tls`, `tokens` and `own_token` are those of `Service`. Raises `OSError` when the address is not available.
    """
    service = Service(settings or Settings(), tokens, own_token)
    await service.start(host, port, tls)
    try:
        yield service
    finally:
        await service.stop()


def _url_host(host: str) -> str:
    """Return the host for a URL by which this machine reaches the address."""
    if not host:
        return "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "localhost"
    return f"[{address}]" if address.version == 6 else str(address)
