"""Notifications, asked for by a click, and who is away. What the browser would show is recorded."""

import re
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_room, begin_background_work, expect_accessible, set_hidden, until

NewPerson = Callable[[], Page]
# What the browser is asked to show; a click is what the user would do.
RECORDED = """
  window.shown = [];
  window.Notification = class {
    static permission = localStorage.getItem('permission') ?? 'default';
    static async requestPermission() {
      this.permission = this.answer ?? 'granted';
      localStorage.setItem('permission', this.permission);
      return this.permission;
    }
    constructor(title, options) { window.shown.push({title, ...options}); window.last = this; }
    close() {}
  };
"""
# A browser of a phone: it has the permission, and only a service worker can show something.
REFUSING = """
  window.Notification = class {
    static permission = localStorage.getItem('permission') ?? 'default';
    static async requestPermission() {
      localStorage.setItem('permission', 'granted');
      return this.permission = 'granted';
    }
    constructor() { throw new TypeError('Illegal constructor'); }
  };
"""
RECORDED_BY_WORKER = """
  window.shown = [];
  ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
    window.shown.push({title, ...options});
  };
"""


@pytest.fixture
def room() -> str:
    return a_room()


def shown(page: Page) -> list[str]:
    texts: list[str] = page.evaluate("shown.map(({title, body}) => `${title} | ${body}`)")
    return texts


def wait_until_all_notify(pages: list[Page]) -> None:
    """Wait until each of the tabs has begun what it does in the background: it holds a lock while it is looked at."""
    begin_background_work(pages[0])  # of all: the clock is the browser's
    until(pages[0], lambda: pages[0].evaluate("navigator.locks.query().then(({held}) => held.length)") == len(pages))


def turn_on(page: Page) -> None:
    page.get_by_role("button", name="Settings", exact=True).click()
    panel = page.get_by_role("complementary", name="Settings")
    expect(panel.get_by_text("Off. This browser tells you nothing.")).to_be_visible()
    panel.get_by_role("button", name="Turn on notifications").click()
    expect(panel.get_by_text("On. This browser tells you")).to_be_visible()
    assert shown(page) == ["Chat | New messages are shown like this."]
    page.evaluate("shown.length = 0")


def open_tab(context: BrowserContext) -> Page:
    page = context.new_page()
    page.add_init_script(RECORDED)
    return page


def test_several_tabs_notify_once_of_what_comes_while_none_is_looked_at_as_the_rooms_level_says(
    chat: Chat, browser: Browser, room: str
) -> None:
    with closing(browser.new_context()) as context, Crowd(chat, room, "bo") as bo:
        context.clock.install()
        pages = [open_tab(context), open_tab(context)]
        tabs = [Person(page, chat, "ana").enter(room) for page in pages]
        wait_until_all_notify(pages)
        turn_on(pages[0])
        bo.say(["while one looks"])
        for tab in tabs:
            tab.expect_line("while one looks")

        for page in pages:
            set_hidden(page, hidden=True)
        bo.say(["first " + "x" * 200])
        until(pages[0], lambda: sum(len(shown(page)) for page in pages) == 1)
        notified = next(page for page in pages if shown(page))
        assert shown(notified) == [f"{room} | bo: first {'x' * 114}…"]
        assert notified.evaluate("shown[0].tag") == f"chat.ana.{room}"

        pages[0].get_by_role("button", name="Choose for this room").click()
        pages[0].get_by_role("radio", name="Only mentions of me").check()
        for tab in tabs:
            expect(tab.page.locator("#people-list li")).to_have_count(2)
        bo.say(["not for ana"])
        bo.send("bo", "message", message="@ana, for you", mentions=["ana"])
        until(pages[0], lambda: sum(len(shown(page)) for page in pages) == 2)
        texts = [text for page in pages for text in shown(page)]
        assert f"{room} | bo: @ana, for you" in texts
        expect(pages[1]).to_have_title(f"(1 @ · 3) {room} · Chat")

        pages[0].get_by_role("radio", name="Nothing").check()
        expect(pages[1]).to_have_title(f"{room} · Chat")
        expect(pages[1].get_by_role("link", name=f"{room} unread")).to_be_visible()

        clicked = next(page for page in pages if any("for you" in text for text in shown(page)))
        clicked.evaluate("location.hash = 'lobby'")
        expect(clicked).to_have_title(re.compile("lobby"))
        set_hidden(clicked, hidden=False)
        clicked.evaluate("last.onclick()")
        expect(clicked.get_by_role("heading", level=1)).to_have_text(room)


