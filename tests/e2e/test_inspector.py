"""The inspector's page in a real Chromium, beside a running application."""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local_azure import webpubsub
from local_azure.webpubsub.observations import FrameReceived
from tests.e2e.accessibility import violations_in_both_schemes
from tests.e2e.people import until
from tests.local_azure.webpubsub.small_app import RELIABLE_JSON, Person, SmallApp, small_app, storing_app

T = TypeVar("T")
WAIT_SECONDS = 10
expect.set_options(timeout=WAIT_SECONDS * 1000)


class BackgroundApp:
    """The small application in a thread with its own event loop, so that the browser's driver may block."""

    def __init__(self, app: SmallApp, loop: asyncio.AbstractEventLoop) -> None:
        self.app = app
        self.url = app.service.endpoint
        self._loop = loop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the application's thread and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    def person(self, name: str, protocol: str = RELIABLE_JSON) -> Person:
        return self.run(self.app.connect(name, protocol))

    def ask(self, person: Person, text: str, ack_id: int = 1) -> dict[str, Any]:
        return self.run(person.ask(text, ack_id))

    def bodies(self) -> list[str]:
        """Return the bodies of the messages that the application received."""
        return [event.body.decode() for event in self.app.events if event.name == "message"]


@contextmanager
def running(make: Callable[[], AbstractAsyncContextManager[SmallApp]]) -> Iterator[BackgroundApp]:
    """Run an application in a thread of its own while the block lasts."""
    started: Future[BackgroundApp] = Future()
    stop = asyncio.Event()

    async def serve() -> None:
        async with make() as app:
            started.set_result(BackgroundApp(app, asyncio.get_running_loop()))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    background = started.result(WAIT_SECONDS)

    async def end() -> None:
        stop.set()

    try:
        yield background
    finally:
        background.run(end())
        thread.join(WAIT_SECONDS)


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[BackgroundApp]:
    """The application; a test may name another one as the parameter."""
    with running(getattr(request, "param", small_app)) as background:
        yield background


@pytest.fixture
def opened(browser: Browser, app: BackgroundApp) -> Iterator[Callable[..., Page]]:
    """Open the inspector; an error on its console, or a request to another server, fails the test."""
    complaints: list[str] = []
    contexts = []

    def foreign(url: str) -> list[str]:
        return [] if url.startswith(f"{app.url}/") else [url]

    def open_page(width: int = 1280, height: int = 800) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_SECONDS * 1000)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(foreign(request.url)))
        page.goto(app.url)
        expect(page.get_by_role("status")).to_have_text("Live")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def rows(page: Page, text: str) -> Locator:
    return page.locator("#rows .row").filter(has_text=text)


