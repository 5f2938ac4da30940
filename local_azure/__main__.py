"""`python -m local_azure`: Azure Web PubSub, Table storage and the Functions host in one command, wired together.

They must find each other even if a port is not the default one, so this command replaces the default addresses in
their settings, and nothing else:

- `WebPubSubConnectionString` in the app's environment becomes the connection string of the service that was started,
  where local.settings.json has none or one that points at localhost:8080. A value in the real environment, one that
  points anywhere else (an Azure service, the official emulator) and an identity-based connection stay.
- `AzureWebJobsStorage` becomes the connection string of the table storage in the same way: where local.settings.json
  has none, `UseDevelopmentStorage=true`, or one that points at port 10002 of this machine.
- Event handler URLs in the Web PubSub settings that point at localhost:7071 follow the Functions host's port.

With `--reload` the Functions host runs in a child process and is restarted when the app's files change; Web PubSub
and the table storage keep running, and so do the clients' connections.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_azure import PROCESS_STARTED, tables
from local_azure.faults import Fault, add_fault_option
from local_azure.functions.cli import DEFAULT_PORT as FUNCTIONS_PORT
from local_azure.functions.cli import (
    HostOptions,
    add_arguments,
    finish_process,
    parse_options,
    run_host,
    run_until_stopped,
)
from local_azure.functions.configuration.jsonc import read_object
from local_azure.functions.configuration.local_settings import read_local_settings
from local_azure.functions.console import log_to_console, print_error, print_line
from local_azure.functions.errors import AddressError, ConfigurationError, HostError
from local_azure.functions.host import listen
from local_azure.tables.faults import KINDS as STORAGE_FAULTS
from local_azure.webpubsub import (
    ConnectionString,
    EventHandler,
    InvalidConnectionString,
    Service,
    Settings,
    SettingsError,
    serve,
)
from local_azure.webpubsub.faults import KINDS as WEBPUBSUB_FAULTS

WEBPUBSUB_PORT = 8080
WEBPUBSUB_SETTINGS = "webpubsub.json"
CONNECTION_SETTING = "WebPubSubConnectionString"
TABLES_PORT = 10002
STORAGE_SETTING = "AzureWebJobsStorage"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve both until Ctrl-C; return 0, 1 when a port is in use or settings cannot be used."""
    parsed = _parser().parse_args(arguments)
    try:
        options = parse_options(parsed, parsed.app)
        settings = webpubsub_settings(parsed.webpubsub_settings, options.app_root)
    except HostError as error:
        print_error(f"error: {error}")
        return 1
    log_to_console()
    serving = _run(options, settings, parsed.webpubsub_port, parsed.tables_port, parsed.fault, reload=parsed.reload)
    return finish_process(run_until_stopped(serving))


def webpubsub_settings(file: Path | None, app_root: Path) -> Settings:
    """Return the service's settings from the file, or the app's webpubsub.json, and the environment.

    Raises ConfigurationError when the file is missing or holds what the service does not know.
    """
    chosen = file or app_root / WEBPUBSUB_SETTINGS
    document = read_object(chosen) if file or chosen.is_file() else {}
    try:
        return Settings.from_json(document, os.environ)
    except SettingsError as error:
        raise ConfigurationError(f"{chosen.name}: {error}") from error


def replace_functions_port(settings: Settings, port: int) -> Settings:
    """Return the settings with the port in event handler URLs that point at the default Functions address."""

    def replace_port(handler: EventHandler) -> EventHandler:
        url = urlsplit(handler.url_template)
        if url.hostname not in LOOPBACK_NAMES or url.port != FUNCTIONS_PORT:
            return handler
        netloc = url.netloc.removesuffix(str(FUNCTIONS_PORT)) + str(port)
        return replace(handler, url_template=handler.url_template.replace(url.netloc, netloc, 1))

    hubs = {
        name: replace(hub, event_handlers=tuple(replace_port(handler) for handler in hub.event_handlers))
        for name, hub in settings.hubs.items()
    }
    return replace(settings, hubs=hubs)


def connection_setting(
    file_values: Mapping[str, str], environment: Mapping[str, str], connection_string: str
) -> dict[str, str]:
    """Return the app setting that points at the started Web PubSub; empty when the app has another connection."""
    return _setting(CONNECTION_SETTING, connection_string, _is_default_address, file_values, environment)


def storage_setting(
    file_values: Mapping[str, str], environment: Mapping[str, str], connection_string: str
) -> dict[str, str]:
    """Return the app setting that points at the started table storage; empty when the app has another storage."""
    return _setting(STORAGE_SETTING, connection_string, _is_development_storage, file_values, environment)


