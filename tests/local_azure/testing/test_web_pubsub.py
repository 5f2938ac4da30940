"""What a test can ask a running service: which messages were published, and which events were sent."""

import asyncio
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import pytest
from azure.messaging.webpubsubservice import WebPubSubServiceClient

import local_azure
from local_azure.testing import NotPublished, NotSent, WebPubSub, running
from local_azure.webpubsub import EventHandler, HubSettings, Settings, Times

HUB = "chat"
JSON = "json.webpubsub.azure.v1"
SETTINGS = Settings(times=Times(retry_waits_seconds=(0.0, 0.0, 0.0)))


@pytest.fixture(scope="module")
def service() -> Iterator[WebPubSub]:
    with running(SETTINGS) as web_pubsub:
        yield web_pubsub


@pytest.fixture
def web_pubsub(service: WebPubSub) -> WebPubSub:
    service.reset()
    return service


def client_of(web_pubsub: WebPubSub, hub: str = HUB) -> WebPubSubServiceClient:
    return WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, hub)


class App(BaseHTTPRequestHandler):
    """An event handler: it replies to messages, refuses the event `bad` and never answers to `unanswered`."""

    def do_OPTIONS(self) -> None:
        self.send_response(200)
        self.send_header("WebHook-Allowed-Origin", "*")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = self.headers["ce-eventName"]
        if event == "unanswered":
            self.close_connection = True
            return
        reply = b"you said " + body if event == "message" else b""
        self.send_response(500 if event == "bad" else 200 if reply else 204)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def app() -> Iterator[EventHandler]:
    with ThreadingHTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{{event}}"
        yield EventHandler(url, system_events=["connect", "connected", "disconnected"], event_pattern="*")
        server.shutdown()


def test_what_was_sent_to_a_group_is_there_as_it_was_sent(web_pubsub: WebPubSub) -> None:
    client = client_of(web_pubsub)
    client.send_to_group("room", "hello", content_type="text/plain")
    client.send_to_group("room", {"a": [1, "é"]})
    client.send_to_group("room", io.BytesIO(b"\x00\xff"), content_type="application/octet-stream")
    client.send_to_group("another", "not this", content_type="text/plain")

    text, json, binary = web_pubsub.published("room")

    assert (text.content, text.data, text.from_user, text.hub) == ("hello", b"hello", None, HUB)
    assert json.content == json.json == {"a": [1, "é"]}
    assert binary.content == binary.data == b"\x00\xff"
    assert abs(datetime.now(UTC) - text.at) < timedelta(minutes=1)
    with pytest.raises(ValueError, match="utf-8"):
        _ = binary.text


def test_users_all_and_groups_are_told_apart(web_pubsub: WebPubSub) -> None:
    client = client_of(web_pubsub)
    client.send_to_group("ana", "to the group", content_type="text/plain")
    client.send_to_user("ana", "to the user", content_type="text/plain")
    client.send_to_connection("ana", "to the connection", content_type="text/plain")
    client.send_to_all("to all", content_type="text/plain")

    assert [message.text for message in web_pubsub.published("ana")] == ["to the group"]
    assert [message.text for message in web_pubsub.published_to_user("ana")] == ["to the user"]
    assert [message.text for message in web_pubsub.published_to_connection("ana")] == ["to the connection"]
    assert [message.text for message in web_pubsub.published_to_all()] == ["to all"]


def test_hubs_are_told_apart_and_letter_case_of_a_hub_does_not_matter(web_pubsub: WebPubSub) -> None:
    client_of(web_pubsub, "One").send_to_group("room", "in one", content_type="text/plain")
    client_of(web_pubsub, "two").send_to_group("room", "in two", content_type="text/plain")

    assert [message.text for message in web_pubsub.published("room")] == ["in one", "in two"]
    assert [message.text for message in web_pubsub.published("room", hub="oNE")] == ["in one"]


