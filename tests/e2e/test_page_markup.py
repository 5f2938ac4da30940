"""The markup of messages, long ones, deleted ones, and the people who wrote them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_line, a_room, answer, publish, react, service_of, until

NewPerson = Callable[[], Page]
MARKED = """*Plan*: call `fetch()`, _not_ ~this~. <img src=x>
```js
const wide = "a line that is so long that it cannot be read without being scrolled to the side, on any screen at all";
```
> as you said
- one
- two"""


@pytest.fixture
def room() -> str:
    return a_room()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_markup_is_shown_while_quotes_and_the_edit_box_have_what_was_typed(
    chat: Chat, new_person: NewPerson, room: str, scheme: Any
) -> None:
    page = new_person()
    page.emulate_media(color_scheme=scheme)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)

    ana.say(MARKED)

    text = bo.page.locator(".message .text")
    for tag, content in [("strong", "Plan"), ("em", "not"), ("s", "this"), ("code >> nth=0", "fetch()")]:
        expect(text.locator(tag)).to_have_text(content)
    expect(text.locator("blockquote")).to_have_text("as you said")
    expect(text.locator("li")).to_have_text(["• one", "• two"])
    expect(text.locator("img")).to_have_count(0)
    code = page.locator(".text pre")
    expect(code).to_contain_text("const wide")
    assert code.evaluate("pre => pre.scrollWidth > pre.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page, ".message") == []

    page.locator(".code-block").get_by_role("button", name="Copy").click()
    expect(page.locator(".code-block button")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == MARKED.splitlines()[2]

    bo.lines.first.hover()
    bo.page.get_by_role("button", name="Reply").click()
    bo.say("yes")
    expect(ana.expect_line("yes").locator(".quote bdi")).to_contain_text("*Plan*: call `fetch()`, _not_ ~this~.")
    expect(page.locator(".pending, .sent")).to_have_count(0)
    ana.box.press("ArrowUp")
    expect(ana.box).to_have_value(MARKED)


def test_a_long_message_is_folded_until_somebody_wants_to_read_it(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    long = "\n".join([*(f"line {n}" for n in range(1, 40)), "https://a.example/end"])
    first = a_line(room, "bo", long, 1)
    quoted = {"id": first["id"], "from": "bo", "message": "line 1"}
    publish(service_of(chat), room, first, a_line(room, "bo", "short", 2, replyTo=quoted))
    fold = ana.page.get_by_role("button", name="Show all")
    expect(fold).to_have_attribute("aria-expanded", "false")
    ana.expect_line("short")
    text = ana.lines.first.locator(".text")
    folded = text.evaluate("text => text.offsetHeight")

    fold.focus()
    ana.page.keyboard.press("Enter")

    less = ana.page.get_by_role("button", name="Show less")
    expect(less).to_be_focused()
    whole = text.evaluate("text => text.offsetHeight")
    assert whole > 2 * folded
    # It stays as it is, and in its place, while others write.
    place = text.bounding_box()
    publish(service_of(chat), room, a_line(room, "bo", "later", 3))
    ana.expect_line("later")
    assert text.bounding_box() == place

    ana.page.keyboard.press("Enter")
    assert text.evaluate("text => text.offsetHeight") == folded
    # The link is in the hidden part: with the focus it can be seen.
    text.locator("a").focus()
    assert text.evaluate("text => text.offsetHeight") == whole
    expect(text.locator("a")).to_be_in_viewport()
    # So can what a quote leads to.
    less.click()
    ana.expect_line("short").locator(".quote").click()
    expect(ana.lines.first).to_be_focused()
    expect(less).to_be_visible()


def test_a_deleted_message_looks_deleted_and_so_do_quotes_of_it(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.say("secret")
    react(bo, "secret", "🎉")
    answer(bo, "secret", "why?")
    expect(ana.expect_line("why?").locator(".quote")).to_contain_text("secret")

    ana.expect_line("secret").hover()
    for _ in range(2):
        ana.page.locator("#message-actions [data-action=delete]").click()

    for person in (ana, bo):
        line = person.expect_line("Message deleted")
        expect(line.locator("del")).to_have_text("Message deleted")
        expect(line.locator(".bubble")).to_have_css("border-top-style", "dashed")
        expect(line.locator(".reactions")).to_be_hidden()
        line.hover()
        expect(person.page.locator("#message-actions")).to_be_hidden()
        expect(person.expect_line("why?").locator(".quote")).to_contain_text("Message deleted")
        expect(person.log.get_by_text("secret")).to_have_count(0)


def test_the_author_and_the_picture_of_a_message_are_buttons_that_can_be_pressed_on_a_phone(
    chat: Chat, browser: Browser, room: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ana = Person(context.new_page(), chat, "ana").enter(room)
    publish(service_of(chat), room, a_line(room, "bo", "one", 1), a_line(room, "bo", "two", 2))
    first, second = ana.expect_line("one"), ana.expect_line("two")

    for button in first.locator("[data-action=show-person]").all():
        expect(button).to_have_attribute("value", "bo")
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    expect(first.get_by_role("button", name="bo")).to_have_count(1)
    # The second one has a name for those who listen: no stop for the keyboard.
    expect(second.locator(".author")).to_have_text("bo")
    expect(second.locator("[data-action=show-person]")).to_have_count(0)
    height = first.locator(".bubble").evaluate("bubble => bubble.offsetHeight")
    assert height < 80, "a place to press must not make the message higher"
    context.close()


def test_who_reacted_is_told_to_the_pointer_the_keyboard_and_a_finger(
    chat: Chat, new_person: NewPerson, browser: Browser, room: str
) -> None:
    context = browser.new_context(has_touch=True)
    ana, bo = Person(new_person(), chat, "ana").enter(room), Person(context.new_page(), chat, "bo").enter(room)
    users = [f"user{n}" for n in range(19)]
    reactions: Any = {"reactions": {"🎉": ["ana", *users]}, "reactionCounts": {"🎉": 32}}
    publish(service_of(chat), room, a_line(room, "cy", "cake?", 1, **reactions))
    button, box = ana.page.locator(".reactions button"), ana.page.locator("#reaction-details")
    expect(button).to_have_attribute("aria-label", re.compile("^🎉 32: \\W*you\\W, \\W*user0\\W and 30 others$"))

    button.hover()
    expect(box).to_be_visible()
    expect(box.locator("li")).to_have_text(["You", *users[:11], "and 20 others"])
    expect(box.locator("b")).to_have_text("You")
    assert violations(ana.page, "#reaction-details") == []
    ana.page.keyboard.press("Escape")
    expect(box).to_be_hidden()

    ana.box.focus()
    until(ana.page, lambda: focus_next_reaction(ana.page))
    expect(box).to_be_visible()
    expect(button).to_have_attribute("aria-describedby", "reaction-details")
    ana.box.focus()
    expect(box).to_be_hidden()

    press = bo.page.locator(".reactions button").bounding_box()
    assert press
    session = context.new_cdp_session(bo.page)
    point = [{"x": press["x"] + 10, "y": press["y"] + 10}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    expect(bo.page.locator("#reaction-details li").first).to_have_text("ana")
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(bo.page.locator(".reactions button")).to_have_attribute("aria-pressed", "false")
    expect(bo.page.locator(".reactions button")).to_have_text("🎉 32")
    bo.page.touchscreen.tap(200, 20)
    expect(bo.page.locator("#reaction-details")).to_be_hidden()
    context.close()


def focus_next_reaction(page: Page) -> bool:
    """Go back with the keyboard, and return whether a reaction has the focus."""
    page.keyboard.press("Shift+Tab")
    found: bool = page.evaluate("document.activeElement.matches('.reactions button')")
    return found
