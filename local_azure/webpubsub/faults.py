"""Where a test can disturb the service: everything that can go wrong in the cloud passes through one of these.

The default disturbs nothing. A subclass may wait before it calls on, call on twice or not at all, answer by itself, or
raise; `Service.faults` takes it at run time.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from local_azure.webpubsub.event_handlers.answers import Answer
    from local_azure.webpubsub.event_handlers.requests import Event
    from local_azure.webpubsub.hub import Connection
    from local_azure.webpubsub.tokens import ClientToken


class EventLost(Exception):
    """Raised by `Faults.webhook`: the event never reaches its handler, and nobody tries again."""


class Faults:
    """No faults. Each method gets what is about to happen, and the call that makes it happen."""

    async def webhook(self, event: "Event", send: Callable[[], Awaitable["Answer"]]) -> "Answer":
        """Tell an event handler, retries included: `connect`, `connected`, `disconnected` and user events."""
        return await send()

    async def rest(
        self, request: web.Request, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a REST call."""
        return await handle(request)

    async def token(self, hub: str, read: Callable[[], "ClientToken"]) -> "ClientToken":
        """Read a client's token; raise `InvalidToken` to refuse it."""
        return read()

    async def recovery(self, connection: "Connection") -> bool:
        """Say whether a client may take its reliable connection up again; False refuses it as too late."""
        return True

    async def frame(self, connection: "Connection", frame: str | bytes) -> bool:
        """Say whether a client's frame has arrived; False loses it. `Connection.transport` can be cut here."""
        return True
