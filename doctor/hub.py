"""Checks of the hub: one name everywhere, an event handler that gets every event, and clients sent to our service."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from doctor.connection import is_on_this_machine
from doctor.findings import Finding, Verdict
from doctor.symptoms import Symptom

SYSTEM_EVENTS = ("connect", "connected", "disconnected")
DEFAULT_APP_PORT = 7071
"""`python3 dev.py run --port` moves this port in the addresses of webpubsub.json, and no other."""
_CLIENT_PATH = re.compile(r"/client/hubs/([^/]+)")


def hub_of_client_url(url: str) -> str:
    """Return the hub that a client's URL names; "" when it names none."""
    found = _CLIENT_PATH.fullmatch(urlsplit(url).path)
    return unquote(found[1]) if found else ""


def check_name(names: Mapping[str, str]) -> Finding:
    """Say whether the hub has one name; the keys are where each name was read. Letter case does not count."""
    by_name: dict[str, list[str]] = {}
    for place, name in names.items():
        by_name.setdefault(name.lower(), []).append(place)
    if len(by_name) > 1:
        seen = "; ".join(f"{names[places[0]] or 'no hub'} in {', '.join(places)}" for places in by_name.values())
        fix = "give the hub the same name everywhere: the setting WebPubSubHub, and the hub of the service"
        return Finding("hub.name", Verdict.WRONG, seen, fix, Symptom.NO_EVENT_COMES)
    if len(names) < 2:
        fix = "give --url and --hub, or run the chat here, so that there are two names to compare"
        seen = "; ".join(f"{name} in {place}" for place, name in names.items()) or "no name of a hub is known"
        return Finding("hub.name", Verdict.UNKNOWN, seen, fix, Symptom.NO_EVENT_COMES)
    return Finding("hub.name", Verdict.OK, f"{next(iter(names.values()))} in {', '.join(names)}")


def check_handler(document: Mapping[str, Any], hub: str, app_address: str) -> Finding:
    """Say whether webpubsub.json sends every event of the hub to the app at an address of this machine."""
    handlers = _handlers(document, hub)
    fix = "let one handler of the hub have EventPattern *, all three SystemEvents, and the app's address"
    if not handlers:
        seen = f"webpubsub.json has no event handler for the hub {hub}"
        return Finding("hub.handler", Verdict.WRONG, seen, fix, Symptom.NO_EVENT_COMES)
    missing = [event for event in SYSTEM_EVENTS if not any(event in _system_events(each) for each in handlers)]
    if not any("*" in str(_get(handler, "EventPattern") or "").split(",") for handler in handlers):
        missing.append("user events of any name")
    if missing:
        seen = f"no handler of the hub {hub} in webpubsub.json gets {', '.join(missing)}"
        return Finding("hub.handler", Verdict.WRONG, seen, fix, Symptom.NO_EVENT_COMES)
    templates = [str(_get(handler, "UrlTemplate") or "") for handler in handlers]
    foreign = [template.partition("?")[0] for template in templates if not _leads_to(template, app_address)]
    if foreign:
        seen = f"webpubsub.json sends events to {foreign[0]}, the app is at {app_address}"
        return Finding("hub.handler", Verdict.WRONG, seen, fix, Symptom.NO_EVENT_COMES)
    return Finding("hub.handler", Verdict.OK, f"webpubsub.json sends every event of {hub} to the app")


def unreadable_hubs(problem: str) -> Finding:
    """Return the finding for a webpubsub.json that the local service cannot read either."""
    return Finding("hub.handler", Verdict.WRONG, problem, "correct webpubsub.json", Symptom.NO_EVENT_COMES)


def check_client_url(url: str, endpoint: str) -> Finding:
    """Say whether clients are sent to the service that the app is said to use; the URL's token is not shown."""
    theirs, ours = urlsplit(url), urlsplit(endpoint)
    is_same_host = theirs.hostname == ours.hostname or (is_on_this_machine(url) and is_on_this_machine(endpoint))
    scheme = {"wss": "https", "ws": "http"}.get(theirs.scheme, "")
    if is_same_host and (scheme, theirs.port) == (ours.scheme, ours.port):
        return Finding("hub.endpoint", Verdict.OK, f"clients are sent to {theirs.scheme}://{theirs.netloc}")
    seen = f"/negotiate sends clients to {theirs.scheme}://{theirs.netloc}, the connection string names {endpoint}"
    fix = "set the app's WebPubSubConnectionString to the service that the hub is in"
    return Finding("hub.endpoint", Verdict.WRONG, seen, fix, Symptom.NO_EVENT_COMES)


def _handlers(document: Mapping[str, Any], hub: str) -> list[Mapping[str, Any]]:
    hubs = _get(_get(document, "WebPubSub") or {}, "Hubs") or {}
    settings = _get(hubs, hub)
    handlers = _get(settings, "EventHandlers") if isinstance(settings, Mapping) else None
    return [each for each in handlers if isinstance(each, Mapping)] if isinstance(handlers, list) else []


def _system_events(handler: Mapping[str, Any]) -> list[str]:
    events = _get(handler, "SystemEvents")
    return [str(event).lower() for event in events] if isinstance(events, list) else []


def _get(content: Any, name: str) -> Any:
    """Return a member of an object by its name in any letter case; None when it has none."""
    if not isinstance(content, Mapping):
        return None
    return next((value for key, value in content.items() if str(key).lower() == name.lower()), None)


def _leads_to(template: str, app_address: str) -> bool:
    url, app = urlsplit(template), urlsplit(app_address)
    try:
        same_place = is_on_this_machine(template) and is_on_this_machine(app_address)
        return same_place and url.port in (app.port, DEFAULT_APP_PORT) and url.path.startswith("/eventhandler")
    except ValueError:
        return False
