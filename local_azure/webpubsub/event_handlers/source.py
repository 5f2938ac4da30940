"""What the events of one connection have in common, from before it is accepted until after it has ended."""

from aiohttp.abc import AbstractCookieJar


class EventSource:
    """The connection as its event handlers see it; `state` and `cookies` are what they left with it.

    `origin` is the host by which the client reached the service, in lower case and without the port: it is what
    handlers are told in `WebHook-Request-Origin`.
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
