"""The app's settings: environment variables, read when a function first needs them.

Nothing here fails at import. A property whose setting is missing or wrong raises `NotConfigured` with its name.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from urllib.parse import urlsplit

from chat.errors import NotConfigured

CONNECTION = "WebPubSubConnectionString"
SERVICE_URI = f"{CONNECTION}__serviceUri"
CLIENT_ID = f"{CONNECTION}__clientId"
SECONDARY = "WebPubSubSecondaryConnectionString"
DEFAULT_HUB = "Sample_ChatApp"
MAX_MESSAGE_BYTES = 6144
MAX_USER_CONNECTIONS = 200
DAY_SECONDS = 86_400
STORAGE = "ChatStorage"
DEFAULT_STORAGE = "AzureWebJobsStorage"
TABLE_PREFIX = "ChatTablePrefix"
MAX_TABLE_PREFIX = 40
"""A table's name has at most 63 characters: this leaves 23 for the part after the prefix."""
EMBED_ORIGINS = "ChatEmbedOrigins"
MAX_EMBED_ORIGINS = 20
_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[::1\])(?::[0-9]{1,5})?")
# The platform's settings with which the Python worker joins or exports traces.
_PLATFORM_TRACES = ("PYTHON_ENABLE_OPENTELEMETRY", "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY")
_ON = ("true", "1", "yes", "y", "t")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Auth(StrEnum):
    """Who decides who a user is (`ChatAuth`)."""

    OPEN = "open"
    EASYAUTH = "easyauth"


