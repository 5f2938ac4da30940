"""Writing: keys, input methods, length, drafts, commands, and who is typing."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, Wire, a_room, until

NewPerson = Callable[[], Page]


@pytest.fixture
def ana(chat: Chat, new_person: NewPerson) -> Person:
    return Person(new_person(), chat, "ana").enter(a_room())


def test_enter_sends_and_shift_enter_breaks_a_line(ana: Person) -> None:
    ana.box.type("one")
    ana.box.press("Shift+Enter")
    ana.box.type("two")
    height = ana.box.evaluate("box => box.offsetHeight")
    ana.box.press("Enter")

    expect(ana.page.locator(".text")).to_have_text("one\ntwo", use_inner_text=True)
    expect(ana.box).to_have_value("")
    expect(ana.box).to_be_focused()
    assert ana.box.evaluate("box => box.offsetHeight") < height


def test_the_box_grows_to_a_limit(ana: Person) -> None:
    ana.box.fill("line\n" * 100)

    box = ana.box.bounding_box()
    window = ana.page.viewport_size
    assert box
    assert window
    assert 100 < box["height"] < window["height"] / 2
    expect(ana.page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)


def test_nothing_is_sent_while_an_input_method_composes(ana: Person) -> None:
    ana.box.fill("にほ")
    press = "(box, init) => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', cancelable: true, ...init}))"
    ana.box.evaluate(press, {"isComposing": True})
    ana.box.evaluate(press, {"keyCode": 229})
    expect(ana.box).to_have_value("にほ")
    expect(ana.lines).to_have_count(0)

    ana.box.evaluate(press, {"keyCode": 13})
    ana.expect_line("にほ")


@pytest.mark.parametrize("blank", ["", "   ", "\n\n"])
def test_blank_text_cannot_be_sent(ana: Person, blank: str) -> None:
    ana.box.fill(blank)

    expect(ana.page.get_by_role("button", name="Send")).to_be_disabled()
    ana.box.press("Enter")
    expect(ana.lines).to_have_count(0)


def test_what_is_left_of_the_length_shows_near_the_limit_and_too_much_cannot_be_sent(ana: Person) -> None:
    left = ana.page.locator("#bytes-left")
    ana.box.fill("ä" * 100)
    expect(left).to_be_hidden()
    ana.box.fill("ä" * 2000)
    expect(left).to_have_text("96 bytes left")
    ana.box.fill("ä" * 2050)
    expect(left).to_have_text("4 bytes too long")
    expect(ana.page.get_by_role("button", name="Send")).to_be_disabled()
    ana.box.press("Enter")
    expect(ana.box).to_have_value("ä" * 2050)


def test_each_room_keeps_its_draft_also_across_a_reload(ana: Person) -> None:
    here, there = ana.page.url.split("#")[1], a_room()
    ana.box.fill("unfinished")
    ana.page.evaluate("room => { location.hash = room }", there)
    expect(ana.box).to_have_value("")
    ana.box.fill("something else")
    ana.page.evaluate("room => { location.hash = room }", here)
    expect(ana.box).to_have_value("unfinished")

    ana.page.reload()

    ana.expect_live()
    expect(ana.box).to_have_value("unfinished")


def test_leaving_an_edit_restores_the_draft(ana: Person) -> None:
    ana.say("said")
    ana.expect_line("said")
    expect(ana.page.locator(".pending, .sent")).to_have_count(0)
    ana.box.press("ArrowUp")
    expect(ana.box).to_have_value("said")
    ana.box.press("Escape")
    expect(ana.box).to_have_value("")
    ana.box.fill("draft")
    ana.expect_line("said").hover()
    ana.page.get_by_role("button", name="Edit").click()
    ana.page.get_by_role("button", name="Cancel").click()

    expect(ana.box).to_have_value("draft")


def test_the_slash_menu_is_chosen_from_with_the_keyboard(ana: Person) -> None:
    ana.box.type("/remi")
    options = ana.page.get_by_role("option")
    expect(options).to_have_text([re.compile("/remind"), re.compile("/reminders")])
    menu, composer = ana.page.get_by_role("listbox").bounding_box(), ana.page.locator("#composer").bounding_box()
    assert menu
    assert composer
    assert composer["x"] < menu["x"] < menu["x"] + menu["width"] < composer["x"] + composer["width"]
    ana.box.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    ana.box.press("Enter")
    expect(ana.box).to_have_value("/reminders ")
    expect(options).to_have_count(0)
    ana.box.press("Enter")

    expect(ana.page.locator(".notice")).to_contain_text("no reminders")
    expect(ana.lines).to_have_count(0)


def test_the_long_menu_covers_no_header_on_a_phone_and_shows_what_is_chosen(ana: Person) -> None:
    ana.page.set_viewport_size({"width": 390, "height": 700})
    ana.box.type("/")
    options = ana.page.get_by_role("option")
    expect(options.first).to_be_in_viewport()

    ana.box.press("ArrowUp")

    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(options.last).to_be_in_viewport()
    ana.page.get_by_role("button", name="Rooms").click()
    expect(ana.page.locator("#my-rooms")).to_be_visible()


def test_a_mistyped_command_comes_back_to_be_corrected_and_is_no_failed_message(ana: Person) -> None:
    ana.say("/nonsense at all")

    expect(ana.page.get_by_role("alert")).to_contain_text("There is no command /nonsense")
    expect(ana.box).to_have_value("/nonsense at all")
    expect(ana.page.locator(".message, .timeline-note.error")).to_have_count(0)
    ana.box.press_sequentially(" ")
    expect(ana.page.get_by_role("alert")).to_be_hidden()


def test_a_mistyped_command_is_told_in_the_room_where_the_box_is_in_use_again(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(a_room())
    wire.keeps = lambda frame: frame["type"] == "ack" or frame.get("data", {}).get("code") == "unknown_command"
    ana.say("/nonsense at all")
    until(page, lambda: any("unknown_command" in frame for frame in wire.kept))
    ana.box.fill("the next line")
    wire.release()

    expect(page.locator(".timeline-note.error")).to_contain_text("You typed: /nonsense at all")
    expect(ana.box).to_have_value("the next line")
    expect(page.locator(".message")).to_have_count(0)


def test_who_is_typing_is_shown_and_nothing_moves(chat: Chat, new_person: NewPerson, ana: Person) -> None:
    room = ana.page.url.split("#")[1]
    others = [Person(new_person(), chat, name).enter(room) for name in ("bo", "cy", "dee", "eve")]
    ana.expect_here("eve")
    typing, log = ana.page.locator("#typing"), ana.page.locator("#log")
    before = log.bounding_box()

    others[0].box.type("h")
    expect(typing).to_have_text(re.compile("bo.* is typing"))
    for other in others[1:]:
        other.box.type("h")
    expect(typing).to_have_text(re.compile("bo.*, .*cy.* and 2 others are typing"))
    assert log.bounding_box() == before

    for other in others:
        other.box.press("Enter")
    expect(typing).to_be_empty()
    assert log.bounding_box() == before
