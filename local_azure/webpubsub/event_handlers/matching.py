"""Which event handler receives an event, and at which URL."""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from yarl import URL

from local_azure.webpubsub.roles import GroupPattern
from local_azure.webpubsub.settings import EventHandler, EventListener

VALIDATE = "validate"

_PARAMETER = re.compile(r"\{(hub|event)\}", re.IGNORECASE)


def handler_for_system_event(handlers: Sequence[EventHandler], event: str) -> EventHandler | None:
    """Return the first handler that asks for `connect`, `connected` or `disconnected`."""
    return next((handler for handler in handlers if event in handler.system_events), None)


def handler_for_user_event(handlers: Sequence[EventHandler], event: str) -> EventHandler | None:
    """Return the first handler whose pattern is `*` or names the event, whatever the letter case."""
    return next((handler for handler in handlers if _pattern_matches(handler.event_pattern, event)), None)


def handler_for_presence_event(handlers: Sequence[EventHandler], event: str, group: str) -> EventHandler | None:
    """Return the first handler that asks for `joined` or `left` events of this group."""
    return next((handler for handler in handlers if _asks_for_presence(handler, event, group)), None)


def _asks_for_presence(handler: EventHandler, event: str, group: str) -> bool:
    presence = handler.group_presence_events
    if presence is None or event not in presence.event_names:
        return False
    filters = presence.group_filters
    return not filters or any(_group_pattern(text).matches(group) for text in filters)


_group_pattern = lru_cache(maxsize=1_000)(GroupPattern)


def is_heard(listeners: Sequence[EventListener], event: str) -> bool:
    """Return whether a listener's pattern is `*` or names the user event."""
    return any(_pattern_matches(listener.event_pattern, event) for listener in listeners)


def handler_url(handler: EventHandler, hub: str, event: str) -> URL:
    """Return the handler's URL with `{hub}` and `{event}` filled in, percent-encoded; other braces stay."""
    return _fill_template(handler.url_template, hub, event)


@lru_cache(maxsize=1_000)
def _fill_template(template: str, hub: str, event: str) -> URL:
    values = {"hub": quote(hub, safe=""), "event": quote(event, safe="")}
    return URL(_PARAMETER.sub(lambda match: values[match[1].lower()], template), encoded=True)


def handler_label(handler: EventHandler) -> str:
    """Return the URL template for a log: without query and credentials, which may hold keys."""
    return _without_secrets(handler.url_template)


@lru_cache(maxsize=1_000)
def _without_secrets(template: str) -> str:
    scheme, _, rest = template.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _pattern_matches(pattern: str | None, event: str) -> bool:
    if not pattern:
        return False
    names = _event_names(pattern)
    return names == ("*",) or event.lower() in names


@lru_cache(maxsize=1_000)
def _event_names(pattern: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in pattern.split(","))
