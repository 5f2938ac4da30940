"""The two pages that the field's tutorials show, written anew: one negotiates, the other connects directly.

Both open a plain WebSocket, print each chat line as `[from] message` and everything else as `[type] message`. They
must chat with each other and never print `undefined`, whatever the backend sends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as some other web server would; yields its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def direct_page(chat: Chat, tmp_path: Path) -> Iterator[str]:
    """The address of a page on some other server that connects to the hub without negotiating."""
    hub = chat.webpubsub_url.replace("http", "ws") + "/client/hubs/Sample_ChatApp"
    (tmp_path / "direct.html").write_text(PAGE.replace("CONNECT", f'"{hub}?id=bo-of-the-tutorial"'))
    with served(tmp_path) as address:
        yield f"{address}/direct.html"


def open_negotiating(page: Page, chat: Chat, user: str) -> None:
    """Show the negotiating page under the Function App's own origin, as the tutorial serves it."""
    script = f'fetch("/negotiate?id={user}").then(answer => answer.json()).then(answer => answer.url)'
    body = PAGE.replace("CONNECT", script)
    page.route("**/tutorial.html", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{chat.url}/tutorial.html")
    expect(page).to_have_title("open")


def test_the_tutorials_pages_chat_with_each_other_and_print_nothing_undefined(
    chat: Chat, direct_page: str, new_person: Callable[[], Page]
) -> None:
    ana, bo = new_person(), new_person()
    open_negotiating(ana, chat, "ana-of-the-tutorial")
    bo.goto(direct_page)
    expect(bo).to_have_title("open")
    expect(ana.locator("#messages")).to_contain_text("[system][] bo-of-the-tutorial joined")

    for page, text in ((ana, "hello from ana"), (bo, "and from bo")):
        page.locator("#message").fill(text)
        page.locator("#message").press("Enter")

    for page in (ana, bo):
        expect(page.locator("#messages")).to_contain_text("[][ana-of-the-tutorial] hello from ana")
        expect(page.locator("#messages")).to_contain_text("[][bo-of-the-tutorial] and from bo")
    bo.close()
    expect(ana.locator("#messages")).to_contain_text("[system][] bo-of-the-tutorial left")
    assert "undefined" not in (ana.locator("#messages").text_content() or "")


def test_what_a_tutorial_page_may_not_say_is_answered_in_words_to_it_alone(
    chat: Chat, direct_page: str, new_person: Callable[[], Page]
) -> None:
    ana, bo = new_person(), new_person()
    open_negotiating(ana, chat, "cy-of-the-tutorial")
    bo.goto(direct_page)
    expect(bo).to_have_title("open")

    bo.locator("#message").fill("x" * 5000)
    bo.locator("#message").press("Enter")

    expect(bo.locator("#messages")).to_contain_text("[system][] ")
    expect(bo.locator("#messages")).to_contain_text("4096")
    expect(bo).to_have_title("open")
    assert "xxxx" not in (ana.locator("#messages").text_content() or "")
    assert "undefined" not in (bo.locator("#messages").text_content() or "")
