"""People at the page, and the WebSockets between their page and the service, which a test can hold back and cut."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from azure.messaging.webpubsubservice import WebPubSubServiceClient
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from tests.e2e.accessibility import violations_in_both_schemes
from tests.e2e.conftest import Chat

Frame = dict[str, Any]
ACCESS_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
HUB = "Sample_ChatApp"


class Wire:
    """A page's WebSockets, each joined to the real service; frames can be held back and sockets cut."""

    def __init__(self, page: Page) -> None:
        self.urls: list[str] = []
        self.sent: list[Frame] = []
        self.refuses_with: int | None = None
        self.answer: Callable[[Frame], Iterable[Frame] | None] = lambda frame: None
        self.keeps: Callable[[Frame], bool] = lambda frame: False
        self.kept: list[str] = []
        self._came: list[Frame] = []
        self._page: WebSocketRoute | None = None
        self._service: WebSocketRoute | None = None
        page.route_web_socket(re.compile("/client/"), self._connect)

    def _connect(self, page_side: WebSocketRoute) -> None:
        self.urls.append(page_side.url)
        if self.refuses_with:
            page_side.close(code=self.refuses_with)
            return
        service_side = page_side.connect_to_server()
        self._page, self._service = page_side, service_side

        def up(message: str | bytes) -> None:
            frame = json.loads(message)
            self.sent.append(frame)
            answers = self.answer(frame)
            if answers is None:
                service_side.send(message)
                return
            for answered in answers:
                page_side.send(json.dumps(answered))

        def down(message: str | bytes) -> None:
            self._came.append(json.loads(message))
            if self.keeps(json.loads(message)):
                self.kept.append(str(message))
            else:
                page_side.send(message)

        page_side.on_message(up)
        service_side.on_message(down)

    def cut(self, code: int = 4001) -> None:
        """Cut the socket on both sides; the service keeps the logical connection."""
        assert self._page
        assert self._service
        self._service.close(code=4001)
        self._page.close(code=code)

    def tell(self, *frames: Frame) -> None:
        """Let frames arrive at the page that the service has not sent."""
        assert self._page
        for frame in frames:
            self._page.send(json.dumps({"type": "message", "from": "group", "dataType": "json", "data": frame}))

    def release(self) -> None:
        """Let through what was kept."""
        assert self._page
        self.keeps = lambda frame: False
        for message in self.kept:
            self._page.send(message)
        self.kept.clear()

    def events(self, name: str) -> list[Frame]:
        """Return the data of the user events of this name that the page has sent."""
        return [frame["data"] for frame in self.sent if frame.get("event") == name]

    def received(self, kind: str) -> list[Frame]:
        """Return the data of the messages of this type that came from the server."""
        came = [frame["data"] for frame in self._came if frame["type"] == "message"]
        return [data for data in came if data.get("type") == kind]


