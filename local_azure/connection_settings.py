"""How an app and the services of this machine find each other even if a port is not the default one.

Default addresses in their settings are replaced, and nothing else:

- `WebPubSubConnectionString` in the app's environment becomes the connection string of the service that was started,
  where local.settings.json has none or one that points at localhost:8080. A value in the real environment, one that
  points anywhere else (an Azure service, the official emulator) and an identity-based connection stay.
- `AzureWebJobsStorage` becomes the connection string of the table storage in the same way: where local.settings.json
  has none, `UseDevelopmentStorage=true`, or one that points at port 10002 of this machine.
- With `--identity`, settings that describe the app's managed identity take the place of both connection strings.
- Event handler URLs in the Web PubSub settings that point at localhost:7071 follow the Functions host's port.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from local_azure.functions.options import DEFAULT_PORT as FUNCTIONS_PORT
from local_azure.webpubsub import ConnectionString, EventHandler, InvalidConnectionString, Settings

WEBPUBSUB_PORT = 8080
CONNECTION_SETTING = "WebPubSubConnectionString"
TABLES_PORT = 10002
STORAGE_SETTING = "AzureWebJobsStorage"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


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


def identity_settings(
    connection: Mapping[str, str], endpoint_name: str, endpoint: str, client_id: str | None
) -> dict[str, str]:
    """Return the identity-based form of a connection's setting, and the setting itself empty; {} stays {}.

    `endpoint_name` is `serviceUri` or `tableServiceUri`; a client id names a user-assigned identity.
    """
    settings: dict[str, str] = {}
    for name in connection:
        settings |= {name: "", f"{name}__{endpoint_name}": endpoint, f"{name}__credential": "managedidentity"}
        if client_id:
            settings[f"{name}__clientId"] = client_id
    return settings


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
