"""Serve one app folder: apply its settings, load it, listen, and undo all of that at the end."""

import os
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from local_azure.functions.app import App, load_app
from local_azure.functions.bindings.support import has_table_binding
from local_azure.functions.configuration.host_json import HostConfig, read_host_config
from local_azure.functions.configuration.local_settings import (
    read_local_settings,
    select_variables,
    temporary_environment,
)
from local_azure.functions.console import limit_log_level
from local_azure.functions.errors import ConfigurationError
from local_azure.functions.http_server.access_keys import AccessKeys
from local_azure.functions.http_server.admin_api import AdminApi
from local_azure.functions.http_server.cors import Cors
from local_azure.functions.http_server.server import HttpServer
from local_azure.functions.listener import listen, port_of, url_of
from local_azure.functions.options import Instance
from local_azure.functions.startup_banner import format_startup_banner
from local_azure.functions.worker.import_scope import app_import_scope
from local_azure.functions.worker.worker import Worker
from local_azure.log_lines import http_logger

if TYPE_CHECKING:
    from local_azure.functions.timers.timer_runner import TimerRunner

BODY_LIMIT_SETTING = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
DEFAULT_BODY_LIMIT = 104_857_600
DEBUG_SETTING = "PYTHON_ENABLE_DEBUG_LOGGING"
HOME_PAGE_SETTING = "AzureWebJobsDisableHomepage"
# How long the calls that run may take once the host is told to stop.
SHUTDOWN_SECONDS = 2.0
LAST_WRITES_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class RunningHost:
    """A host that is listening.

    `url` has no slash at the end. `notes` are lines for the console about settings, `log_level` is host.json's. When
    the app failed to load, `app.failure` says why and every address answers 404, as in Azure.
    """

    url: str
    port: int
    app: App
    notes: tuple[str, ...]
    log_level: str

    def startup_banner(self) -> str:
        """Return the list of functions for the console, with what is wrong with them."""
        app = self.app
        return format_startup_banner(app.routes.routes, app.functions, app.errors, app.disabled, self.port)


@asynccontextmanager
async def serve(
    app_root: Path,
    *,
    settings: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path | None = None,
    keys: AccessKeys | None = None,
    cors: Cors | None = None,
    listener: socket.socket | None = None,
    instance: Instance | None = None,
) -> AsyncIterator[RunningHost]:
    """Serve the Python v2 app in a folder for as long as the context lasts; port 0 is any free port.

    `settings` become environment variables. They win over the environment, which wins over the values of
    local.settings.json; an empty one is not set at all. The environment is restored at the end. Durable state is kept
    in the folder `data`, in memory when there is none. Keys are checked only when `keys` are given; `cors` replaces
    what local.settings.json says. A `listener` that already listens is used instead of host and port. An `instance` is
    one of several hosts of the app: its URLs are those of the load balancer, and only the first one runs durable work.

    Raises ConfigurationError when host.json, local.settings.json or a setting cannot be used. Raises AddressError when
    the address cannot be bound.
    """
    app_root = _folder(app_root)
    local = read_local_settings(app_root)
    given = dict(settings or {})
    values, notes = select_variables(local.values, os.environ)
    values = {name: value for name, value in {**values, **given}.items() if value or name not in given}
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(listener or listen(host, port))
        public = instance or Instance(1, url_of(listening), port_of(listening))
        stack.enter_context(temporary_environment({**_host_variables(app_root, public.port), **values}))
        stack.enter_context(app_import_scope(app_root))
        config = read_host_config(app_root, os.environ)
        cors = cors or Cors(local.cors_origins, local.cors_credentials)
        home_page, body_limit = os.environ.get(HOME_PAGE_SETTING, "").lower() != "true", _body_limit()
        worker = Worker()
        worker.start()
        stack.push_async_callback(worker.stop)
        app = await worker.run(partial(load_app, app_root, config, dict(os.environ)))
        _bind_storage(stack, app, worker)
        admin = AdminApi(app, worker, public.url)
        stack.push_async_callback(admin.stop)
        routes = list(admin.routes)
        if app.needs_durable:
            if public.runs_durable:
                routes += await _durable_routes(stack, app, worker, config, data, public.url)
            else:
                _bind_durable_clients(worker, config, public.url)
        server = HttpServer(
            app,
            worker,
            config,
            cors=cors,
            keys=keys,
            home_page=home_page,
            body_limit=body_limit,
            is_behind_balancer=instance is not None,
        )
        await _listen(stack, server, routes, listening)
        if app.timers and (data is not None or public.number == 1):
            stack.push_async_callback(_start_timers(app, worker, data).stop, SHUTDOWN_SECONDS)
        # Called before the server closes: functions that still run may call the durable routes of this same server.
        stack.push_async_callback(server.wait_until_idle, SHUTDOWN_SECONDS)
        log_level = limit_log_level(config.log_level, os.environ.get(DEBUG_SETTING, ""))
        yield RunningHost(public.url, public.port, app, tuple(filter(None, (local.note, *notes))), log_level)


