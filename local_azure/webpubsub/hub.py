"""Who is connected, who is in which group, and what each of them is sent.

This is the state of the service and nothing else: no sockets, no HTTP, no clock of its own. REST operations, client
messages and event handlers all change it through the same few methods. Nothing here waits: a message is put into the
connections' outgoing queues and the caller goes on.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Protocol as TypingProtocol

from local_azure.webpubsub.acks import AckIds
from local_azure.webpubsub.event_handlers.source import EventSource
from local_azure.webpubsub.frames import data_frame
from local_azure.webpubsub.messages import DataMessage, Disconnected, ServiceMessage
from local_azure.webpubsub.observations import Delivered, Ended, FrameSent, Observations, Published
from local_azure.webpubsub.protocols import Frame, Protocol
from local_azure.webpubsub.replay import ReplayBuffer
from local_azure.webpubsub.roles import Permissions

CLOSED_BY_APPLICATION = "Application server closed the connection."
REPLAY_OVERFLOW = "The connection has too many messages that it did not acknowledge."
NORMAL_CLOSURE = 1000


class Transport(TypingProtocol):
    """The socket of a connection, as the hub sees it; none of these waits."""

    def send(self, frame: bytes) -> None:
        """Queue a WebSocket frame; a transport that is too far behind cuts itself off."""

    def close(self, code: int, reason: str) -> None:
        """Send what is queued, then close the socket with this code."""

    def abort(self) -> None:
        """Drop the socket at once; the client sees 1006."""


class Connection:
    """A logical connection: what the service knows under one connection id.

    `transport` is None while a reliable connection waits for its client to come back. `protocol` is the subprotocol
    as it was negotiated (None for none), `codec` the rules that it stands for.
    """

    __slots__ = (
        "acks",
        "codec",
        "ended",
        "groups",
        "hub",
        "permissions",
        "protocol",
        "replay",
        "source",
        "transport",
        "user_id",
    )

    def __init__(
        self,
        hub: "Hub",
        source: EventSource,
        codec: Protocol,
        *,
        permissions: Permissions,
        acks: AckIds,
        replay: ReplayBuffer | None,
    ) -> None:
        self.hub = hub
        self.source = source
        self.user_id: str | None = source.user_id
        self.protocol: str | None = source.subprotocol
        self.codec = codec
        self.permissions = permissions
        self.acks = acks
        self.replay = replay
        self.groups: set[str] = set()
        self.transport: Transport | None = None
        self.ended = False

    @property
    def id(self) -> str:
        """The connection id."""
        return self.source.connection_id

    @property
    def is_pubsub(self) -> bool:
        """Whether the client speaks one of the predefined subprotocols; a raw client gets payloads only."""
        return self.codec.name != "raw"

    def send(self, message: ServiceMessage) -> None:
        """Queue a frame that is no data message: an ack, a pong, a system frame; raw clients get none of them."""
        encoded = self.codec.encode(message)
        if encoded is not None:
            self.send_frame(data_frame(encoded))

    def send_frame(self, frame: bytes) -> None:
        """Queue a whole WebSocket frame; nothing while the client is away."""
        if self.transport is None:
            return
        self.transport.send(frame)
        observations = self.hub.observations
        if observations.active:
            observations.publish(FrameSent(self.hub.name, self.id, self.user_id, frame))

    def __repr__(self) -> str:
        return f"<Connection {self.id} in {self.hub.name}>"


class Hub:
    """One hub: its connections, users and groups. Collections it returns are live; copy before changing."""

    def __init__(
        self,
        name: str,
        clock: Callable[[], float],
        observations: Observations,
        on_end: Callable[[Connection, str], None],
    ) -> None:
        self.name = name
        self._clock = clock
        self.observations = observations
        self._on_end = on_end
        self._connections: dict[str, Connection] = {}
        self._users: dict[str, dict[str, Connection]] = {}
        self._groups: dict[str, dict[str, Connection]] = {}

    def connection(self, connection_id: str) -> Connection | None:
        """Return the connection, be its client there or expected back, or None."""
        return self._connections.get(connection_id)

    def connections(self) -> Collection[Connection]:
        """Return every connection of the hub."""
        return self._connections.values()

    def users(self) -> Collection[str]:
        """Return the ids of the users who have a connection."""
        return self._users.keys()

    def groups(self) -> Collection[str]:
        """Return the names of the groups that have a member."""
        return self._groups.keys()

    def group_members(self, group: str) -> Collection[Connection]:
        """Return the members of a group; none when nobody is in it."""
        return self._groups.get(group, {}).values()

    def user_connections(self, user_id: str) -> Collection[Connection]:
        """Return the connections of a user."""
        return self._users.get(user_id, {}).values()

    def add(self, connection: Connection, groups: Iterable[str]) -> None:
        """Register a connection and make it a member of its first groups."""
        self._connections[connection.id] = connection
        if connection.user_id is not None:
            self._users.setdefault(connection.user_id, {})[connection.id] = connection
        for group in groups:
            self.join(connection, group)

    def join(self, connection: Connection, group: str) -> None:
        """Make the connection a member; joining twice is joining once, and an ended connection joins nothing."""
        if not connection.ended:
            connection.groups.add(group)
            self._groups.setdefault(group, {})[connection.id] = connection

    def leave(self, connection: Connection, group: str) -> None:
        """End the membership, if there is one."""
        connection.groups.discard(group)
        _remove(self._groups, group, connection)

    def leave_all_groups(self, connection: Connection) -> None:
        """End every membership of the connection."""
        for group in tuple(connection.groups):
            self.leave(connection, group)

    def deliver(self, targets: Iterable[Connection], message: DataMessage, *, ttl_seconds: int = 0) -> None:
        """Queue the message for each target; a reliable one keeps it until its client acknowledges it.

        A message with a time to live is not repeated after a recovery that comes too late.
        """
        encoded: dict[str, tuple[Frame, bytes]] = {}  # by subprotocol: all its receivers share one encoding
        overflown: list[Connection] = []
        expires_at = self._clock() + ttl_seconds if ttl_seconds else None
        if self.observations.active:
            self.observations.publish(Published(self.name, message))
        for target in targets:
            codec = target.codec
            known = encoded.get(codec.name)
            if known is None:
                content = codec.encode(message)
                if content is None:  # no subprotocol refuses data messages
                    continue
                known = encoded[codec.name] = content, data_frame(content)
            frame = known[1]
            if target.replay is not None:
                frame = data_frame(codec.number(known[0], target.replay.next_id))
                if not target.replay.add(frame, expires_at):
                    overflown.append(target)
                    continue
            target.send_frame(frame)
            if self.observations.active:
                self.observations.publish(Delivered(self.name, target.id, target.user_id, message, len(frame)))
        for target in overflown:
            self.abort(target, REPLAY_OVERFLOW)

    def close(self, connection: Connection, reason: str = "") -> None:
        """Close the connection for the application: a `disconnected` frame, then 1000; it cannot be recovered."""
        text = f"{CLOSED_BY_APPLICATION} Reason: {reason}" if reason else CLOSED_BY_APPLICATION
        self.end(connection, text, code=NORMAL_CLOSURE)

    def end(self, connection: Connection, reason: str, *, code: int, close_text: str = "") -> None:
        """End the logical connection: tell the client why, if the subprotocol can, then close its socket."""
        if connection.ended:
            return
        if connection.transport is not None:
            connection.send(Disconnected(reason))
            connection.transport.close(code, close_text)
        self.forget(connection, reason)

    def abort(self, connection: Connection, reason: str) -> None:
        """End the logical connection and drop its socket without a word: the client cannot keep up."""
        if connection.transport is not None:
            connection.transport.abort()
        self.forget(connection, reason)

    def forget(self, connection: Connection, reason: str) -> None:
        """Remove the connection from every index, once; this is where `disconnected` comes from."""
        if connection.ended:
            return
        connection.ended = True
        connection.transport = None
        connection.replay = None if connection.replay is None else connection.replay.emptied()
        self.leave_all_groups(connection)
        self._connections.pop(connection.id, None)
        if connection.user_id is not None:
            _remove(self._users, connection.user_id, connection)
        if self.observations.active:
            self.observations.publish(Ended(self.name, connection.id, connection.user_id, reason))
        self._on_end(connection, reason)


class Hubs:
    """Every hub of the service, made when it is first named."""

    def __init__(
        self,
        clock: Callable[[], float],
        observations: Observations,
        on_end: Callable[[Connection, str], None] = lambda connection, reason: None,
    ) -> None:
        """`clock` tells monotonic seconds; `on_end` is told of each connection's end and its reason."""
        self._clock = clock
        self._observations = observations
        self._on_end = on_end
        self._hubs: dict[str, Hub] = {}

    def hub(self, name: str) -> Hub:
        """Return the hub; letter case does not matter."""
        key = name.lower()
        hub = self._hubs.get(key)
        if hub is None:
            hub = self._hubs[key] = Hub(key, self._clock, self._observations, self._on_end)
        return hub

    def find(self, name: str) -> Hub | None:
        """Return the hub if it has been named before: who has shown no token makes none."""
        return self._hubs.get(name.lower())

    def __iter__(self) -> Iterator[Hub]:
        return iter(self._hubs.values())

    def connections(self) -> Iterator[Connection]:
        """Yield the connections of all hubs."""
        return chain.from_iterable(hub.connections() for hub in self)


def _remove(index: dict[str, dict[str, Connection]], key: str, connection: Connection) -> None:
    members = index.get(key)
    if members is not None and members.pop(connection.id, None) is not None and not members:
        del index[key]
