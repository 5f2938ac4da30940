"""`docs/asyncapi.yaml` is AsyncAPI 3, has what `docs/protocol.md` has, and describes what the running chat does."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient
from jsonschema import Draft7Validator

from chat.handlers import HANDLERS
from chat.room_log.moderation_acts import Act
from tests.chat import asyncapi
from tests.chat.conversation import LIMITS, collect_frames, send_every_example, talk_signed_in
from tests.chat.local_chat import HUB, ROOT, Frame, LocalChat, Tab, run_chat
from tests.chat.protocol_document import RECEIVED, SENT, section
from tests.system_parts import miss

ASYNCAPI_SCHEMA = ROOT / "tests/page/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"
RELIABLE = "json.reliable.webpubsub.azure.v1"
EXAMPLES = [(key, example["payload"]) for key, message in asyncapi.MESSAGES.items() for example in message["examples"]]


def test_the_file_follows_the_schema_of_asyncapi() -> None:
    if not ASYNCAPI_SCHEMA.exists():
        miss("the packages of tests/page (npm)")
    schema = json.loads(ASYNCAPI_SCHEMA.read_text())

    assert [error.message for error in Draft7Validator(schema).iter_errors(asyncapi.FILE)] == []


def test_every_reference_leads_to_a_part_of_the_file_and_every_part_is_used() -> None:
    used = set(asyncapi.references(asyncapi.FILE))
    parts = {
        f"#/components/{kind}/{name}" for kind, components in asyncapi.FILE["components"].items() for name in components
    }

    assert [reference for reference in used if asyncapi.follow(reference) is None] == []
    assert parts - used == set()


def test_the_events_and_frames_of_the_file_are_those_of_the_protocol() -> None:
    frames = {title for title, _ in RECEIVED} - {"changed chat line"}  # a chat line too

    assert set(asyncapi.group("event")) == set(HANDLERS)
    assert set(asyncapi.group("frame")) == frames
    assert {name: asyncapi.frame_message(example) for name, example in RECEIVED if name in frames} == (
        asyncapi.group("frame")
    )


def test_every_event_has_an_operation_and_every_frame_is_sent_by_one() -> None:
    operations = asyncapi.FILE["operations"].values()
    received = [message for each in operations if each["action"] == "receive" for message in messages_of(each)]
    sent = [message for each in operations if each["action"] == "send" for message in messages_of(each)]
    answers = [message for each in operations if "reply" in each for message in messages_of(each["reply"])]

    assert set(asyncapi.MESSAGES) == {*received, *sent, *answers}
    assert all(message.split(".")[0] == "frame" for message in answers)
    for name, operation in asyncapi.FILE["operations"].items():
        if name in HANDLERS:
            assert messages_of(operation) == [f"event.{name}"]


def messages_of(part: dict[str, Any]) -> list[str]:
    """Return the messages of an operation or a reply, each of which its channel must have."""
    channel = part["channel"]["$ref"]
    names = [message["$ref"].removeprefix(f"{channel}/messages/") for message in part["messages"]]
    for name in names:
        assert asyncapi.follow(channel)["messages"][name] == {"$ref": f"#/components/messages/{name}"}
    return names


def test_the_codes_acts_and_events_that_are_listed_are_those_that_there_are() -> None:
    cells = re.findall(r"^\| (`.*?) \|", section("Codes of refusals"), re.MULTILINE)

    assert asyncapi.SCHEMAS["ErrorCode"]["enum"] == re.findall(r"`([a-z_]+)`", "".join(cells))
    assert set(asyncapi.SCHEMAS["Act"]["enum"]) == set(Act)
    assert set(asyncapi.MESSAGES["envelope.event"]["payload"]["properties"]["event"]["enum"]) == set(HANDLERS)


def answers_to(event: str) -> list[str]:
    """Return the messages that may answer an event."""
    return messages_of(asyncapi.FILE["operations"][event]["reply"])


EVENT_ROWS = re.findall(
    r"^\| `(\w+)` \| (.*?[^\\]) \| (.*?) \|", section("Client to server: user events"), re.MULTILINE
)


@pytest.mark.parametrize(("event", "data", "answer"), EVENT_ROWS, ids=[row[0] for row in EVENT_ROWS])
def test_an_event_has_the_fields_and_the_answer_of_its_row(event: str, data: str, answer: str) -> None:
    either = re.sub(r'([{,] ?"\w+") \\\| ("\w+")', r"\1?, \2?", data)
    objects = re.findall(r"`(\{.*?\})`", either)
    described = [
        (set(re.findall(r'[{,] ?"(\w+)"', text)), set(re.findall(r'[{,] ?"(\w+)"(?!\?)', text))) for text in objects
    ]
    answers = answers_to(event)

    forms = [
        (set(form["properties"]) - {"clientId"}, set(form.get("required", ())))
        for form in objects_of(asyncapi.payload_schema(f"event.{event}"))
    ]
    assert forms == [(names - {"clientId"}, required) for names, required in described]
    if event != "message":  # a command is answered as the event of its name
        direct = {f"frame.{name}" for name in re.findall(r"^`(\w+)`", answer)}
        assert set(answers) - {"frame.system.error", "frame.system.notice"} == direct


def objects_of(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas of objects that a payload can be."""
    if "$ref" in schema:
        yield from objects_of(asyncapi.follow(schema["$ref"]))
    elif schema.get("type") == "object":
        yield schema
    else:
        for choice in schema.get("oneOf", ()):
            yield from objects_of(choice)


