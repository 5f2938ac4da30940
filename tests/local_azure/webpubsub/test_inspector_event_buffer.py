"""The event buffer: records become entries, and each says what happened, and what was changed of it."""

import json

import pytest

from local_azure.webpubsub.hub import MAX_NAMED_RECEIVERS
from local_azure.webpubsub.inspector.entries import ENTRY_BYTES, EntryKind
from local_azure.webpubsub.inspector.event_buffer import EventBuffer
from local_azure.webpubsub.inspector.redaction import Redactor
from local_azure.webpubsub.messages import (
    CancelInvocation,
    ClientMessage,
    DataType,
    EndStream,
    GroupMessage,
    Invoke,
    JoinGroup,
    LeaveGroup,
    Payload,
    Ping,
    SendEvent,
    SendToGroup,
    SequenceAck,
    StartStream,
    StreamData,
    StreamError,
    StreamPart,
)
from local_azure.webpubsub.observations import (
    ConnectionDetached,
    ConnectionEnded,
    ConnectionOpened,
    FrameReceived,
    FrameSent,
    HandshakeRefused,
    MessageFannedOut,
    Observation,
    RestCalled,
    WebhookCalled,
    WebhookSent,
)
from local_azure.webpubsub.websocket_frames import close_frame, data_frame
from tests.local_azure.webpubsub.kept_records import keep

HELLO = Payload(DataType.TEXT, b"hello", {"trace": "t-1"})
TO_LOBBY = GroupMessage("lobby", HELLO, "ana")


@pytest.fixture
def buffer() -> EventBuffer:
    return EventBuffer(Redactor([]))


def add(buffer: EventBuffer, record: Observation, size: int = 0) -> None:
    """Add a record in the form in which it is kept."""
    buffer.add(keep(record), size)


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
        (Invoke("7", "sum", HELLO), "invoke sum", False),
        (CancelInvocation("7"), "cancel invocation 7", False),
        (StartStream("s1", "lobby"), "start stream s1 to group lobby", False),
        (StreamData("s1", 2, HELLO), "stream part 2 s1", False),
        (StreamData("s1"), "stream keep-alive s1", True),
        (EndStream("s" * 65), f"end stream {'s' * 64}…", False),
        (EndStream("s1", StreamError("UserError")), "end stream s1 with an error", False),
        (None, "invalid frame", False),
    ],
)
def test_a_clients_frame_is_labelled_by_its_request(
    buffer: EventBuffer, message: ClientMessage | None, title: str, is_routine: bool
) -> None:
    add(buffer, frame(message))

    (entry,) = buffer
    assert (entry.kind, entry.title, entry.is_routine) == (EntryKind.FRAME_IN, title, is_routine)
    assert (entry.is_ok is False) == (message is None)


def test_a_frames_payload_and_metadata_are_kept(buffer: EventBuffer) -> None:
    add(buffer, frame(SendEvent("message", HELLO, ack_id=7)))

    (entry,) = buffer
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
        ('{"type":"invokeResponse","invocationId":"7","success":true}', "invoke response 7"),
        (
            '{"type":"invokeResponse","invocationId":"7","success":false,"error":{"name":"NotFound","message":"no"}}',
            "invoke error NotFound 7",
        ),
        ('{"type":"streamAck","streamId":"s1","expectedSequenceId":2}', "stream ack 2 s1"),
        ('{"type":"streamNack","streamId":"s1","expectedSequenceId":2,"name":"Gap"}', "stream error Gap s1"),
        ('{"type":"streamClosed","streamId":"s1"}', "stream closed s1"),
        ('{"type":"streamClosed","streamId":"s1","error":{"name":"IdleTimeout"}}', "stream error IdleTimeout s1"),
        ('{"type":"message","from":"group"}', "message, again"),
        ("x" * 200, "text frame"),
        ("x" * 70_000, "text frame"),
        (b"\x22\x00", "binary frame"),
    ],
)
def test_a_frame_to_a_client_is_labelled_by_its_content(buffer: EventBuffer, payload: str | bytes, title: str) -> None:
    add(buffer, FrameSent("chat", "c1", "ana", data_frame(payload)))

    (entry,) = buffer
    assert (entry.kind, entry.title) == (EntryKind.FRAME_OUT, title)
    assert entry.content is not None
    assert entry.content.size == len(payload)


@pytest.mark.parametrize(
    ("answer", "is_ok"),
    [
        ('{"type":"ack","ackId":3,"success":true}', None),
        ('{"type":"ack","ackId":3,"success":false,"error":{"name":"Forbidden","message":"no"}}', False),
        ('{"type":"invokeResponse","invocationId":"a b","success":true}', None),
        (
            '{"type":"invokeResponse","invocationId":"7","success":false,"error":{"name":"NotFound","message":"no"}}',
            False,
        ),
        ('{"type":"streamClosed","streamId":"s1"}', None),
        ('{"type":"streamClosed","streamId":"s1","error":{"name":"IdleTimeout"}}', False),
    ],
)
def test_a_request_that_failed_is_marked(buffer: EventBuffer, answer: str, is_ok: bool | None) -> None:
    add(buffer, FrameSent("chat", "c1", "ana", data_frame(answer)))

    (entry,) = buffer
    assert entry.is_ok is is_ok


