"""The settings of the service.

The JSON shape and the environment names are the official emulator's (`WebPubSub:Hubs:<hub>:EventHandlers…`), so one
file can be used for both. `AnonymousConnectPolicy`, `SecondaryAccessKey`, `WebSocketKeepAliveIntervalInSeconds`,
`DisableLocalAuth`, `PublicEndpoints` and `Auth` of a handler are additions: the cloud service has them, the official
emulator does not. `Recorder`, and `Invocations` and `Streams` of a hub, are those of this service alone.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

from local_azure.webpubsub.names import InvalidName, hub_key, is_unicode
from local_azure.webpubsub.roles import GroupPattern, InvalidPattern
from local_azure.webpubsub.settings_tree import Section, SettingsError, overlay_environment

__all__ = [
    "DEFAULT_ACCESS_KEY",
    "AnonymousConnectPolicy",
    "EventHandler",
    "GroupPresenceEvents",
    "HubSettings",
    "Limits",
    "RecorderSettings",
    "Settings",
    "SettingsError",
    "SystemEvent",
    "Times",
]

DEFAULT_ACCESS_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
"""The official emulator's key. It is public, so the service must not be reachable from other machines with it."""

MIN_ACCESS_KEY_BYTES = 32
MAX_RESOURCE_CHARACTERS = 2048
MIN_RECORDER_BYTES = 1024 * 1024
MAX_RECORDER_BYTES = 1024 * 1024 * 1024

SystemEvent = Literal["connect", "connected", "disconnected"]
PresenceEvent = Literal["joined", "left"]
AnonymousConnectPolicy = Literal["allow", "deny"]


@dataclass(frozen=True, slots=True)
class GroupPresenceEvents:
    """Which changes of groups a handler is told: `joined`, `left` or both, of groups that match one of the patterns.

    Without patterns it is every group; the grammar is that of the patterns in roles. Raises `SettingsError`.
    """

    event_names: Sequence[str] = ()
    group_filters: Sequence[str] = ()

    def __post_init__(self) -> None:
        names = tuple(name.lower() for name in self.event_names)
        for name in names:
            if name not in get_args(PresenceEvent):
                raise SettingsError(f"EventNames has {name[:64]!r}; known are {', '.join(get_args(PresenceEvent))}")
        for pattern in self.group_filters:
            try:
                GroupPattern(pattern)
            except InvalidPattern as error:
                raise SettingsError(f"GroupFilters has {pattern[:64]!r}: {error}") from None
        object.__setattr__(self, "event_names", names)
        object.__setattr__(self, "group_filters", tuple(self.group_filters))


@dataclass(frozen=True, slots=True)
class EventHandler:
    """A webhook: where events go, which system events, and which user events.

    `event_pattern` is `*`, a name, or names joined by commas; None or an empty text means no user event.
    With an `auth_resource`, events carry a bearer token of the service's own identity for it; "" is as None, and says
    that this was chosen.
    Raises `SettingsError` when the template is not an absolute http or https URL or has a parameter in its host.
    """

    url_template: str
    system_events: Sequence[str] = ()
    event_pattern: str | None = None
    auth_resource: str | None = None
    group_presence_events: GroupPresenceEvents | None = None

    def __post_init__(self) -> None:
        _check_url_template(self.url_template)
        object.__setattr__(self, "system_events", _check_system_events(self.system_events))