FRAME_ROWS = {
    name.replace("`", ""): fields
    for names, fields in re.findall(r"^\| ((?:`|chat).*?) \| (.*) \|$", section("Server to client"), re.MULTILINE)
    for name in names.replace(" (no `type`)", "").split(", ")
}


@pytest.mark.parametrize("name", sorted(asyncapi.group("frame")))
def test_a_frame_has_no_field_that_its_row_does_not_name(name: str) -> None:
    schema = asyncapi.payload_schema(asyncapi.group("frame")[name])
    # Every answer may have a `clientId`, and every frame the `names` of its users.
    fields = set(schema["properties"]) - {"type", "event", "names", "clientId"}

    named = set(re.findall(r"`(\w+)`", FRAME_ROWS[name]))
    assert fields <= named
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(("message", "payload"), EXAMPLES, ids=[key for key, _ in EXAMPLES])
def test_every_example_of_the_file_is_valid(message: str, payload: Any) -> None:
    asyncapi.check(message, payload)


def test_every_example_of_the_protocol_is_valid() -> None:
    for event, data in SENT:
        asyncapi.check(f"event.{event}", data)
    for _, frame in RECEIVED:
        asyncapi.check(asyncapi.frame_message(frame), frame)


def test_an_example_that_is_changed_is_not_valid() -> None:
    """A field that is missing, of another type, or misspelled is found in every event and every frame."""
    missed = [
        (message, change)
        for message, payload in EXAMPLES
        if isinstance(payload, dict)
        for change, changed in changes(message, payload)
        if asyncapi.is_valid(message, changed)
    ]

    assert missed == []


