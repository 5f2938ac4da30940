"""The installed page: its files without a network, and after a deployment the new ones, all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.app_copy import copy_app
from tests.e2e.people import begin_background_work, expect_accessible, until, write_history
from tests.e2e.processes import Processes, run_processes

# One file that is loaded first, one that the chat needs, one that is loaded by a click, and one that is no module.
MARKED = ("app.js", "view/format.js", "panels/shortcuts.js", "start.js")
MARKS = "Object.fromEntries(Object.entries(window).filter(([name]) => name.startsWith('mark ')))"
CACHES = "caches.keys().then(names => names.filter(name => name.startsWith('chat-files-')))"


def deploy(app: Path, version: int) -> None:
    """Write into the files of the page which version they are of."""
    for name in MARKED:
        file = app / "static" / name
        source = file.read_text().partition("\n// deployed\n")[0]
        file.write_text(f"{source}\n// deployed\nwindow['mark {name}'] = {version};\n")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of the app, of version 1."""
    copy_app(tmp_path)
    deploy(tmp_path, 1)
    return tmp_path


@pytest.fixture
def servers(app: Path) -> Iterator[Processes]:
    with run_processes(app, app) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(service_workers="allow")
    opened.clock.install()
    yield opened
    opened.close()


def enter(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join the chat").click()
    expect(page.get_by_role("log")).to_have_attribute("data-membership", "joined")


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_label("Message", exact=True).press("Enter")


def open_panel(page: Page) -> None:
    """Open the panel whose module was not needed before."""
    page.get_by_role("log").press("?")
    expect(page.locator("#panel")).to_be_visible()


def wait_for_worker(page: Page) -> None:
    """Wait until a service worker answers for the page."""
    wait_for_history(page)  # the page has begun its background work, of which the worker is the last part
    page.clock.fast_forward(3_000)
    until(page, lambda: bool(page.evaluate("Boolean(navigator.serviceWorker.controller)")))


def wait_for_history(page: Page) -> None:
    """Wait until the page keeps the room."""
    begin_background_work(page)
    until(page, lambda: write_history(page) and bool(page.evaluate("localStorage['chat.user.ana.history']")))


def is_shown(element: Locator) -> bool:
    """Return whether the element appears in the next seconds."""
    try:
        element.wait_for(timeout=5_000)
    except PlaywrightTimeout:
        return False
    return True


def marks(page: Page) -> set[int]:
    """Return the versions of the files that the page has run."""
    return set(page.evaluate(MARKS).values())


def test_the_page_opens_without_a_server_and_is_wholly_the_new_one_after_a_deployment(
    servers: Processes, app: Path, context: BrowserContext
) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    enter(page, servers.url, "ana")
    say(page, "said before")
    expect(page.locator(".message")).to_contain_text("said before")
    wait_for_worker(page)
    page.reload()
    expect(page.locator("#status-text")).to_contain_text("Live")
    wait_for_history(page)

    # Without a server the page opens with what it kept, and keeps what is typed.
    servers.functions.kill()
    for _ in range(2):
        page.reload()
        expect(page.locator(".message").first).to_contain_text("said before")
        expect(page.locator(".end")).to_contain_text("Kept in this browser (Today")
        if page.locator(".pending").count() == 0:
            say(page, "typed without a server")
        expect(page.locator(".pending")).to_contain_text("typed without a server")
    expect_accessible(page)
    open_panel(page)
    assert page.evaluate(MARKS).keys() == {f"mark {name}" for name in MARKED}
    assert marks(page) == {1}
    page.reload()

    deploy(app, 2)
    servers.functions.start()
    other = context.new_page()
    enter(other, servers.url, "bo")
    expect(other.get_by_role("log")).to_contain_text("typed without a server", timeout=30_000)
    expect(page.locator(".end, .pending")).to_have_count(0)
    open_panel(other)
    assert marks(other) == {2}

    # The page that is open stays what it was, whoever is its worker, until its user wants the new one.
    offer = page.locator("#new-version")
    page.clock.fast_forward(3_000)  # for both pages: they look for a new version
    for _ in range(10):  # a worker looks for a new version when it opens a page; on a busy machine that may fail
        if not is_shown(offer):
            other.reload()
    expect(offer).to_be_visible()
    expect_accessible(page)
    open_panel(page)
    assert marks(page) == {1}
    assert len(page.evaluate(CACHES)) == 2
    page.get_by_label("Message", exact=True).fill("unfinished")
    expect(offer).to_be_hidden()
    page.get_by_label("Message", exact=True).fill("")
    offer.get_by_role("button", name="Reload").click()
    expect(page.locator("#status-text")).to_contain_text("Live")
    open_panel(page)
    assert marks(page) == {2}
    assert errors == []
    assert other.locator("#new-version").count() == 0

    # When no page of the old version is open any more, its files go.
    page.close()
    other.close()
    last = context.new_page()
    last.goto(servers.url)
    until(last, lambda: len(last.evaluate(CACHES)) == 1)