class Person:
    """Somebody at the page, in one room."""

    def __init__(self, page: Page, chat: Chat, name: str) -> None:
        self.page, self.chat, self.name = page, chat, name
        self.log = page.get_by_role("log")
        self.box = page.get_by_label("Message", exact=True)
        self.status = page.locator("#status-text")
        self.lines = page.locator(".message")

    def enter(self, room: str = "") -> "Person":
        """Open the page, give the name, and wait until the room (the lobby without one) is joined."""
        self.page.goto(f"{self.chat.url}/#{room}")
        self.page.get_by_label("Your name").fill(self.name)
        self.page.get_by_role("button", name="Join the chat").click()
        self.expect_live()
        self.expect_joined(room or "lobby")
        return self

    def enter_room(self, room: str) -> "Person":
        """Go to another room and wait until it is joined."""
        self.page.evaluate("room => { location.hash = room }", room)
        self.expect_joined(room)
        return self

    def expect_live(self) -> None:
        expect(self.status).to_contain_text("Live", timeout=20_000)

    def expect_joined(self, room: str) -> None:
        """Wait until the server has answered the join of the room that is shown."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(room)
        expect(self.log).to_have_attribute("data-membership", "joined")

    def expect_here(self, *names: str) -> None:
        for name in names:
            expect(self.page.locator("#people-list bdi", has_text=re.compile(f"^{name}$"))).to_have_count(1)

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def expect_line(self, text: str) -> Locator:
        """Wait until the text stands in the log, once, and return its line."""
        line = self.lines.filter(has=self.page.locator(".text", has_text=re.compile(f"^{re.escape(text)}$")))
        expect(line).to_have_count(1)
        return line

    def texts(self) -> list[str]:
        """Return the messages as they stand in the log."""
        return self.page.locator(".message .text").all_inner_texts()

    def all_texts(self) -> list[str]:
        """Return the messages of the whole log; only the part around what is in view has elements."""
        texts: list[str] = self.log.evaluate("""async log => {
          const texts = new Map();
          const frames = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          let top = -1;
          for (log.scrollTop = 0; log.scrollTop !== top; log.scrollTop += log.clientHeight) {
            top = log.scrollTop;
            await frames();
            for (const line of log.querySelectorAll('.message'))
              texts.set(line.id, line.querySelector('.text').innerText);
          }
          return [...texts.values()];
        }""")
        return texts

    def scroll_to_top(self) -> bool:
        """Scroll up to what is loaded, as often as the page loads more, and return True."""
        self.log.evaluate("log => { log.scrollTop = 0 }")
        return True

    def distance_to_end(self) -> float:
        """Return how many pixels the log could still scroll down."""
        moved: float = self.log.evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight")
        return moved


def come_online(page: Page) -> None:
    """Let the page try at once, as it does when the network is back."""
    page.evaluate("dispatchEvent(new Event('online'))")


def until(page: Page, condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until the condition holds, while the page goes on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(10)


def actions_of(person: Person, text: str) -> Locator:
    """Return the actions of a message that was sent: one points at it, or taps it in a narrow window and on touch."""
    line = person.expect_line(text)
    expect(line).not_to_have_class(re.compile("pending|sent"))
    actions = person.page.get_by_role("group", name="Message actions")
    line.hover()
    is_tapped = person.page.evaluate("matchMedia('(max-width: 760px), (pointer: coarse)').matches")
    if is_tapped and not line.evaluate("line => line.matches('[data-chosen]')"):
        line.locator(".bubble").click(position={"x": 4, "y": 12})  # beside its text, which may be a link
    expect(actions).to_be_visible()
    return actions


def react(person: Person, text: str, emoji: str) -> None:
    """Let somebody react to a message that was sent: until then nothing can be done to it."""
    actions = actions_of(person, text)
    if not actions.get_by_role("button", name=emoji).is_visible():
        actions.get_by_role("button", name="More actions").click()  # beside a wide bubble there is room for few
    actions.get_by_role("button", name=emoji).click()
    expect(person.page.locator(".reactions button", has_text=emoji)).to_be_visible()


def answer(person: Person, text: str, reply: str) -> None:
    """Let somebody reply to a message that was sent."""
    actions_of(person, text).get_by_role("button", name="Reply").click()
    person.say(reply)
    expect(person.expect_line(reply)).not_to_have_class(re.compile("pending|sent"))


def a_room() -> str:
    """Return a room's name that no other test uses; it is not listed."""
    return f"_{uuid.uuid4().hex[:10]}"


def service_of(chat: Chat) -> WebPubSubServiceClient:
    """Return the official client for the chat's Web PubSub service."""
    connection = f"Endpoint={chat.webpubsub_url};AccessKey={ACCESS_KEY};Version=1.0;"
    return WebPubSubServiceClient.from_connection_string(connection, HUB)


def a_line(room: str, sender: str, text: str, seq: int, at: datetime | None = None, **more: object) -> Frame:
    """Return a chat line as the backend publishes it; `seq` is the message's number in the room's log, from 1."""
    sent_at = (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"id": uuid.uuid4().hex, "room": room, "from": sender, "message": text, "sentAt": sent_at}
    return line | {"seq": seq, "version": seq} | more


def publish(service: WebPubSubServiceClient, room: str, *frames: Frame) -> None:
    """Publish frames to everyone in the room, as the backend does."""
    for frame in frames:
        service.send_to_group(f"room.{room}", frame, content_type="application/json")


def begin_background_work(page: Page) -> None:
    """Let the page begin now what it begins a moment after it is shown; its clock is installed before it is opened."""
    page.clock.fast_forward(3_000)


def write_history(page: Page) -> bool:
    """Let the page write now what it keeps of its rooms, as when its tab is left or looked at, and return True."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    return True


def set_hidden(page: Page, *, hidden: bool) -> None:
    """Tell the page that its tab is hidden, or visible again."""
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
          document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )


def expect_accessible(page: Page) -> None:
    """Expect that axe-core finds nothing on the page, in light and in dark colours; the page is light afterwards."""
    assert violations_in_both_schemes(page) == []
    page.emulate_media(color_scheme="light")
