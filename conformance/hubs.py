"""The hubs of the cases that see events, and the settings file that gives them their event handlers."""

from typing import Any

from conformance.target import TargetKind

SYSTEM_EVENTS = ("connect", "connected", "disconnected")
EVENTS = "events"
LISTED = "listed"
UNREACHABLE = "unreachable"
PRESENCE = "presence"
FILTERED = "filtered"
SWITCHED_OFF = "without"
VALIDATED = {"origin": "origin", "two_lines": "two-lines", "list": "list", "no_header": "no-header", "get": "get"}
NOBODY = "http://127.0.0.1:9"


def hub_name(hub: str, kind: str) -> str:
    """Return the name of a hub of this kind, or of a case's own hub."""
    return f"{hub}_{kind}"


def settings_for(hub: str, handler_url: str, kind: TargetKind) -> dict[str, Any]:
    """Return the settings that the cases need, in the shape of the official emulator's settings file.

    The keys that only `local` knows are left out for others, because the emulator refuses unknown keys.
    """
    url = handler_url.rstrip("/")
    handlers: dict[str, list[dict[str, Any]]] = {
        EVENTS: [_handler(f"{url}/{{hub}}/{{event}}?kept=1")],
        LISTED: [
            _handler(f"{url}/first/{{event}}", (), "a,b"),
            _handler(f"{url}/second/{{event}}", ("connect",), "a,d"),
        ],
        UNREACHABLE: [_handler(f"{NOBODY}/{{event}}")],
    }
    handlers |= {hub: [_handler(f"{url}/{path}/{{event}}", ("connect",))] for hub, path in VALIDATED.items()}
    hubs: dict[str, Any] = {hub_name(hub, name): {"EventHandlers": entries} for name, entries in handlers.items()}
    if kind == "local":
        hubs[hub_name(hub, PRESENCE)] = {"EventHandlers": [_presence(f"{url}/presence/{{event}}", ("joined", "left"))]}
        hubs[hub_name(hub, FILTERED)] = {
            "EventHandlers": [_presence(f"{url}/filtered/{{event}}", ("joined",), ("chat*",))]
        }
        hubs[hub_name(hub, SWITCHED_OFF)] = {"Invocations": False, "Streams": False}
    return {"WebPubSub": {"Hubs": hubs}}


def _handler(url: str, system_events: tuple[str, ...] = SYSTEM_EVENTS, pattern: str = "*") -> dict[str, Any]:
    return {"UrlTemplate": url, "SystemEvents": list(system_events), "EventPattern": pattern}


def _presence(url: str, names: tuple[str, ...], filters: tuple[str, ...] = ()) -> dict[str, Any]:
    return _handler(url) | {"GroupPresenceEvents": {"EventNames": list(names), "GroupFilters": list(filters)}}
