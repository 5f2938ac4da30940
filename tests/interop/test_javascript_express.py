"""An Express app with @azure/web-pubsub-express as the hub's event handler."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from local_azure.pytest_plugin import WebPubSub
from local_azure.webpubsub import GroupPresenceEvents
from tests.interop.listening import HUB, Listener, Listeners
from tests.interop.nodejs import Program, running_program
from tests.interop.webhook import handle_everything


@pytest.fixture
async def backend(node: str, web_pubsub: WebPubSub) -> AsyncIterator[Program]:
    """Run the app as the handler of every event of the hub."""
    async with running_program(node, "express", HUB) as program:
        url_template = f"{(await program.report('listening'))['url']}{{event}}"
        handle_everything(web_pubsub, url_template, GroupPresenceEvents(("joined", "left")))
        yield program


async def ask(listener: Listener, event: str, **options: object) -> dict[str, object]:
    return await listener.ask(
        {"type": "event", "event": event, "dataType": "text", "data": "hi", "ackId": 1, **options}
    )


async def test_connect_is_accepted_with_a_user_groups_roles_and_state(
    backend: Program, web_pubsub: WebPubSub, listeners: Listeners
) -> None:
    """The middleware agrees to events (W-120) and sets user, groups and state (W-146, W-148, W-154)."""
    ana = await listeners.open("ana", groups=["ignored"])
    asked = await backend.report("connect")
    connected = await backend.report("connected")

    echo = await ana.ask({"type": "sendToGroup", "group": "room", "data": 1, "ackId": 1})

    assert (asked["hub"], asked["userId"], asked["claims"]["sub"]) == (HUB.lower(), "ana", ["ana"])  # type: ignore[index]
    assert ana.user_id == connected["userId"] == "renamed"
    assert (connected["connectionId"], connected["states"]) == (ana.id, {"visits": 1})
    assert (echo["group"], echo["fromUserId"]) == ("room", "renamed")


async def test_a_refused_connect_is_a_refused_handshake(backend: Program, listeners: Listeners) -> None:
    """The 401 of the Express handler is the handshake's status (W-150)."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await listeners.open("ana", query="refuse=yes")

    assert refused.value.status == 401
    assert (await backend.report("connect"))["queries"] == {"refuse": ["yes"]}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("text", {"dataType": "text", "data": "an answer"}),
        ("json", {"dataType": "json", "data": {"an": "answer"}}),
        ("binary", {"dataType": "binary", "data": "AP8="}),
    ],
)
async def test_an_answer_to_an_event_comes_before_its_ack(
    backend: Program, listeners: Listeners, event: str, expected: dict[str, object]
) -> None:
    """The message that the middleware's `success` sends comes first (W-161)."""
    ana = await listeners.open("ana")

    answer = await ask(ana, event)

    assert answer == {"type": "message", "from": "server", **expected}
    assert await ana.next() == {"type": "ack", "ackId": 1, "success": True}


async def test_success_without_data_is_an_ack_alone(backend: Program, listeners: Listeners) -> None:
    """W-160: the middleware answers 200 with an empty octet-stream body."""
    ana = await listeners.open("ana")

    assert await ask(ana, "nothing") == {"type": "ack", "ackId": 1, "success": True}


async def test_a_failed_event_is_an_error_ack_and_the_connection_stays(backend: Program, listeners: Listeners) -> None:
    """The 500 is retried first (W-141); then the ack says `InternalServerError` (W-162)."""
    ana = await listeners.open("ana")

    failed = await ask(ana, "fail")

    assert failed["error"] == {"name": "InternalServerError", "message": "Internal server error"}
    assert await ana.ask({"type": "ping"}) == {"type": "pong"}


async def test_state_set_by_one_event_is_there_at_the_next(backend: Program, listeners: Listeners) -> None:
    """The middleware reads the state that its last answer set (W-168)."""
    ana = await listeners.open("ana")

    for ack_id in (1, 2):
        await ask(ana, "count", ackId=ack_id)
    await ask(ana, "nothing", ackId=3)

    assert [(await backend.report("event"))["states"] for _ in range(3)] == [{"visits": n} for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"dataType": "text", "data": "hé"}, ("text", "hé")),
        ({"dataType": "json", "data": {"a": [1, None]}}, ("json", {"a": [1, None]})),
        ({"dataType": "binary", "data": "AP8="}, ("binary", [0, 255])),
    ],
)
async def test_the_middleware_reads_each_kind_of_event(
    backend: Program, listeners: Listeners, message: dict[str, object], expected: tuple[str, object]
) -> None:
    """Text, JSON and binary payloads arrive with their content type (W-159)."""
    ana = await listeners.open("ana")

    await ask(ana, "nothing", **message)

    event = await backend.report("event")
    assert (event["dataType"], event["data"]) == expected
    assert (event["connectionId"], event["eventName"]) == (ana.id, "nothing")


async def test_disconnected_is_sent_once_with_its_reason(backend: Program, listeners: Listeners) -> None:
    """The `disconnected` event has a reason and the connection's state (W-156)."""
    ana = await listeners.open("ana")

    await ana.close()

    gone = await backend.report("disconnected")
    assert (gone["connectionId"], gone["userId"], gone["states"]) == (ana.id, "renamed", {"visits": 1})
    assert isinstance(gone["reason"], str)


async def test_presence_events_reach_the_middleware(backend: Program, listeners: Listeners) -> None:
    """The group of the connect answer is joined, and left at the end of the connection (W-254, W-255, W-262, W-263)."""
    ana = await listeners.open("ana")

    joined = await backend.report("joined")
    await ana.close()
    left = await backend.report("left")

    expected = {"connectionId": ana.id, "userId": "renamed", "hub": HUB.lower(), "states": {"visits": 1}}
    assert joined == {"report": "joined", "eventName": "joined", "group": "room"} | expected
    assert left == {"report": "left", "eventName": "left", "group": "room"} | expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("json", {"success": True, "dataType": "json", "data": {"an": "answer"}}),
        ("nothing", {"success": True}),
        ("fail", {"success": False, "error": {"name": "InternalServerError", "message": "The event handler failed."}}),
    ],
)
async def test_the_middleware_answers_an_invocation_as_a_user_event(
    backend: Program, listeners: Listeners, event: str, expected: dict[str, object]
) -> None:
    """W-201, W-203, W-205."""
    ana = await listeners.open("ana")

    answer = await ana.ask({"type": "invoke", "invocationId": "1", "target": "event", "event": event, "data": 1})

    assert answer == {"type": "invokeResponse", "invocationId": "1", **expected}
    assert (await backend.report("event"))["data"] == 1


@pytest.mark.parametrize(("allowed", "status"), [("this", 101), ("https://elsewhere.example", 500)])
async def test_an_app_that_allows_certain_endpoints_decides_who_may_call_it(
    node: str, web_pubsub: WebPubSub, listeners: Listeners, allowed: str, status: int
) -> None:
    """W-122, W-124: with several allowed endpoints the middleware answers with one header line for each."""
    this = f"http://{urlsplit(web_pubsub.endpoint).hostname}"
    async with running_program(node, "express", HUB, this if allowed == "this" else allowed) as program:
        handle_everything(web_pubsub, f"{(await program.report('listening'))['url']}{{event}}")

        if status == 101:
            assert (await listeners.open("ana")).user_id == "renamed"
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await listeners.open("ana")
            assert refused.value.status == status