@pytest.mark.parametrize(
    ("part", "title"),
    [
        (StreamPart("s1", 2), "group lobby, stream part 2 s1"),
        (StreamPart("s1", 3, is_last=True), "group lobby, stream end s1"),
        (
            StreamPart("s1", 3, is_last=True, error=StreamError("IdleTimeout")),
            "group lobby, stream end s1: IdleTimeout",
        ),
    ],
)
def test_a_part_of_a_stream_is_labelled_by_its_place(buffer: EventBuffer, part: StreamPart, title: str) -> None:
    add(buffer, MessageFannedOut("chat", GroupMessage("lobby", HELLO, "ana", part), (), 0, 0, 9.99))

    (entry,) = buffer
    assert entry.title == title


def test_a_close_frame_shows_its_code(buffer: EventBuffer) -> None:
    add(buffer, FrameSent("chat", "c1", "ana", close_frame(1011, "bye")))

    assert [entry.title for entry in buffer] == ["close 1011"]


def fanned_out(receivers: int) -> MessageFannedOut:
    named = tuple((f"c{number}", f"user{number}") for number in range(min(receivers, MAX_NAMED_RECEIVERS)))
    return MessageFannedOut("chat", TO_LOBBY, named, receivers, 20, 9.99, at=10.0)


def test_a_message_to_many_is_one_entry_that_counts_its_receivers(buffer: EventBuffer) -> None:
    add(buffer, fanned_out(100))

    (entry,) = buffer
    assert (entry.kind, entry.title, entry.status) == (EntryKind.DELIVERY, "group lobby", "to 100")
    assert (entry.receiver_count, entry.groups) == (100, ("lobby",))
    assert entry.receivers[0] == ("c0", "user0")
    assert len(entry.receivers) == MAX_NAMED_RECEIVERS
    assert entry.milliseconds == pytest.approx(10.0)


def test_a_message_without_receivers_is_an_entry_too(buffer: EventBuffer) -> None:
    add(buffer, fanned_out(0))

    assert [(entry.status, entry.receiver_count) for entry in buffer] == [("nobody", 0)]


def test_an_event_is_open_until_its_handler_has_answered(buffer: EventBuffer) -> None:
    add(buffer, sent())
    (entry,) = buffer
    assert (entry.ended, entry.status, entry.title) == (None, "waiting", "user.message")

    add(buffer, called(204))

    assert [one.id for one in buffer] == [entry.id]
    assert (entry.status, entry.is_ok) == ("204", True)
    assert entry.milliseconds == pytest.approx(5.0)


def test_every_attempt_is_an_entry_of_its_own(buffer: EventBuffer) -> None:
    for attempt, status, failure in ((1, 500, None), (2, None, "no answer"), (3, 200, None)):
        add(buffer, sent(attempt))
        add(buffer, called(status, attempt, failure))

    assert [(entry.title, entry.status, entry.is_ok) for entry in buffer] == [
        ("user.message", "500", False),
        ("user.message, attempt 2", "no answer", False),
        ("user.message, attempt 3", "200", True),
    ]


def test_an_answer_whose_beginning_was_not_seen_is_an_entry_too(buffer: EventBuffer) -> None:
    add(buffer, called(204))

    (entry,) = buffer
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
def test_a_rest_call_is_labelled_by_its_path_below_the_hub(
    buffer: EventBuffer, method: str, path: str, status: int, title: str, is_ok: bool | None
) -> None:
    add(buffer, RestCalled(method, path, "filter=x", status, 2.0, None, None, at=10.0))

    (entry,) = buffer
    assert (entry.title, entry.status, entry.is_ok) == (title, str(status), is_ok)
    assert entry.began == pytest.approx(9.998)
    assert entry.facts == {"query": "filter=x"}


def test_a_connections_changes_are_entries(buffer: EventBuffer) -> None:
    add(buffer, HandshakeRefused("chat", 401, "the token has expired"))
    add(buffer, ConnectionOpened("chat", "c1", "ana", None, recovered=False))
    add(buffer, ConnectionDetached("chat", "c1", "ana"))
    add(buffer, ConnectionOpened("chat", "c1", "ana", None, recovered=True))
    add(buffer, ConnectionEnded("chat", "c1", "ana", "bye"))

    titles = [(entry.title, entry.summary()["excerpt"]) for entry in buffer]
    assert titles == [
        ("refused", "the token has expired"),
        ("connected", ""),
        ("socket lost", ""),
        ("recovered", ""),
        ("ended", "bye"),
    ]


def test_the_oldest_entries_are_removed_first_also_one_that_waits_for_its_answer(buffer: EventBuffer) -> None:
    add(buffer, sent(), 100)
    for number in range(3):
        add(buffer, frame(JoinGroup(f"group{number}")), 100)
    buffer.remove_oldest()
    buffer.remove_oldest()

    add(buffer, called(204), 100)

    assert [entry.title for entry in buffer] == ["join group group1", "join group group2", "user.message"]
    assert buffer.size == 3 * (ENTRY_BYTES + 100)
    assert buffer.size == sum(entry.size for entry in buffer)


def test_only_new_and_changed_entries_are_returned_again(buffer: EventBuffer) -> None:
    add(buffer, sent())
    add(buffer, frame(Ping()))
    seen = buffer.change

    assert buffer.changed_since(seen) == []
    add(buffer, called(204))

    assert [entry.title for entry in buffer.changed_since(seen)] == ["user.message"]


def test_every_entry_can_be_written_as_json(buffer: EventBuffer) -> None:
    for record in (frame(SendEvent("e", HELLO)), sent(), fanned_out(1), called(500)):
        add(buffer, record)

    for entry in buffer:
        assert json.loads(json.dumps(entry.details()))["id"] == entry.id
