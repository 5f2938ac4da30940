"""The state of the service: connections, users, groups, and delivery of messages to them.

No sockets, no HTTP and no clock of its own. REST operations, client messages and event handlers change the state
through the same methods. No method waits: a message is put into the queues of its receivers.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Protocol

from local_azure.meter.counters import messages_of, payload_size
from local_azure.webpubsub.acknowledgements import AckIds, ReplayBuffer
from local_azure.webpubsub.events import JOINED, LEFT, EventSource
from local_azure.webpubsub.messages import DataMessage, Disconnected, GroupMessage, ServiceMessage
from local_azure.webpubsub.observations import (
    UNKNOWN_AUDIENCE,
    Audience,
    ConnectionEnded,
    FrameSent,
    MessageDelivered,
    MessageFannedOut,
    MessagePublished,
    Observations,
    group_audience,
)
from local_azure.webpubsub.pending_invocations import PendingInvocations
from local_azure.webpubsub.protocols import Codec, Frame
from local_azure.webpubsub.roles import Permissions
from local_azure.webpubsub.websocket_frames import data_frame

CLOSED_BY_APPLICATION = "Application server closed the connection."
REPLAY_OVERFLOW = "The connection has too many messages that it did not acknowledge."
NORMAL_CLOSURE = 1000
MAX_NAMED_RECEIVERS = 30
"""How many receivers of a message an observation names."""


class Transport(Protocol):
    """The socket of a connection, as the hub uses it; no method waits."""

    def send(self, frame: bytes) -> None:
        """Queue a WebSocket frame; a transport whose queue is over its limit drops the socket."""

    def close(self, code: int, reason: str) -> None:
        """Send the queued frames, then close the socket with this code."""

    def abort(self) -> None:
        """Drop the socket at once, without a close frame; clients report this as 1006."""


class Connection:
    """A logical connection, identified by its connection id; `ids` are that and the user id.

    `transport` is None while a reliable connection waits for its client to recover it. `protocol` is the negotiated
    subprotocol (None for none), `codec` encodes and decodes its frames.
    """

    __slots__ = (
        "ack_delay",
        "acks",
        "codec",
        "ended",
        "groups",
        "hub",
        "ids",
        "invocations",
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
        codec: Codec,
        *,
        permissions: Permissions,
        acks: AckIds,
        replay: ReplayBuffer | None,
        ack_delay: float = 0.0,
    ) -> None:
        """Acks of requests are sent `ack_delay` seconds later."""
        self.ack_delay = ack_delay
        self.hub = hub
        self.source = source
        self.user_id: str | None = source.user_id
        # One object for all records that name it: making it for each message takes longer than encoding it.
        self.ids = source.connection_id, source.user_id
        self.protocol: str | None = source.subprotocol
        self.codec = codec
        self.permissions = permissions
        self.acks = acks
        self.replay = replay
        self.groups: set[str] = set()
        self.transport: Transport | None = None
        self.invocations: PendingInvocations | None = None
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
        """Queue a frame that is not a data message: an ack, a pong, a system frame; raw clients get none of them."""
        encoded = self.codec.encode(message)
        if encoded is not None:
            frame = data_frame(encoded)
            if self.transport is not None:
                self.hub.observations.meter.current().add_frame(frame)
            self.send_frame(frame)

    def send_frame(self, frame: bytes) -> None:
        """Queue a complete WebSocket frame; do nothing while the connection has no socket."""
        if self.transport is None:
            return
        self.transport.send(frame)
        observations = self.hub.observations
        if observations.active:
            observations.publish(FrameSent(self.hub.name, self.id, self.user_id, frame))

    def cancel_invocations(self) -> None:
        """End the pending invocations: the socket on which the client waits for their answers is gone."""
        if self.invocations is not None:
            self.invocations.cancel_all()

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
        on_group_change: Callable[[Connection, str, str], None] = lambda connection, event, group: None,
    ) -> None:
        """`on_group_change` is called with each connection that has `joined` or `left` a group."""
        self.name = name
        self._clock = clock
        self.observations = observations
        self._on_end = on_end
        self._on_group_change = on_group_change
        self._connections: dict[str, Connection] = {}
        self._users: dict[str, dict[str, Connection]] = {}
        self._groups: dict[str, dict[str, Connection]] = {}

    def connection(self, connection_id: str) -> Connection | None:
        """Return the connection, or None; it may be waiting for its client to recover it."""
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
        """Return the members of a group."""
        return self._groups.get(group, {}).values()

    def user_connections(self, user_id: str) -> Collection[Connection]:
        """Return the connections of a user."""
        return self._users.get(user_id, {}).values()

    def add(self, connection: Connection, groups: Iterable[str]) -> None:
        """Register a connection and add it to its first groups."""
        self.observations.meter.connections.change(1, self._clock())
        self._connections[connection.id] = connection
        if connection.user_id is not None:
            self._users.setdefault(connection.user_id, {})[connection.id] = connection
        for group in groups:
            self.join(connection, group)

    def join(self, connection: Connection, group: str) -> None:
        """Add the connection to a group; do nothing for a member and for an ended connection."""
        if not connection.ended and group not in connection.groups:
            connection.groups.add(group)
            self._groups.setdefault(group, {})[connection.id] = connection
            self._on_group_change(connection, JOINED, group)

    def leave(self, connection: Connection, group: str) -> None:
        """Remove the connection from a group, if it is a member."""
        if group in connection.groups:
            connection.groups.discard(group)
            _remove(self._groups, group, connection)
            self._on_group_change(connection, LEFT, group)

    def leave_all_groups(self, connection: Connection) -> None:
        """Remove the connection from all its groups."""
        for group in tuple(connection.groups):
            self.leave(connection, group)

    def deliver(
        self,
        targets: Iterable[Connection],
        message: DataMessage,
        *,
        ttl_seconds: int = 0,
        audience: Audience = UNKNOWN_AUDIENCE,
    ) -> None:
        """Queue the message for each target; a reliable connection stores it until its client acknowledges it.

        A message is not sent again after a recovery when its time to live has passed. `audience` is only for observers,
        and only for a server's message: a group's message names its group.
        """
        # By subprotocol, because its receivers share one encoding: the content, its frame, and what that counts as.
        encoded: dict[str, tuple[Frame, bytes, int, int]] = {}
        overflown: list[Connection] = []
        frames = sent_bytes = billed = 0
        expires_at = self._clock() + ttl_seconds if ttl_seconds else None
        observations = self.observations
        follows_receivers = observations.follows_receivers
        began = 0.0
        reached: list[Connection] = []
        frame = b""
        if observations.active:
            began = time.time()
            audience = group_audience(message.group) if isinstance(message, GroupMessage) else audience
        if follows_receivers:
            observations.publish_of_receiver(MessagePublished(self.name, message, audience))
        for target in targets:
            codec = target.codec
            shared = encoded.get(codec.name)
            if shared is None:
                content = codec.encode(message)
                if content is None:  # the end of a stream, to a raw client
                    continue
                frame = data_frame(content)
                size = payload_size(frame)
                shared = encoded[codec.name] = content, frame, size, messages_of(size)
            _, frame, size, messages = shared
            if target.replay is not None:
                frame = data_frame(codec.add_sequence_id(shared[0], target.replay.next_id))
                if not target.replay.add(frame, expires_at):
                    overflown.append(target)
                    continue
                size = payload_size(frame)
                messages = messages_of(size)
            if target.transport is not None:
                frames += 1
                sent_bytes += size
                billed += messages
                target.transport.send(frame)
                if follows_receivers:
                    observations.publish_of_receiver(FrameSent(self.name, target.id, target.user_id, frame))
            if follows_receivers:
                delivered = MessageDelivered(self.name, target.id, target.user_id, message, len(frame))
                observations.publish_of_receiver(delivered)
            reached.append(target)
        if frames:
            observations.meter.current().add_frames(frames, sent_bytes, billed)
        if observations.active:
            named = tuple([target.ids for target in reached[:MAX_NAMED_RECEIVERS]])
            observations.publish(MessageFannedOut(self.name, message, named, len(reached), len(frame), began, audience))
        for target in overflown:
            self.abort(target, REPLAY_OVERFLOW)

    def close(self, connection: Connection, reason: str = "") -> None:
        """Close the connection for the application: a `disconnected` frame, then code 1000; it cannot be recovered."""
        text = f"{CLOSED_BY_APPLICATION} Reason: {reason}" if reason else CLOSED_BY_APPLICATION
        self.end(connection, text, code=NORMAL_CLOSURE)

    def end(self, connection: Connection, reason: str, *, code: int, close_text: str = "") -> None:
        """End the logical connection: send the reason, if the subprotocol has a frame for it, then close the socket."""
        if connection.ended:
            return
        if connection.transport is not None:
            connection.send(Disconnected(reason))
            connection.transport.close(code, close_text)
        self.remove(connection, reason)

    def abort(self, connection: Connection, reason: str) -> None:
        """End the logical connection and drop its socket without a close frame: the client is too slow."""
        if connection.transport is not None:
            connection.transport.abort()
        self.remove(connection, reason)

    def remove(self, connection: Connection, reason: str) -> None:
        """Remove an ended connection from every index, once, and call `on_end`, which sends `disconnected`."""
        if connection.ended:
            return
        connection.ended = True
        connection.transport = None
        connection.cancel_invocations()
        connection.replay = None if connection.replay is None else connection.replay.empty_copy()
        self.leave_all_groups(connection)
        if self._connections.pop(connection.id, None) is not None:
            self.observations.meter.connections.change(-1, self._clock())
        if connection.user_id is not None:
            _remove(self._users, connection.user_id, connection)
        if self.observations.active:
            self.observations.publish(ConnectionEnded(self.name, connection.id, connection.user_id, reason))
        self._on_end(connection, reason)


class Hubs:
    """Every hub of the service; a hub is created when it is first used."""

    def __init__(
        self,
        clock: Callable[[], float],
        observations: Observations,
        on_end: Callable[[Connection, str], None] = lambda connection, reason: None,
        on_group_change: Callable[[Connection, str, str], None] = lambda connection, event, group: None,
    ) -> None:
        """`clock` returns monotonic seconds; `on_end` is called with each connection that ends and the reason.

        `on_group_change` is called with each connection that has `joined` or `left` a group, and the group.
        """
        self._clock = clock
        self._observations = observations
        self._on_end = on_end
        self._on_group_change = on_group_change
        self._hubs: dict[str, Hub] = {}

    def hub(self, name: str) -> Hub:
        """Return the hub, created if necessary; letter case does not matter."""
        key = name.lower()
        hub = self._hubs.get(key)
        if hub is None:
            hub = self._hubs[key] = Hub(key, self._clock, self._observations, self._on_end, self._on_group_change)
        return hub

    def find(self, name: str) -> Hub | None:
        """Return the hub if it exists, else None: a request without a valid token must not create one."""
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