def _setting(
    name: str,
    value: str,
    is_default: Callable[[str], bool],
    file_values: Mapping[str, str],
    environment: Mapping[str, str],
) -> dict[str, str]:
    given = {**file_values, **{key: text for key, text in environment.items() if text}}
    uses_identity = any(key.startswith(f"{name}__") for key in given)
    if environment.get(name) or uses_identity:
        return {}
    chosen = given.get(name)
    return {name: value} if not chosen or is_default(chosen) else {}


async def _run(
    options: HostOptions,
    settings: Settings,
    webpubsub_port: int,
    tables_port: int,
    faults: Sequence[Fault],
    *,
    reload: bool,
) -> None:
    with listen(options.host, options.port) as listener:
        port = listener.getsockname()[1]
        async with (
            _serve_tables(options, tables_port) as storage,
            _serve_webpubsub(replace_functions_port(settings, port), options.host, webpubsub_port) as service,
        ):
            service.show_storage(storage.observations, storage.faults)
            for fault in faults:
                injector = storage.faults if storage.faults.accepts(fault) else service.faults
                injector.add(fault)
            print_line(f"Functions host   http://localhost:{port}/")
            print_line(f"Web PubSub       {service.endpoint}/")
            print_line(f"Connection       {service.connection_string}")
            print_line(f"Table storage    {storage.endpoint}")
            values = read_local_settings(options.app_root).values
            connection = connection_setting(values, os.environ, service.connection_string)
            if not connection:
                print_line(f"The app keeps the {CONNECTION_SETTING} that it was given: it uses another service.")
            own_storage = storage_setting(values, os.environ, storage.connection_string)
            if not own_storage:
                print_line(f"The app keeps the {STORAGE_SETTING} that it was given: it uses another storage.")
            options = replace(options, settings=connection | own_storage)
            if reload:
                from local_azure.functions.reload import run_reloading

                host = run_reloading(options, listener, PROCESS_STARTED)
            else:
                host = run_host(options, listener, PROCESS_STARTED)
            await _until_stopped(service, host)


async def _until_stopped(service: Service, host: Coroutine[Any, Any, None]) -> None:
    """Run the host; when this task is cancelled, stop the service first, so that the app still gets `disconnected`."""
    running = asyncio.create_task(host)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await service.stop()
        raise
    finally:
        running.cancel()
        await asyncio.wait({running})


@asynccontextmanager
async def _serve_webpubsub(settings: Settings, host: str, port: int) -> AsyncIterator[Service]:
    serving = serve(settings, host=host, port=port)
    try:
        service = await serving.__aenter__()
    except OSError as error:
        raise AddressError(host, port, error) from error
    try:
        yield service
    finally:
        await serving.__aexit__(None, None, None)


@asynccontextmanager
async def _serve_tables(options: HostOptions, port: int) -> AsyncIterator[tables.Service]:
    serving = tables.serve(tables.Settings(data=options.data), host=options.host, port=port)
    try:
        storage = await serving.__aenter__()
    except OSError as error:
        raise AddressError(options.host, port, error) from error
    except tables.StoreError as error:
        raise ConfigurationError(str(error)) from error
    try:
        yield storage
    finally:
        await serving.__aexit__(None, None, None)


def _is_development_storage(connection_string: str) -> bool:
    """Return whether the text means the storage emulator of this machine, at its own port."""
    if connection_string.strip().rstrip(";").lower() == "usedevelopmentstorage=true":
        return True
    segments = (segment.partition("=") for segment in connection_string.split(";"))
    endpoints = {name.strip().lower(): value for name, _, value in segments}
    try:
        url = urlsplit(endpoints.get("tableendpoint", ""))
        return url.hostname in LOOPBACK_NAMES and url.port == TABLES_PORT
    except ValueError:
        return False


def _is_default_address(connection_string: str) -> bool:
    try:
        url = urlsplit(ConnectionString.parse(connection_string).endpoint)
    except InvalidConnectionString:
        return False
    return url.hostname in LOOPBACK_NAMES and url.port == WEBPUBSUB_PORT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_azure",
        description="Serve a Function App's folder, and Azure Web PubSub and Table storage for it.",
    )
    parser.add_argument("--app", type=Path, default=Path(), metavar="DIR", help="the app's folder (default: this one)")
    add_arguments(parser)
    parser.add_argument(
        "--webpubsub-port", type=int, default=WEBPUBSUB_PORT, help="port of Web PubSub (default %(default)s, 0 for any)"
    )
    parser.add_argument(
        "--webpubsub-settings",
        type=Path,
        metavar="FILE",
        help=f"hubs and event handlers (default: {WEBPUBSUB_SETTINGS} in the app's folder)",
    )
    parser.add_argument(
        "--tables-port", type=int, default=TABLES_PORT, help="port of Table storage (default %(default)s, 0 for any)"
    )
    add_fault_option(parser, (*WEBPUBSUB_FAULTS, *STORAGE_FAULTS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
