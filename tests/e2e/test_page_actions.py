"""The actions of a message: where they stand, and the conversation by keyboard and touch."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import (
    Frame,
    Person,
    a_line,
    a_room,
    actions_of,
    expect_accessible,
    publish,
    service_of,
    until,
)

NewPerson = Callable[[], Page]
WIDE = "a line that goes on and on until it is as wide as a bubble may be in this window, and then needs one more line"
# What of the bar is over another message's bubble, or out of the view; [] when it stands as it should.
MISPLACED = """() => {
  const bar = document.querySelector('#message-actions');
  const box = bar.getBoundingClientRect();
  const view = document.getElementById('log').getBoundingClientRect();
  const covers = other => box.left < other.right && box.right > other.left && box.top < other.bottom - 1
    && box.bottom > other.top + 1;
  const covered = [...document.querySelectorAll('.bubble')].filter(bubble => covers(bubble.getBoundingClientRect()));
  const isOut = box.left < view.left || box.right > view.right || box.top < view.top || box.bottom > view.bottom;
  return [...covered.map(bubble => bubble.textContent), ...isOut ? [JSON.stringify(box)] : []];
}"""


@pytest.fixture
def room() -> str:
    return a_room()


def conversation(room: str, texts: int = 4) -> list[Frame]:
    """Return lines of two people in turn, short and wide ones."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    said = [(who, text) for who in ("bo", "ana") * 3 for text in ("ok", WIDE, WIDE[:60], "yes")[:texts]]
    return [a_line(room, who, f"{text} {n}", n, start + timedelta(seconds=n)) for n, (who, text) in enumerate(said, 1)]


def point_at(line: Locator) -> None:
    """Point at a message until its actions are there: a log that still moves takes it away from the pointer."""

    def is_chosen() -> bool:
        line.hover()
        return bool(line.evaluate("line => line.matches('[data-chosen]')"))

    until(line.page, is_chosen)


