"""The journal: records become entries, the oldest are forgotten, and nobody pays while nobody looks."""

import json

import pytest

from local_azure.webpubsub.frames import close_frame, data_frame
from local_azure.webpubsub.inspector.contents import Contents
from local_azure.webpubsub.inspector.entries import MAX_NAMED_RECEIVERS, Kind
from local_azure.webpubsub.inspector.journal import Journal
from local_azure.webpubsub.inspector.recording import Recording
from local_azure.webpubsub.messages import (
    ClientMessage,
    DataType,
    GroupMessage,
    JoinGroup,
    LeaveGroup,
    Payload,
    Ping,
    SendEvent,
    SendToGroup,
    SequenceAck,
)
from local_azure.webpubsub.observations import (
    Delivered,
    Detached,
    Ended,
    FrameReceived,
    FrameSent,
    HandshakeRefused,
    Observations,
    Opened,
    Published,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)
from tests.local_azure.webpubsub.small_app import until

HELLO = Payload(DataType.TEXT, b"hello", {"trace": "t-1"})
TO_LOBBY = GroupMessage("lobby", HELLO, "ana")


@pytest.fixture
def journal() -> Journal:
    return Journal(Contents([]))


def frame(message: ClientMessage | None, text: str = "{}") -> FrameReceived:
    return FrameReceived("chat", "c1", "ana", text, message)


def sent(attempt: int = 1, at: float = 10.0) -> WebhookSent:
    return WebhookSent(
        "chat", "c1", "ana", "azure.webpubsub.user.message", 1, "r1", "http://app/", attempt, b"hi", at=at
    )


def called(status: int | None, attempt: int = 1, failure: str | None = None) -> WebhookCalled:
    event = "azure.webpubsub.user.message"
    return WebhookCalled(
        "chat", "c1", "ana", event, 1, "r1", "http://app/", attempt, status, 5.0, failure, b"ok", at=10.0
    )


@pytest.mark.parametrize(
    ("message", "title", "is_routine"),
    [
        (SendEvent("message", HELLO, ack_id=7), "event message", False),
        (SendToGroup("lobby", HELLO), "send to group lobby", False),
        (JoinGroup("lobby"), "join group lobby", False),
        (LeaveGroup("lobby"), "leave group lobby", False),
        (SequenceAck(3), "sequence ack 3", True),
        (Ping(), "ping", True),
        (None, "invalid frame", False),
    ],
)
def test_a_clients_frame_is_named_by_what_it_asks_for(
    journal: Journal, message: ClientMessage | None, title: str, is_routine: bool
) -> None:
    journal.add(frame(message))

    (entry,) = journal
    assert (entry.kind, entry.title, entry.is_routine) == (Kind.FRAME_IN, title, is_routine)
    assert (entry.is_ok is False) == (message is None)


def test_a_frames_payload_and_metadata_are_kept(journal: Journal) -> None:
    journal.add(frame(SendEvent("message", HELLO, ack_id=7)))

    (entry,) = journal
    assert entry.content is not None
    assert entry.content.text == "hello"
    assert entry.facts == {"ack id": 7, "data type": "text", "metadata trace": "t-1"}


@pytest.mark.parametrize(
    ("payload", "title"),
    [
        ('{"type":"ack","ackId":3,"success":true}', "ack 3"),
        ('{"type":"ack","ackId":3,"success":false,"error":{"name":"Forbidden","message":"no"}}', "ack 3 Forbidden"),
        ('{"type":"system","event":"connected"}', "connected"),
        ('{"type":"pong"}', "pong"),
        ('{"type":"message","from":"group"}', "message, again"),
        ("x" * 200, "text frame"),
        ("x" * 70_000, "text frame"),
        (b"\x22\x00", "binary frame"),
    ],
)
def test_a_frame_to_a_client_is_named_by_what_it_says(journal: Journal, payload: str | bytes, title: str) -> None:
    journal.add(FrameSent("chat", "c1", "ana", data_frame(payload)))

    (entry,) = journal
    assert (entry.kind, entry.title) == (Kind.FRAME_OUT, title)
    assert entry.content is not None
    assert entry.content.size == len(payload)


def test_a_close_frame_shows_its_code(journal: Journal) -> None:
    journal.add(FrameSent("chat", "c1", "ana", close_frame(1011, "bye")))

    assert [entry.title for entry in journal] == ["close 1011"]


def test_a_message_to_many_is_one_entry_that_counts_its_receivers(journal: Journal) -> None:
    journal.add(Published("chat", TO_LOBBY))
    for number in range(100):
        journal.add(FrameSent("chat", f"c{number}", f"user{number}", data_frame('{"type":"message"}')))
        journal.add(Delivered("chat", f"c{number}", f"user{number}", TO_LOBBY, 20))

    (entry,) = journal
    assert (entry.kind, entry.title, entry.status) == (Kind.DELIVERY, "group lobby", "to 100")
    assert entry.receiver_count == 100
    assert entry.receivers[0] == ("c0", "user0")
    assert len(entry.receivers) == MAX_NAMED_RECEIVERS


