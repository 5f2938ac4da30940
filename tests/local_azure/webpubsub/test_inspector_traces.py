"""Which entries have one cause: what the service knows, what it infers, and what it does not decide."""

import json

from local_azure.webpubsub.inspector.entries import Entry, EntryKind
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.inspector.traces import SAME_TEXT, SAME_TIME, Trace, find_trace

redactor = Redactor([])


class Recording:
    """Entries in the order in which they were added; times are milliseconds."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(
        self,
        kind: EntryKind,
        correlation_id: str,
        began: float,
        took: float | None = 0,
        text: str = "",
        *,
        hub: str = "chat",
    ) -> Entry:
        entry = Entry(
            id=len(self.entries) + 1,
            change=0,
            kind=kind,
            hub=hub,
            began=began / 1000,
            ended=None if took is None else (began + took) / 1000,
            title=f"{kind} {len(self.entries) + 1}",
            correlation_id=correlation_id,
            redactor=redactor,
            payload=text or None,
        )
        self.entries.append(entry)
        return entry

    def event(self, correlation_id: str, began: float, took: float | None, text: str = "hello") -> Entry:
        """Add a client's frame and the call of its event handler."""
        self.add(EntryKind.FRAME_IN, correlation_id, began, text=text)
        return self.add(EntryKind.WEBHOOK, correlation_id, began + 1, took, text)

    def send(self, correlation_id: str, began: float, text: str, *, hub: str = "chat") -> Entry:
        """Add a REST call that delivers a text."""
        self.add(EntryKind.DELIVERY, correlation_id, began + 1, text=text, hub=hub)
        return self.add(EntryKind.REST, correlation_id, began, 3, hub=hub)

    def trace(self, entry: Entry) -> Trace:
        return find_trace(entry, self.entries)

    def shape(self, entry: Entry) -> list[tuple[EntryKind, int, str | None]]:
        return [(step.entry.kind, step.depth, step.inferred) for step in self.trace(entry).steps]


WHOLE = [
    (EntryKind.FRAME_IN, 0, None),
    (EntryKind.WEBHOOK, 1, None),
    (EntryKind.REST, 2, SAME_TEXT),
    (EntryKind.DELIVERY, 3, None),
]


def test_a_message_is_followed_from_the_frame_to_its_deliveries() -> None:
    recording = Recording()
    recording.event("frame", 0, 20, "hello")
    recording.send("call", 5, json.dumps({"from": "ana", "message": "hello"}))

    assert [recording.shape(entry) for entry in recording.entries] == [WHOLE] * 4


def test_a_request_id_that_was_passed_on_makes_the_whole_trace_certain() -> None:
    recording = Recording()
    webhook = recording.event("frame", 0, 20)
    recording.send("frame", 5, "hello")
    recording.add(EntryKind.FRAME_OUT, "frame", 22)

    assert recording.shape(webhook) == [
        (EntryKind.FRAME_IN, 0, None),
        (EntryKind.WEBHOOK, 1, None),
        (EntryKind.REST, 2, None),
        (EntryKind.DELIVERY, 3, None),
        (EntryKind.FRAME_OUT, 1, None),
    ]


def test_of_two_events_at_a_time_the_one_whose_text_is_sent_is_the_cause() -> None:
    recording = Recording()
    recording.event("ana", 0, 20, json.dumps({"room": "lobby", "message": "from ana"}))
    recording.event("bo", 0, 20, json.dumps({"room": "lobby", "message": "from bo"}))
    call = recording.send("call", 5, json.dumps({"room": "lobby", "message": "from bo"}))

    steps = recording.trace(call).steps

    assert steps[0].entry.correlation_id == "bo"
    assert [step.inferred for step in steps] == [None, None, SAME_TEXT, None]


