"""Azure Web PubSub on this machine: client protocols, REST data plane and event handlers, in one process."""

from local_azure.webpubsub.connection_string import ConnectionString, InvalidConnectionString
from local_azure.webpubsub.faults.hooks import EventLost, FaultHooks
from local_azure.webpubsub.service import Service, serve
from local_azure.webpubsub.settings import (
    DEFAULT_ACCESS_KEY,
    EventHandler,
    GroupPresenceEvents,
    HubSettings,
    Limits,
    RecorderSettings,
    Settings,
    SettingsError,
    Times,
)

__all__ = [
    "DEFAULT_ACCESS_KEY",
    "ConnectionString",
    "EventHandler",
    "EventLost",
    "FaultHooks",
    "GroupPresenceEvents",
    "HubSettings",
    "InvalidConnectionString",
    "Limits",
    "RecorderSettings",
    "Service",
    "Settings",
    "SettingsError",
    "Times",
    "serve",
]