def test_a_message_that_nobody_gets_is_seen_as_well(journal: Journal) -> None:
    journal.add(Published("chat", TO_LOBBY))

    assert [(entry.status, entry.receiver_count) for entry in journal] == [("nobody", 0)]


def test_an_event_is_open_until_its_handler_has_answered(journal: Journal) -> None:
    journal.add(sent())
    (entry,) = journal
    assert (entry.ended, entry.status, entry.title) == (None, "waiting", "user.message")

    journal.add(called(204))

    assert [one.id for one in journal] == [entry.id]
    assert (entry.status, entry.is_ok) == ("204", True)
    assert entry.milliseconds == pytest.approx(5.0)


def test_every_attempt_is_an_entry_of_its_own(journal: Journal) -> None:
    for attempt, status, failure in ((1, 500, None), (2, None, "no answer"), (3, 200, None)):
        journal.add(sent(attempt))
        journal.add(called(status, attempt, failure))

    assert [(entry.title, entry.status, entry.is_ok) for entry in journal] == [
        ("user.message", "500", False),
        ("user.message, attempt 2", "no answer", False),
        ("user.message, attempt 3", "200", True),
    ]


def test_an_answer_whose_beginning_was_not_seen_is_an_entry_too(journal: Journal) -> None:
    journal.add(called(204))

    (entry,) = journal
    assert (entry.title, entry.status) == ("user.message", "204")
    assert entry.began == pytest.approx(9.995)


@pytest.mark.parametrize(
    ("method", "path", "status", "title", "is_ok"),
    [
        ("POST", "/api/hubs/Chat/groups/lobby/:send", 202, "POST groups/lobby/:send", True),
        ("HEAD", "/api/hubs/chat/users/ana", 404, "HEAD users/ana", None),
        ("POST", "/api/hubs/chat/:send", 401, "POST :send", False),
        ("HEAD", "/api/health", 200, "HEAD /api/health", True),
    ],
)
def test_a_rest_call_is_named_by_its_path_below_the_hub(
    journal: Journal, method: str, path: str, status: int, title: str, is_ok: bool | None
) -> None:
    journal.add(RestCalled(method, path, "filter=x", status, 2.0, None, None, at=10.0))

    (entry,) = journal
    assert (entry.title, entry.status, entry.is_ok) == (title, str(status), is_ok)
    assert entry.began == pytest.approx(9.998)
    assert entry.facts == {"query": "filter=x"}


def test_the_life_of_a_connection_is_told(journal: Journal) -> None:
    journal.add(HandshakeRefused("chat", 401, "the token has expired"))
    journal.add(Opened("chat", "c1", "ana", None, recovered=False))
    journal.add(Detached("chat", "c1", "ana"))
    journal.add(Opened("chat", "c1", "ana", None, recovered=True))
    journal.add(Ended("chat", "c1", "ana", "bye"))

    titles = [(entry.title, entry.summary()["excerpt"]) for entry in journal]
    assert titles == [
        ("refused", "the token has expired"),
        ("connected", ""),
        ("socket lost", ""),
        ("recovered", ""),
        ("ended", "bye"),
    ]


def test_the_ring_keeps_the_newest(journal: Journal) -> None:
    small = Journal(Contents([]), capacity=3)
    small.add(sent())
    for number in range(5):
        small.add(frame(JoinGroup(f"group{number}")))
    small.add(called(204))

    assert [entry.title for entry in small] == ["join group group3", "join group group4", "user.message"]


def test_only_what_is_new_or_has_changed_is_told_again(journal: Journal) -> None:
    journal.add(sent())
    journal.add(frame(Ping()))
    seen = journal.change

    assert journal.changed_since(seen) == []
    journal.add(called(204))

    assert [entry.title for entry in journal.changed_since(seen)] == ["user.message"]


def test_every_entry_can_be_told_as_json(journal: Journal) -> None:
    for record in (frame(SendEvent("e", HELLO)), sent(), Published("chat", TO_LOBBY), called(500)):
        journal.add(record)

    for entry in journal:
        assert json.loads(json.dumps(entry.details()))["id"] == entry.id


async def test_nothing_is_observed_until_somebody_looks_and_after_the_last_one_has_gone() -> None:
    observations = Observations()
    recording = Recording(observations, Journal(Contents([])), linger_seconds=0.02)
    assert not observations.active

    with recording.watched(), recording.watched() as journal:
        assert observations.active
        observations.publish(frame(Ping()))
    assert observations.active  # a reload would go on from here
    assert len(list(journal)) == 1

    await until(lambda: not observations.active)
    assert list(journal) == []


async def test_a_page_that_comes_back_soon_finds_everything() -> None:
    observations = Observations()
    recording = Recording(observations, Journal(Contents([])), linger_seconds=60.0)

    with recording.watched():
        observations.publish(frame(Ping()))
    observations.publish(frame(JoinGroup("lobby")))
    with recording.watched() as journal:
        observations.publish(frame(LeaveGroup("lobby")))

        assert [entry.title for entry in journal] == ["ping", "join group lobby", "leave group lobby"]
    recording.stop()
    assert not observations.active
