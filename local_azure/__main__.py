"""`python -m local_azure`: Azure Web PubSub and the Functions host in one command, wired together.

The two must find each other also when a port is not the default one, so this command adjusts what their settings say
about the default addresses, and nothing else:

- `WebPubSubConnectionString` in the app's environment becomes the connection string of the service that was started,
  where local.settings.json has none or one that points at localhost:8080. A value in the real environment, one that
  points anywhere else (an Azure service, another emulator) and an identity-based connection stay.
- Event handler URLs in the Web PubSub settings that point at localhost:7071 follow the Functions host's port.

With `--reload` the Functions half runs in a child process and is restarted when the app's files change; the Web PubSub
half stays, and so do its clients' connections.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local_azure import STARTED
from local_azure.functions.console import complain, log_to_console, show
from local_azure.functions.errors import AddressError, ConfigurationError, HostError
from local_azure.functions.host import listen
from local_azure.functions.jsonc import read_object
from local_azure.functions.program import DEFAULT_PORT as FUNCTIONS_PORT
from local_azure.functions.program import Options, add_arguments, leave, options_from, run_host, run_until_stopped
from local_azure.functions.settings import read_local_settings
from local_azure.webpubsub import (
    ConnectionString,
    EventHandler,
    InvalidConnectionString,
    Service,
    Settings,
    SettingsError,
    serve,
)
from local_azure.webpubsub.faults import Fault, add_fault_option

WEBPUBSUB_PORT = 8080
WEBPUBSUB_SETTINGS = "webpubsub.json"
CONNECTION_SETTING = "WebPubSubConnectionString"
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve both until Ctrl-C; return 0, 1 when a port is taken or settings cannot be used."""
    parsed = _parser().parse_args(arguments)
    try:
        options = options_from(parsed, parsed.app)
        settings = webpubsub_settings(parsed.webpubsub_settings, options.app_root)
    except HostError as error:
        complain(f"error: {error}")
        return 1
    log_to_console()
    serving = _run(options, settings, parsed.webpubsub_port, parsed.fault, reload=parsed.reload)
    return leave(run_until_stopped(serving))


def webpubsub_settings(file: Path | None, app_root: Path) -> Settings:
    """Return the service's settings from the file, or the app's webpubsub.json, and the environment.

    Raises:
        ConfigurationError: the file is missing or holds what the service does not know.
    """
    chosen = file or app_root / WEBPUBSUB_SETTINGS
    document = read_object(chosen) if file or chosen.is_file() else {}
    try:
        return Settings.from_json(document, os.environ)
    except SettingsError as error:
        raise ConfigurationError(f"{chosen.name}: {error}") from error


def follow_functions_port(settings: Settings, port: int) -> Settings:
    """Return the settings with event handlers at the default Functions address pointed at the port."""

    def follow(handler: EventHandler) -> EventHandler:
        url = urlsplit(handler.url_template)
        if url.hostname not in THIS_MACHINE or url.port != FUNCTIONS_PORT:
            return handler
        netloc = url.netloc.removesuffix(str(FUNCTIONS_PORT)) + str(port)
        return replace(handler, url_template=handler.url_template.replace(url.netloc, netloc, 1))

    hubs = {
        name: replace(hub, event_handlers=tuple(follow(handler) for handler in hub.event_handlers))
        for name, hub in settings.hubs.items()
    }
    return replace(settings, hubs=hubs)


def connection_settings(
    file_values: Mapping[str, str], environment: Mapping[str, str], connection_string: str
) -> dict[str, str]:
    """Return the app setting that points at the started service, nothing where the app has chosen another one."""
    given = {**file_values, **{name: value for name, value in environment.items() if value}}
    uses_identity = any(name.startswith(f"{CONNECTION_SETTING}__") for name in given)
    if environment.get(CONNECTION_SETTING) or uses_identity:
        return {}
    chosen = given.get(CONNECTION_SETTING)
    return {CONNECTION_SETTING: connection_string} if not chosen or _is_default_address(chosen) else {}


async def _run(
    options: Options, settings: Settings, webpubsub_port: int, faults: Sequence[Fault], *, reload: bool
) -> None:
    with listen(options.host, options.port) as listener:
        port = listener.getsockname()[1]
        async with _service(follow_functions_port(settings, port), options.host, webpubsub_port) as service:
            for fault in faults:
                service.faults.add(fault)
            show(f"Functions host   http://localhost:{port}/")
            show(f"Web PubSub       {service.endpoint}/")
            show(f"Connection       {service.connection_string}")
            values = read_local_settings(options.app_root).values
            connection = connection_settings(values, os.environ, service.connection_string)
            if not connection:
                show(f"The app keeps the {CONNECTION_SETTING} that it was given: it uses another service.")
            options = replace(options, settings=connection)
            if reload:
                from local_azure.functions.reload import run_reloading

                host = run_reloading(options, listener, STARTED)
            else:
                host = run_host(options, listener, STARTED)
            await _until_stopped(service, host)


async def _until_stopped(service: Service, host: Coroutine[Any, Any, None]) -> None:
    """Run the host; when we are stopped, the service goes first: the app still hears who it disconnected."""
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
async def _service(settings: Settings, host: str, port: int) -> AsyncIterator[Service]:
    serving = serve(settings, host=host, port=port)
    try:
        service = await serving.__aenter__()
    except OSError as error:
        raise AddressError(host, port, error) from error
    try:
        yield service
    finally:
        await serving.__aexit__(None, None, None)


def _is_default_address(connection_string: str) -> bool:
    try:
        url = urlsplit(ConnectionString.parse(connection_string).endpoint)
    except InvalidConnectionString:
        return False
    return url.hostname in THIS_MACHINE and url.port == WEBPUBSUB_PORT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_azure",
        description="Serve a Function App's folder, and an embedded Azure Web PubSub for it.",
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
    add_fault_option(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
