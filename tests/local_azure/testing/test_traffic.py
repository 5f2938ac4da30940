"""What is kept of a service's records for a test."""

import threading

from local_azure.testing.traffic import MAX_RECORDS, Traffic
from local_azure.webpubsub.messages import DataMessage, DataType, GroupMessage, Payload, ServerMessage, StreamPart
from local_azure.webpubsub.observations import Audience, ConnectionEnded, MessageFannedOut, WebhookCalled, WebhookSent


def sent(event_id: int | None, attempt: int = 1, event: str = "azure.webpubsub.user.message") -> WebhookSent:
    return WebhookSent("chat", "c-1", "ana", event, event_id, "r-1", "http://app", attempt, b"hello")


def called(event_id: int | None, status: int, attempt: int = 1) -> WebhookCalled:
    event = "azure.webpubsub.user.message"
    return WebhookCalled("chat", "c-1", "ana", event, event_id, "r-1", "http://app", attempt, status, 1.5, None, b"")


def published(text: str) -> MessageFannedOut:
    return fanned_out(ServerMessage(Payload(DataType.TEXT, text.encode())), Audience("all"))


def fanned_out(message: DataMessage, audience: Audience) -> MessageFannedOut:
    return MessageFannedOut("chat", message, (), receiver_count=0, size=0, began=0.0, audience=audience)


def test_the_attempts_of_an_event_are_one_event_with_the_last_outcome() -> None:
    traffic = Traffic()

    for record in (sent(1), called(1, 500), sent(1, attempt=2)):
        traffic.add(record)
    (waiting,) = traffic.events()
    traffic.add(called(1, 204, attempt=2))

    (event,) = traffic.events()
    assert (waiting.attempts, waiting.is_answered, waiting.status) == (2, False, None)
    assert (event.attempts, event.is_answered, event.status, event.milliseconds) == (2, True, 204, 1.5)


def test_the_name_of_an_event_may_have_dots_and_says_who_made_it() -> None:
    traffic = Traffic()

    traffic.add(sent(1, event="azure.webpubsub.user.a.b"))
    traffic.add(sent(2, event="azure.webpubsub.sys.connected"))

    assert [(event.name, event.is_system) for event in traffic.events()] == [("a.b", False), ("connected", True)]


def test_the_answer_to_an_event_of_an_earlier_test_is_not_kept() -> None:
    traffic = Traffic()
    traffic.add(sent(1))
    traffic.clear()

    traffic.add(called(1, 204))

    assert traffic.events() == ()


def test_a_part_of_a_stream_is_a_message_with_its_place() -> None:
    traffic = Traffic()
    parts = [StreamPart("s1", 1), StreamPart("s1", 2, is_last=True)]

    for part in parts:
        message = GroupMessage("room", Payload(DataType.TEXT, b""), "ana", part)
        traffic.add(fanned_out(message, Audience("group", "room")))
    traffic.add(published("no stream"))

    assert [message.stream for message in traffic.messages()] == [*parts, None]


def test_what_is_neither_a_message_nor_an_event_is_not_kept() -> None:
    traffic = Traffic()

    for record in (sent(None), called(None, 200), ConnectionEnded("chat", "c-1", "ana", "gone")):
        traffic.add(record)

    assert (traffic.events(), traffic.messages()) == ((), ())


def test_the_newest_are_kept() -> None:
    traffic = Traffic()

    for number in range(MAX_RECORDS + 1):
        traffic.add(published(str(number)))
        traffic.add(sent(number))

    assert [traffic.messages()[0].text, traffic.messages()[-1].text] == ["1", str(MAX_RECORDS)]
    assert [traffic.events()[0].id, traffic.events()[-1].id] == [1, MAX_RECORDS]


def test_who_waits_is_told_of_what_another_thread_adds() -> None:
    traffic = Traffic()
    adding = threading.Thread(target=traffic.add, args=(published("hello"),))
    adding.start()

    found = traffic.wait_for(traffic.messages, 1, timeout=30.0)

    assert found
    assert found[0].text == "hello"
    assert traffic.wait_for(traffic.messages, 2, timeout=0.0) is None
    adding.join()
