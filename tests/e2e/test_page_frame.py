"""The frame of the page: drawers, where the focus is, and the way back by Escape."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, CDPSession, Page, ViewportSize, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room, until

NewPerson = Callable[[], Page]
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def room() -> str:
    return a_room()


def swipe(session: CDPSession, start: tuple[int, int], end: tuple[int, int], *, is_lifted: bool = True) -> None:
    """Move a finger over the page, in steps, and lift it."""
    steps = [
        (start[0] + (end[0] - start[0]) * step // 5, start[1] + (end[1] - start[1]) * step // 5) for step in range(6)
    ]
    for number, (x, y) in enumerate(steps):
        kind = "touchMove" if number else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    if is_lifted:
        lift(session)


def lift(session: CDPSession) -> None:
    """Lift the finger."""
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_the_first_tab_stop_skips_to_the_message_box_and_escape_goes_back_to_it_from_an_answer_and_the_panel(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    ana = Person(page, chat, "ana").enter(room)
    expect(ana.box).to_be_focused()
    page.locator("#chat :is(a, button, input, textarea, [tabindex='0'])").first.focus()
    expect(page.get_by_role("button", name="Skip to the message box")).to_be_focused()
    expect(page.get_by_role("button", name="Skip to the message box")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(ana.box).to_be_focused()

    ana.say("a line")
    expect(ana.expect_line("a line")).not_to_have_class(re.compile("pending|sent"))
    ana.log.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("complementary", name="Keys")).to_be_visible()
    ana.box.press("ArrowUp")
    expect(page.locator("#task-description")).to_contain_text("Editing")

    ana.box.press("Escape")
    expect(page.locator("#task")).to_be_hidden()
    expect(page.get_by_role("complementary", name="Keys")).to_be_visible()
    ana.box.press("Escape")
    expect(page.get_by_role("complementary", name="Keys")).to_be_hidden()
    expect(ana.box).to_be_focused()
    ana.log.focus()
    page.keyboard.press("Escape")
    expect(ana.box).to_be_focused()


def test_on_a_phone_drawers_close_by_a_button_by_escape_and_by_a_swipe_that_they_follow(
    chat: Chat, browser: Browser, room: str
) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce")
    page = context.new_page()
    ana = Person(page, chat, "ana").enter(room)
    expect(ana.box).not_to_be_focused()  # no keyboard opens over the conversation
    rooms, people = page.get_by_role("navigation", name="Rooms"), page.get_by_role("complementary", name="People")
    open_rooms, open_people = page.get_by_role("button", name="Rooms", exact=True), page.locator("#people-count")

    for drawer, opener, name in ((rooms, open_rooms, "Close rooms"), (people, open_people, "Close people")):
        opener.tap()
        drawer.get_by_role("button", name=name).tap()
        expect(drawer).to_be_hidden()
        opener.tap()
        expect(drawer).to_be_visible()
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()

    finger = context.new_cdp_session(page)
    open_rooms.click()
    swipe(finger, (200, 500), (170, 500))
    expect(rooms).to_be_visible()
    until(page, lambda: rooms.evaluate("drawer => drawer.style.translate") == "")
    swipe(finger, (200, 500), (100, 510), is_lifted=False)
    until(page, lambda: rooms.evaluate("drawer => drawer.getBoundingClientRect().x") == -100)
    lift(finger)
    expect(rooms).to_be_hidden()
    open_people.click()  # the browser may take a tap right after a swipe for its end
    expect(people).to_be_visible()
    swipe(finger, (300, 500), (200, 500))  # the other way
    expect(people).to_be_visible()
    swipe(finger, (200, 500), (350, 500))
    expect(people).to_be_hidden()
    context.close()


def test_nothing_is_lost_at_any_zoom_with_more_space_between_letters_and_lines(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    """1280 by 800 points at 200 % zoom are 640 by 400; WCAG 1.4.10 asks for 320, and 1.4.12 for these spaces."""
    page = new_person()
    page.emulate_media(reduced_motion="reduce")
    ana = Person(page, chat, "ana").enter(room)
    page.evaluate("""() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
        + " word-spacing: 0.16em !important; }");
      document.adoptedStyleSheets = [sheet];
    }""")
    ana.say("a line")
    ana.expect_line("a line")
    keys = page.get_by_role("complementary", name="Keys")
    for width, height in ((1280, 800), (640, 400), (320, 480)):
        page.set_viewport_size({"width": width, "height": height})
        expect_nothing_cut_off(page)
        if width < 761:
            page.get_by_role("button", name="Rooms", exact=True).click()
            expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            page.get_by_role("button", name="Sign out").scroll_into_view_if_needed()
            expect_nothing_cut_off(page)
            page.keyboard.press("Escape")
        ana.log.focus()
        page.keyboard.press("?")
        expect(keys).to_be_visible()
        expect_nothing_cut_off(page)
        page.keyboard.press("Escape")
        expect(keys).to_be_hidden()


def expect_nothing_cut_off(page: Page) -> None:
    """Wait until no control is cut off or outside of the window."""
    with suppress(AssertionError):
        until(page, lambda: cut_off(page) == [], seconds=5)
    assert cut_off(page) == []


def cut_off(page: Page) -> list[str]:
    """Return the controls of the room, and of an open drawer or panel, that are outside of the window or cut off."""
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll('button, a, textarea, input, h1, #status')]
      .filter(node => node.checkVisibility({ visibilityProperty: true }) && !node.matches('#skip-button, .message *'))
      .filter(node => node.closest('#room, :popover-open, #panel'))
      .filter(node => !node.closest('#panel-content') && !node.closest('nav ul'))
      .filter(node => {
        const { left, right, top, bottom } = node.getBoundingClientRect();
        const isScrolled = node.closest("nav"); // a drawer may be higher than the window
        const isBeside = left < -1 || right > innerWidth + 1;
        const isOutside = isBeside || (!isScrolled && (top < -1 || bottom > innerHeight + 1));
        return isOutside || (node.matches('button') && node.scrollWidth > node.clientWidth + 1);
      })
      .map(node => node.outerHTML.slice(0, 80))""")
    return found