def test_the_hub_of_running_is_the_one_that_is_looked_at() -> None:
    with local_azure.running(hub="two") as web_pubsub:
        client_of(web_pubsub, "one").send_to_all("in one", content_type="text/plain")
        client_of(web_pubsub, "two").send_to_all("in two", content_type="text/plain")

        assert [message.text for message in web_pubsub.published_to_all()] == ["in two"]
        assert [message.text for message in web_pubsub.published_to_all(hub="one")] == ["in one"]


async def test_what_a_client_publishes_names_its_user(web_pubsub: WebPubSub) -> None:
    url = client_of(web_pubsub).get_client_access_token(user_id="ana", roles=["webpubsub.sendToGroup"])["url"]
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=[JSON]) as socket:
        await socket.send_json({"type": "sendToGroup", "group": "room", "dataType": "text", "data": "hi", "ackId": 1})
        await socket.receive_json(timeout=5)
        assert (await socket.receive_json(timeout=5))["success"] is True

    (message,) = web_pubsub.published("room")
    assert (message.text, message.from_user) == ("hi", "ana")


def test_waiting_ends_with_the_last_message_that_was_asked_for(web_pubsub: WebPubSub) -> None:
    def send() -> None:
        for text in ("one", "two"):
            client_of(web_pubsub).send_to_group("room", text, content_type="text/plain")

    sender = threading.Thread(target=send)
    sender.start()

    messages = web_pubsub.wait_until_published("room", count=2, timeout=30)

    assert [message.text for message in messages] == ["one", "two"]
    sender.join()


def test_a_message_that_did_not_come_is_an_assertion_that_lists_those_that_did(web_pubsub: WebPubSub) -> None:
    client_of(web_pubsub).send_to_group("rooms", {"a": 1})
    client_of(web_pubsub).send_to_user("ana", "x" * 1000, content_type="text/plain")

    with pytest.raises(NotPublished) as raised:
        web_pubsub.wait_until_published("room", hub="Chat", timeout=0.0)

    assert isinstance(raised.value, AssertionError)
    assert str(raised.value).splitlines() == [
        "0 messages published to group 'room' of hub 'chat' within 0 s, expected 1.",
        "Published (2):",
        "  <json {\"a\": 1} to group 'rooms', hub 'chat'>",
        f"  <text '{'x' * 199}… (1002 characters) to user 'ana', hub 'chat'>",
        "No event was sent to an event handler.",
    ]


async def test_a_coroutine_that_waited_in_vain_is_told_that_its_loop_stood_still(web_pubsub: WebPubSub) -> None:
    with pytest.raises(NotPublished, match=r"await asyncio\.to_thread"):
        web_pubsub.wait_until_published("room", timeout=0.0)
    with pytest.raises(NotPublished) as in_a_thread:
        await asyncio.to_thread(web_pubsub.wait_until_published, "room", timeout=0.0)

    assert "to_thread" not in str(in_a_thread.value)


def test_of_many_messages_a_failure_lists_the_last_ones(web_pubsub: WebPubSub) -> None:
    client = client_of(web_pubsub)
    for number in range(25):
        client.send_to_all(str(number), content_type="text/plain")

    with pytest.raises(NotPublished, match=r"25 messages published to all .* expected 26") as raised:
        web_pubsub.wait_until_published(to_all=True, count=26, timeout=0.0)

    assert "Published (25):\n  … 5 earlier\n  <text '5' to all" in str(raised.value)


@pytest.mark.parametrize("audience", [{}, {"group": "room", "user": "ana"}, {"user": "ana", "to_all": True}])
def test_waiting_needs_one_audience(web_pubsub: WebPubSub, audience: dict[str, str]) -> None:
    with pytest.raises(TypeError, match="only one of them"):
        web_pubsub.wait_until_published(**audience)  # type: ignore[arg-type]


@contextmanager
def connected(web_pubsub: WebPubSub, app: EventHandler) -> Iterator[str]:
    web_pubsub.set_event_handlers(HUB, [app])
    yield client_of(web_pubsub).get_client_access_token(user_id="ana")["url"]


