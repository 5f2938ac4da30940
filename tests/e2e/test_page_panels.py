"""Panels: what a click or a key opens beside the room."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room

NewPerson = Callable[[], Page]


def test_a_panel_opens_by_a_key_closes_by_escape_and_gives_the_focus_back(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    ana = Person(page, chat, "ana").enter(a_room())
    panel = page.get_by_role("complementary", name="Keys")
    ana.box.press("?")
    expect(panel).to_have_count(0)
    ana.box.fill("")
    ana.log.focus()

    page.keyboard.press("?")
    expect(panel).to_be_visible()
    expect(panel.get_by_role("heading", name="Keys")).to_be_focused()
    page.keyboard.press("Escape")

    expect(panel).to_be_hidden()
    expect(ana.log).to_be_focused()
    page.keyboard.press("?")
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_be_hidden()
