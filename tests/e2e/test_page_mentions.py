"""Mentions: names are completed, and the one who is named finds the message, in the list of rooms and in the title."""

from collections.abc import Callable
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, Wire, a_room, until

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def icon_of(page: Page) -> str:
    return unquote(page.locator("link[rel=icon]").get_attribute("href") or "")


def test_a_name_is_completed_by_keys_or_a_tap_and_the_one_who_is_named_sees_it_in_another_room_until_it_is_read(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana, bo = Person(new_person(), chat, "Ana Lind"), Person(new_person(), chat, "bo")
    wire = Wire(bo.page)
    ana.enter(room).enter_room("lobby")
    menu = bo.page.get_by_role("listbox", name="People")

    with Crowd(chat, room, "cy"):
        bo.enter(room)
        bo.expect_here("Ana Lind", "cy")
        bo.box.press_sequentially("Hello @LI")
        expect(menu.get_by_role("option")).to_have_text(["AAna Lind"])
        bo.box.press("Escape")
        expect(menu).to_be_hidden()
        expect(bo.box).to_be_focused()
        bo.box.press("Backspace")
        expect(menu.get_by_role("option")).to_have_text(["AAna Lind"])
        bo.box.press("Tab")
        expect(bo.box).to_have_value("Hello @Ana Lind ")
        bo.box.press_sequentially("and @")
        expect(menu.get_by_role("option")).to_have_count(2)
        bo.box.press("ArrowDown")
        bo.box.press("ArrowUp")
        bo.box.press("ArrowUp")
        expect(menu.get_by_role("option", selected=True)).to_have_text("Ccy")
        assert violations(bo.page) == []
        bo.box.press("Enter")
        bo.box.press_sequentially("!")
        bo.box.press("Enter")
        bo.expect_line("Hello @Ana Lind and @cy !")
        until(bo.page, lambda: bool(wire.events("message")))
        assert wire.events("message")[-1]["mentions"] == ["Ana Lind", "cy"]

    link = ana.page.get_by_role("link", name=f"{room} @ 1 mention of you 1 unread")
    expect(link).to_be_visible()
    expect(ana.page).to_have_title("(1 @ · 1) lobby · Chat")
    until(ana.page, lambda: ">1</text>" in icon_of(ana.page))
    assert violations(ana.page) == []
    link.click()
    expect(ana.expect_line("Hello @Ana Lind and @cy !")).to_have_class("message mentions-me")
    expect(ana.page).to_have_title(f"{room} · Chat")
    until(ana.page, lambda: icon_of(ana.page).endswith("icon.svg"))

    bo.box.fill("@a")
    bo.page.get_by_role("option", name="Ana Lind").click()
    expect(bo.box).to_have_value("@Ana Lind ")
    expect(bo.box).to_be_focused()
    bo.say("@Ana Lind hi")
    expect(ana.page.locator(".mentions-me")).to_have_count(2)

    bo.box.fill("/mem")
    bo.box.press("Enter")
    expect(bo.box).to_have_value("/members ")


def test_a_button_leads_to_each_unread_mention_of_a_long_room(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as bo:
        bo.say(["before"])
        ana.expect_line("before")
        ana.enter_room("lobby")
        for number in range(60):
            if number in (20, 40):
                bo.send("bo", "message", message=f"@ana, number {number}", mentions=["ana"])
            else:
                bo.say([f"number {number}\nof many"])
    button = ana.page.get_by_role("button", name="2 unread mentions")
    expect(ana.page.get_by_role("link", name=f"{room} @ 2 mentions of you")).to_be_visible()
    ana.enter_room(room)

    expect(button).to_be_visible()
    button.click()
    expect(ana.expect_line("@ana, number 20")).to_be_in_viewport()
    button.click()
    expect(ana.expect_line("@ana, number 40")).to_be_in_viewport()

    def is_read() -> bool:
        ana.log.evaluate("log => { log.scrollTop = log.scrollHeight }")
        return button.is_hidden()

    until(ana.page, is_read)
