"""Which happenings belong together: what the service knows, what it infers, and what it leaves open."""

import json

from local_azure.webpubsub.inspector.chains import BY_TEXT, BY_TIME, Chain, chain_of
from local_azure.webpubsub.inspector.contents import Contents
from local_azure.webpubsub.inspector.entries import Entry, Kind

contents = Contents([])


class Story:
    """Entries, written down as they happen; times are milliseconds."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(
        self, kind: Kind, chain: str, began: float, took: float | None = 0, text: str = "", *, hub: str = "chat"
    ) -> Entry:
        entry = Entry(
            id=len(self.entries) + 1,
            change=0,
            kind=kind,
            hub=hub,
            began=began / 1000,
            ended=None if took is None else (began + took) / 1000,
            title=f"{kind} {len(self.entries) + 1}",
            correlation_id=chain,
            content=contents.content(text) if text else None,
        )
        self.entries.append(entry)
        return entry

    def event(self, chain: str, began: float, took: float | None, text: str = "hello") -> Entry:
        """Add a client's frame and the call of its event handler."""
        self.add(Kind.FRAME_IN, chain, began, text=text)
        return self.add(Kind.WEBHOOK, chain, began + 1, took, text)

    def send(self, chain: str, began: float, text: str, *, hub: str = "chat") -> Entry:
        """Add a REST call that delivers a text."""
        self.add(Kind.DELIVERY, chain, began + 1, text=text, hub=hub)
        return self.add(Kind.REST, chain, began, 3, hub=hub)

    def chain(self, entry: Entry) -> Chain:
        return chain_of(entry, self.entries)

    def shape(self, entry: Entry) -> list[tuple[Kind, int, str | None]]:
        return [(step.entry.kind, step.depth, step.inferred) for step in self.chain(entry).steps]


WHOLE = [
    (Kind.FRAME_IN, 0, None),
    (Kind.WEBHOOK, 1, None),
    (Kind.REST, 2, BY_TEXT),
    (Kind.DELIVERY, 3, None),
]


def test_a_message_is_followed_from_the_frame_to_its_deliveries() -> None:
    story = Story()
    story.event("frame", 0, 20, "hello")
    story.send("call", 5, json.dumps({"from": "ana", "message": "hello"}))

    assert [story.shape(entry) for entry in story.entries] == [WHOLE] * 4


def test_a_request_id_that_was_passed_on_makes_the_whole_chain_certain() -> None:
    story = Story()
    webhook = story.event("frame", 0, 20)
    story.send("frame", 5, "hello")
    story.add(Kind.FRAME_OUT, "frame", 22)

    assert story.shape(webhook) == [
        (Kind.FRAME_IN, 0, None),
        (Kind.WEBHOOK, 1, None),
        (Kind.REST, 2, None),
        (Kind.DELIVERY, 3, None),
        (Kind.FRAME_OUT, 1, None),
    ]


def test_of_two_events_at_a_time_the_one_whose_text_is_sent_is_the_cause() -> None:
    story = Story()
    story.event("ana", 0, 20, json.dumps({"room": "lobby", "message": "from ana"}))
    story.event("bo", 0, 20, json.dumps({"room": "lobby", "message": "from bo"}))
    call = story.send("call", 5, json.dumps({"room": "lobby", "message": "from bo"}))

    steps = story.chain(call).steps

    assert steps[0].entry.correlation_id == "bo"
    assert [step.inferred for step in steps] == [None, None, BY_TEXT, None]


def test_of_two_events_alike_the_one_whose_user_is_named_is_the_cause() -> None:
    story = Story()
    for user in ("ana", "bo"):
        story.event(user, 0, 20, json.dumps({"room": "lobby"})).user_id = user
    call = story.send("call", 5, json.dumps({"type": "typing", "room": "lobby", "user": "bo"}))

    assert story.chain(call).steps[0].entry.correlation_id == "bo"


def test_a_call_that_could_follow_from_either_of_two_events_is_left_alone_with_a_note() -> None:
    story = Story()
    story.event("ana", 0, 20, "same words")
    story.event("bo", 0, 20, "same words")
    call = story.send("call", 5, "same words")

    chain = story.chain(call)

    assert [step.entry.kind for step in chain.steps] == [Kind.REST, Kind.DELIVERY]
    assert chain.note is not None
    assert "any of 2 events" in chain.note


def test_without_a_common_text_the_only_event_at_the_time_may_be_the_cause() -> None:
    story = Story()
    story.event("frame", 0, 20, "typing")
    call = story.send("call", 5, "ana is writing")

    assert (Kind.REST, 2, BY_TIME) in story.shape(call)


def test_a_call_outside_of_every_event_stands_alone() -> None:
    story = Story()
    story.event("frame", 0, 20, "hello")
    after, elsewhere = story.send("late", 30, "hello"), story.send("other", 5, "hello", hub="other")

    for call in (after, elsewhere):
        assert story.shape(call) == [(Kind.REST, 0, None), (Kind.DELIVERY, 1, None)]
        assert story.chain(call).note is None


def test_an_event_that_is_still_being_handled_can_be_the_cause() -> None:
    story = Story()
    story.event("frame", 0, None, "hello")
    call = story.send("call", 5000, "hello")

    assert story.shape(call) == WHOLE


def test_what_a_rest_call_brings_about_is_followed_further() -> None:
    """Closing a connection by REST sends `disconnected`, whose handler calls REST again."""
    story = Story()
    close = story.add(Kind.REST, "close", 0, 1)
    story.add(Kind.WEBHOOK, "close", 2, 20, '{"reason":"bye"}')
    story.send("goodbye", 8, "ana has left")

    assert story.shape(close) == [
        (Kind.REST, 0, None),
        (Kind.WEBHOOK, 1, None),
        (Kind.REST, 2, BY_TIME),
        (Kind.DELIVERY, 3, None),
    ]


def test_entries_without_a_chain_stand_alone() -> None:
    story = Story()
    story.add(Kind.CONNECTION, "", 0)
    entry = story.add(Kind.CONNECTION, "", 1)

    assert [step.entry for step in story.chain(entry).steps] == [entry]


def test_the_validation_of_a_handler_is_no_event_that_sends_something() -> None:
    story = Story()
    validation = story.add(Kind.WEBHOOK, "frame", 0, 20)
    validation.is_routine = True
    call = story.send("call", 5, "hello")

    assert story.shape(call) == [(Kind.REST, 0, None), (Kind.DELIVERY, 1, None)]


def test_among_very_many_events_at_a_time_a_rare_text_still_finds_the_cause() -> None:
    story = Story()
    for number in range(200):
        story.event(f"frame{number}", 0, 20, json.dumps({"room": "lobby", "message": f"hello {number}"}))
    found = story.send("found", 5, json.dumps({"room": "lobby", "message": "hello 123"}))
    lost = story.send("lost", 5, json.dumps({"room": "lobby"}))

    assert story.chain(found).steps[0].entry.correlation_id == "frame123"
    assert "any of more than 50 events" in (story.chain(lost).note or "")


def test_a_very_long_chain_is_cut() -> None:
    story = Story()
    for number in range(400):
        entry = story.add(Kind.FRAME_OUT, "one", number)

    assert len(story.chain(entry).steps) == 300