def test_on_a_phone_the_service_worker_shows_notifications_and_a_click_opens_the_message(
    chat: Chat, browser: Browser, room: str
) -> None:
    with closing(browser.new_context(service_workers="allow")) as context, Crowd(chat, room, "bo") as bo:
        page = context.new_page()
        page.clock.install()
        page.add_init_script(REFUSING + RECORDED_BY_WORKER)
        ana = Person(page, chat, "ana").enter(room)
        begin_background_work(page)
        until(page, lambda: bool(page.evaluate("navigator.serviceWorker.controller !== null")))
        turn_on(page)

        page.evaluate("location.hash = 'lobby'")
        expect(page).to_have_title(re.compile("lobby"))
        set_hidden(page, hidden=True)
        bo.say(["for who is away"])
        until(page, lambda: shown(page) == [f"{room} | bo: for who is away"])

        click = "data => navigator.serviceWorker.dispatchEvent(new MessageEvent('message', {data}))"
        data = page.evaluate("shown[0].data")
        set_hidden(page, hidden=False)
        page.evaluate(click, data)
        expect(page.get_by_role("heading", level=1)).to_have_text(room)
        page.evaluate(click, data | {"user": "somebody else", "room": "lobby"})
        bo.say(["welcome back"])
        ana.expect_line("welcome back")
        expect(page.get_by_role("heading", level=1)).to_have_text(room)


def test_the_settings_say_what_a_browser_does_that_blocks_notifications_or_shows_none_and_nothing_is_hard_to_read(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.add_init_script(RECORDED + "Notification.permission = 'denied'")
    settings = page.get_by_role("button", name="Settings", exact=True)

    with Crowd(chat, room, "bo"):
        ana = Person(page, chat, "ana").enter(room)
        ana.expect_here("bo")
        settings.click()
        expect(page.get_by_text("Your browser blocks notifications of this site.")).to_be_visible()
        expect(page.get_by_role("button", name="Turn on notifications")).to_be_hidden()
        ana.box.fill("@")
        expect(page.get_by_role("listbox", name="People")).to_be_visible()
        expect_accessible(page)
    page.get_by_role("radio", name="Dark").check()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("radio", name="Light").check()
    expect(page.get_by_role("button", name="Theme: light")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []

    page.evaluate(f"() => {{ {REFUSING} }}")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Settings")).to_be_hidden()
    settings.click()
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_text("This browser shows no notifications of this site.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn off")).to_be_hidden()


def test_who_hides_the_page_or_does_nothing_for_minutes_is_away_for_the_others_until_the_next_input(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.clock.install()
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo")
    people = bo.page.get_by_role("complementary", name="People").get_by_role("button")
    away = bo.page.locator("#people-list .away")
    set_hidden(page, hidden=True)
    begin_background_work(page)
    with Crowd(chat, room, "cy", "dee"):
        bo.enter(room)
        expect(away).to_have_count(1)  # for who comes later too

        set_hidden(page, hidden=False)
        here = [re.compile("bo"), re.compile("ana.*here"), re.compile("cy.*here"), re.compile("dee.*here")]
        expect(people).to_have_text(here)
        set_hidden(page, hidden=True)
        expect(people).to_have_text([here[0], here[2], here[3], re.compile("ana.*away")])

        set_hidden(page, hidden=False)
        expect(away).to_have_count(0)
        page.clock.fast_forward("06:00")
        expect(away).to_have_count(1)
        page.mouse.move(100, 100)
        expect(away).to_have_count(0)
        ana.expect_live()