class Trust(StrEnum):
    """How an event is verified to come from the service (`ChatWebhookTrust`)."""

    SIGNATURE = "signature"
    IDENTITY = "identity"
    FUNCTION_KEY = "functionkey"


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection string of the service: its http(s) endpoint without a trailing slash, and an access key."""

    endpoint: str
    access_key: str


@lru_cache(maxsize=8)
def parse_connection_string(text: str, setting: str = CONNECTION) -> Connection:
    """Return the endpoint and key of `Endpoint=…;AccessKey=…;Version=1.0;` (keys in any case, `Port` optional).

    Raises NotConfigured, which never quotes the value: it holds the key.
    """
    parts: dict[str, str] = {}
    for segment in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = segment.partition("=")
        if not equals:
            raise NotConfigured(setting, "is not a connection string: a part of it has no '='")
        parts.setdefault(name.strip().lower(), value)
    endpoint = parts.get("endpoint", "").rstrip("/")
    if not endpoint.startswith(("http://", "https://")):
        raise NotConfigured(setting, "has no Endpoint that begins with http:// or https://")
    if not parts.get("accesskey"):
        raise NotConfigured(setting, "has no AccessKey")
    return Connection(endpoint + (f":{parts['port']}" if parts.get("port") else ""), parts["accesskey"])


@dataclass(frozen=True)
class Settings:
    """The environment's values, each checked when it is asked for.

    What each event asks for is kept, so the values must not change afterwards: `current_settings` makes a new object.
    """

    values: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """Return a setting without surrounding spaces; blank counts as unset."""
        return self.values.get(name, "").strip() or default

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Return a setting as a number between two limits, both included."""
        raw = self.text(name, str(default))
        try:
            value = float(raw)
        except ValueError:
            raise NotConfigured(name, f"is {raw!r}, it must be a number") from None
        if not low <= value <= high:
            raise NotConfigured(name, f"is {raw}, it must be from {low:g} to {high:g}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """Return a comma-separated setting, trimmed, without empty parts."""
        return tuple(filter(None, (part.strip() for part in self.text(name).split(","))))

    @cached_property
    def hub(self) -> str:
        """The hub this app serves."""
        return self.text("WebPubSubHub", DEFAULT_HUB)

    @property
    def connection(self) -> Connection | None:
        """The connection string, or None when the app connects with its identity."""
        raw = self.text(CONNECTION)
        return parse_connection_string(raw) if raw else None

    @cached_property
    def endpoint(self) -> str:
        """The service's http(s) endpoint, without a trailing slash."""
        if connection := self.connection:
            return connection.endpoint
        uri = self.text(SERVICE_URI).rstrip("/")
        if not uri:
            raise NotConfigured(CONNECTION, f"is not set (or {SERVICE_URI} for a managed identity)")
        if not uri.startswith("https://"):
            raise NotConfigured(SERVICE_URI, "must begin with https://")
        return uri

    @property
    def identity_client_id(self) -> str | None:
        """The client id of a user-assigned identity; None means the system-assigned one."""
        return self.text(CLIENT_ID) or None

    @cached_property
    def access_keys(self) -> tuple[str, ...]:
        """The keys that sign events: primary first, then the secondary where one is configured."""
        primary, secondary = self.connection, self.text(SECONDARY)
        keys = (primary.access_key,) if primary else ()
        return keys + ((parse_connection_string(secondary, SECONDARY).access_key,) if secondary else ())

    @cached_property
    def storage_setting(self) -> str:
        """The name of the setting that holds the connection to Table storage (`ChatStorage`)."""
        name = self.text(STORAGE, DEFAULT_STORAGE)
        if not re.fullmatch(r"\w+", name):
            raise NotConfigured(STORAGE, "must be the name of the setting that holds the connection")
        return name

    @cached_property
    def table_prefix(self) -> str:
        """What the names of the chat's tables begin with."""
        prefix = self.text(TABLE_PREFIX, "Chat")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", prefix, re.ASCII):
            raise NotConfigured(TABLE_PREFIX, f"is {prefix!r}, it must be letters and digits and begin with a letter")
        if len(prefix) > MAX_TABLE_PREFIX:
            raise NotConfigured(TABLE_PREFIX, f"has {len(prefix)} characters, the limit is {MAX_TABLE_PREFIX}")
        return prefix

    @cached_property
    def auth(self) -> Auth:
        """Who may connect; unset is an error, so nothing is open by accident."""
        raw = self.text("ChatAuth").lower()
        if raw not in tuple(Auth):
            problem = f"is {raw!r}" if raw else "is not set"
            raise NotConfigured("ChatAuth", f"{problem}: it must be 'open' or 'easyauth'")
        return Auth(raw)

    @cached_property
    def trust(self) -> Trust:
        """How events are verified: as set, else their signature when an access key is known."""
        raw = self.text("ChatWebhookTrust").lower()
        if raw in tuple(Trust):
            return Trust(raw)
        if raw:
            raise NotConfigured("ChatWebhookTrust", f"is {raw!r}: it must be 'signature', 'identity' or 'functionkey'")
        if self.access_keys:
            return Trust.SIGNATURE
        raise NotConfigured("ChatWebhookTrust", "is not set, and without an access key no signature can be checked")

    @cached_property
    def event_max_age_seconds(self) -> float | None:
        """How far an event's time may be from our clock, either way, in seconds; None: any time is taken."""
        return self.number("ChatEventMaxAgeSeconds", 300, 0, DAY_SECONDS) or None

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The service hosts that may register this webhook: as set, else the service's own; `*` allows any."""
        if named := self.words("ChatAllowedOrigins"):
            return named
        host = urlsplit(self.endpoint).hostname
        return (host,) if host else ()

    @property
    def embed_origins(self) -> tuple[str, ...]:
        """The origins of the sites that may show a room in a frame; none unless they are set."""
        origins = tuple(word.lower() for word in self.words(EMBED_ORIGINS))
        if len(origins) > MAX_EMBED_ORIGINS:
            raise NotConfigured(EMBED_ORIGINS, f"has {len(origins)} origins, the limit is {MAX_EMBED_ORIGINS}")
        for origin in origins:
            _check_origin(origin)
        return origins

    @property
    def token_minutes(self) -> int:
        """How long a negotiated URL may be used to connect, in minutes."""
        return int(self.number("ChatTokenMinutes", 5, 1, 60))

    @property
    def user_connections(self) -> int:
        """How many connections a user may have at the same time."""
        return int(self.number("ChatUserConnections", 20, 1, MAX_USER_CONNECTIONS))

    @cached_property
    def message_bytes(self) -> int:
        """The longest message, in bytes of UTF-8."""
        return int(self.number("ChatMessageBytes", 4096, 1, MAX_MESSAGE_BYTES))

    @cached_property
    def review_seconds(self) -> float:
        """How long `chat/moderation.py` may take to review a text, in seconds."""
        return self.number("ChatReviewSeconds", 2, 0.05, 30)

    @property
    def accepts_unreviewed(self) -> bool:
        """Whether a text is accepted that could not be reviewed in time."""
        raw = self.text("ChatReviewFailure", "refuse").lower()
        if raw not in ("refuse", "accept"):
            raise NotConfigured("ChatReviewFailure", f"is {raw!r}: it must be 'refuse' or 'accept'")
        return raw == "accept"

    @property
    def room_idle_seconds(self) -> float | None:
        """How long a room may be empty and unused before its messages are removed, in seconds; None: for ever."""
        if not self.text("ChatRoomIdleDays"):
            return None
        return self.number("ChatRoomIdleDays", 0, 0, 3650) * DAY_SECONDS

    @property
    def retention_seconds(self) -> float | None:
        """How long what was said is kept, in seconds; None: for ever."""
        if not self.text("ChatRetentionDays"):
            return None
        days = self.number("ChatRetentionDays", 0, 0, 36_500)
        if days == 0:
            raise NotConfigured("ChatRetentionDays", "is 0: leave it unset to keep everything")
        return days * DAY_SECONDS

    @property
    def makes_spans(self) -> bool:
        """Whether spans are made by OpenTelemetry's API: as set, else when the platform exports or joins traces."""
        raw = self.text("ChatTelemetry").lower()
        if raw not in ("", "lines", "opentelemetry"):
            raise NotConfigured("ChatTelemetry", f"is {raw!r}: it must be 'lines' or 'opentelemetry'")
        return raw == "opentelemetry" or (not raw and any(self.text(name).lower() in _ON for name in _PLATFORM_TRACES))

    @cached_property
    def admins(self) -> frozenset[str]:
        """The ids of users who may change any message; none unless App Service Authentication decides who a user is."""
        return frozenset(self.words("ChatAdmins")) if self.auth is Auth.EASYAUTH else frozenset()

    def is_admin(self, user: str) -> bool:
        """Return whether a user may change the messages of all users."""
        return user in self.admins


def _check_origin(origin: str) -> None:
    """Raise NotConfigured unless a browser sends this text as the origin of a page that may embed the chat."""
    if origin == "*":
        raise NotConfigured(EMBED_ORIGINS, "is '*': any site could lay the chat under its own buttons; name each site")
    if not _ORIGIN.fullmatch(origin):
        raise NotConfigured(EMBED_ORIGINS, f"has {origin!r}: an origin is https://host or https://host:port, no path")
    if origin.startswith("http:") and urlsplit(origin).hostname not in _THIS_MACHINE:
        raise NotConfigured(EMBED_ORIGINS, f"has {origin!r}: it must begin with https://, but on this machine")


def current_settings() -> Settings:
    """Return the settings as the environment holds them now."""
    return Settings(os.environ)