def _folder(app_root: Path) -> Path:
    if not app_root.is_dir():
        raise ConfigurationError(f"there is no folder {app_root}")
    return app_root.resolve()


async def _listen(
    stack: AsyncExitStack, server: HttpServer, routes: Iterable[web.AbstractRouteDef], listening: socket.socket
) -> None:
    runner = web.AppRunner(
        server.application(routes),
        access_log=None,
        logger=http_logger("functions"),
        auto_decompress=False,  # as in the real host, a function gets a compressed body as it came
        shutdown_timeout=LAST_WRITES_SECONDS,
    )
    await runner.setup()
    server.answer_directly(runner)
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listening).start()


async def _durable_routes(
    stack: AsyncExitStack, app: App, worker: Worker, config: HostConfig, data: Path | None, url: str
) -> list[web.RouteDef]:
    # Imported here, because an app without durable functions should not wait for the import (H-076).
    from local_azure.functions.durable import DurableBackend, DurableOptions, StoreError

    try:
        options = DurableOptions.from_host_json(config.durable)
        backend = DurableBackend(
            app.served, worker.invoke, data=data, base_url=url, hub_name=config.hub_name, options=options
        )
        await backend.start()
    except ValueError as error:
        raise ConfigurationError(f"host.json: {error}") from error
    except StoreError as error:
        raise ConfigurationError(f"durable state: {error}") from error
    stack.push_async_callback(backend.stop)
    worker.client_binding = backend.client_binding
    return list(backend.routes)


def _start_timers(app: App, worker: Worker, data: Path | None) -> "TimerRunner":
    """Run the timers in the background; of several processes with one data folder, one runs them.

    Without a data folder there is nothing that the processes share, and the first instance runs them.
    """
    # Imported here, because an app without timers should not wait for it.
    from local_azure.functions.timers.status_store import StatusStore
    from local_azure.functions.timers.timer_runner import TimerRunner

    runner = TimerRunner(app.timers, worker, StatusStore(data))
    runner.start()
    return runner


def _bind_durable_clients(worker: Worker, config: HostConfig, url: str) -> None:
    """Let the app's durable clients call the instance that runs the durable backend, by way of the load balancer."""
    from local_azure.functions.durable.management_api.urls import client_binding

    worker.client_binding = partial(client_binding, origin=url, default_hub=config.hub_name)


def _host_variables(app_root: Path, port: int) -> dict[str, str]:
    """Return the variables that `func start` sets for every app; the debug setting keeps a value that it has."""
    return {
        DEBUG_SETTING: os.environ.get(DEBUG_SETTING) or "1",
        "WEBSITE_HOSTNAME": f"localhost:{port}",
        "AzureWebJobsScriptRoot": str(app_root),
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "FUNCTIONS_WORKER_RUNTIME": "python",
    }


def _body_limit() -> int:
    value = os.environ.get(BODY_LIMIT_SETTING) or str(DEFAULT_BODY_LIMIT)
    if not value.isdecimal():
        raise ConfigurationError(f"{BODY_LIMIT_SETTING} must be a number of bytes, not {value!r}")
    return int(value)


def _bind_storage(stack: AsyncExitStack, app: App, worker: Worker) -> None:
    """Let the worker read and write the tables that functions are bound to."""
    if not any(has_table_binding(function.bindings) for function in app.served):
        return
    # Imported here, because only apps with such bindings need it.
    from local_azure.functions.bindings.table_bindings import TableBindings

    worker.storage_bindings = bindings = TableBindings(app.served, os.environ)
    stack.push_async_callback(bindings.close)
