"""Who is connected, who is a member, and what everyone is sent; no sockets here."""

from collections.abc import Callable

from local_azure.webpubsub.acknowledgements import AckIds, ReplayBuffer
from local_azure.webpubsub.events import EventSource
from local_azure.webpubsub.hub import Connection, Hub, Hubs
from local_azure.webpubsub.messages import DataType, GroupMessage, Payload, ServerMessage
from local_azure.webpubsub.observations import ConnectionEnded, FrameSent, MessageDelivered, Observation, Observations
from local_azure.webpubsub.protocols import codec_for
from local_azure.webpubsub.roles import Permissions

JSON = "json.webpubsub.azure.v1"
RELIABLE_JSON = "json.reliable.webpubsub.azure.v1"
HELLO = ServerMessage(Payload(DataType.TEXT, b"hello"))


class RecordingTransport:
    """A transport that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.aborted = False

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    def close(self, code: int, reason: str) -> None:
        self.closed = code, reason

    def abort(self) -> None:
        self.aborted = True


def hubs(on_end: Callable[[Connection, str], None] = lambda connection, reason: None) -> Hubs:
    return Hubs(lambda: 0.0, Observations(), on_end)


def connected(
    hub: Hub, connection_id: str, user: str | None = None, *groups: str, protocol: str | None = JSON, limit: int = 10
) -> tuple[Connection, RecordingTransport]:
    source = EventSource(hub.name, connection_id, "localhost", user)
    source.subprotocol = protocol
    codec = codec_for(protocol)
    replay = ReplayBuffer(limit, 1000) if codec.reliable else None
    connection = Connection(hub, source, codec, permissions=Permissions(), acks=AckIds(3), replay=replay)
    wire = RecordingTransport()
    connection.transport = wire
    hub.add(connection, groups)
    return connection, wire


def test_a_hub_is_the_same_in_any_letter_case() -> None:
    all_hubs = hubs()

    assert all_hubs.hub("Chat") is all_hubs.hub("chat")
    assert all_hubs.hub("Chat").name == "chat"


def test_a_connection_is_found_by_its_id_its_user_and_its_groups() -> None:
    hub = hubs().hub("chat")
    one, _ = connected(hub, "1", "ana", "room")
    two, _ = connected(hub, "2", "ana")
    connected(hub, "3")

    assert hub.connection("1") is one
    assert list(hub.user_connections("ana")) == [one, two]
    assert list(hub.group_members("room")) == [one]
    assert list(hub.users()) == ["ana"]
    assert len(hub.connections()) == 3


def test_after_its_end_a_connection_is_found_nowhere_and_was_reported_once() -> None:
    ended: list[tuple[str, str]] = []
    hub = hubs(lambda connection, reason: ended.append((connection.id, reason))).hub("chat")
    connection, _ = connected(hub, "1", "ana", "room")

    hub.remove(connection, "left")
    hub.close(connection, "again")
    hub.abort(connection, "and again")
    hub.join(connection, "room")

    assert ended == [("1", "left")]
    assert hub.connection("1") is None
    assert not hub.user_connections("ana")
    assert not hub.group_members("room")
    assert not list(hub.groups())


def test_leaving_every_group_leaves_the_others_in_them() -> None:
    hub = hubs().hub("chat")
    one, _ = connected(hub, "1", None, "a", "b")
    two, _ = connected(hub, "2", None, "a")

    hub.leave_all_groups(one)

    assert one.groups == set()
    assert list(hub.group_members("a")) == [two]
    assert list(hub.groups()) == ["a"]


def test_receivers_of_one_protocol_share_the_very_same_frame() -> None:
    hub = hubs().hub("chat")
    wires = [connected(hub, str(number))[1] for number in range(3)]
    raw = connected(hub, "raw", protocol=None)[1]

    hub.deliver(hub.connections(), HELLO)

    assert wires[0].frames[0] is wires[1].frames[0] is wires[2].frames[0]
    assert raw.frames == [b"\x81\x05hello"]


def test_reliable_receivers_each_have_their_own_numbers() -> None:
    hub = hubs().hub("chat")
    _, early = connected(hub, "1", protocol=RELIABLE_JSON)
    hub.deliver(hub.connections(), HELLO)
    _, late = connected(hub, "2", protocol=RELIABLE_JSON)

    hub.deliver(hub.connections(), GroupMessage("room", HELLO.payload, "ana"))

    assert b'"sequenceId":2}' in early.frames[1]
    assert b'"sequenceId":1}' in late.frames[0]


def test_a_receiver_that_overflows_is_ended_and_the_others_get_the_message() -> None:
    hub = hubs().hub("chat")
    full, full_wire = connected(hub, "1", None, "room", protocol=RELIABLE_JSON, limit=1)
    _, wire = connected(hub, "2", None, "room", protocol=RELIABLE_JSON)

    for _ in range(2):
        hub.deliver(hub.group_members("room"), HELLO)

    assert full.ended
    assert full_wire.aborted
    assert len(wire.frames) == 2


def test_a_close_sends_its_reason_where_the_subprotocol_has_a_frame_for_it() -> None:
    hub = hubs().hub("chat")
    pubsub, pubsub_wire = connected(hub, "1")
    raw, raw_wire = connected(hub, "2", protocol=None)

    hub.close(pubsub, "enough")
    hub.close(raw, "enough")

    assert b"Application server closed the connection. Reason: enough" in pubsub_wire.frames[0]
    assert raw_wire.frames == []
    assert pubsub_wire.closed == raw_wire.closed == (1000, "")


def test_an_observer_sees_deliveries_and_the_end_and_then_nothing_more() -> None:
    all_hubs = hubs()
    hub = all_hubs.hub("chat")
    connection, _ = connected(hub, "1", "ana")
    seen: list[Observation] = []
    unsubscribe = hub.observations.subscribe(seen.append)

    hub.deliver(hub.connections(), HELLO)
    hub.remove(connection, "left")
    unsubscribe()
    hub.deliver([connected(hub, "2")[0]], HELLO)

    assert {FrameSent, MessageDelivered, ConnectionEnded} <= {type(record) for record in seen}
    assert sum(isinstance(record, MessageDelivered) for record in seen) == 1
    assert not hub.observations.active


def test_only_as_many_ack_ids_as_allowed_are_remembered() -> None:
    acks = AckIds(2)
    for ack_id in (5, 6, 7):
        acks.add(ack_id)

    assert [ack_id in acks for ack_id in (5, 6, 7, 8)] == [False, True, True, False]


def test_a_replay_buffer_counts_messages_and_bytes_until_they_are_acknowledged() -> None:
    buffer = ReplayBuffer(max_messages=2, max_bytes=10)

    assert buffer.add(b"12345")
    assert buffer.add(b"12345")
    buffer.acknowledge(1)
    assert buffer.add(b"12345")
    assert buffer.unacknowledged(0.0) == [b"12345", b"12345"]
    assert not buffer.add(b"")
    buffer.acknowledge(4)
    assert not buffer.add(b"12345678901")
    assert buffer.next_id == 6


def test_a_message_is_not_replayed_after_its_time_to_live() -> None:
    buffer = ReplayBuffer(10, 1000)
    buffer.add(b"short", expires_at=5.0)
    buffer.add(b"long", expires_at=50.0)
    buffer.add(b"forever")

    assert buffer.unacknowledged(5.0) == [b"long", b"forever"]
