"""Carries out what clients ask of their streams, and ends a stream that is silent or whose publisher has gone."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local_azure.webpubsub.hub import Connection
from local_azure.webpubsub.messages import EndStream, StartStream, StreamData, StreamRequest
from local_azure.webpubsub.roles import Permission
from local_azure.webpubsub.streams.rules import Effect, Publish, PublisherStreams


@dataclass(slots=True)
class _Publisher:
    """The streams of a connection, and the timer for the first that may be silent for too long."""

    streams: PublisherStreams
    timer: asyncio.TimerHandle | None = None
    timer_at: float = 0.0


class OpenStreams:
    """The streams of all connections; one without streams costs nothing here."""

    def __init__(self, *, max_open: int, default_idle_seconds: float, clock: Callable[[], float]) -> None:
        """A connection may have `max_open` streams; `clock` returns monotonic seconds."""
        self._max_open = max_open
        self._default_idle_seconds = default_idle_seconds
        self._clock = clock
        self._publishers: dict[Connection, _Publisher] = {}

    def carry_out(self, connection: Connection, request: StreamRequest) -> None:
        """Carry out what a client asks; do nothing for a connection that has ended."""
        if connection.ended:
            return
        publisher = self._publishers.get(connection) or self._new_publisher(connection)
        match request:
            case StartStream():
                effects = publisher.streams.start(request, self._clock())
            case StreamData():
                effects = publisher.streams.receive_data(request, self._clock())
            case EndStream():
                effects = publisher.streams.end(request)
        self._keep(connection, publisher, may_expire_earlier=isinstance(request, StartStream))
        _perform(connection, effects)

    def cancel(self, connection: Connection) -> None:
        """End the streams of a connection that has ended; their subscribers are told."""
        publisher = self._publishers.pop(connection, None)
        if publisher is not None:
            _cancel_timer(publisher)
            _perform(connection, publisher.streams.cancel())

    def _new_publisher(self, connection: Connection) -> _Publisher:
        def may_send(group: str) -> bool:
            return connection.permissions.allows(Permission.SEND_TO_GROUP, group)

        return _Publisher(
            PublisherStreams(
                connection.user_id,
                may_send,
                max_open=self._max_open,
                default_idle_seconds=self._default_idle_seconds,
            )
        )

    def _keep(self, connection: Connection, publisher: _Publisher, *, may_expire_earlier: bool) -> None:
        """Store the publisher while it has streams, with a timer that is not later than the first expiry.

        Data moves an expiry later, and the timer stays: when it fires too early, it is set again. So a part of a
        stream costs no timer.
        """
        if not publisher.streams:
            _cancel_timer(publisher)
            self._publishers.pop(connection, None)
            return
        self._publishers[connection] = publisher
        if may_expire_earlier or publisher.timer is None:
            self._set_timer(connection, publisher)

    def _set_timer(self, connection: Connection, publisher: _Publisher) -> None:
        expiry = publisher.streams.next_expiry
        if expiry is None or (publisher.timer is not None and publisher.timer_at <= expiry):
            return
        _cancel_timer(publisher)
        loop = asyncio.get_running_loop()
        publisher.timer = loop.call_later(max(0.0, expiry - self._clock()), self._expire, connection, publisher)
        publisher.timer_at = expiry

    def _expire(self, connection: Connection, publisher: _Publisher) -> None:
        publisher.timer = None
        effects = publisher.streams.expire(self._clock())
        self._keep(connection, publisher, may_expire_earlier=True)
        _perform(connection, effects)


def _cancel_timer(publisher: _Publisher) -> None:
    if publisher.timer is not None:
        publisher.timer.cancel()
        publisher.timer = None


def _perform(connection: Connection, effects: Iterable[Effect]) -> None:
    """Publish and answer, in this order: a publisher that is a member gets its own part before the ack for it."""
    hub = connection.hub
    for effect in effects:
        if not isinstance(effect, Publish):
            connection.send(effect)
            continue
        members = hub.group_members(effect.message.group)
        targets = (member for member in members if member is not connection) if effect.no_echo else members
        hub.deliver(targets, effect.message, ttl_seconds=effect.ttl_seconds)
