"""The markup of messages, long ones, deleted ones, and the people who wrote them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import violations, violations_in_both_schemes
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_line, a_room, actions_of, publish, service_of, until

NewPerson = Callable[[], Page]
MARKED = """*Plan*: call `fetch()`, _not_ ~this~. <img src=x>
```js
const wide = "a line that is so long that it cannot be read without being scrolled to the side, on any screen at all";
```
> as you said
- one
- two"""

USERS = [f"user{n}" for n in range(19)]
REACTIONS: Any = {"reactions": {"🎉": ["bo", *USERS]}, "reactionCounts": {"🎉": 32}}


@pytest.fixture
def room() -> str:
    return a_room()


def test_markup_is_shown_while_quotes_and_the_edit_box_have_what_was_typed(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ana = Person(page, chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as crowd:
        crowd.say([MARKED])

    text = page.locator(".message .text")
    for tag, content in [("strong", "Plan"), ("em", "not"), ("s", "this"), ("code >> nth=0", "fetch()")]:
        expect(text.locator(tag)).to_have_text(content)
    expect(text.locator("blockquote")).to_have_text("as you said")
    expect(text.locator("li")).to_have_text(["• one", "• two"])
    expect(text.locator("img")).to_have_count(0)
    code = page.locator(".text pre")
    expect(code).to_contain_text("const wide")
    assert code.evaluate("pre => pre.scrollWidth > pre.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations_in_both_schemes(page, ".message") == []

    page.locator(".code-block").get_by_role("button", name="Copy").click()
    expect(page.locator(".code-block button")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == MARKED.splitlines()[2]

    actions = page.get_by_role("group", name="Message actions")
    ana.lines.first.hover()
    actions.get_by_role("button", name="Reply").click()
    ana.say("yes")
    expect(ana.expect_line("yes").locator(".quote bdi")).to_contain_text("*Plan*: call `fetch()`, _not_ ~this~.")
    ana.say(MARKED)
    expect(text.locator("strong")).to_have_count(2)
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
    ana = Person(new_person(), chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as bo:
        ana.say("secret")
        bo.say(["secret of bo"])
        ids = {text: bo.hear("bo", message=text)["id"] for text in ("secret", "secret of bo")}
        replies = {"secret": "why?", "secret of bo": "as I said"}
        for text, reply in replies.items():
            bo.send("bo", "react", id=ids[text], emoji="🎉")
            bo.send("bo", "message", message=reply, replyTo=ids[text])
            expect(ana.expect_line(reply).locator(".quote")).to_contain_text(text)
        expect(ana.page.locator(".reactions button")).to_have_count(2)

        actions_of(ana, "secret")
        for _ in range(2):
            ana.page.locator("#message-actions [data-action=delete]").click()
        bo.send("bo", "delete", id=ids["secret of bo"])

    deleted = ana.lines.filter(has=ana.page.locator(".text del"))
    expect(deleted).to_have_count(2)
    for line in deleted.all():
        expect(line.locator("del")).to_have_text("Message deleted")
        expect(line.locator(".bubble")).to_have_css("border-top-style", "dashed")
        expect(line.locator(".reactions")).to_be_hidden()
        line.hover()
        expect(ana.page.locator("#message-actions")).to_be_hidden()
    for reply in replies.values():
        expect(ana.expect_line(reply).locator(".quote")).to_contain_text("Message deleted")
    expect(ana.log.get_by_text("secret")).to_have_count(0)


def test_on_a_phone_the_author_and_the_picture_of_a_message_can_be_pressed_and_a_reaction_tells_who_reacted(
    chat: Chat, browser: Browser, room: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    ana = Person(page, chat, "ana").enter(room)
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

    publish(service_of(chat), room, a_line(room, "cy", "cake?", 3, **REACTIONS))
    reaction = page.locator(".reactions button")
    until(page, lambda: ana.distance_to_end() < 1 and reaction.count() == 1)
    press = reaction.bounding_box()
    assert press
    session = context.new_cdp_session(page)
    point = [{"x": press["x"] + 10, "y": press["y"] + 10}]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": point})
    expect(page.locator("#reaction-details li").first).to_have_text("bo")
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(reaction).to_have_attribute("aria-pressed", "false")
    expect(reaction).to_have_text("🎉 32")
    page.touchscreen.tap(200, 20)
    expect(page.locator("#reaction-details")).to_be_hidden()
    context.close()


def test_who_reacted_is_told_to_the_pointer_and_the_keyboard(chat: Chat, new_person: NewPerson, room: str) -> None:
    bo = Person(new_person(), chat, "bo").enter(room)
    publish(service_of(chat), room, a_line(room, "cy", "cake?", 1, **REACTIONS))
    button, box = bo.page.locator(".reactions button"), bo.page.locator("#reaction-details")
    expect(button).to_have_attribute("aria-label", re.compile("^🎉 32: \\W*you\\W, \\W*user0\\W and 30 others$"))

    button.hover()
    expect(box).to_be_visible()
    expect(box.locator("li")).to_have_text(["You", *USERS[:11], "and 20 others"])
    expect(box.locator("b")).to_have_text("You")
    assert violations(bo.page, "#reaction-details") == []
    bo.page.keyboard.press("Escape")
    expect(box).to_be_hidden()

    bo.lines.first.focus()
    until(bo.page, lambda: focus_next_reaction(bo.page))
    expect(box).to_be_visible()
    expect(button).to_have_attribute("aria-describedby", "reaction-details")
    bo.box.focus()
    expect(box).to_be_hidden()


def focus_next_reaction(page: Page) -> bool:
    """Go on with the keyboard, and return whether a reaction has the focus."""
    page.keyboard.press("Tab")
    found: bool = page.evaluate("document.activeElement.matches('.reactions button')")
    return found
