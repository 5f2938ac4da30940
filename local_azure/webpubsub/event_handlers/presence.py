"""The order of group presence events: those of one connection are sent one after the other, as they happened.

The cloud service promises no order. Here a handler that answers late cannot see `left` before `joined`.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field

from local_azure.webpubsub.events import EventSource
from local_azure.webpubsub.observations import CORRELATION_ID
from local_azure.webpubsub.settings import EventHandler

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A connection has joined or left a group, and which handler is told; the correlation id is its cause's."""

    handler: EventHandler
    source: EventSource
    name: str
    group: str
    event_id: int
    correlation_id: str = field(default_factory=CORRELATION_ID.get)


class PresenceQueues:
    """The changes that wait for their turn; a connection that has as many as it may loses any further one."""

    def __init__(
        self,
        send: Callable[[PresenceChange], Awaitable[None]],
        start: Callable[[Coroutine[None, None, None]], None],
        max_waiting: int,
    ) -> None:
        """`send` sends one event, and raises nothing; `start` runs a coroutine in a task that it owns."""
        self._send = send
        self._start = start
        self._max_waiting = max_waiting
        self._waiting: dict[str, deque[PresenceChange]] = {}
        self._overflown: set[str] = set()

    def add(self, change: PresenceChange) -> None:
        """Send the change when those of its connection before it were sent."""
        connection_id = change.source.connection_id
        waiting = self._waiting.get(connection_id)
        if waiting is None:
            self._waiting[connection_id] = waiting = deque([change])
            self._start(self._send_all(connection_id, waiting))
        elif len(waiting) < self._max_waiting:
            waiting.append(change)
        elif connection_id not in self._overflown:
            self._overflown.add(connection_id)
            fields = {"hub": change.source.hub, "connection": connection_id, "limit": self._max_waiting}
            log.warning("presence events are dropped, too many of this connection wait", extra=fields)

    async def _send_all(self, connection_id: str, waiting: deque[PresenceChange]) -> None:
        try:
            while waiting:
                CORRELATION_ID.set(waiting[0].correlation_id)
                await self._send(waiting[0])
                waiting.popleft()
        finally:
            del self._waiting[connection_id]
            self._overflown.discard(connection_id)
