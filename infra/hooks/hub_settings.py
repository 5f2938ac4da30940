"""What the hub must say so that events reach the app, and how to change what it says. Pure.

A hub belongs to whoever made it: other handlers, listeners and further properties stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATTERN = "*"
SYSTEM_EVENTS = ("connect", "connected", "disconnected")
IDENTITY = "ManagedIdentity"
# Read-only, or about the resource and not about the hub's settings.
NOT_SENT = ("provisioningState",)

Handler = dict[str, Any]
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WantedHandler:
    """Where events go: `app_url` has no slash at the end. `audience` is whom the service's token is for.

    Without an audience the handler's authentication is left as it is.
    """

    app_url: str
    audience: str

    @property
    def url_template(self) -> str:
        """The address of the app's webhook, with the place of the event's name."""
        return f"{self.app_url}/eventhandler/{{event}}"

    @property
    def auth(self) -> dict[str, Any]:
        """How the service proves who it is."""
        return {"type": IDENTITY, "managedIdentity": {"resource": self.audience}}


def find_differences(properties: Properties, wanted: WantedHandler) -> list[str]:
    """Return in words what keeps events from the app; empty when all of them reach it. No query of a URL is in it."""
    handlers = read_handlers(properties)
    position = find_handler(handlers, wanted)
    if position is None:
        return [f"no handler leads to {urlsplit(wanted.app_url).netloc}"]
    handler = handlers[position]
    differences = find_handler_differences(handler, wanted)
    if others := [each for each in handlers[:position] if takes_events(each)]:
        differences.append(f"{len(others)} other handler(s) before it take events away")
    return differences


def find_handler_differences(handler: Handler, wanted: WantedHandler) -> list[str]:
    """Return in words what is wrong with the app's handler itself."""
    differences = []
    address = without_query(str(handler.get("urlTemplate", "")))
    if address != wanted.url_template:
        differences.append(f"its address is {address}, not {wanted.url_template}")
    if handler.get("userEventPattern") != PATTERN:
        differences.append(f"its user events are {handler.get('userEventPattern')!r}, not {PATTERN!r}")
    known = {str(name).lower() for name in handler.get("systemEvents") or ()}
    if missing := [name for name in SYSTEM_EVENTS if name not in known]:
        differences.append(f"it does not get the system events {', '.join(missing)}")
    if wanted.audience and (found := read_audience(handler)) != wanted.audience:
        shown = f"a token for {found!r}" if found is not None else "no token of a managed identity"
        differences.append(f"it is sent {shown}, not one for {wanted.audience!r}")
    return differences


def merge_settings(properties: Properties | None, wanted: WantedHandler) -> dict[str, Any]:
    """Return the hub's properties as they must be; `None` is a hub that does not exist yet.

    Nobody may connect to a new hub without a token. The app's handler stays where it is among the others, unless one
    before it takes events away: then it becomes the first.
    """
    merged = {"anonymousConnectPolicy": "deny"} | {
        name: value for name, value in (properties or {}).items() if name not in NOT_SENT
    }
    handlers = read_handlers(merged)
    position = find_handler(handlers, wanted)
    own: Handler = dict(handlers.pop(position)) if position is not None else {}
    if position is None or any(takes_events(each) for each in handlers[:position]):
        position = 0
    handlers.insert(position, change_handler(own, wanted))
    return merged | {"eventHandlers": handlers}


def change_handler(handler: Handler, wanted: WantedHandler) -> Handler:
    """Return the app's handler as it must be; a query of its address is kept, which may hold the function's key."""
    template = str(handler.get("urlTemplate", ""))
    _, mark, query = template.partition("?")
    known = [str(name) for name in handler.get("systemEvents") or ()]
    added = [name for name in SYSTEM_EVENTS if name not in {each.lower() for each in known}]
    changed = handler | {
        "urlTemplate": wanted.url_template + mark + query,
        "userEventPattern": PATTERN,
        "systemEvents": known + added,
    }
    return changed | {"auth": wanted.auth} if wanted.audience else changed


def find_handler(handlers: list[Handler], wanted: WantedHandler) -> int | None:
    """Return the position of the first handler that leads to the app's host, None where there is none."""
    host = urlsplit(wanted.app_url).netloc.lower()
    for position, handler in enumerate(handlers):
        template = without_query(str(handler.get("urlTemplate", "")))
        # Not by urlsplit: a template may have braces anywhere.
        if template.partition("://")[2].partition("/")[0].lower() == host:
            return position
    return None


def takes_events(handler: Handler) -> bool:
    """Return whether a handler is asked for any event that the app needs."""
    return bool(handler.get("userEventPattern")) or bool(handler.get("systemEvents"))


def read_audience(handler: Handler) -> str | None:
    """Return whom the service's token is for, None where it sends none."""
    auth = handler.get("auth")
    if not isinstance(auth, Mapping) or str(auth.get("type", "")).lower() != IDENTITY.lower():
        return None
    identity = auth.get("managedIdentity")
    return str(identity.get("resource", "")) if isinstance(identity, Mapping) else ""


def read_handlers(properties: Properties) -> list[Handler]:
    """Return the hub's event handlers, in the order in which the service asks them."""
    handlers = properties.get("eventHandlers")
    return [dict(each) for each in handlers if isinstance(each, Mapping)] if isinstance(handlers, list) else []


def without_query(url: str) -> str:
    """Return a URL without its query, which may hold a key."""
    return url.partition("?")[0]
