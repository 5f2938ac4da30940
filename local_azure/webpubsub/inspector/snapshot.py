"""The current state of the service for the page: hubs with their handlers, connections, active faults."""

from collections.abc import Mapping
from itertools import islice

from local_azure.webpubsub.event_handlers.matching import handler_label
from local_azure.webpubsub.hub import Connection, Hub, Hubs
from local_azure.webpubsub.settings import EventHandler, Settings

MAX_CONNECTIONS = 500
MAX_GROUPS = 20

Handlers = Mapping[str, tuple[EventHandler, ...]]


def snapshot(hubs: Hubs, settings: Settings, handlers: Handlers, faults: list[dict[str, object]]) -> dict[str, object]:
    """Return the current state as a JSON document: the newest 500 connections, with at most 20 groups of each.

    `faults` are the documents of the active faults.
    """
    known = {hub.name: hub for hub in hubs}
    names = sorted({*known, *handlers, *settings.hubs})
    connections = list(hubs.connections())
    return {
        "hubs": [_hub(name, known.get(name), settings, handlers.get(name, ())) for name in names],
        "connections": [_connection(connection) for connection in islice(reversed(connections), MAX_CONNECTIONS)],
        "connectionCount": len(connections),
        "faults": faults,
    }


def _hub(name: str, hub: Hub | None, settings: Settings, handlers: tuple[EventHandler, ...]) -> dict[str, object]:
    return {
        "name": name,
        "connections": len(hub.connections()) if hub else 0,
        "users": len(hub.users()) if hub else 0,
        "groups": len(hub.groups()) if hub else 0,
        "anonymous": settings.hub(name).anonymous_connect_policy,
        "handlers": [
            {
                "url": handler_label(handler),
                "systemEvents": list(handler.system_events),
                "pattern": handler.event_pattern or "",
            }
            for handler in handlers
        ],
    }


def _connection(connection: Connection) -> dict[str, object]:
    return {
        "hub": connection.hub.name,
        "id": connection.id,
        "user": connection.user_id,
        "protocol": connection.protocol,
        "groups": sorted(connection.groups)[:MAX_GROUPS],
        "groupCount": len(connection.groups),
        "hasSocket": connection.transport is not None,
    }
