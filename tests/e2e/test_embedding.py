"""A room in a page of another site: `<chat-room>` of `static/embed.js`, in a browser that knows both origins."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import a_room, until

NewPerson = Callable[[], Page]
PAGE = """<!doctype html>
<html lang="en"><title>A site</title><h1>A site</h1><button>Of the site</button>
<script type="module" src="{chat}/embed.js"></script>
<chat-room room="{room}" name="ana" theme="dark"></chat-room>
<script>
  const told = [];
  for (const type of ["ready", "message", "unread"]) {{
    document.querySelector("chat-room").addEventListener(type, (event) => told.push([type, event.detail]));
  }}
</script></html>"""
STRANGER = """<!doctype html><script>
  parent.postMessage({chatRoom: 1, type: "unread", detail: {count: 99}}, "*");
  parent.frames[0].postMessage({chatRoom: 1, type: "theme", theme: "light"}, "*");
  parent.postMessage("done", "*");
</script>"""


class Site(ThreadingHTTPServer):
    """A site of two origins: `allowed`, which the chat's setting names, and `stranger`."""

    def __init__(self, chat: Chat) -> None:
        super().__init__(("127.0.0.1", chat.embedding_port), SitePage)
        self.chat = chat
        self.allowed, self.stranger = [f"http://{host}:{chat.embedding_port}" for host in ("127.0.0.1", "localhost")]


class SitePage(BaseHTTPRequestHandler):
    """A page with the room of `?room=`, or a hostile page for a frame."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        rooms = parse_qs(urlsplit(self.path).query).get("room")
        html = PAGE.format(chat=self.server.chat.url, room=rooms[0]) if rooms else STRANGER
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(html.encode())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


@pytest.fixture
def site(chat: Chat) -> Iterator[Site]:
    with Site(chat) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def room() -> str:
    return a_room()


def open_site(page: Page, origin: str, room: str) -> FrameLocator:
    """Open a page of a site that has the room in it, and return the room's frame."""
    page.goto(f"{origin}/?room={room}")
    return page.frame_locator("chat-room iframe")


def violations_in_room(page: Page) -> list[dict[str, object]]:
    """Return what axe-core finds in the room's frame of a site's page."""
    page.emulate_media(reduced_motion="reduce")  # colours change at once
    _, frame = page.frames
    return violations(frame)


def add_frame(page: Page, address: str) -> None:
    """Add a frame to the page."""
    page.evaluate(
        "address => document.body.append(Object.assign(document.createElement('iframe'), {src: address}))", address
    )


def details(page: Page, kind: str) -> list[dict[str, object]]:
    """Return what the page was told by events of this type."""
    found: list[dict[str, object]] = page.evaluate(
        "kind => told.filter(([type]) => type === kind).map(([, detail]) => detail)", kind
    )
    return found


