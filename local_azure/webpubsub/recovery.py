"""Recovery of reliable connections: the service keeps them for some time after their socket was lost."""

import asyncio
import logging
from collections.abc import Callable

from local_azure.meter.counters import RECOVERING
from local_azure.webpubsub.hub import Connection, Hub, Transport
from local_azure.webpubsub.messages import Connected
from local_azure.webpubsub.observations import ConnectionDetached, ConnectionOpened, Observations
from local_azure.webpubsub.tokens import InvalidToken, check_reconnection_token

log = logging.getLogger(__name__)

RECOVERY_EXPIRED = "The connection recovery timeout expired."


class Recovery:
    """The reliable connections without a socket, and when they expire."""

    def __init__(
        self,
        *,
        keys: tuple[str, ...],
        retention_seconds: float,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        observations: Observations,
    ) -> None:
        """`clock` returns monotonic seconds, `wall_clock` seconds since the epoch."""
        self._keys = keys
        self._retention_seconds = retention_seconds
        self._clock = clock
        self._wall_clock = wall_clock
        self._observations = observations
        self._expiries: dict[str, asyncio.TimerHandle] = {}

    def detach(self, connection: Connection) -> None:
        """Keep a connection that has lost its socket until its client recovers it or the retention time is over."""
        connection.transport = None
        connection.cancel_invocations()
        if self._observations.active:
            self._observations.publish(ConnectionDetached(connection.hub.name, connection.id, connection.user_id))
        loop = asyncio.get_running_loop()
        self._expiries[connection.id] = loop.call_later(self._retention_seconds, self._expire, connection)

    def find(self, hub: Hub, connection_id: str, token: str) -> Connection | None:
        """Return the connection that the client may recover, or None."""
        connection = hub.connection(connection_id)
        if connection is None or connection.replay is None:
            return None
        try:
            check_reconnection_token(token, connection_id, keys=self._keys, now=self._wall_clock())
        except InvalidToken as error:
            log.info("recovery refused", extra={"connection": connection_id, "reason": str(error)})
            return None
        return connection

    def attach(self, connection: Connection, transport: Transport, welcome: Connected | None = None) -> None:
        """Give the connection its new socket, drop an old one, and send every unacknowledged frame again.

        With a `welcome`, that is the first frame.
        """
        self.cancel_expiry(connection)
        if connection.transport is not None:
            connection.transport.abort()
            connection.cancel_invocations()
        connection.transport = transport
        if self._observations.active:
            hub, protocol = connection.hub.name, connection.protocol
            self._observations.publish(
                ConnectionOpened(hub, connection.id, connection.user_id, protocol, recovered=True)
            )
        self._observations.meter.begin_cause(RECOVERING)
        if welcome is not None:
            connection.send(welcome)
        if connection.replay is not None:
            usage = self._observations.meter.current()
            for frame in connection.replay.unacknowledged(self._clock()):
                usage.add_frame(frame)
                connection.send_frame(frame)

    def cancel_expiry(self, connection: Connection) -> None:
        """Stop waiting for the client: the connection has ended for another reason, or is recovered."""
        expiry = self._expiries.pop(connection.id, None)
        if expiry is not None:
            expiry.cancel()

    def _expire(self, connection: Connection) -> None:
        self._expiries.pop(connection.id, None)
        connection.hub.remove(connection, RECOVERY_EXPIRED)
