"""Web PubSub and Table storage in this process, wired to the app, which other processes serve."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_azure import PROCESS_STARTED, tables
from local_azure.connection_settings import (
    CONNECTION_SETTING,
    STORAGE_SETTING,
    connection_setting,
    identity_settings,
    replace_functions_port,
    storage_setting,
)
from local_azure.faults import Fault
from local_azure.functions.configuration.jsonc import read_object
from local_azure.functions.configuration.local_settings import read_local_settings
from local_azure.functions.console import print_line
from local_azure.functions.errors import AddressError, ConfigurationError
from local_azure.functions.instances.app_instances import AppInstances
from local_azure.garbage_collection import collect_seldom
from local_azure.identity_connections import (
    IdentityOptions,
    client_id_of_app,
    fill_placeholders,
    read_identities,
    require_identities,
)
from local_azure.log_lines import log_to_stdout
from local_azure.meter.options import MeterOptions, report_run
from local_azure.tables.faults import KINDS as STORAGE_FAULTS
from local_azure.webpubsub import Service, Settings, SettingsError, serve
from local_azure.webpubsub.settings_file import followed_settings

if TYPE_CHECKING:
    from local_azure.authority import AuthorityServer
    from local_azure.bearer_tokens import BearerTokens
    from local_azure.certificates import TlsFiles

WEBPUBSUB_SETTINGS = "webpubsub.json"


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Where the services listen and what they know.

    `functions_port` is the app's; `webpubsub_settings` is None for webpubsub.json in the app's folder, if it is there.
    `app_settings` are further ones of the app. With `tls` all but the app is served by https, which `identity` needs.
    What clients, service and app send each other is recorded in `record`.
    Without `has_recorder` the inspector records only while its page is open, whatever the settings say.
    """

    app_root: Path
    host: str
    functions_port: int
    webpubsub_port: int
    tables_port: int
    data: Path | None = None
    webpubsub_settings: Path | None = None
    faults: Sequence[Fault] = ()
    app_settings: Sequence[tuple[str, str]] = ()
    tls: "TlsFiles | None" = None
    identity: IdentityOptions | None = None
    meter: MeterOptions | None = None
    record: Path | None = None
    has_recorder: bool = True


@dataclass(frozen=True, slots=True)
class _Identity:
    """The authority, the check of its tokens, and the client id that the app names, if it does."""

    server: "AuthorityServer"
    tokens: "BearerTokens"
    client_id: str | None


async def run_services(options: ServiceOptions, instances: AppInstances) -> None:
    """Start both services, tell the app where they are, and serve it until this is cancelled.

    Raises HostError when settings cannot be used, an address is taken or the app cannot be served.
    """
    settings = _read_settings(options)
    log_to_stdout()
    async with AsyncExitStack() as stack:
        identity = await _serve_identity(stack, options.identity, options.tls) if options.identity else None
        storage = await stack.enter_async_context(_serve_tables(options, identity))
        service = await stack.enter_async_context(_serve_webpubsub(settings, options, identity))
        service.show_storage(storage.observations, storage.faults)
        for fault in options.faults:
            faults = storage.faults if isinstance(fault, STORAGE_FAULTS) else service.faults
            faults.add(fault)
        if options.meter:
            _use_meter(stack, service, options.meter)
        _print_addresses(options, service, storage, identity)
        app_settings = _app_settings(options, service, storage, identity)
        if options.tls:
            print_line(f"App's settings   {options.tls.write_app_variables(app_settings)}")
        await stack.enter_async_context(
            followed_settings(_settings_file(options), partial(_read_settings_again, options), service)
        )
        with _recording(service, options.record) as recording:
            host = instances.run(app_settings, PROCESS_STARTED)
            collect_seldom()
            await _until_stopped(service, host, recording)


@contextmanager
def _recording(service: Service, file: Path | None) -> Iterator[ExitStack]:
    """Record until the stack is closed, at the latest when the block ends; raises ConfigurationError."""
    if file is None:
        yield ExitStack()
        return
    # Imported here: most runs are not recorded.
    from local_azure.recording import RecordingFailed, record

    try:
        with ExitStack() as stack:
            stack.enter_context(record(service, file))
            yield stack
    except RecordingFailed as error:
        raise ConfigurationError(str(error)) from error


def _use_meter(stack: AsyncExitStack, service: Service, options: MeterOptions) -> None:
    """Give the meter its prices; if it is wanted, print the report after the service's stop."""
    meter = service.observations.meter
    meter.prices = options.prices
    if options.is_wanted:
        stack.callback(lambda: print_line(report_run(meter, options)))


