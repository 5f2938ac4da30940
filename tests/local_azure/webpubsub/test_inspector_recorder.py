"""What was recorded, in memory: every record comes back as it was, and the oldest go first when there is no room."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest
from multidict import CIMultiDict
from yarl import URL

from local_azure.observations import StorageCalled, StorageFaultTriggered
from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.inspector.record_decoder import KeptDelivery, KeptFrame, PayloadStart, decode
from local_azure.webpubsub.inspector.record_encoder import KEPT_OF_LARGE_BYTES, EncodedRecords, RecordEncoder
from local_azure.webpubsub.inspector.record_ring import RecordRing, size_of
from local_azure.webpubsub.inspector.recorder import ENCODED_AT_ONCE, Recorder
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.messages import DataType, GroupMessage, JoinGroup, Payload, Ping, SendEvent
from local_azure.webpubsub.observations import (
    ConnectionDetached,
    ConnectionEnded,
    ConnectionOpened,
    FaultTriggered,
    FrameReceived,
    FrameSent,
    HandshakeRefused,
    MessageFannedOut,
    Observation,
    Observations,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)
from local_azure.webpubsub.websocket_frames import data_frame
from tests.local_azure.webpubsub.kept_records import MIB, encoded_size, keep
from tests.local_azure.webpubsub.small_app import until

HEADERS = CIMultiDict([("ce-id", "1"), ("X-Twice", "a"), ("X-Twice", "b"), ("X-Empty", "")])
EVENT = "azure.webpubsub.user.message"


def event(data: bytes) -> SendEvent:
    return SendEvent("message", Payload(DataType.TEXT, data, {"trace": "t-1"}), ack_id=7)


def received(data: bytes = b"hello") -> FrameReceived:
    return FrameReceived("chat", "c1", "ana", "{}", event(data))


def records_of_a_message(data: bytes) -> Iterator[Observation]:
    """Yield what is recorded of one message: frame, event, call, fan-out and ack."""
    text = data.decode(errors="replace")
    message = GroupMessage("lobby", Payload(DataType.TEXT, data))
    yield FrameReceived("chat", "c1", "ana", text, event(data))
    url = URL("http://app/eventhandler/message")
    yield WebhookSent("chat", "c1", "ana", EVENT, 1, "r1", "http://app/", 1, data, "POST", url, HEADERS)
    yield MessageFannedOut("chat", message, (("c1", "ana"),), 1, len(data), 9.0)
    path = "/api/hubs/chat/groups/lobby/:send"
    yield RestCalled(
        "POST", path, "", 202, 1.0, "r1", None, "http://s", path, HEADERS, data, CIMultiDict({"Date": "now"}), None
    )
    yield WebhookCalled("chat", "c1", "ana", EVENT, 1, "r1", "http://app/", 1, 204, 2.0, None, b"", HEADERS)
    yield FrameSent("chat", "c1", "ana", data_frame(data))


def make_recorder(observations: Observations, *, enabled: bool = True, max_bytes: int = MIB) -> Recorder:
    return Recorder(
        observations, lambda: EventBuffer(Redactor([])), enabled=enabled, max_bytes=max_bytes, keep_seconds=0.02
    )


# --- records as bytes ---------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        ConnectionOpened("chat", "c1", None, "json.webpubsub.azure.v1", recovered=False),
        HandshakeRefused("chat", 401, "the token has expired"),
        ConnectionDetached("chat", "c1", "ana"),
        ConnectionEnded("chat", "c1", "zo\u00eb", "bye"),
        FrameSent("chat", "c1", "ana", b"\x81\x02{}"),
        WebhookSent("chat", "c1", "ana", EVENT, 1, "r1", "http://app/", 1, b"hi"),
        WebhookSent(
            "chat", "c1", "ana", "validate", None, None, "h", 1, None, "OPTIONS", URL("http://a/?x=%2F"), HEADERS
        ),
        WebhookCalled("chat", "c1", "ana", EVENT, 1, "r1", "http://app/", 2, None, 5.0, "no answer", None),
        WebhookCalled("chat", "c1", "ana", EVENT, 1, "r1", "http://app/", 1, 200, 5.0, None, b"\xff", HEADERS),
        RestCalled("HEAD", "/api/health", "a=b", 200, 2.0, None, None),
        RestCalled("POST", "/p", "", 404, 2.0, "r", "E", "http://s", "/p?x", HEADERS, b"", CIMultiDict(), b"{}"),
        FaultTriggered("chat", None, None, "drop webhook count=1", EVENT),
        StorageFaultTriggered(at=1.0, operation="insert", table="t", request_id="r", client_request_id=None, fault="f"),
        StorageCalled(
            at=1.0,
            operation="insert",
            table="t",
            request_id="r",
            client_request_id="c",
            method="POST",
            status=201,
            error_code=None,
            milliseconds=1.5,
            url="http://s/t",
            headers=(("A", "b"), ("A", "c")),
            body=b"{}",
            body_size=2,
            answer=b"\x00",
            answer_size=1,
            is_signed=True,
        ),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_comes_back_as_it_was(record: Observation) -> None:
    assert keep(record) == record


def test_of_a_clients_frame_and_of_a_fan_out_what_is_shown_comes_back() -> None:
    frame, delivery = keep(received()), keep([*records_of_a_message(b"hi")][2])
    no_payload = keep(FrameReceived("chat", "c1", "ana", '{"type":"joinGroup"}', JoinGroup("lobby")))

    assert isinstance(frame, KeptFrame)
    assert (frame.title, frame.content, frame.data_type, frame.ack_id) == ("event message", b"hello", "text", 7)
    assert frame.metadata == (("trace", "t-1"),)
    assert isinstance(no_payload, KeptFrame)
    assert (no_payload.content, no_payload.groups, no_payload.is_valid) == ('{"type":"joinGroup"}', ("lobby",), True)
    assert isinstance(delivery, KeptDelivery)
    assert (delivery.title, delivery.groups, delivery.receivers) == ("group lobby", ("lobby",), (("c1", "ana"),))


def test_of_a_large_payload_the_start_and_the_whole_size_are_kept() -> None:
    large = b"x" * 200_000

    for record in records_of_a_message(large):
        assert encoded_size(record, 100_000) < 2 * KEPT_OF_LARGE_BYTES + 2_000
    sent = keep([*records_of_a_message(large)][1], 100_000)

    assert isinstance(sent, WebhookSent)
    assert isinstance(sent.body, PayloadStart)
    assert (len(sent.body), sent.body.whole_size) == (KEPT_OF_LARGE_BYTES, 200_000)


@pytest.mark.parametrize(
    "record",
    [
        FrameReceived("chat", "c1", "ana", "x" * MIB, JoinGroup("g" * MIB)),
        FrameReceived("chat", "c1", "ana", "\U0001f600" * (MIB // 4), None),
        FrameReceived("chat", "c1", "ana", "", SendEvent("e" * MIB, Payload(DataType.TEXT, b"", {"k": "v" * MIB}))),
        WebhookSent("chat", "c1", "ana", "e" * MIB, 1, "r", "h", 1, b"", "POST", URL("http://a/" + "e" * MIB), HEADERS),
        WebhookSent(
            "chat", "c1", "ana", EVENT, 1, "r", "h", 1, b"", "POST", URL("http://a/"), CIMultiDict({"a": "b" * MIB})
        ),
        RestCalled(
            "POST", "/", "", 1, 1.0, None, None, "", "", CIMultiDict({"a" * MIB: ""}), b"x" * MIB, None, b"x" * MIB
        ),
    ],
    ids=["group", "text", "event and metadata", "event", "header", "bodies"],
)
def test_a_hostile_record_takes_little_of_the_ring(record: Observation) -> None:
    assert encoded_size(record, MIB // 32) < 4 * KEPT_OF_LARGE_BYTES
    keep(record, MIB // 32)


def test_records_that_are_encoded_together_come_back_in_their_order_and_share_what_they_have_in_common() -> None:
    records = [*records_of_a_message(b"x" * 1000)]

    (encoded,) = RecordEncoder(MIB).encode(records)

    assert encoded.records == len(records)
    assert [record.at for record in decode(encoded.data)] == [record.at for record in records]
    assert len(encoded.data) < 0.8 * sum(encoded_size(record) for record in records)


@pytest.mark.parametrize("size", [0, 1_500, 30_000, 500_000])
def test_so_many_are_encoded_together_as_take_a_small_part_of_the_ring(size: int) -> None:
    ring_bytes = 4 * MIB
    records = [record for number in range(11) for record in records_of_a_message(b"x" * (size + number))]

    together = [*RecordEncoder(ring_bytes // 32).encode(records)]

    assert sum(encoded.records for encoded in together) == len(records)
    assert max(size_of(encoded) for encoded in together) <= ring_bytes // 8


def test_headers_with_a_line_break_are_not_shown() -> None:
    kept = keep(RestCalled("GET", "/", "", 200, 1.0, None, None, headers=CIMultiDict({"a": "b\nc"})))

    assert isinstance(kept, RestCalled)
    assert kept.headers is None


# --- the ring -----------------------------------------------------------------------


def test_the_oldest_records_are_dropped_when_there_is_no_room() -> None:
    ring = RecordRing(1_000_000)
    for number in range(500):
        ring.add(EncodedRecords(b"%04d" % number + b"x" * 3996, 4))
        assert ring.size <= 1_000_000

    oldest = ring.take()
    assert oldest.data[:4] == b"%04d" % (500 - 1_000_000 // size_of(oldest))
    assert ring.size == len(ring) // 4 * size_of(oldest)


def test_no_more_records_are_kept_than_there_may_be_entries() -> None:
    ring = RecordRing(1_000_000)
    for _ in range(300):
        ring.add(EncodedRecords(b"small", 4))

    assert len(ring) == 1000


# --- the recorder -------------------------------------------------------------------


async def test_records_from_the_start_become_entries_when_somebody_looks() -> None:
    observations = Observations()
    recorder = make_recorder(observations)
    for record in records_of_a_message(b"hello"):
        observations.publish(record)
    assert recorder.count == 6

    buffer = await recorder.look()

    titles = ["event message", "user.message", "group lobby", "POST groups/lobby/:send", "binary frame"]
    assert [entry.title for entry in buffer] == titles
    assert recorder.size == sum(entry.size for entry in buffer)
    recorder.clear()
    assert (recorder.size, list(await recorder.look())) == (0, [])


async def test_when_it_is_off_it_records_only_while_a_page_is_open() -> None:
    observations = Observations()
    recorder = make_recorder(observations, enabled=False)
    assert not observations.active

    with recorder.recording(), recorder.recording():
        observations.publish(received())
    assert observations.active  # so a reload loses nothing
    assert len(await recorder.look()) == 1

    await until(lambda: not observations.active)
    assert len(await recorder.look()) == 0


async def test_a_page_that_is_opened_again_soon_shows_everything_when_the_recorder_is_off() -> None:
    observations = Observations()
    recorder = Recorder(
        observations, lambda: EventBuffer(Redactor([])), enabled=False, max_bytes=MIB, keep_seconds=60.0
    )
    with recorder.recording():
        observations.publish(received())
    observations.publish(FrameReceived("chat", "c1", "ana", "{}", JoinGroup("lobby")))
    with recorder.recording():
        observations.publish(FrameReceived("chat", "c1", "ana", "{}", Ping()))

        assert [entry.title for entry in await recorder.look()] == ["event message", "join group lobby", "ping"]
    recorder.stop()
    assert not observations.active


@pytest.mark.parametrize("is_looked_at", [False, True], ids=["nobody looks", "a page is open"])
async def test_memory_is_flat_with_large_payloads_and_many_small_ones(is_looked_at: bool) -> None:
    observations = Observations()
    recorder = make_recorder(observations, max_bytes=2 * MIB)

    async def record(rounds: int) -> None:
        for number in range(rounds):
            for record in records_of_a_message(b"x" * (300_000 if number % 10 == 0 else 100)):
                observations.publish(record)
            if is_looked_at and number % 20 == 0:
                await recorder.look()
            assert recorder.size <= 2 * MIB

    tracemalloc.start()
    try:
        await record(300)
        gc.collect()
        first = tracemalloc.get_traced_memory()[0]
        await record(600)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - first
    finally:
        tracemalloc.stop()

    assert first < 6 * MIB
    assert grown < MIB
    recorder.stop()


async def test_a_fan_out_to_a_thousand_keeps_one_small_record() -> None:
    observations = Observations()
    recorder = make_recorder(observations)
    named = tuple((f"connection-{number:032}", f"user-{number}") for number in range(30))

    observations.publish(
        MessageFannedOut("chat", GroupMessage("lobby", Payload(DataType.TEXT, b"hi")), named, 1000, 60, 1.0)
    )

    assert recorder.count == 1
    assert recorder.size < 3_000
    (entry,) = await recorder.look()
    assert (entry.receiver_count, len(entry.receivers)) == (1000, 30)


async def test_records_are_not_kept_as_objects() -> None:
    """The garbage collector would look at each of them again and again: a tenth of the time of a message."""
    observations = Observations()
    recorder = make_recorder(observations)
    for _ in range(20 * ENCODED_AT_ONCE):
        observations.publish(received())

    assert sum(isinstance(kept, FrameReceived) for kept in gc.get_objects()) < ENCODED_AT_ONCE
    recorder.stop()
