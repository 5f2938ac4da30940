"""@azure/web-pubsub-client 1.1 over both JSON subprotocols, unchanged on the embedded service (W-290)."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from aiohttp import web
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from local_azure.pytest_plugin import WebPubSub
from local_azure.webpubsub import EventHandler
from tests.interop.javascript_client import ALL_ROLES, Start
from tests.interop.link import Link
from tests.interop.listening import HUB, Listeners
from tests.interop.nodejs import running_program
from tests.interop.waiting import WAIT_SECONDS, eventually
from tests.interop.webhook import Webhook

MESSAGES = 1000


class SlowWebhook:
    """An event handler that answers with the body, when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.aborted: list[str] = []
        self._may_answer = asyncio.Event()

    def answer_all(self) -> None:
        """Answer what waits, and everything later at once; in the service's thread."""
        self._may_answer.set()

    async def receive(self, request: web.Request) -> web.Response:
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": "*"})
        body = await request.text()
        self.waiting.append(body)
        try:
            await self._may_answer.wait()
        except asyncio.CancelledError:
            self.aborted.append(body)
            raise
        return web.Response(text=body)


@pytest.fixture
def slow_webhook(web_pubsub: WebPubSub) -> Iterator[SlowWebhook]:
    """Handle the user events of the hub, with answers that wait."""
    made = SlowWebhook()
    app = web.Application()
    app.router.add_route("*", "/", made.receive)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    web_pubsub.run(start())
    handler = EventHandler(f"http://127.0.0.1:{runner.addresses[0][1]}/", event_pattern="*")
    web_pubsub.set_event_handlers(HUB, [handler])
    yield made
    web_pubsub.run(runner.cleanup())


@pytest.fixture
def service_sdk(web_pubsub: WebPubSub) -> WebPubSubServiceClient:
    return WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, HUB)


@pytest.mark.parametrize("protocol", ["plain", "reliable"])
async def test_the_client_joins_sends_receives_and_leaves(start: Start, listeners: Listeners, protocol: str) -> None:
    """Joining, leaving, each data type, `noEcho`, and the echo before the ack (W-059, W-060, W-063, W-071, W-072)."""
    ana = await start("ana", protocol=protocol)
    bo = await listeners.open("bo", groups=["room"])

    joined = await ana("join", group="room")
    await ana("send", group="room", content="text", dataType="text")
    await ana("send", group="room", content={"n": 1}, dataType="json")
    await ana("send", group="room", content=[0, 255], dataType="binary")
    await ana("send", group="room", content="for bo", dataType="text", noEcho=True)
    await ana("leave", group="room")
    await ana("send", group="room", content="gone", dataType="text", fireAndForget=True)

    assert joined["result"] == {"ackId": 1, "isDuplicated": False}
    assert [await bo.next_data() for _ in range(5)] == ["text", {"n": 1}, "AP8=", "for bo", "gone"]
    echoes = ana.callbacks("group-message")
    assert [echo["data"] for echo in echoes] == ["text", {"n": 1}, [0, 255]]
    assert echoes[0]["fromUserId"] == "ana"
    assert [echo.get("sequenceId") for echo in echoes] == ([1, 2, 3] if protocol == "reliable" else [None] * 3)


@pytest.mark.parametrize("protocol", ["plain", "reliable"])
async def test_the_clients_events_reach_the_handler_and_are_answered(
    start: Start, webhook: Webhook, protocol: str
) -> None:
    """W-159..W-161, W-072: the answer comes before the acknowledgement."""
    webhook.answers["move"] = lambda event: web.json_response({"seen": json.loads(event.body)})
    ana = await start("ana", protocol=protocol)

    await ana("event", event="note", content="text", dataType="text")
    await ana("event", event="bytes", content=[0, 255], dataType="binary")
    await ana("event", event="move", content={"to": "e4"}, dataType="json")

    assert [event.body for event in webhook.events if event.name in ("note", "bytes")] == [b"text", b"\x00\xff"]
    assert [answer["data"] for answer in ana.callbacks("server-message")] == [{"seen": {"to": "e4"}}]


async def test_a_refusal_reaches_the_client_with_its_name(start: Start, webhook: Webhook) -> None:
    """The SDK raises `Forbidden` (W-031, W-032) and `InternalServerError` (W-162)."""
    webhook.answers["broken"] = lambda _: web.Response(status=400)
    ana = await start("ana", roles=[])

    assert (await ana("join", group="room"))["failed"] == "Forbidden"
    assert (await ana("send", group="room", content="hi", dataType="text"))["failed"] == "Forbidden"
    assert (await ana("event", event="broken", content="hi", dataType="text"))["failed"] == "InternalServerError"


async def test_a_repeated_ack_id_is_reported_as_a_duplicate(start: Start) -> None:
    """The second message with the same ack id is not sent (W-076)."""
    ana = await start()
    await ana("join", group="room", ackId=100)

    first = await ana("send", group="room", content="once", dataType="text", ackId=101)
    second = await ana("send", group="room", content="twice", dataType="text", ackId=101)

    assert (first["result"]["isDuplicated"], second["result"]["isDuplicated"]) == (False, True)
    assert [echo["data"] for echo in ana.callbacks("group-message")] == ["once"]