def test_an_allowed_site_shows_a_room_chooses_it_and_its_theme_and_learns_who_spoke_but_not_what(
    chat: Chat, site: Site, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    with Crowd(chat, room, "bo") as crowd:
        frame = open_site(page, site.allowed, room)
        page.get_by_role("button", name="Of the site").focus()
        expect(frame.get_by_role("heading", level=1)).to_have_text(room)
        expect(frame.get_by_role("navigation")).to_be_hidden()
        until(page, lambda: frame.locator("html").evaluate("html => html.style.colorScheme") == "dark")
        until(page, lambda: details(page, "ready") == [{"room": room}])
        expect(page.get_by_role("button", name="Of the site")).to_be_focused()

        frame.get_by_label("Message", exact=True).fill("hello from the site")
        frame.get_by_label("Message", exact=True).press("Enter")
        crowd.hear("bo", message="hello from the site")
        crowd.say(["hello to the site"])
        expect(frame.locator(".message .text").last).to_have_text("hello to the site")
        assert violations_in_room(page) == []
        until(page, lambda: [said["from"] for said in details(page, "message")] == ["ana", "bo"])
        assert [said["isOwn"] for said in details(page, "message")] == [True, False]
        assert "hello" not in str(page.evaluate("told"))

        # What is scrolled out of the page around stays unread.
        page.evaluate("document.body.style.paddingBottom = '4000px'; scrollTo(0, 3000)")
        page.wait_for_function("scrollY > 2000")
        crowd.say(["seen by nobody"])
        until(page, lambda: details(page, "unread")[-1] == {"room": room, "count": 1})
        page.evaluate("scrollTo(0, 0)")
        until(page, lambda: details(page, "unread")[-1] == {"room": room, "count": 0})
        assert page.evaluate("document.querySelector('chat-room').unread") == 0

    # What strangers post to the frame or to the element changes nothing.
    page.evaluate("addEventListener('message', ({ data }) => { if (data === 'done') window.isDone = true })")
    add_frame(page, f"{site.stranger}/")
    page.wait_for_function("window.isDone")
    # What the page itself posts comes after what the stranger has posted.
    page.evaluate("frames[0].postMessage({ chatRoom: 1, type: 'theme', theme: 'no theme' }, '*')")
    page.evaluate("document.querySelector('chat-room').setAttribute('theme', 'dark')")
    assert page.evaluate("document.querySelector('chat-room').unread") == 0
    assert frame.locator("html").evaluate("html => html.style.colorScheme") == "dark"

    # The site changes the room and the theme, and the chat is not loaded anew.
    frame.locator("html").evaluate("html => { html.dataset.loaded = 'once' }")
    other = a_room()
    page.evaluate("document.querySelector('chat-room').setAttribute('theme', 'light')")
    page.evaluate("room => document.querySelector('chat-room').setAttribute('room', room)", other)
    expect(frame.get_by_role("heading", level=1)).to_have_text(other)
    until(page, lambda: details(page, "ready")[-1] == {"room": other})
    expect(frame.locator("html")).to_have_attribute("data-loaded", "once")
    until(page, lambda: frame.locator("html").evaluate("html => html.style.colorScheme") == "light")


def test_a_site_that_is_not_named_loads_neither_the_script_nor_the_frame(
    chat: Chat, site: Site, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    open_site(page, site.stranger, room)
    until(page, lambda: any("embed.js" in text and "CORS" in text for text in complaints))
    assert page.evaluate("customElements.get('chat-room')") is None

    for address in (f"{chat.url}/embed?host={site.stranger}", f"{chat.url}/"):
        complaints.clear()
        add_frame(page, address)
        until(page, lambda: any("frame-ancestors" in text or "X-Frame-Options" in text for text in complaints))


def test_a_page_of_thirty_lines_on_the_headless_client_reads_and_writes(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.goto(f"{chat.url}/examples/headless.html?name=ana")
    expect(page.get_by_role("status")).to_have_text("live")

    with Crowd(chat, "lobby", "bo") as crowd:
        page.get_by_label("Message", exact=True).fill(f"from thirty lines {room}")
        page.get_by_role("button", name="Send").click()
        crowd.hear("bo", message=f"from thirty lines {room}")
        crowd.say([f"to thirty lines {room}"])

    expect(page.get_by_text(f"bo: to thirty lines {room}")).to_be_visible()
    expect(page.get_by_text(f"ana: from thirty lines {room}")).to_have_count(1)


def test_in_a_frame_signing_in_opens_a_window_and_the_frame_goes_on_by_itself(
    chat: Chat, site: Site, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    answer: dict[str, object] = {
        "auth": "easyauth",
        "signIn": "/.auth/login/aad",
        "signOut": "/.auth/logout",
        "lobby": "lobby",
    }
    answer |= {"user": None, "limits": {"messageBytes": 4096, "userIdLength": 64, "roomLength": 32}}
    page.route("**/session", lambda route: route.fulfill(json=answer))
    page.context.route("**/.auth/login/aad", lambda route: route.fulfill(body="the provider's page"))
    frame = open_site(page, site.allowed, room)

    expect(frame.get_by_role("link", name="Sign in")).to_be_visible()
    assert violations_in_room(page) == []
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="Sign in").click()
    expect(opened.value.get_by_text("the provider's page")).to_be_visible()
    opened.value.close()
    come_back = "html => html.ownerDocument.defaultView.dispatchEvent(new Event('focus'))"
    frame.locator("html").evaluate(come_back)
    expect(frame.get_by_role("link", name="Open the chat in a window of its own")).to_be_visible()
    assert violations_in_room(page) == []
    answer |= {"user": "aad:1", "name": "ana"}
    frame.locator("html").evaluate(come_back)

    expect(frame.get_by_role("heading", level=1)).to_have_text(room)
