"""The two pages that the field's tutorials show, written anew: one negotiates, the other connects directly.

Both open a plain WebSocket, print each chat line as `[from] message` and everything else as `[type] message`. They
must chat with each other and never print `undefined`, whatever the backend sends.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat

PAGE = """<!doctype html>
<meta charset="utf-8"><title>tutorial</title>
<input id="message"><pre id="messages"></pre>
<script>
(async () => {
  const lines = document.getElementById("messages");
  const socket = new WebSocket(await (CONNECT));
  socket.onopen = () => { document.title = "open"; };
  socket.onclose = () => { document.title = "closed"; };
  socket.onmessage = event => {
    const data = JSON.parse(event.data);
    lines.textContent += `[${data.type || ""}][${data.from || ""}] ${data.message}\\n`;
  };
  document.getElementById("message").addEventListener("keypress", key => {
    if (key.key !== "Enter") return;
    socket.send(key.target.value);
    key.target.value = "";
  });
})();
</script>
"""


NEGOTIATE = 'fetch("/negotiate" + location.search).then(answer => answer.json()).then(answer => answer.url)'


@contextmanager
def tutorial_site(chat: Chat) -> Iterator[str]:
    """Serve the two pages beside the Function App's `/negotiate`, as the tutorials do; yields the site's address."""
    hub = chat.webpubsub_url.replace("http", "ws") + "/client/hubs/Sample_ChatApp"
    pages = {
        "/negotiating.html": PAGE.replace("CONNECT", NEGOTIATE),
        "/direct.html": PAGE.replace("CONNECT", f'"{hub}" + location.search'),
    }

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path.split("?")[0])
            if page is None:
                with urlopen(chat.url + self.path) as answer:
                    self._answer(answer.read(), answer.headers["content-type"])
            else:
                self._answer(page.encode(), "text/html")

        def _answer(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def site(chat: Chat) -> Iterator[str]:
    with tutorial_site(chat) as address:
        yield address


def opened(page: Page, address: str) -> Page:
    """Open a tutorial page and wait until its WebSocket is open."""
    page.goto(address)
    expect(page).to_have_title("open")
    return page


def test_the_tutorials_pages_chat_and_print_nothing_undefined_and_a_refusal_is_told_to_its_sender_alone(
    site: str, new_person: Callable[[], Page]
) -> None:
    ana = opened(new_person(), f"{site}/negotiating.html?id=ana-of-the-tutorial")
    bo = opened(new_person(), f"{site}/direct.html?id=bo-of-the-tutorial")
    expect(ana.locator("#messages")).to_contain_text("[system][] bo-of-the-tutorial joined")

    for page, text in ((ana, "hello from ana"), (bo, "and from bo")):
        page.locator("#message").fill(text)
        page.locator("#message").press("Enter")

    for page in (ana, bo):
        expect(page.locator("#messages")).to_contain_text("[][ana-of-the-tutorial] hello from ana")
        expect(page.locator("#messages")).to_contain_text("[][bo-of-the-tutorial] and from bo")

    bo.locator("#message").fill("x" * 5000)
    bo.locator("#message").press("Enter")
    expect(bo.locator("#messages")).to_have_text(re.compile(r"\[system\]\[\] [^\n]*4096"))
    expect(bo).to_have_title("open")
    assert "undefined" not in (bo.locator("#messages").text_content() or "")
    bo.close()
    expect(ana.locator("#messages")).to_contain_text("[system][] bo-of-the-tutorial left")
    printed = ana.locator("#messages").text_content() or ""
    assert "xxxx" not in printed
    assert "4096" not in printed
    assert "undefined" not in printed