async def test_the_events_of_a_connection_are_there_with_their_answers(
    web_pubsub: WebPubSub, app: EventHandler
) -> None:
    with connected(web_pubsub, app) as url:
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
            await socket.send_str("hello")
            assert await socket.receive_str(timeout=5) == "you said hello"
        web_pubsub.wait_until_event("disconnected", user="ana")

    connect, connected_event, message, disconnected = sorted(web_pubsub.events(), key=lambda event: event.id)
    assert [connect.name, connected_event.name, disconnected.name] == ["connect", "connected", "disconnected"]
    assert (message.name, message.is_system, message.user, message.hub) == ("message", False, "ana", HUB)
    assert (message.text, message.status, message.attempts, message.answer) == ("hello", 200, 1, b"you said hello")
    assert connect.is_system
    assert connect.json["claims"]["sub"] == ["ana"]
    assert web_pubsub.events("message") == [message]
    assert web_pubsub.events(user="bo") == web_pubsub.events(hub="another") == []
    (reply,) = web_pubsub.published_to_connection(message.connection_id)
    assert reply.text == "you said hello"


async def test_an_event_that_fails_counts_its_attempts_and_a_failure_shows_it(
    web_pubsub: WebPubSub, app: EventHandler
) -> None:
    with connected(web_pubsub, app) as url:
        async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=[JSON]) as socket:
            await socket.send_json({"type": "event", "event": "bad", "dataType": "text", "data": "", "ackId": 1})
            await socket.receive_json(timeout=5)
            assert (await socket.receive_json(timeout=5))["success"] is False

    (bad,) = web_pubsub.events("bad")
    assert (bad.status, bad.attempts) == (500, 4)
    with pytest.raises(NotPublished, match="<event 'bad' of user 'ana' in hub 'chat': answered 500 at attempt 4>"):
        web_pubsub.wait_until_published("room", timeout=0.0)
    with pytest.raises(NotSent, match=re.escape("0 events 'good' of any hub answered within 0 s, expected 1.\nSent")):
        web_pubsub.wait_until_event("good", timeout=0.0)


async def test_an_event_without_an_answer_says_why(web_pubsub: WebPubSub, app: EventHandler) -> None:
    with connected(web_pubsub, app) as url:
        async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=[JSON]) as socket:
            await socket.send_json({"type": "event", "event": "unanswered", "dataType": "text", "data": ""})
            (event,) = await asyncio.to_thread(web_pubsub.wait_until_event, "unanswered", count=1)

    assert event.status is None
    assert event.failure == "no answer (ServerDisconnectedError)"


async def test_a_reset_leaves_nothing_of_the_test_before(web_pubsub: WebPubSub, app: EventHandler) -> None:
    with connected(web_pubsub, app) as url:
        async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
            web_pubsub.wait_until_event("connected")
            client_of(web_pubsub).send_to_all("hello", content_type="text/plain")
            web_pubsub.add_fault("fail rest 503 count=9")

            web_pubsub.reset()

            assert (await socket.receive(timeout=5)).data == "hello"
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    client = client_of(web_pubsub)
    assert not client.user_exists("ana")
    assert (web_pubsub.published_to_all(), web_pubsub.events()) == ([], [])
    async with aiohttp.ClientSession() as http, http.ws_connect(url):
        assert client.user_exists("ana")
        assert web_pubsub.events() == []  # the settings have no event handler


def test_records_can_be_cleared_alone(web_pubsub: WebPubSub) -> None:
    client_of(web_pubsub).send_to_all("hello", content_type="text/plain")

    web_pubsub.clear()

    assert web_pubsub.published_to_all() == []


def test_a_reset_brings_the_event_handlers_of_the_settings_back(app: EventHandler) -> None:
    with running(Settings(hubs={HUB: HubSettings(event_handlers=[app])})) as web_pubsub:
        web_pubsub.set_event_handlers(HUB, [])

        web_pubsub.reset()

        handlers = web_pubsub.call(lambda: dict(web_pubsub.service._handlers.handlers()))
        assert handlers == {HUB: (app,)}


def test_what_a_service_shows_of_itself_holds_no_key(web_pubsub: WebPubSub) -> None:
    assert repr(web_pubsub) == f"<WebPubSub at {web_pubsub.endpoint}>"
