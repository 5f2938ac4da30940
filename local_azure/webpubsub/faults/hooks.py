"""The points of the service at which a fault can be injected, as methods that change nothing by default.

A subclass may wait before it calls the function that it gets, call it twice or not at all, answer by itself, or raise.
`Service.faults` can be replaced while the service runs.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from local_azure.webpubsub.events import Event, HandlerResponse
from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.tokens import ClientToken


class EventLost(Exception):
    """Raised by `FaultHooks.webhook`: the event does not reach its handler, and it is not sent again."""


class FaultHooks:
    """Injects no fault. Each method is called before something happens, and gets the function that carries it out."""

    async def webhook(self, event: Event, send: Callable[[], Awaitable[HandlerResponse]]) -> HandlerResponse:
        """Send an event to its handler, retries included: every event, also those of groups."""
        return await send()

    async def rest(
        self, request: web.Request, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a REST call."""
        return await handle(request)

    async def token(self, hub: str, read: Callable[[], ClientToken]) -> ClientToken:
        """Return a client's token; raise `InvalidToken` to refuse it."""
        return read()

    async def recovery(self, connection: Connection) -> bool:
        """Return whether a client may recover its reliable connection; False refuses it as too late."""
        return True

    async def frame(self, connection: Connection, frame: str | bytes) -> bool:
        """Return whether a client's frame is received; False drops it. `Connection.transport` can be closed here."""
        return True