def test_of_two_equal_events_the_one_whose_user_is_named_is_the_cause() -> None:
    recording = Recording()
    for user in ("ana", "bo"):
        recording.event(user, 0, 20, json.dumps({"room": "lobby"})).user_id = user
    call = recording.send("call", 5, json.dumps({"type": "typing", "room": "lobby", "user": "bo"}))

    assert recording.trace(call).steps[0].entry.correlation_id == "bo"


def test_a_call_that_could_follow_from_either_of_two_events_begins_a_trace_with_a_note() -> None:
    recording = Recording()
    recording.event("ana", 0, 20, "same words")
    recording.event("bo", 0, 20, "same words")
    call = recording.send("call", 5, "same words")

    trace = recording.trace(call)

    assert [step.entry.kind for step in trace.steps] == [EntryKind.REST, EntryKind.DELIVERY]
    assert trace.note is not None
    assert "any of 2 events" in trace.note


def test_without_a_common_text_the_only_event_at_the_time_may_be_the_cause() -> None:
    recording = Recording()
    recording.event("frame", 0, 20, "typing")
    call = recording.send("call", 5, "ana is writing")

    assert (EntryKind.REST, 2, SAME_TIME) in recording.shape(call)


def test_a_call_outside_of_every_event_begins_a_trace() -> None:
    recording = Recording()
    recording.event("frame", 0, 20, "hello")
    after, elsewhere = recording.send("late", 30, "hello"), recording.send("other", 5, "hello", hub="other")

    for call in (after, elsewhere):
        assert recording.shape(call) == [(EntryKind.REST, 0, None), (EntryKind.DELIVERY, 1, None)]
        assert recording.trace(call).note is None


def test_an_event_that_is_still_being_handled_can_be_the_cause() -> None:
    recording = Recording()
    recording.event("frame", 0, None, "hello")
    call = recording.send("call", 5000, "hello")

    assert recording.shape(call) == WHOLE


def test_the_effects_of_a_rest_call_are_followed_further() -> None:
    """Closing a connection by REST sends `disconnected`, whose handler calls REST again."""
    recording = Recording()
    close = recording.add(EntryKind.REST, "close", 0, 1)
    recording.add(EntryKind.WEBHOOK, "close", 2, 20, '{"reason":"bye"}')
    recording.send("goodbye", 8, "ana has left")

    assert recording.shape(close) == [
        (EntryKind.REST, 0, None),
        (EntryKind.WEBHOOK, 1, None),
        (EntryKind.REST, 2, SAME_TIME),
        (EntryKind.DELIVERY, 3, None),
    ]


def test_entries_without_a_correlation_id_are_traces_of_their_own() -> None:
    recording = Recording()
    recording.add(EntryKind.CONNECTION, "", 0)
    entry = recording.add(EntryKind.CONNECTION, "", 1)

    assert [step.entry for step in recording.trace(entry).steps] == [entry]


def test_the_validation_of_a_handler_is_no_event_that_sends_something() -> None:
    recording = Recording()
    validation = recording.add(EntryKind.WEBHOOK, "frame", 0, 20)
    validation.is_routine = True
    call = recording.send("call", 5, "hello")

    assert recording.shape(call) == [(EntryKind.REST, 0, None), (EntryKind.DELIVERY, 1, None)]


def test_among_very_many_events_at_a_time_a_rare_text_still_finds_the_cause() -> None:
    recording = Recording()
    for number in range(200):
        recording.event(f"frame{number}", 0, 20, json.dumps({"room": "lobby", "message": f"hello {number}"}))
    found = recording.send("found", 5, json.dumps({"room": "lobby", "message": "hello 123"}))
    lost = recording.send("lost", 5, json.dumps({"room": "lobby"}))

    assert recording.trace(found).steps[0].entry.correlation_id == "frame123"
    assert "any of more than 50 events" in (recording.trace(lost).note or "")


def test_a_very_long_trace_is_truncated() -> None:
    recording = Recording()
    for number in range(400):
        entry = recording.add(EntryKind.FRAME_OUT, "one", number)

    assert len(recording.trace(entry).steps) == 300
