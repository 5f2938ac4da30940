"""The page for those who read it otherwise: what axe-core finds, and the system's own colours."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room

NewPerson = Callable[[], Page]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_at_all_on_the_frame_of_the_page(chat: Chat, new_person: NewPerson, scheme: Any) -> None:
    page, room = new_person(), a_room()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{chat.url}/#{room}")
    expect(page.get_by_label("Your name")).to_be_focused()
    assert violations(page) == []

    ana = Person(page, chat, "ana").enter(room)
    ana.say("hello")
    ana.expect_line("hello")
    ana.say("/nonsense")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Join or create a room").fill("no such room")
    page.get_by_label("Join or create a room").press("Enter")
    expect(page.locator("#room-problem")).to_be_visible()
    assert violations(page) == []
    ana.log.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("complementary", name="Keys")).to_be_visible()
    assert violations(page) == []

    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rooms", exact=True).click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#people-count").click()
    assert violations(page) == []


def test_in_the_systems_own_colours_what_a_colour_tells_has_a_line(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.emulate_media(forced_colors="active")
    ana = Person(page, chat, "ana").enter(a_room())
    ana.say("hello")
    bubble = ana.expect_line("hello").locator(".bubble")

    def style(selector: str, name: str) -> str:
        found: str = page.locator(selector).evaluate("(node, name) => getComputedStyle(node)[name]", name)
        return found

    assert style("#my-rooms [aria-current=page]", "outlineStyle") == "solid"
    assert style("#send-button", "borderTopWidth") == "1px"
    assert bubble.evaluate("node => getComputedStyle(node).borderTopWidth") == "1px"
    ana.box.focus()
    assert style("#message-box", "outlineStyle") == "solid"


def test_a_text_from_right_to_left_stands_on_the_right_in_the_box_and_in_the_room(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    ana = Person(page, chat, "ana").enter(a_room())
    text = "\u0634\u0627\u064a\u061f"
    ana.box.fill(text)
    assert ana.box.evaluate("box => getComputedStyle(box).direction") == "rtl"

    ana.say(text)

    line = ana.expect_line(text).locator(".text")
    assert line.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert page.locator("html").evaluate("node => getComputedStyle(node).direction") == "ltr"
