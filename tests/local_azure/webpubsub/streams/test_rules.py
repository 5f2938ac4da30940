"""What is published and answered, whatever a publisher sends and in whatever order; no sockets and no clock here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.webpubsub.messages import (
    AckError,
    DataType,
    EndStream,
    GroupMessage,
    Payload,
    StartStream,
    StreamAck,
    StreamClosed,
    StreamData,
    StreamError,
    StreamNack,
    StreamPart,
)
from local_azure.webpubsub.streams.rules import NO_DATA, Effect, Publish, PublisherStreams

IDLE_SECONDS = 300.0


def streams(*, may_send: Iterable[str] = ("room",), max_open: int = 3) -> PublisherStreams:
    allowed = set(may_send)
    return PublisherStreams("ana", lambda group: group in allowed, max_open=max_open, default_idle_seconds=IDLE_SECONDS)


def text(number: int) -> Payload:
    return Payload(DataType.TEXT, str(number).encode())


def part(number: int, stream_id: str = "s1") -> StreamData:
    return StreamData(stream_id, number, text(number))


def published(effects: Iterable[Effect]) -> list[GroupMessage]:
    return [effect.message for effect in effects if isinstance(effect, Publish)]


def closed(effects: Sequence[Effect]) -> str | None:
    """Return the name of the error with which a stream was closed, "" for none; None when it was not closed."""
    answers = [effect for effect in effects if isinstance(effect, StreamClosed)]
    if not answers:
        return None
    return "" if answers[0].error is None else answers[0].error.name


def test_w222_a_start_is_acknowledged_with_the_first_number() -> None:
    assert streams().start(StartStream("s1", "room"), 0.0) == [StreamAck("s1", 1)]


def test_w223_parts_are_published_before_they_are_acknowledged() -> None:
    publisher = streams()
    publisher.start(StartStream("s1", "room"), 0.0)

    [sent, answer] = publisher.receive_data(part(1), 0.0)

    assert sent == Publish(GroupMessage("room", text(1), "ana", StreamPart("s1", 1)), no_echo=False, ttl_seconds=0)
    assert answer == StreamAck("s1", 2)


def test_what_the_start_says_counts_for_every_message_of_the_stream() -> None:
    publisher = streams()
    publisher.start(StartStream("s1", "room", no_echo=True, ttl_seconds=60, metadata={"a": "b"}), 0.0)

    effects = [*publisher.receive_data(part(1), 0.0), *publisher.end(EndStream("s1"))]

    sent = [effect for effect in effects if isinstance(effect, Publish)]
    assert [(each.no_echo, each.ttl_seconds, each.message.payload.metadata) for each in sent] == [
        (True, 60, {"a": "b"})
    ] * 2


@pytest.mark.parametrize(
    ("start", "error"),
    [
        pytest.param(StartStream("", "room"), "BadRequest", id="W-228 empty id"),
        pytest.param(StartStream("s" * 1025, "room"), "BadRequest", id="long id"),
        pytest.param(StartStream("s1", "room", 0), "BadRequest", id="W-228 no idle time"),
        pytest.param(StartStream("s1", "room", -1), "BadRequest", id="idle time below zero"),
        pytest.param(StartStream("s1", "room", 2**32), "BadRequest", id="idle time above 32 bits"),
        pytest.param(StartStream("s1", "room", has_payload=True), "BadRequest", id="W-229"),
        pytest.param(StartStream("s1", "other"), "Forbidden", id="W-225"),
    ],
)
def test_w228_a_start_that_is_refused_opens_nothing(start: StartStream, error: str) -> None:
    publisher = streams()

    assert closed(publisher.start(start, 0.0)) == error
    assert len(publisher) == 0


def test_w227_an_id_may_be_used_again_when_its_stream_is_over() -> None:
    publisher = streams()
    publisher.start(StartStream("s1", "room"), 0.0)
    publisher.receive_data(part(1), 0.0)

    assert closed(publisher.start(StartStream("s1", "room"), 0.0)) == "BadRequest"
    assert publisher.receive_data(part(2), 0.0)[1] == StreamAck("s1", 3)  # the first one goes on
    publisher.end(EndStream("s1"))
    assert publisher.start(StartStream("s1", "room"), 0.0) == [StreamAck("s1", 1)]


def test_a_connection_has_at_most_so_many_streams() -> None:
    publisher = streams(max_open=2)
    for stream_id in ("s1", "s2"):
        publisher.start(StartStream(stream_id, "room"), 0.0)

    assert publisher.start(StartStream("s3", "room"), 0.0) == [
        StreamClosed("s3", AckError("BadRequest", "2 streams are open; a connection may not have more."))
    ]
    publisher.end(EndStream("s1"))
    assert publisher.start(StartStream("s3", "room"), 0.0) == [StreamAck("s3", 1)]


def test_w231_w232_a_repeat_is_acknowledged_and_a_gap_is_asked_for() -> None:
    publisher = streams()
    publisher.start(StartStream("s1", "room"), 0.0)
    publisher.receive_data(part(1), 0.0)

    assert publisher.receive_data(part(1), 0.0) == [StreamAck("s1", 2)]
    assert publisher.receive_data(part(0), 0.0) == [StreamAck("s1", 2)]
    [nack] = publisher.receive_data(part(4), 0.0)
    assert nack == StreamNack("s1", 2, AckError("InvalidSequenceId", "The number is 4, expected is 2."))
    assert len(published(publisher.receive_data(part(2), 0.0))) == 1


def test_w239_w234_a_stream_ends_when_it_was_silent_for_its_idle_time() -> None:
    publisher = streams()
    publisher.start(StartStream("s1", "room", 5000), 0.0)
    publisher.start(StartStream("s2", "room"), 0.0)

    assert publisher.next_expiry == 5.0
    assert publisher.receive_data(StreamData("s1"), 4.0) == []  # a keep-alive
    assert publisher.receive_data(part(9), 5.0) != []  # so does a part that is not taken
    assert publisher.expire(9.9) == []
    message = "Nothing was sent to the stream for 5000 milliseconds."
    last = StreamPart("s1", 1, is_last=True, error=StreamError("IdleTimeout", message))
    assert publisher.expire(10.0) == [
        Publish(GroupMessage("room", NO_DATA, "ana", last), no_echo=False, ttl_seconds=0),
        StreamClosed("s1", AckError("IdleTimeout", message)),
    ]
    assert publisher.next_expiry == IDLE_SECONDS
    assert closed(publisher.receive_data(part(1), 10.0)) == "StreamNotFound"


def test_w245_when_the_publisher_has_gone_every_stream_ends_and_nobody_is_answered() -> None:
    publisher = streams()
    for stream_id in ("s1", "s2"):
        publisher.start(StartStream(stream_id, "room"), 0.0)
    publisher.receive_data(part(1, "s2"), 0.0)

    effects = publisher.cancel()

    places = [message.stream for message in published(effects)]
    assert [(place.stream_id, place.number, place.is_last) for place in places if place] == [
        ("s1", 1, True),
        ("s2", 2, True),
    ]
    assert {place.error.name for place in places if place and place.error} == {"Cancelled"}
    assert len(effects) == 2
    assert publisher.next_expiry is None


# --- any order ---------------------------------------------------------------


@dataclass(frozen=True)
class Next:
    """A part whose number is this far from the one that is expected."""

    stream_id: str
    offset: int


ids = st.sampled_from(["s1", "s2"])
starts = st.builds(StartStream, ids, st.sampled_from(["room", "room", "other"]), st.sampled_from([None, 1000, 0]))
next_parts = st.builds(Next, ids, st.sampled_from([0, 0, 0, -1, 1, -9]))
keep_alives = st.builds(StreamData, ids)
ends = st.builds(EndStream, ids, st.none() | st.just(StreamError("UserError", "boom", "E1")))
pauses = st.sampled_from([0.3, 1.1])
requests = st.one_of(next_parts, next_parts, next_parts, starts, keep_alives, ends, pauses)
scripts = st.lists(requests, min_size=15, max_size=60).map(lambda script: [StartStream("s1", "room"), *script])


def carry_out(publisher: PublisherStreams, request: object, now: float) -> list[Effect]:
    match request:
        case StartStream():
            return publisher.start(request, now)
        case StreamData():
            return publisher.receive_data(request, now)
        case EndStream():
            return publisher.end(request)
    return publisher.expire(now)


class Watcher:
    """What subscribers see of each stream, and what its publisher is told.

    A stream that starts again is another one.
    """

    def __init__(self) -> None:
        self.seen = defaultdict[tuple[str, int], list[GroupMessage]](list)
        self.acks = defaultdict[tuple[str, int], list[int]](list)
        self._runs = defaultdict[str, int](int)

    def expected(self, stream_id: str) -> int:
        """Return the number that the publisher has to send next, as far as it knows."""
        acks = self.acks.get((stream_id, self._runs[stream_id]))
        return acks[-1] if acks else 1

    def take(self, request: object, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, StreamAck):
                self._runs[effect.stream_id] += isinstance(request, StartStream)
                self.acks[effect.stream_id, self._runs[effect.stream_id]].append(effect.expected_number)
            if isinstance(effect, StreamNack):
                assert effect.expected_number == self.expected(effect.stream_id)
            if isinstance(effect, Publish):
                assert effect.message.stream
                stream_id = effect.message.stream.stream_id
                self.seen[stream_id, self._runs[stream_id]].append(effect.message)


@given(scripts, st.booleans())
def test_each_subscriber_sees_every_stream_once_in_order_and_then_one_end(script: list[object], revoked: bool) -> None:
    """Any order of starts, parts, repeats, gaps, ends and silences, of two streams, until their publisher has gone.

    With `revoked` the publisher loses its permission in the middle.
    """
    allowed = {"room"}
    publisher = PublisherStreams("ana", allowed.__contains__, max_open=2, default_idle_seconds=IDLE_SECONDS)
    watcher, now = Watcher(), 0.0

    for index, request in enumerate(script):
        now += request if isinstance(request, float) else 0.0
        if revoked and index == len(script) // 2:
            allowed.clear()
        if isinstance(request, Next):
            number = max(0, watcher.expected(request.stream_id) + request.offset)
            request = part(number, request.stream_id)
        watcher.take(request, carry_out(publisher, request, now))
    watcher.take(None, publisher.cancel())
    watcher.take(None, publisher.cancel())

    assert watcher.seen.keys() == watcher.acks.keys()  # every stream that was accepted has its end
    for key, messages in watcher.seen.items():
        places = [message.stream for message in messages if message.stream]
        assert [place.number for place in places] == list(range(1, len(messages) + 1))
        assert [place.is_last for place in places] == [False] * (len(places) - 1) + [True]
        payloads = [message.payload for message in messages]
        assert payloads == [*(text(number) for number in range(1, len(messages))), NO_DATA]
        assert all(earlier <= later for earlier, later in pairwise(watcher.acks[key]))
        assert watcher.acks[key][-1] == len(messages)  # what came before the end, and nothing that did not come


@given(st.permutations(range(1, 8)), st.lists(st.integers(1, 7), max_size=5))
def test_who_sends_again_from_the_expected_number_gets_everything_through(order: list[int], repeats: list[int]) -> None:
    """W-243: parts in any order and repeated, then those that were not acknowledged, as after a recovery."""
    publisher = streams()
    publisher.start(StartStream("s1", "room"), 0.0)
    expected, effects = 1, list[Effect]()

    for number in [*order, *repeats]:
        effects += publisher.receive_data(part(number), 0.0)
    for answer in effects:
        if isinstance(answer, StreamAck | StreamNack):
            expected = answer.expected_number
    for number in range(expected, 8):
        effects += publisher.receive_data(part(number), 0.0)
    effects += publisher.end(EndStream("s1"))

    assert [message.payload for message in published(effects)] == [text(number) for number in range(1, 8)] + [NO_DATA]
    assert effects[-1] == StreamClosed("s1")