def changes(message: str, payload: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = asyncapi.payload_schema(message)
    required = {name for form in objects_of(schema) for name in form.get("required", ())}
    for name, value in payload.items():
        rest = {other: kept for other, kept in payload.items() if other != name}
        yield f"{name} misspelled", rest | {f"{name}s": value}
        yield f"{name} of another type", rest | {name: [[value]]}
        if name in required:
            yield f"without {name}", rest
    yield "one more field", payload | {"more": 1}


@pytest.fixture(scope="module")
def tabs() -> list[Tab]:
    """The connections of conversations in which every event is sent and every frame comes."""
    return asyncio.run(talk())


async def talk() -> list[Tab]:
    async with run_chat(ChatRateLimits=LIMITS) as chat:
        await collect_frames(chat)
        await use_other_protocols(chat)
        spoken = chat.tabs
    async with run_chat() as chat:
        await send_every_example(chat)
        spoken += chat.tabs
    return spoken + await talk_signed_in()


async def use_other_protocols(chat: LocalChat) -> None:
    """Say something on a reliable connection and on a plain one, then let the service close the reliable one."""
    reliable = await chat.open("rita", subprotocol=RELIABLE)
    plain = await chat.open("paul", subprotocol=None)
    await reliable.ask("message", "good evening")
    await reliable.next(message="good evening")
    await plain.next(message="good evening")
    await plain.send("message", "hello")
    await plain.next(message="hello")
    await plain.send("message", "/leave")
    await plain.next(code="rich_client_needed")
    await reliable.write(json.dumps({"type": "sequenceAck", "sequenceId": 1}))
    await reliable.write(json.dumps({"type": "ping"}))
    await reliable.next(type="pong")
    reliable.acks -= 1  # the same event again
    await reliable.ask("message", "good evening")
    async with WebPubSubServiceClient.from_connection_string(chat.service.connection_string, HUB) as service:
        await service.close_connection(reliable.connection_id, reason="maintenance")
    await reliable.next(type="system", event="disconnected")


def test_what_is_said_in_a_conversation_is_valid_and_every_message_is_used(tabs: list[Tab]) -> None:
    used = set[str]()
    for tab in tabs:
        received = [check_received(text) if tab.is_rich else check_plain_line(text) for text in tab.received]
        refused = refused_ids(tab)
        sent = [check_sent(text, refused) if tab.is_rich else check_plain_text(text) for text in tab.sent]
        used.update(*received, *sent)

    assert set(asyncapi.MESSAGES) - used == set()


def test_every_answer_in_a_conversation_is_one_that_its_event_may_have(tabs: list[Tab]) -> None:
    answers = [(event, frame) for tab in tabs if tab.is_rich for event, frame in answers_of(tab)]

    assert [(event, frame) for event, frame in answers if asyncapi.frame_message(frame) not in answers_to(event)] == []
    assert {event for event, _ in answers} > {"join", "history", "message", "audit"}


def answers_of(tab: Tab) -> Iterator[tuple[str, Frame]]:
    """Yield each answer that a connection was sent, with the event before whose acknowledgement it came."""
    events = {envelope["ackId"]: envelope["event"] for envelope in map(json.loads, tab.sent) if "ackId" in envelope}
    answers: list[Frame] = []
    for envelope in map(json.loads, tab.received):
        if envelope["type"] == "message" and envelope["from"] == "server":
            answers.append(envelope["data"])
        elif envelope["type"] == "ack":
            yield from [(events[envelope["ackId"]], frame) for frame in answers]
            answers = []


def refused_ids(tab: Tab) -> set[str]:
    """Return the `clientId` of each event that was refused, which may have been of any form."""
    return {frame["clientId"] for frame in tab.seen if frame.get("event") == "error" and "clientId" in frame}


def check_sent(text: str, refused: set[str]) -> list[str]:
    """Return the messages that a client's text is: the envelope, and the event in it."""
    envelope = json.loads(text)
    name = asyncapi.envelope_message(envelope)
    asyncapi.check(name, envelope)
    if envelope["type"] != "event":
        return [name]
    data = envelope["data"]
    if not isinstance(data, dict) or data.get("clientId") not in refused:
        asyncapi.check(f"event.{envelope['event']}", data)
    return [name, f"event.{envelope['event']}"]


def check_received(text: str) -> list[str]:
    """Return the messages that the service's text is: the envelope, and the chat's frame in it."""
    envelope = json.loads(text)
    name = asyncapi.envelope_message(envelope)
    asyncapi.check(name, envelope)
    if envelope["type"] != "message":
        return [name]
    asyncapi.check(asyncapi.frame_message(envelope["data"]), envelope["data"])
    return [name, asyncapi.frame_message(envelope["data"])]


def check_plain_text(text: str) -> list[str]:
    """Return the message that a plain client's text is."""
    asyncapi.check("plain.text", text)
    return ["plain.text"]


def check_plain_line(text: str) -> list[str]:
    """Return the message that a text to a plain client is; it must be one of the channel `plain`."""
    frame = json.loads(text)
    name = asyncapi.frame_message(frame)
    assert name in asyncapi.FILE["channels"]["plain"]["messages"]
    asyncapi.check(name, frame)
    return [name]


@pytest.mark.parametrize(
    "frame", [{"type": "news"}, {"type": "system", "event": "restarted", "message": "x"}, {"type": "error"}]
)
def test_a_frame_of_a_type_that_the_file_does_not_have_is_found(frame: dict[str, Any]) -> None:
    text = json.dumps({"type": "message", "from": "server", "dataType": "json", "data": frame})

    with pytest.raises(asyncapi.UnknownMessage):
        check_received(text)


def test_every_frame_of_a_conversation_that_is_changed_is_found(tabs: list[Tab]) -> None:
    kinds = {asyncapi.frame_message(frame): frame for tab in tabs for frame in tab.seen}

    missed = [
        (message, change)
        for message, frame in kinds.items()
        for change, changed in changes(message, frame)
        if asyncapi.is_valid(message, changed)
    ]

    assert len(kinds) == len(asyncapi.group("frame"))
    assert missed == []