@dataclass(frozen=True, slots=True)
class EventListener:
    """An event hub that the cloud service would send user events to as well; the pattern is as in `EventHandler`."""

    event_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class HubSettings:
    """One hub: its ordered event handlers, who may connect without a token, its keep-alive interval, its listeners.

    Without `invocations` an `invoke` frame is an invalid message. Without `streams` a frame of a stream is what it is
    to a service that does not know any.
    """

    event_handlers: Sequence[EventHandler] = ()
    anonymous_connect_policy: AnonymousConnectPolicy = "deny"
    keep_alive_seconds: float = 20.0
    event_listeners: Sequence[EventListener] = ()
    invocations: bool = True
    streams: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of sizes and counts; `open_streams` is that of one connection."""

    client_message_bytes: int = 1024 * 1024
    rest_body_bytes: int = 1024 * 1024
    handler_answer_bytes: int = 16 * 1024 * 1024
    replay_messages: int = 1000
    replay_bytes: int = 16 * 1024 * 1024
    outbound_messages: int = 1000
    outbound_bytes: int = 16 * 1024 * 1024
    remembered_ack_ids: int = 1000
    open_streams: int = 100
    pending_invocations: int = 100
    pending_invocation_bytes: int = 16 * 1024 * 1024
    waiting_presence_events: int = 10_000
    group_page_size: int = 200


@dataclass(frozen=True, slots=True)
class Times:
    """Every timeout, wait and lifetime of the service, in seconds.

    `stream_idle_seconds` counts for a stream whose start names no idle time of its own.
    `ack_delay_seconds` holds acks of requests back. None does so for the Python client alone, which needs it.
    """

    retention_seconds: float = 30.0
    handler_timeout_seconds: float = 100.0
    retry_waits_seconds: Sequence[float] = (1.0, 3.0, 5.0)
    validation_timeout_seconds: float = 10.0
    validation_recheck_seconds: float = 60.0
    validation_retry_seconds: float = 1.0
    validation_retry_max_seconds: float = 60.0
    close_drain_seconds: float = 5.0
    clock_skew_seconds: float = 300.0
    reconnection_token_seconds: float = 7 * 24 * 3600.0
    stream_idle_seconds: float = 300.0
    ack_delay_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Whether the inspector records from the start, else only while its page is open; what it keeps, in bytes."""

    enabled: bool = True
    max_bytes: int = 32 * 1024 * 1024

    def __post_init__(self) -> None:
        if not MIN_RECORDER_BYTES <= self.max_bytes <= MAX_RECORDER_BYTES:
            raise SettingsError(
                f"Recorder:MaxBytes is {self.max_bytes}; it must be from {MIN_RECORDER_BYTES} to {MAX_RECORDER_BYTES}"
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the service; hub names are stored in lower case.

    `public_endpoints` are further URLs by which clients and servers reach this service (a tunnel, a proxy): tokens
    signed for them are accepted as well as those signed for the address in the request. With `disable_local_auth` the
    service takes no key: it signs clients' tokens and events with one that nobody else knows.
    """

    access_key: str = field(default=DEFAULT_ACCESS_KEY, repr=False)
    secondary_access_key: str | None = field(default=None, repr=False)
    hubs: Mapping[str, HubSettings] = field(default_factory=dict)
    allow_unvalidated_entra_tokens: bool = False
    disable_local_auth: bool = False
    public_endpoints: Sequence[str] = ()
    urls: str | None = None
    limits: Limits = field(default_factory=Limits)
    times: Times = field(default_factory=Times)
    recorder: RecorderSettings = field(default_factory=RecorderSettings)

    def __post_init__(self) -> None:
        _check_access_key("AccessKey", self.access_key)
        if self.secondary_access_key is not None:
            _check_access_key("SecondaryAccessKey", self.secondary_access_key)
        if self.disable_local_auth:
            object.__setattr__(self, "access_key", secrets.token_urlsafe(MIN_ACCESS_KEY_BYTES))
            object.__setattr__(self, "secondary_access_key", None)
        hubs: dict[str, HubSettings] = {}
        for name, hub in self.hubs.items():
            try:
                key = hub_key(name)
            except InvalidName as error:
                raise SettingsError(f"Hubs has {name[:64]!r}: {error}") from None
            if key in hubs:
                raise SettingsError(f"Hubs has {key!r} twice; hub names are case-insensitive")
            hubs[key] = hub
        object.__setattr__(self, "hubs", hubs)
        object.__setattr__(self, "public_endpoints", tuple(_checked_endpoint(url) for url in self.public_endpoints))

    @property
    def access_keys(self) -> tuple[str, ...]:
        """The primary key and, where there is one, the secondary."""
        return (self.access_key,) + ((self.secondary_access_key,) if self.secondary_access_key else ())

    def hub(self, name: str) -> HubSettings:
        """Return the hub's settings, or the defaults: every hub exists, with no handler unless configured."""
        return self.hubs.get(name.lower(), _DEFAULT_HUB)

    @classmethod
    def from_json(cls, document: Mapping[str, object], environment: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings in a document of the official emulator's shape.

        `environment` overrides the document: `WebPubSub__Hubs__chat__EventHandlers__0__UrlTemplate=…`.
        Raises `SettingsError`, which names the path of an unknown key or a wrong value.
        """
        top = Section.root(overlay_environment(document, environment or {}))
        service = top.section("WebPubSub")
        urls = top.text("Urls")
        # An appsettings.json of ASP.NET Core also has these; they have no meaning here.
        top.ignore("Logging", "AllowedHosts")
        top.refuse_unknown_keys()
        settings = cls(
            access_key=service.text("AccessKey") or DEFAULT_ACCESS_KEY,
            secondary_access_key=service.text("SecondaryAccessKey"),
            hubs={
                name: _hub_from_json(service.section("Hubs").section(name)) for name in service.section("Hubs").names()
            },
            allow_unvalidated_entra_tokens=service.boolean("AllowUnvalidatedEntraTokens"),
            disable_local_auth=service.boolean("DisableLocalAuth"),
            public_endpoints=service.texts("PublicEndpoints"),
            urls=urls,
            recorder=_recorder_from_json(service.section("Recorder")),
        )
        service.refuse_unknown_keys()
        return settings


_DEFAULT_HUB = HubSettings()


def _hub_from_json(hub: Section) -> HubSettings:
    policy = (hub.text("AnonymousConnectPolicy") or "deny").lower()
    if policy not in get_args(AnonymousConnectPolicy):
        raise SettingsError(f"{hub.path}:AnonymousConnectPolicy is {policy[:64]!r}; it must be allow or deny")
    keep_alive = hub.integer("WebSocketKeepAliveIntervalInSeconds", default=20, minimum=1, maximum=120)
    handlers = [_handler_from_json(handler) for handler in hub.sections("EventHandlers")]
    listeners = tuple(_listener_from_json(listener) for listener in hub.sections("EventListeners"))
    invocations = hub.boolean("Invocations", default=True)
    streams = hub.boolean("Streams", default=True)
    hub.refuse_unknown_keys()
    return HubSettings(
        tuple(handlers),
        "allow" if policy == "allow" else "deny",
        float(keep_alive),
        listeners,
        invocations=invocations,
        streams=streams,
    )


def _recorder_from_json(recorder: Section) -> RecorderSettings:
    enabled = recorder.boolean("Enabled", default=True)
    max_bytes = recorder.integer(
        "MaxBytes", default=RecorderSettings().max_bytes, minimum=MIN_RECORDER_BYTES, maximum=MAX_RECORDER_BYTES
    )
    recorder.refuse_unknown_keys()
    return RecorderSettings(enabled, max_bytes)


def _listener_from_json(listener: Section) -> EventListener:
    names = listener.section("EventNameFilter")
    _check_system_events(names.texts("SystemEvents"))
    pattern = names.text("UserEventPattern")
    names.refuse_unknown_keys()
    listener.ignore("EventHubEndpoint")  # nothing is sent there
    listener.refuse_unknown_keys()
    return EventListener(pattern)


def _handler_from_json(handler: Section) -> EventHandler:
    url_template = handler.text("UrlTemplate")
    if not url_template:
        raise SettingsError(f"{handler.path} has no UrlTemplate")
    system_events = handler.texts("SystemEvents")
    event_pattern = handler.text("EventPattern")
    auth_resource = _auth_resource(handler.section("Auth"))
    presence = handler.section("GroupPresenceEvents")
    names, filters = presence.texts("EventNames"), presence.texts("GroupFilters")
    presence.refuse_unknown_keys()
    handler.refuse_unknown_keys()
    try:
        presence_events = GroupPresenceEvents(names, filters) if names else None
        return EventHandler(url_template, system_events, event_pattern, auth_resource, presence_events)
    except SettingsError as error:
        raise SettingsError(f"{handler.path}: {error}") from None


def _auth_resource(auth: Section) -> str | None:
    """Return the resource of a managed identity, "" for the type None, None when nothing is said."""
    kind = auth.text("Type")
    identity = auth.section("ManagedIdentity")
    resource = identity.text("Resource")
    identity.refuse_unknown_keys()
    auth.refuse_unknown_keys()
    if kind is None and resource is None:
        return None
    if (kind or "").lower() == "none":
        return ""
    if (kind or "").lower() != "managedidentity":
        raise SettingsError(f"{auth.path}:Type is {(kind or '')[:64]!r}; it must be None or ManagedIdentity")
    if not resource or len(resource) > MAX_RESOURCE_CHARACTERS or not resource.isprintable():
        raise SettingsError(
            f"{auth.path}:ManagedIdentity:Resource must name the audience of the tokens, "
            f"in 1 to {MAX_RESOURCE_CHARACTERS} characters"
        )
    return resource


def _check_system_events(events: Sequence[str]) -> tuple[str, ...]:
    """Return the names in lower case; raises `SettingsError` for one that is no system event."""
    lowered = tuple(event.lower() for event in events)
    for event in lowered:
        if event not in get_args(SystemEvent):
            raise SettingsError(f"SystemEvents has {event[:64]!r}; known are {', '.join(get_args(SystemEvent))}")
    return lowered


def _check_url_template(template: str) -> None:
    try:
        url = urlsplit(template)
        host = url.hostname or ""
        _ = url.port
    except ValueError as error:
        raise SettingsError(f"UrlTemplate is not a URL: {error}") from None
    if url.scheme.lower() not in ("http", "https") or not host:
        raise SettingsError("UrlTemplate must be an absolute http or https URL")
    if "{" in url.netloc:
        raise SettingsError("UrlTemplate has a parameter in its host; only path and query may have one")


def _check_access_key(name: str, key: str) -> None:
    if not is_unicode(key):
        raise SettingsError(f"{name} is not valid Unicode")
    size = len(key.encode())
    if size < MIN_ACCESS_KEY_BYTES:
        raise SettingsError(f"{name} is {size} bytes long; it must be at least {MIN_ACCESS_KEY_BYTES}")
    if key != key.strip() or ";" in key or any(ord(c) < 32 or ord(c) == 127 for c in key):
        raise SettingsError(f"{name} has white space at an end, a semicolon or a control character")


def _checked_endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.rstrip("/") or parts.query:
        raise SettingsError(f"PublicEndpoints has {url[:128]!r}; it must be like https://chat.example")
    return f"{parts.scheme}://{parts.netloc}".lower()
