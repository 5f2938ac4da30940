"""Notifications, asked for by a click, and who is away. What the browser would show is recorded."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room, set_hidden, until

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


@pytest.fixture
def room() -> str:
    return a_room()


def shown(page: Page) -> list[str]:
    texts: list[str] = page.evaluate("shown.map(({title, body}) => `${title} | ${body}`)")
    return texts


def wait_until_it_notifies(page: Page) -> None:
    """Wait until the page has begun what it does in the background."""
    until(page, lambda: bool(page.evaluate("navigator.locks.query().then(({held}) => held.length)")))


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
    chat: Chat, browser: Browser, new_person: NewPerson, room: str
) -> None:
    context = browser.new_context()
    pages = [open_tab(context), open_tab(context)]
    tabs = [Person(page, chat, "ana").enter(room) for page in pages]
    bo = Person(new_person(), chat, "bo").enter(room)
    for page in pages:
        wait_until_it_notifies(page)
    turn_on(pages[0])
    bo.say("while one looks")
    for tab in tabs:
        tab.expect_line("while one looks")

    for page in pages:
        set_hidden(page, hidden=True)
    bo.say("first " + "x" * 200)
    until(bo.page, lambda: sum(len(shown(page)) for page in pages) == 1)
    notified = next(page for page in pages if shown(page))
    assert shown(notified) == [f"{room} | bo: first {'x' * 114}…"]
    assert notified.evaluate("shown[0].tag") == f"chat.ana.{room}"

    pages[0].get_by_role("button", name="Choose for this room").click()
    pages[0].get_by_role("radio", name="Only mentions of me").check()
    for tab in tabs:
        expect(tab.page.locator("#people-list li")).to_have_count(2)
    bo.say("not for ana")
    bo.say("@ana, for you")
    until(bo.page, lambda: sum(len(shown(page)) for page in pages) == 2)
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
    context.close()


def test_a_browser_that_allows_notifications_and_shows_none_is_not_said_to_have_them_on(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    refusing = "window.Notification = class { constructor() { throw new TypeError('Illegal constructor'); }"
    page.add_init_script(refusing + "static permission = 'default'; static requestPermission = async () => 'granted' }")
    Person(page, chat, "ana").enter()
    page.get_by_role("button", name="Settings", exact=True).click()

    page.get_by_role("button", name="Turn on notifications").click()

    expect(page.get_by_text("This browser shows no notifications of this site.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn off")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_that_blocks_notifications_is_told_what_to_do_and_nothing_is_hard_to_read(
    chat: Chat, new_person: NewPerson, scheme: Any
) -> None:
    page = new_person()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.add_init_script(RECORDED + "Notification.permission = 'denied'")
    Person(page, chat, "ana").enter()

    page.get_by_role("button", name="Settings", exact=True).click()

    expect(page.get_by_text("Your browser blocks notifications of this site.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on notifications")).to_be_hidden()
    assert violations(page) == []
    page.get_by_label("Message", exact=True).fill("@")
    assert violations(page) == []
    page.get_by_role("radio", name="Dark" if scheme == "light" else "Light").check()
    expect(page.get_by_role("button", name="Theme: dark" if scheme == "light" else "Theme: light")).to_be_visible()
    assert violations(page) == []


def test_who_hides_the_page_or_does_nothing_for_minutes_is_away_for_the_others_until_the_next_input(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.clock.install()
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    Person(new_person(), chat, "cy").enter(room)
    people = bo.page.get_by_role("complementary", name="People").get_by_role("button")
    expect(people).to_have_text([re.compile("bo"), re.compile("ana.*here"), re.compile("cy.*here")])

    set_hidden(page, hidden=True)
    expect(people).to_have_text([re.compile("bo"), re.compile("cy.*here"), re.compile("ana.*away")])
    late = Person(new_person(), chat, "dee").enter(room)
    expect(late.page.locator("#people-list .away")).to_have_count(1)

    set_hidden(page, hidden=False)
    expect(bo.page.locator("#people-list .away")).to_have_count(0)
    page.clock.fast_forward("06:00")
    expect(bo.page.locator("#people-list .away")).to_have_count(1)
    page.mouse.move(100, 100)
    expect(bo.page.locator("#people-list .away")).to_have_count(0)
    ana.expect_live()