def _print_addresses(
    options: ServiceOptions, service: Service, storage: tables.Service, identity: "_Identity | None"
) -> None:
    print_line(f"Functions host   http://localhost:{options.functions_port}/")
    print_line(f"Web PubSub       {service.endpoint}/")
    if service.has_inspector:
        print_line(f"Inspector        {service.endpoint}/")
    if identity is None:
        print_line(f"Connection       {service.connection_string}")
    print_line(f"Table storage    {storage.endpoint}")
    if identity:
        print_line(f"Authority        {identity.server.authority.tenant_url}/v2.0")
    if options.tls:
        print_line(f"Certificates     {options.tls.authority}")
        print_line(
            f"                 A browser has to trust it: import it, or open {service.endpoint}/ once and accept it."
        )


def _settings_file(options: ServiceOptions) -> Path:
    return options.webpubsub_settings or options.app_root / WEBPUBSUB_SETTINGS


def _read_settings(options: ServiceOptions) -> Settings:
    """Return the service's settings, for the app's port; raises ConfigurationError."""
    settings = read_webpubsub_settings(options.webpubsub_settings, options.app_root)
    settings = replace_functions_port(settings, options.functions_port)
    if not options.has_recorder:
        settings = replace(settings, recorder=replace(settings.recorder, enabled=False))
    return require_identities(settings) if options.identity else settings


def _read_settings_again(options: ServiceOptions) -> Settings:
    try:
        return _read_settings(options)
    except ConfigurationError as error:
        raise SettingsError(str(error)) from error


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


def _app_settings(
    options: ServiceOptions, service: Service, storage: tables.Service, identity: "_Identity | None"
) -> dict[str, str]:
    """Return the settings that point the app at the services; say so where it has chosen others."""
    values = read_local_settings(options.app_root).values
    connection = connection_setting(values, os.environ, service.connection_string)
    if not connection:
        print_line(f"The app keeps the {CONNECTION_SETTING} that it was given: it uses another service.")
    own_storage = storage_setting(values, os.environ, storage.connection_string)
    if not own_storage:
        print_line(f"The app keeps the {STORAGE_SETTING} that it was given: it uses another storage.")
    if identity is None:
        return connection | own_storage | dict(options.app_settings)
    return {
        **identity_settings(connection, "serviceUri", service.endpoint, identity.client_id),
        **identity_settings(own_storage, "tableServiceUri", storage.endpoint, identity.client_id),
        **identity.server.app_variables(),
        **fill_placeholders(options.app_settings, identity.server.authority),
    }


async def _until_stopped(service: Service, host: Coroutine[Any, Any, None], recording: ExitStack) -> None:
    """Run the host; when this task is cancelled, stop the service first, so that the app still gets `disconnected`.

    The recording ends before: the end of the service is no part of a conversation.
    """
    running = asyncio.create_task(host)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        recording.close()
        await service.stop()
        raise
    finally:
        running.cancel()
        await asyncio.wait({running})


async def _serve_identity(stack: AsyncExitStack, options: IdentityOptions, tls: "TlsFiles | None") -> "_Identity":
    """Serve the authority for as long as the stack is open."""
    # Imported here: most runs need none.
    from local_azure import authority
    from local_azure.bearer_tokens import BearerTokens

    identities = read_identities(options)
    serving = authority.serve(identities, port=options.port, tls=tls.server_context() if tls else None)
    try:
        server = await stack.enter_async_context(serving)
    except OSError as error:
        raise AddressError(authority.HOST, options.port, error) from error
    tokens = BearerTokens(server.authority.trust())
    server.authority.keys.on_rotation(tokens.replace_keys)
    return _Identity(server, tokens, client_id_of_app(options, identities))


@asynccontextmanager
async def _serve_webpubsub(
    settings: Settings, options: ServiceOptions, identity: "_Identity | None"
) -> AsyncIterator[Service]:
    serving = serve(
        settings,
        host=options.host,
        port=options.webpubsub_port,
        tls=options.tls.server_context() if options.tls else None,
        tokens=identity.tokens if identity else None,
        own_token=identity.server.authority.own_token if identity else None,
    )
    try:
        service = await serving.__aenter__()
    except OSError as error:
        raise AddressError(options.host, options.webpubsub_port, error) from error
    except SettingsError as error:
        raise ConfigurationError(f"{options.webpubsub_settings or WEBPUBSUB_SETTINGS}: {error}") from error
    try:
        yield service
    finally:
        await serving.__aexit__(None, None, None)


@asynccontextmanager
async def _serve_tables(options: ServiceOptions, identity: "_Identity | None") -> AsyncIterator[tables.Service]:
    """Serve Table storage; with identities its keys are refused."""
    serving = tables.serve(
        tables.Settings(data=options.data, allow_shared_key=identity is None),
        host=options.host,
        port=options.tables_port,
        tls=options.tls.server_context() if options.tls else None,
        tokens=identity.tokens if identity else None,
    )
    try:
        storage = await serving.__aenter__()
    except OSError as error:
        raise AddressError(options.host, options.tables_port, error) from error
    except tables.StoreError as error:
        raise ConfigurationError(str(error)) from error
    try:
        yield storage
    finally:
        await serving.__aexit__(None, None, None)
