"""The events of a connection and what their handlers respond: values that hubs, faults and event handlers share."""

from dataclasses import dataclass
from typing import Literal

from aiohttp.abc import AbstractCookieJar
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

JOINED = "joined"
LEFT = "left"

EventFamily = Literal["sys", "user", "gp"]
"""Events of the connection's life, of its user, and of the groups that it joins and leaves."""


class EventSource:
    """What the events of one connection have in common, from before it is accepted until after it has ended.

    `origin` is the host by which the client reached the service, in lower case and without the port: it is sent to
    handlers in `WebHook-Request-Origin`. `state` and `cookies` are what the handlers stored for the connection.
    """

    __slots__ = ("_last_event_id", "connection_id", "cookies", "hub", "origin", "state", "subprotocol", "user_id")

    def __init__(self, hub: str, connection_id: str, origin: str, user_id: str | None = None) -> None:
        self.hub = hub
        self.connection_id = connection_id
        self.origin = origin
        self.user_id = user_id
        self.subprotocol: str | None = None
        self.state: str | None = None
        self.cookies: AbstractCookieJar | None = None
        self._last_event_id = 0

    def next_event_id(self) -> int:
        """Return 1, 2, 3 … for the events after `connect`, which is always 0."""
        self._last_event_id += 1
        return self._last_event_id


@dataclass(slots=True)
class Event:
    """One event of one connection, as the HTTP request that carries it; every attempt sends the same bytes.

    Nobody changes one. It is not frozen, because making a frozen one takes three times as long.
    """

    source: EventSource
    name: str
    family: EventFamily
    id: int
    request_id: str
    headers: CIMultiDict[str]
    body: bytes

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return event_type(self.name, self.family)

    @property
    def is_system(self) -> bool:
        """Whether it is `connect`, `connected` or `disconnected`."""
        return self.family == "sys"


def event_type(name: str, family: EventFamily) -> str:
    """Return e.g. `azure.webpubsub.sys.connected`, `azure.webpubsub.user.<name>` or `azure.webpubsub.gp.joined`."""
    return f"azure.webpubsub.{family}.{name}"


@dataclass(slots=True)
class HandlerResponse:
    """An event handler's HTTP response, with its whole body; not frozen for the same reason."""

    url: URL
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300
