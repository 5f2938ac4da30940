"""Web PubSub in this process, wired to Table storage and the app, which other processes serve."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_azure import PROCESS_STARTED
from local_azure.child_process import ProcessFailed
from local_azure.connection_settings import (
    CONNECTION_SETTING,
    STORAGE_SETTING,
    connection_setting,
    replace_functions_port,
    storage_setting,
)
from local_azure.faults import Fault
from local_azure.faults.remote_faults import RemoteFaults
from local_azure.functions.configuration.jsonc import read_object
from local_azure.functions.configuration.local_settings import read_local_settings
from local_azure.functions.console import print_line
from local_azure.functions.errors import AddressError, ConfigurationError
from local_azure.functions.instances.app_instances import AppInstances
from local_azure.log_lines import log_to_stdout
from local_azure.observation_stream import StreamedObservations
from local_azure.storage_process import StorageProcess, StorageStarted, StorageTask
from local_azure.webpubsub import Service, Settings, SettingsError, serve

WEBPUBSUB_SETTINGS = "webpubsub.json"


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Where the services listen and what they know.

    `functions_port` is the app's; `webpubsub_settings` is None for webpubsub.json in the app's folder, if it is there.
    """

    app_root: Path
    host: str
    functions_port: int
    webpubsub_port: int
    tables_port: int
    data: Path | None = None
    webpubsub_settings: Path | None = None
    faults: Sequence[Fault] = ()


async def run_services(options: ServiceOptions, instances: AppInstances, storage: StorageProcess) -> None:
    """Start both services, tell the app where they are, and serve it until this is cancelled.

    Raises HostError when settings cannot be used, an address is taken or the app cannot be served.
    """
    settings = read_webpubsub_settings(options.webpubsub_settings, options.app_root)
    log_to_stdout()
    storage_faults = [fault for fault in options.faults if isinstance(fault, tuple(_storage_fault_kinds()))]
    task = StorageTask(options.host, options.tables_port, options.data, tuple(storage_faults))
    async with (
        _serve_tables(storage, task) as tables,
        _serve_webpubsub(replace_functions_port(settings, options.functions_port), options) as service,
    ):
        service.show_storage(StreamedObservations(tables.origin), RemoteFaults(tables.origin, _storage_fault_kinds))
        for fault in options.faults:
            if fault not in storage_faults:
                service.faults.add(fault)
        print_line(f"Functions host   http://localhost:{options.functions_port}/")
        print_line(f"Web PubSub       {service.endpoint}/")
        print_line(f"Connection       {service.connection_string}")
        print_line(f"Table storage    {tables.endpoint}")
        app_settings = _app_settings(options.app_root, service, tables)
        await _until_stopped(service, instances.run(app_settings, PROCESS_STARTED, storage.set_log_level))


def _storage_fault_kinds() -> Sequence[type[Fault]]:
    # Imported here: this process does not need the storage, and a start without faults should not wait for it.
    from local_azure.tables.faults import KINDS

    return KINDS


def read_webpubsub_settings(file: Path | None, app_root: Path) -> Settings:
    """Return the service's settings from the file, or the app's webpubsub.json, and the environment.

    Raises ConfigurationError when the file is missing or holds what the service does not know.
    """
    chosen = file or app_root / WEBPUBSUB_SETTINGS
    document = read_object(chosen) if file or chosen.is_file() else {}
    try:
        return Settings.from_json(document, os.environ)
    except SettingsError as error:
        raise ConfigurationError(f"{chosen.name}: {error}") from error


def _app_settings(app_root: Path, service: Service, storage: StorageStarted) -> dict[str, str]:
    """Return the settings that point the app at the services; say so where it has chosen others."""
    values = read_local_settings(app_root).values
    connection = connection_setting(values, os.environ, service.connection_string)
    if not connection:
        print_line(f"The app keeps the {CONNECTION_SETTING} that it was given: it uses another service.")
    own_storage = storage_setting(values, os.environ, storage.connection_string)
    if not own_storage:
        print_line(f"The app keeps the {STORAGE_SETTING} that it was given: it uses another storage.")
    return connection | own_storage


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
async def _serve_webpubsub(settings: Settings, options: ServiceOptions) -> AsyncIterator[Service]:
    serving = serve(settings, host=options.host, port=options.webpubsub_port)
    try:
        service = await serving.__aenter__()
    except OSError as error:
        raise AddressError(options.host, options.webpubsub_port, error) from error
    try:
        yield service
    finally:
        await serving.__aexit__(None, None, None)


@asynccontextmanager
async def _serve_tables(storage: StorageProcess, task: StorageTask) -> AsyncIterator[StorageStarted]:
    try:
        started = await storage.serve(task)
    except ProcessFailed as error:
        raise ConfigurationError(str(error)) from error
    try:
        yield started
    finally:
        await storage.stop()
