"""The counters: what they add up, and to which cause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_azure.meter.billing import MESSAGE_BYTES, rounded_messages
from local_azure.meter.counters import (
    APP_CALL,
    CAUSE,
    MAX_CAUSES,
    MAX_REQUEST_IDS,
    OTHER,
    VALIDATING,
    BusyTime,
    ConnectionTime,
    Meter,
    Usage,
    messages_of,
    payload_size,
)
from local_azure.webpubsub.websocket_frames import data_frame


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def meter(clock: Clock) -> Meter:
    return Meter(clock)


@given(st.sampled_from([0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537]) | st.integers(0, 200_000))
def test_a_frame_counts_with_the_bytes_of_its_payload(size: int) -> None:
    assert payload_size(data_frame(b"x" * size)) == size
    assert messages_of(size) == rounded_messages(size) == max(1, -(-size // MESSAGE_BYTES))


def test_frames_are_added_up_in_bytes_and_in_billed_messages() -> None:
    usage = Usage()

    usage.add_frame(data_frame(b"x" * 2001))
    usage.add_frames(10, 100, 10)

    assert (usage.frames, usage.frame_bytes, usage.frame_messages) == (11, 2101, 12)
    assert (usage + Usage(frames=1, storage_calls=2)).frames == 12


def test_what_happens_belongs_to_the_current_cause(meter: Meter) -> None:
    meter.begin_cause("event message")
    meter.current().add_frame(data_frame("tea"))
    meter.begin_cause("event message")
    meter.begin_cause("event typing")
    meter.current().add_frame(data_frame("tea"))

    assert (meter.usage("event message").count, meter.usage("event message").frames) == (2, 1)
    assert (meter.total().count, meter.total().frames) == (3, 2)


def test_a_call_of_the_app_belongs_to_the_event_whose_request_id_it_has(meter: Meter) -> None:
    meter.begin_cause("event message")
    first = meter.begin_webhook("id-1", 10)
    meter.begin_cause("event typing")
    second = meter.begin_webhook("id-2", 2500)

    meter.begin_call("id-1")
    meter.current().add_frame(data_frame("tea"))
    meter.count_storage_call("id-2")
    meter.end_webhook(first)
    meter.end_webhook(second)
    meter.begin_call("id-1")  # also when the event is answered already

    message, typing = meter.usage("event message"), meter.usage("event typing")
    assert (message.webhooks, message.webhook_bytes, message.webhook_messages, message.rest_calls) == (1, 10, 1, 2)
    assert (message.frames, message.count, message.storage_calls) == (1, 1, 0)
    assert (typing.webhooks, typing.webhook_messages, typing.storage_calls, typing.rest_calls) == (1, 2, 1, 0)


def test_a_call_without_a_known_id_belongs_to_the_only_kind_of_event_that_is_handled(meter: Meter) -> None:
    meter.begin_cause("event message")
    handled = [meter.begin_webhook("id-1", 0), meter.begin_webhook("id-2", 0)]
    meter.begin_call(None)
    meter.begin_cause("event typing")
    handled.append(meter.begin_webhook("id-3", 0))
    meter.begin_call("id-of-nothing")
    for cause in handled:
        meter.end_webhook(cause)
    meter.begin_call(None)

    assert meter.usage("event message").rest_calls == 1
    assert meter.usage("event typing").rest_calls == 0
    assert (meter.usage(APP_CALL).rest_calls, meter.usage(APP_CALL).count) == (2, 2)


def test_a_question_whether_the_app_accepts_events_is_counted_by_itself(meter: Meter) -> None:
    meter.begin_cause("event message")
    meter.end_webhook(meter.begin_webhook(None, 0))

    assert meter.usage("event message").webhooks == 0
    assert (meter.usage(VALIDATING).webhooks, meter.usage(VALIDATING).count) == (1, 1)


def test_causes_and_request_ids_are_limited(meter: Meter) -> None:
    for number in range(MAX_CAUSES + 50):
        meter.begin_cause(f"event {number}")
    for number in range(MAX_REQUEST_IDS + 10):
        meter.end_webhook(meter.begin_webhook(str(number), 0))

    assert len(meter.causes) <= MAX_CAUSES + 1
    assert meter.usage(OTHER).count == 50
    meter.begin_call("0")
    assert CAUSE.get() == APP_CALL
    meter.begin_call(str(MAX_REQUEST_IDS + 9))
    assert CAUSE.get() == f"event {MAX_CAUSES + 49}"


def test_connections_have_a_peak_and_a_time() -> None:
    connections = ConnectionTime()

    for by, now in ((1, 10.0), (1, 20.0), (-1, 30.0)):
        connections.change(by, now)

    assert (connections.open, connections.peak) == (1, 2)
    assert connections.seconds(40.0) == 10 + 20 + 10


EVENTS = st.lists(st.tuples(st.floats(0, 20), st.floats(0.001, 3)), max_size=8)


@given(EVENTS)
def test_an_instance_is_billed_while_it_works_and_a_second_at_least_each_time(
    events: list[tuple[float, float]],
) -> None:
    busy = BusyTime()
    moments = sorted([(began, 0, 1) for began, _ in events] + [(began + took, 1, -1) for began, took in events])
    for now, _, by in moments:
        busy.begin(now) if by > 0 else busy.end(now)

    # The same in another way: a period of work, without a pause in it, is billed for a second at least.
    periods: list[list[float]] = []
    for began, took in sorted(events):
        if periods and began <= periods[-1][1]:
            periods[-1][1] = max(periods[-1][1], began + took)
        else:
            periods.append([began, began + took])
    billed_until, expected = 0.0, 0.0
    for began, ended in periods:
        until = max(ended, began + 1.0)
        expected += max(0.0, until - max(began, billed_until))
        billed_until = max(billed_until, until)
    assert busy.seconds(100.0) == pytest.approx(expected)


def test_an_event_that_is_being_handled_is_billed_until_now() -> None:
    busy = BusyTime()
    busy.begin(10.0)

    assert busy.seconds(14.0) == 4.0
