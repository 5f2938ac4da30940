"""Which service and which clock the settings of this machine mean, where the chat was started at other ports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chat.errors import NotConfigured
from chat.settings import CONNECTION, SERVICE_URI, Connection, Settings, Trust, parse_connection_string
from chat.table_storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, parse_storage_string
from doctor.connection import CLOCK_LIMIT_SECONDS, is_on_this_machine

STORAGE = "AzureWebJobsStorage"
WEBPUBSUB_PORT, TABLES_PORT = 8080, 10002


@dataclass(frozen=True, slots=True)
class Service:
    """A Web PubSub service, its hub, and how this machine authorizes itself there: a key, else an identity."""

    endpoint: str
    hub: str
    connection: Connection | None = field(default=None, repr=False)
    client_id: str | None = None


def move_ports(values: Mapping[str, str], webpubsub: int, tables: int) -> dict[str, str]:
    """Return the settings with the ports of this machine that `python3 dev.py run` was told to take.

    As there, only addresses of this machine at the usual port are moved, and a missing one is added.
    """
    moved = dict(values)
    connection = moved.get(CONNECTION, "")
    if webpubsub != WEBPUBSUB_PORT and _is_local(_service_address(connection), WEBPUBSUB_PORT):
        moved[CONNECTION] = connection.replace(f":{WEBPUBSUB_PORT}", f":{webpubsub}", 1)
    if tables != TABLES_PORT and _is_local(_storage_address(moved.get(STORAGE, "")), TABLES_PORT):
        endpoint = f"http://127.0.0.1:{tables}/{DEVELOPMENT_ACCOUNT}"
        moved[STORAGE] = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY};TableEndpoint={endpoint}"
    return moved


def _service_address(text: str) -> str:
    try:
        return parse_connection_string(text).endpoint if text else ""
    except NotConfigured:  # `settings.values` says so
        return ""


def _storage_address(text: str) -> str:
    try:
        return parse_storage_string(text, STORAGE).endpoint if text else ""
    except NotConfigured:  # `storage.tables` says so
        return ""


def _is_local(address: str, port: int) -> bool:
    return is_on_this_machine(address) and urlsplit(address).port == port


def service_of(settings: Settings) -> Service | None:
    """Return the service that the settings name; None when they name none that can be asked."""
    try:
        connection, endpoint = settings.connection, settings.endpoint
    except NotConfigured:  # `settings.values` and `settings.connection` say so
        return None
    client_id = None if connection or not settings.text(SERVICE_URI) else settings.identity_client_id
    return Service(endpoint, settings.hub, connection, client_id)


def age_limit(settings: Settings) -> float:
    """Return how far the clocks may differ, in seconds: what the app allows an event, at most what the service does."""
    try:
        return min(settings.event_max_age_seconds or CLOCK_LIMIT_SECONDS, CLOCK_LIMIT_SECONDS)
    except NotConfigured:  # `settings.values` says so
        return CLOCK_LIMIT_SECONDS


def trusts_signature(settings: Settings) -> bool:
    """Return whether the app verifies events by a signature of the access key."""
    try:
        return settings.trust is Trust.SIGNATURE
    except NotConfigured:  # `settings.trust` says so
        return False