async def test_a_stopped_client_is_gone_at_once(start: Start, service_sdk: WebPubSubServiceClient) -> None:
    """The SDK closes with 1000, after which nothing can be recovered (W-103)."""
    ana = await start()
    connection = ana.callbacks("connected")[0]["connectionId"]

    await ana("stop")
    await ana.next_callback("stopped")

    await eventually(lambda: not service_sdk.connection_exists(connection))


async def test_a_cut_in_the_middle_of_a_thousand_messages_loses_none_and_duplicates_none(
    start: Start, link: Link, listeners: Listeners
) -> None:
    """Each message arrives once and in order (W-094, W-095, W-096, W-101)."""
    ana = await start("ana", through=link)
    await ana("join", group="room")
    sender = await listeners.open("bo", roles=ALL_ROLES)

    async def publish(numbers: range) -> None:
        for number in numbers:
            await sender.ask({"type": "sendToGroup", "group": "room", "data": number, "ackId": number})

    def numbers() -> list[int]:
        return [message["data"] for message in ana.callbacks("group-message")]

    await publish(range(400))
    while len(numbers()) < 300:
        await ana.next_callback("group-message")
    link.discard_answers()
    await publish(range(400, 600))
    link.cut()
    await publish(range(600, MESSAGES))
    while len(numbers()) < MESSAGES:
        await ana.next_callback("group-message")

    assert numbers() == list(range(MESSAGES))
    assert [message["sequenceId"] for message in ana.callbacks("group-message")] == list(range(1, MESSAGES + 1))
    assert ana.callbacks("disconnected") == []
    assert len(ana.callbacks("connected")) == 1


async def test_repeated_cuts_lose_nothing(start: Start, link: Link, listeners: Listeners) -> None:
    """W-095: each time with frames that were sent and never arrived, and with some that were sent meanwhile."""
    ana = await start("ana", through=link)
    await ana("join", group="room")
    sender = await listeners.open("bo", roles=ALL_ROLES)
    sent = 0

    async def publish(count: int) -> None:
        nonlocal sent
        for _ in range(count):
            await sender.ask({"type": "sendToGroup", "group": "room", "data": sent, "ackId": sent})
            sent += 1

    for cuts in range(8):
        await publish(20)
        link.discard_answers()
        await publish(cuts)
        link.cut()
        await publish(7)
        while len(ana.callbacks("group-message")) < sent:
            await ana.next_callback("group-message")

    assert [message["data"] for message in ana.callbacks("group-message")] == list(range(sent))
    assert link.connection_count == 9
    assert ana.callbacks("disconnected") == []


async def test_after_a_close_by_the_server_the_client_connects_anew_and_rejoins_its_groups(
    start: Start, service_sdk: WebPubSubServiceClient
) -> None:
    """The recovery is refused with 1008, then the client has a new connection id (W-111)."""
    ana = await start()
    await ana("join", group="room")
    first = ana.callbacks("connected")[0]["connectionId"]

    service_sdk.close_connection(first, reason="enough")
    second = (await ana.next_callback("connected"))["connectionId"]
    await eventually(lambda: [each.connection_id for each in service_sdk.list_connections(group="room")] == [second])
    service_sdk.send_to_group("room", "welcome back", content_type="text/plain")

    assert (await ana.next_callback("group-message"))["data"] == "welcome back"
    assert first != second
    [gone] = ana.callbacks("disconnected")
    assert gone["message"]["message"] == "Application server closed the connection. Reason: enough"


async def test_a_client_of_the_plain_protocol_connects_anew_after_a_cut_and_rejoins(
    start: Start, link: Link, service_sdk: WebPubSubServiceClient
) -> None:
    ana = await start("ana", through=link, protocol="plain")
    await ana("join", group="room")

    link.cut()
    second = (await ana.next_callback("connected"))["connectionId"]

    await eventually(lambda: [each.connection_id for each in service_sdk.list_connections(group="room")] == [second])


async def test_a_group_that_may_not_be_rejoined_is_reported(start: Start, service_sdk: WebPubSubServiceClient) -> None:
    """What REST granted ends with the connection, so the new one may not join."""
    ana = await start(roles=[])
    connection = ana.callbacks("connected")[0]["connectionId"]
    service_sdk.grant_permission("joinLeaveGroup", connection, target_name="room")
    await ana("join", group="room")

    service_sdk.close_connection(connection)
    failed = await ana.next_callback("rejoin-group-failed")

    assert (failed["group"], failed["name"]) == ("room", "SendMessageError")


async def test_an_unsubscribed_listener_is_not_called_any_more(
    start: Start, service_sdk: WebPubSubServiceClient
) -> None:
    ana = await start()
    service_sdk.send_to_all("1", content_type="text/plain")
    await ana.next_callback("server-message")

    await ana("unsubscribe")
    service_sdk.send_to_all("2", content_type="text/plain")
    await ana("join", group="room")

    assert [message["data"] for message in ana.callbacks("server-message")] == ["1"]