def clear(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#count")).to_have_text("0 entries")


def steps(page: Page) -> list[str]:
    return [cell.inner_text() for cell in page.locator(".waterfall tbody th").all()]


def test_one_message_is_followed_from_the_clients_frame_to_its_deliveries_on_a_wide_screen_and_on_a_phone(
    app: BackgroundApp, opened: Callable[..., Page]
) -> None:
    page = opened()
    ana, _bo = app.person("ana"), app.person("bo")
    app.ask(ana, "good morning")

    rows(page, "group lobby").click()

    details = page.get_by_label("Details")
    expect(details.get_by_role("heading", name="group lobby")).to_be_visible()
    expect(details.locator(".waterfall tbody tr")).to_have_count(5)
    words = [re.sub(r"\s+", " ", step) for step in steps(page)]
    for step, expected in zip(
        words, ["event message", "user.message", "POST groups/lobby/:send", "group lobby", "ack 1"], strict=True
    ):
        assert expected in step
    assert "inferred, same text" in words[2]
    payload = details.get_by_role("region", name="Payload")
    expect(payload).to_have_text("good morning")
    assert {"ana", "bo"} <= set(re.findall(r"\w+", details.locator("dl").inner_text()))
    details.get_by_role("button", name="user.message").click()
    expect(details.get_by_role("heading", name="user.message")).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()

    # JSON is indented.
    clear(page)
    app.ask(ana, json.dumps({"room": "lobby", "tags": ["a"]}), 2)
    rows(page, "user.message").click()
    expect(payload).to_have_text('{\n  "room": "lobby",\n  "tags": [\n    "a"\n  ]\n}')

    # Markup is text.
    clear(page)
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    app.ask(app.person("<i>ana</i>"), markup)
    rows(page, "group lobby").click()
    expect(payload).to_have_text(markup)
    expect(page.locator("main img, main i, main tbody b")).to_have_count(0)
    page.keyboard.press("Escape")

    # On a phone everything fits, and the details fill the screen.
    clear(page)
    page.set_viewport_size({"width": 390, "height": 844})
    app.ask(app.person("ana-with-a-rather-long-name-that-does-not-fit"), "x" * 300)
    for name in ("Connections", "Hubs", "Faults", "Usage", "Flow"):
        page.get_by_role("link", name=name).click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.get_by_role("link", name="Usage").click()
    usage = page.get_by_role("region", name="Usage")
    expect(usage.get_by_role("rowheader", name="event message", exact=True)).to_be_visible()
    page.go_back()
    expect(usage).to_be_hidden()
    rows(page, "event message").click()
    expect(page.locator(".waterfall tbody tr")).to_have_count(5)
    expect(page.get_by_role("grid", name="What happens")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("grid", name="What happens")).to_be_visible()


@pytest.mark.parametrize("app", [storing_app], indirect=True)
def test_a_storage_call_is_in_the_waterfall_of_the_message_that_caused_it_and_so_is_a_fault_that_is_added(
    app: BackgroundApp, opened: Callable[..., Page]
) -> None:
    page = opened()
    ana, _bo = app.person("ana"), app.person("bo")
    app.ask(ana, "good morning")

    rows(page, "insert messages").click()

    details = page.get_by_label("Details")
    expect(details.get_by_role("heading", name="insert messages")).to_be_visible()
    expect(details.locator(".waterfall tbody tr")).to_have_count(6)
    words = [re.sub(r"\s+", " ", step) for step in steps(page)]
    for step, expected in zip(
        words,
        ["event message", "user.message", "insert messages", "POST groups/lobby/:send", "group lobby", "ack 1"],
        strict=True,
    ):
        assert expected in step
    assert "inferred" not in " ".join(words)
    page.get_by_label("storage", exact=True).uncheck()
    expect(rows(page, "insert messages")).to_have_count(0)
    page.get_by_label("storage", exact=True).check()
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Faults").click()
    page.get_by_label("Kind of fault").select_option("throttle storage")
    expect(page.get_by_label("User", exact=True)).to_be_hidden()
    page.get_by_label("Retry after").fill("0s")
    page.get_by_label("Operation").fill("insert")
    page.get_by_label("Table").fill("messages")
    line = "throttle storage retry-after=0s operation=insert table=messages count=1"
    expect(page.locator("#fault-line")).to_have_text(f'--fault "{line}"')
    page.get_by_role("button", name="Add fault").click()
    expect(page.get_by_role("row").filter(has_text=line)).to_contain_text("1 time")
    assert app.ask(ana, "good evening", 2)["success"] is True
    expect(page.get_by_text("No fault is active")).to_be_visible()
    page.get_by_role("link", name="Flow").click()
    rows(page, line).click()
    kinds = page.locator(".waterfall tbody .kind")
    expect(kinds).to_have_text(
        ["from client", "webhook", "storage", "fault", "storage", "REST", "delivery", "to client"]
    )


def test_the_flow_is_narrowed_by_person_and_kind_paused_resumed_kept_over_a_reload_and_cleared(
    app: BackgroundApp, opened: Callable[..., Page]
) -> None:
    page = opened()
    ana, bo = app.person("ana"), app.person("bo")
    app.ask(ana, "from ana", 1)
    app.ask(bo, "from bo", 2)
    expect(rows(page, "ack 2")).to_have_count(1)

    page.get_by_label("delivery").uncheck()
    expect(rows(page, "group lobby")).to_have_count(0)
    page.get_by_label("Search").fill("user:BO")
    expect(rows(page, "from bo")).to_have_count(2)  # frame, webhook; REST names nobody
    expect(rows(page, "from ana")).to_have_count(0)
    expect(rows(page, "validate")).to_have_count(0)
    page.get_by_label("Search").fill("user:nobody")
    expect(page.get_by_text("No entry matches the filters.")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_label("delivery").check()

    # A paused page does not change, and shows what it missed when it is resumed.
    page.get_by_role("button", name="Pause").click()
    app.ask(ana, "meanwhile", 3)
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Paused · \d+ new"))
    expect(rows(page, "meanwhile")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(rows(page, "meanwhile")).to_have_count(4)  # frame, webhook, REST, delivery

    # A reload loses nothing, and Clear empties the list.
    page.reload()
    expect(rows(page, "meanwhile")).to_have_count(4)
    clear(page)
    app.ask(ana, "and on it goes", 4)
    expect(rows(page, "and on it goes")).to_have_count(4)


def test_an_event_is_found_by_a_text_deep_in_its_body_read_copied_sent_again_and_exported_with_the_keyboard(
    app: BackgroundApp, opened: Callable[..., Page], tmp_path: Path
) -> None:
    ana = app.person("ana")
    app.ask(ana, json.dumps({"padding": "x" * 400, "order": "deep-4711"}))  # before any page is open
    app.ask(ana, "something else", 2)
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied() -> str:
        return str(page.evaluate("navigator.clipboard.readText()"))

    def title() -> Locator:
        return page.get_by_label("Details").get_by_role("heading", level=2)

    page.keyboard.press("/")
    page.keyboard.type("deep-4711")
    found = ["event message", "user.message", "POST groups/lobby/:send", "group lobby"]
    expect(page.locator("#rows .row .title")).to_have_text(found)
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(title()).to_have_text("user.message")
    expect(page.locator(".about")).to_have_text(re.compile(r"^webhook204\d\d:\d\d:\d\d\.\d{3}[\d.]+ ms$"))
    address = page.url
    assert re.search(r"/#entry=\d+$", address)

    page.keyboard.press("]")
    panel = page.get_by_role("tabpanel", name="Request")
    expect(panel).to_contain_text("/eventhandler/message")
    expect(panel.get_by_role("row").filter(has_text="ce-signature")).to_contain_text("sha256=***")
    expect(panel.get_by_role("region", name="Body")).to_contain_text('"order": "deep-4711"')
    assert violations_in_both_schemes(page) == []
    page.emulate_media(color_scheme="light")
    page.keyboard.press("]")
    expect(page.get_by_role("tabpanel", name="Response")).to_contain_text("204")
    page.keyboard.press("]")
    expect(page.get_by_role("tabpanel", name="Signature")).to_contain_text("Verified")
    page.keyboard.press("c")
    until(page, lambda: "$SIGNATURE" in copied())
    page.keyboard.press("l")
    until(page, lambda: copied() == address)

    # Sent again, as it was and edited: the new entry is shown.
    page.get_by_role("button", name="Replay", exact=True).click()
    until(page, lambda: len(app.bodies()) == 3)
    assert app.bodies()[2] == app.bodies()[0]
    until(page, lambda: page.url != address)
    page.go_back()
    expect(page).to_have_url(address)
    page.keyboard.press("r")
    form = page.get_by_role("dialog", name="Send user.message again")
    form.get_by_label("Body").fill("edited")
    form.get_by_label("ce-userId", exact=True).fill("bo")
    form.get_by_role("button", name="Remove ce-awpsversion").click()
    form.get_by_role("button", name="Send").click()
    expect(form).to_be_hidden()
    until(page, lambda: app.bodies()[3:] == ["edited"])
    assert app.app.events[-1].user == "bo"
    assert "ce-awpsversion" not in app.app.events[-1].headers
    page.get_by_role("tab", name="Overview").click()
    expect(page.get_by_role("region", name="Payload")).to_have_text("edited")

    # A link opens its entry, in another page too.
    page.go_back()
    expect(page).to_have_url(address)
    page.go_forward()
    expect(page.get_by_role("region", name="Payload")).to_have_text("edited")
    page.goto("about:blank")
    page.goto(address)
    expect(title()).to_have_text("user.message")
    expect(page.locator("#rows .row[aria-selected=true]")).to_have_count(1)

    page.keyboard.press("Escape")
    expect(page.get_by_label("Details")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.get_by_text("No entry matches the filters.")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Previous or next part of the details")
    assert violations_in_both_schemes(page) == []
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    # What is shown is exported; what was exported is read into an empty record, and cannot be sent.
    page.get_by_label("Search").fill("deep-4711")
    expect(page.locator("#rows .row.webhook")).to_have_count(2)
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as HAR").click()
    file = tmp_path / "record.har"
    download.value.save_as(file)
    assert json.loads(file.read_text())["log"]["version"] == "1.2"
    clear(page)
    page.get_by_label("Search").fill("")
    expect(page.locator("#rows .row")).to_have_count(0)
    page.get_by_label("File to import").set_input_files(file)
    rows(page, "user.message").first.click()
    expect(page.get_by_label("Details")).to_contain_text("imported")
    expect(page.get_by_role("button", name="Replay", exact=True)).to_have_count(0)


def test_thousands_of_entries_have_elements_only_for_the_rows_in_view_and_a_new_one_changes_only_its_own(
    app: BackgroundApp, opened: Callable[..., Page]
) -> None:
    async def receive(count: int, name: str) -> None:
        for number in range(count):
            app.app.service.observations.publish(FrameReceived("chat", f"c{number}", name, "text", None))

    def drawn() -> list[str]:
        return page.locator("#rows .row .who").all_inner_texts()

    def a_part_is_drawn(user: str) -> bool:
        names = drawn()
        return set(names) == {user} and 10 < len(names) < 60

    app.run(receive(1, "zoe"))
    app.run(receive(5000, "ana"))
    page = opened()
    expect(page.locator("#count")).to_have_text("2,000 entries")  # the newest; older ones come when they are wanted
    until(page, lambda: a_part_is_drawn("ana"))
    page.get_by_label("Search").fill("user:zoe")
    expect(page.locator("#count")).to_have_text("1 of 2,001 entries")
    page.get_by_label("Search").fill("")
    expect(page.locator("#count")).to_have_text("2,000 entries")  # without the gap before the one that was found
    until(page, lambda: a_part_is_drawn("ana"))
    page.evaluate(
        """() => {
          window.changes = 0;
          new MutationObserver(records => window.changes += records.length).observe(
            document.getElementById("rows"), { subtree: true, childList: true, attributes: true, characterData: true });
        }"""
    )
    app.run(receive(1, "bo"))
    until(page, lambda: drawn()[-1:] == ["bo"])
    assert len(drawn()) < 60
    assert page.evaluate("window.changes") < 30  # one row comes, one goes, and the rows are higher together

    # Above the end, new entries move nothing and are counted.
    page.locator("#list").focus()

    def is_first_entry_in_view() -> bool:
        page.keyboard.press("Home")
        return page.locator("#rows .row").first.get_attribute("aria-rowindex") == "2" and has_entries(5002)

    def has_entries(count: int) -> bool:
        return page.locator("#count").inner_text() == f"{count:,} entries"

    until(page, is_first_entry_in_view)
    app.run(receive(3, "cy"))
    page.get_by_role("button", name="↓ 3 new").click()
    until(page, lambda: drawn()[-3:] == ["cy", "cy", "cy"])
    expect(page.get_by_role("button", name="new")).to_be_hidden()
    page.get_by_label("Search").fill("user:bo")
    expect(page.locator("#count")).to_have_text("1 of 5,005 entries")


def test_hubs_and_connections_are_shown_a_connection_is_cut_and_a_fault_is_added_triggered_and_removed(
    app: BackgroundApp, opened: Callable[..., Page]
) -> None:
    page = opened()
    ana, bo = app.person("ana"), app.person("bo")
    page.get_by_role("link", name="Hubs").click()
    card = page.get_by_role("article")
    expect(card.get_by_role("heading", name="chat")).to_be_visible()
    expect(card).to_contain_text("/eventhandler/{event}")
    expect(card).to_contain_text("connect, connected, disconnected")

    page.get_by_role("link", name="Faults").click()
    page.get_by_label("Kind of fault").select_option("drop webhook")
    page.get_by_label("User", exact=True).fill("bo")
    page.get_by_label("Event", exact=True).fill("message")
    page.get_by_label("How often").fill("2")
    expect(page.locator("#fault-line")).to_have_text('--fault "drop webhook user=bo event=message count=2"')
    page.get_by_role("button", name="Add fault").click()
    row = page.get_by_role("row").filter(has_text="drop webhook user=bo event=message count=2")
    expect(row).to_contain_text("2 times")
    assert app.ask(bo, "lost")["success"] is False
    expect(row).to_contain_text("1 time")
    row.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No fault is active")).to_be_visible()
    assert app.ask(bo, "arrives", 2)["success"] is True
    page.get_by_role("link", name="Flow").click()
    expect(rows(page, "drop webhook user=bo")).to_have_count(1)

    # A connection that is cut is lost, and may come back.
    page.get_by_role("link", name="Connections").click()
    # In this view only: the flow has rows with her name too, and is visible until the view has changed.
    row = page.get_by_role("region", name="Connections").get_by_role("row").filter(has_text="ana")
    expect(row).to_contain_text("open")
    expect(row).to_contain_text("lobby")
    row.get_by_role("button", name="Cut: ana").click()
    assert app.run(ana.close_code()) == 1006
    expect(row).to_contain_text("lost, may come back")
    row.get_by_role("button", name="Follow: ana").click()
    expect(rows(page, "socket lost")).to_have_count(1)


def test_a_fault_without_an_end_is_refused_in_the_form_and_the_page_connects_again_after_a_restart_of_the_service(
    app: BackgroundApp, browser: Browser
) -> None:
    serving = webpubsub.serve()
    service = app.run(serving.__aenter__())
    page = browser.new_page()
    page.goto(f"{service.endpoint}/#faults")
    page.get_by_label("How often").fill("")
    page.get_by_role("button", name="Add fault").click()
    expect(page.get_by_role("alert")).to_have_text("delay webhook: a fault must end: give count or for")

    page.get_by_role("link", name="Flow").click()
    expect(page.get_by_role("status")).to_have_text("Live")
    page.request.head(f"{service.endpoint}/api/hubs/chat/users/ana")
    expect(page.locator("#rows .row")).to_have_count(1)

    app.run(serving.__aexit__(None, None, None))
    expect(page.get_by_role("status")).to_have_text("The service does not answer. Trying again…")
    again = webpubsub.serve(port=int(service.endpoint.rpartition(":")[2]))
    app.run(again.__aenter__())

    expect(page.get_by_role("status")).to_have_text("Live")
    expect(page.locator("#rows .row")).to_have_count(0)
    page.close()
    app.run(again.__aexit__(None, None, None))