def test_the_bar_stands_beside_its_message_covers_no_other_one_and_stays_in_view_in_every_window(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.set_viewport_size({"width": 1280, "height": 800})
    ana = Person(page, chat, "ana").enter(room)
    publish(service_of(chat), room, *conversation(room))
    expect(ana.lines).to_have_count(24)

    for place in (*range(8), *range(20, 24)):
        line = ana.lines.nth(place)
        line.scroll_into_view_if_needed()
        point_at(line)
        until(page, lambda: page.evaluate(MISPLACED) == [])
        time = line.locator("time")
        expect(time).to_have_css("opacity", "1")
        assert time.evaluate("time => time.getClientRects().length") == 1
        assert time.bounding_box()["height"] < 24  # type: ignore[index]
    edges = "line => [line.offsetTop, line.offsetTop + line.offsetHeight - log.clientHeight]"
    for place in (9, 13):
        for top in ana.lines.nth(place).evaluate(edges):
            ana.log.evaluate("(log, top) => { log.scrollTop = top }", top + 15)
            line = ana.lines.nth(place)
            point_at(line)
            until(page, lambda: page.evaluate(MISPLACED) == [])

    page.get_by_role("button", name="More actions").click()
    assert violations(page) == []
    page.locator("#room-name").hover()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Copy text")).to_be_hidden()
    expect(page.get_by_role("button", name="More actions")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#message-actions")).to_have_count(0)

    # With the system's own colours and at 320 pixels, which is 640 by 800 at 200 %, nothing is lost.
    page.set_viewport_size({"width": 320, "height": 400})
    page.emulate_media(forced_colors="active", color_scheme="light")
    expect(page.locator(".mine .bubble").first).to_have_css("border-style", "solid")
    until(page, lambda: bool(page.evaluate("document.documentElement.scrollWidth <= 320")))
    mine, theirs = (page.locator(f".message{kind} .bubble").last for kind in (".mine", ":not(.mine)"))
    assert mine.bounding_box()["x"] > theirs.bounding_box()["x"]  # type: ignore[index]
    ana.log.focus()
    page.keyboard.press("End")
    expect(ana.lines.last).to_be_focused()
    page.keyboard.press("Enter")
    until(page, lambda: page.evaluate(MISPLACED) == [])
    box = page.locator("#message-actions").bounding_box()
    assert box
    assert box["width"] <= 320
    expect_accessible(page)


def test_in_a_narrow_window_a_tap_opens_the_actions_and_the_message_stays_in_view(
    chat: Chat, browser: Browser, room: str
) -> None:
    window: Any = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with closing(browser.new_context(**window)) as context:
        page = context.new_page()
        ana = Person(page, chat, "ana").enter(room)
        publish(service_of(chat), room, *conversation(room))
        expect(ana.lines).to_have_count(24)
        actions = page.get_by_role("group", name="Message actions")

        ana.lines.last.locator(".text").tap()
        expect(actions).to_be_visible()
        expect(ana.lines.last).to_be_in_viewport(ratio=1)
        until(page, lambda: page.evaluate(MISPLACED) == [])
        assert violations(page) == []
        ana.lines.last.locator(".text").tap()
        expect(actions).to_have_count(0)

        ana.lines.nth(20).locator(".text").tap()
        actions.get_by_role("button", name="Reply").tap()
        expect(actions).to_have_count(0)
        expect(page.locator("#task")).to_contain_text("Reply to")


def test_a_text_is_copied_a_deletion_is_asked_for_twice_and_what_could_not_be_sent_keeps_its_place(
    chat: Chat, browser: Browser, room: str
) -> None:
    with (
        closing(browser.new_context(permissions=["clipboard-read", "clipboard-write"])) as context,
        Crowd(chat, room, "bo") as bo,
    ):
        ana = Person(context.new_page(), chat, "ana").enter(room)
        ana.say("keep this")
        actions = actions_of(ana, "keep this")
        actions.get_by_role("button", name="More actions").click()
        actions.get_by_role("button", name="Copy text").click()
        expect(ana.page.locator("#announcement")).to_have_text("Copied")
        assert ana.page.evaluate("navigator.clipboard.readText()") == "keep this"

        actions.get_by_role("button", name="Delete").click()
        expect(actions.get_by_role("button", name="Delete?")).to_be_visible()
        ana.page.locator("#room-name").hover()
        actions = actions_of(ana, "keep this")
        expect(actions.get_by_role("button", name="Delete", exact=True)).to_be_visible()

        bo.say(["before"])
        ana.expect_line("before")
        ana.say("x" * 2000 + "\u0000")
        expect(ana.page.locator(".failed")).to_have_count(1)
        bo.say(["after"])
        ana.expect_line("after")
        expect(ana.lines.nth(2)).to_have_class(re.compile("failed"))
        ana.page.reload()
        ana.expect_line("after")
        expect(ana.lines.nth(2)).to_have_class(re.compile("failed"))


def test_the_log_is_one_tab_stop_and_keys_go_from_message_to_message(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    ana = Person(page, chat, "ana").enter(room)
    lines = conversation(room)
    quoted = {"id": lines[0]["id"], "from": "bo", "message": "ok"}
    publish(service_of(chat), room, *lines, a_line(room, "bo", "see https://a.example", 25, replyTo=quoted))
    expect(ana.lines).to_have_count(25)
    stops = """() => [...document.querySelectorAll('#log, #log *')]
      .filter(node => node.tabIndex === 0 && !node.matches('#message-actions *')).length"""

    until(page, lambda: page.evaluate(stops) == 1)
    ana.log.focus()
    page.keyboard.press("ArrowUp")
    expect(ana.lines.last).to_be_focused()
    expect(ana.lines.last).to_have_css("outline-style", "solid")
    page.keyboard.press("Tab")  # what is in the message follows it
    expect(ana.lines.last.locator("button.author")).to_be_focused()
    page.keyboard.press("Tab")
    expect(ana.lines.last.locator(".quote")).to_be_focused()
    page.keyboard.press("Tab")
    expect(ana.lines.last.locator("a")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(ana.lines.nth(23)).to_be_focused()
    page.keyboard.press("Home")
    expect(ana.lines.first).to_be_focused()
    expect(ana.lines.first).to_be_in_viewport(ratio=1)
    page.keyboard.press("PageDown")
    expect(page.locator(".message:focus")).to_be_in_viewport()
    expect(ana.lines.first).not_to_be_focused()
    page.keyboard.press("PageUp")
    expect(ana.lines.first).to_be_focused()
    page.keyboard.press("End")
    expect(ana.lines.last).to_be_focused()

    page.keyboard.press("Shift+F10")
    expect(page.locator("#message-actions :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(ana.lines.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(ana.box).to_be_focused()
    until(page, lambda: page.evaluate(stops) == 1)