@pytest.mark.parametrize("protocol", ["plain", "reliable"])
async def test_an_invocation_returns_what_the_handler_answers(start: Start, webhook: Webhook, protocol: str) -> None:
    """W-201..W-204: each data type, and no data in either direction."""
    webhook.answers["sum"] = lambda event: web.json_response(sum(json.loads(event.body)))
    webhook.answers["upper"] = lambda event: web.Response(text=event.body.decode().upper())
    webhook.answers["same"] = lambda event: web.Response(body=event.body, content_type="application/octet-stream")
    webhook.answers["null"] = lambda _: web.json_response(None)
    ana = await start("ana", roles=[], protocol=protocol)

    added = await ana("invoke", event="sum", content=[1, 2], dataType="json")
    shouted = await ana("invoke", event="upper", content="hé", dataType="text")
    binary = await ana("invoke", event="same", content=[0, 255], dataType="binary", invocationId="mine")
    nothing = [await ana("invoke", event=event) for event in ("nothing", "null")]

    assert added["result"] == {"invocationId": "1", "dataType": "json", "data": 3}
    assert shouted["result"] == {"invocationId": "2", "dataType": "text", "data": "HÉ"}
    assert binary["result"] == {"invocationId": "mine", "dataType": "binary", "data": [0, 255]}
    assert [answer["result"] for answer in nothing] == [{"invocationId": "3"}, {"invocationId": "4"}]
    assert [event.body for event in webhook.events if event.name == "nothing"] == [b""]
    assert ana.callbacks("server-message") == []


async def test_an_invocation_that_fails_raises_the_name_of_its_error_and_the_connection_stays(
    start: Start, web_pubsub: WebPubSub, webhook: Webhook
) -> None:
    """W-205..W-207."""
    statuses = {"bad": 400, "denied": 403, "missing": 404, "broken": 500}
    for event, status in statuses.items():
        webhook.answers[event] = lambda _, status=status: web.Response(status=status)  # type: ignore[misc]
    ana = await start()

    failed = [(await ana("invoke", event=event))["failed"] for event in statuses]
    web_pubsub.set_event_handlers(HUB, [])
    unhandled = (await ana("invoke", event="any"))["failed"]

    assert failed == ["BadRequest", "Forbidden", "NotFound", "InternalServerError"]
    assert unhandled == "NotFound"
    assert (await ana("join", group="room"))["result"]["isDuplicated"] is False
    assert len(ana.callbacks("connected")) == 1


async def test_an_aborted_invocation_aborts_the_handlers_request_and_others_go_on(
    start: Start, web_pubsub: WebPubSub, slow_webhook: SlowWebhook
) -> None:
    """W-211, W-213: the client sends `cancelInvocation` when its AbortSignal says so."""
    ana = await start()
    for name in ("a", "b"):
        await ana("begin", id=name, event="slow", content=name, dataType="text")
    await eventually(lambda: sorted(slow_webhook.waiting) == ["a", "b"])

    await ana("abort", id="a")
    aborted = await ana.next_callback("invoked")
    await eventually(lambda: slow_webhook.aborted == ["a"])
    web_pubsub.call(slow_webhook.answer_all)
    answered = await ana.next_callback("invoked")

    assert (aborted["id"], aborted["name"]) == ("a", "InvocationError")
    assert answered == {
        "report": "invoked",
        "id": "b",
        "result": {"invocationId": "b", "dataType": "text", "data": "b"},
    }


async def test_a_pending_invocation_fails_when_the_socket_is_lost_and_the_recovered_connection_invokes_again(
    start: Start, link: Link, web_pubsub: WebPubSub, slow_webhook: SlowWebhook
) -> None:
    """W-215: no answer is sent after the recovery, and what is published meanwhile is."""
    ana = await start("ana", through=link)
    await ana("join", group="room")
    await ana("begin", id="a", event="slow", content="a", dataType="text")
    await eventually(lambda: slow_webhook.waiting == ["a"])

    link.cut()
    lost = await ana.next_callback("invoked")
    await eventually(lambda: slow_webhook.aborted == ["a"])
    web_pubsub.call(slow_webhook.answer_all)
    async with asyncio.timeout(WAIT_SECONDS):  # the client does not repeat an invocation that it could not send
        while "failed" in (again := await ana("invoke", event="slow", content="again", dataType="text")):
            pass
    await ana("send", group="room", content="1", dataType="text")

    assert (lost["id"], lost["name"]) == ("a", "InvocationError")
    assert again["result"]["data"] == "again"
    assert [message["sequenceId"] for message in ana.callbacks("group-message")] == [1]
    assert len(ana.callbacks("connected")) == 1


async def test_a_connection_that_the_handler_refuses_does_not_start(
    node: str, web_pubsub: WebPubSub, webhook: Webhook
) -> None:
    """The handler's 401 is the handshake's status, and no further event follows (W-150)."""
    webhook.answers["connect"] = lambda _: web.Response(status=401)

    async with running_program(node, "client", web_pubsub.connection_string, HUB, "reliable", "ana") as program:
        program.write_line(json.dumps({"command": "start"}))
        ended = await program.report("done")

    assert "401" in str(ended["failed"])
    assert webhook.names() == ["connect"]
