"""Writing: keys, input methods, length, drafts, commands, and who is typing."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, Wire, a_room, expect_accessible, until

NewPerson = Callable[[], Page]
PRESS_ENTER = """(box, init) =>
  box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', cancelable: true, ...init}))"""


@pytest.fixture
def ana(chat: Chat, new_person: NewPerson) -> Person:
    return Person(new_person(), chat, "ana").enter(a_room())


def test_enter_sends_what_is_neither_blank_nor_too_long_nor_still_composed(ana: Person) -> None:
    send = ana.page.get_by_role("button", name="Send")
    for blank in ("", "   ", "\n\n"):
        ana.box.fill(blank)
        expect(send).to_be_disabled()
        ana.box.press("Enter")
        expect(ana.lines).to_have_count(0)

    left = ana.page.locator("#bytes-left")
    ana.box.fill("ä" * 100)
    expect(left).to_be_hidden()
    ana.box.fill("ä" * 2000)
    expect(left).to_have_text("96 bytes left")
    ana.box.fill("ä" * 2050)
    expect(left).to_have_text("4 bytes too long")
    expect(send).to_be_disabled()
    ana.box.press("Enter")
    expect(ana.box).to_have_value("ä" * 2050)

    ana.box.fill("にほ")
    ana.box.evaluate(PRESS_ENTER, {"isComposing": True})
    ana.box.evaluate(PRESS_ENTER, {"keyCode": 229})
    expect(ana.box).to_have_value("にほ")
    expect(ana.lines).to_have_count(0)
    ana.box.evaluate(PRESS_ENTER, {"keyCode": 13})
    ana.expect_line("にほ")
    expect(ana.lines).to_have_count(1)


def test_shift_enter_breaks_a_line_and_the_box_grows_to_a_limit(ana: Person) -> None:
    ana.box.type("one")
    ana.box.press("Shift+Enter")
    ana.box.type("two")
    height = ana.box.evaluate("box => box.offsetHeight")
    ana.box.press("Enter")

    expect(ana.page.locator(".text")).to_have_text("one\ntwo", use_inner_text=True)
    expect(ana.box).to_have_value("")
    expect(ana.box).to_be_focused()
    until(ana.page, lambda: bool(ana.box.evaluate("box => box.offsetHeight") < height))

    ana.box.fill("line\n" * 100)
    box = ana.box.bounding_box()
    window = ana.page.viewport_size
    assert box
    assert window
    assert 100 < box["height"] < window["height"] / 2
    expect(ana.page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)


def test_a_draft_is_kept_for_each_room_over_an_edit_and_across_a_reload(ana: Person) -> None:
    ana.say("said")
    ana.expect_line("said")
    expect(ana.page.locator(".pending, .sent")).to_have_count(0)
    ana.box.press("ArrowUp")
    expect(ana.box).to_have_value("said")
    ana.box.press("Escape")
    expect(ana.box).to_have_value("")
    ana.box.fill("unfinished")
    ana.expect_line("said").hover()
    ana.page.get_by_role("button", name="Edit").click()
    expect(ana.box).to_have_value("said")
    ana.page.get_by_role("button", name="Cancel").click()
    expect(ana.box).to_have_value("unfinished")

    here, there = ana.page.url.split("#")[1], a_room()
    ana.page.evaluate("room => { location.hash = room }", there)
    expect(ana.box).to_have_value("")
    ana.box.fill("something else")
    ana.page.evaluate("room => { location.hash = room }", here)
    expect(ana.box).to_have_value("unfinished")
    ana.page.reload()
    ana.expect_live()
    expect(ana.box).to_have_value("unfinished")


def test_a_command_is_chosen_with_the_keyboard_from_a_menu_that_fits_a_phone(ana: Person) -> None:
    ana.box.type("/remi")
    options = ana.page.get_by_role("option")
    expect(options).to_have_text([re.compile("/remind"), re.compile("/reminders")])
    menu, composer = ana.page.get_by_role("listbox").bounding_box(), ana.page.locator("#composer").bounding_box()
    assert menu
    assert composer
    assert composer["x"] < menu["x"] < menu["x"] + menu["width"] < composer["x"] + composer["width"]
    ana.box.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect_accessible(ana.page)
    ana.box.press("Enter")
    expect(ana.box).to_have_value("/reminders ")
    expect(options).to_have_count(0)
    ana.box.press("Enter")
    expect(ana.page.locator(".notice")).to_contain_text("no reminders")
    expect(ana.lines).to_have_count(0)

    ana.page.set_viewport_size({"width": 390, "height": 700})
    ana.box.type("/")
    expect(options.first).to_be_in_viewport()
    ana.box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(options.last).to_be_in_viewport()
    ana.page.get_by_role("button", name="Rooms").click()  # the menu does not cover the header
    expect(ana.page.locator("#my-rooms")).to_be_visible()


def test_a_mistyped_command_is_no_message_and_comes_back_unless_the_box_is_in_use_again(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(a_room())
    ana.say("/nonsense at all")
    expect(page.get_by_role("alert")).to_contain_text("There is no command /nonsense")
    expect(ana.box).to_have_value("/nonsense at all")
    expect(page.locator(".message, .timeline-note.error")).to_have_count(0)
    ana.box.press_sequentially(" ")
    expect(page.get_by_role("alert")).to_be_hidden()

    wire.keeps = lambda frame: frame["type"] == "ack" or frame.get("data", {}).get("code") == "unknown_command"
    ana.say("/nonsense at all")
    until(page, lambda: any("unknown_command" in frame for frame in wire.kept))
    ana.box.fill("the next line")
    wire.release()
    expect(page.locator(".timeline-note.error")).to_contain_text("You typed: /nonsense at all")
    expect(ana.box).to_have_value("the next line")
    expect(page.locator(".message")).to_have_count(0)


def test_who_is_typing_is_shown_and_told_and_nothing_moves(chat: Chat, ana: Person) -> None:
    room = ana.page.url.split("#")[1]
    names = ("bo", "cy", "dee", "eve")
    with Crowd(chat, room, *names) as others:
        ana.expect_here(*names)
        typing, log = ana.page.locator("#typing"), ana.page.locator("#log")
        before = log.bounding_box()

        others.send("bo", "typing")
        expect(typing).to_have_text(re.compile("bo.* is typing"))
        for name in names[1:]:
            others.send(name, "typing")
        expect(typing).to_have_text(re.compile("bo.*, .*cy.* and 2 others are typing"))
        assert log.bounding_box() == before

        others.say(["h"] * len(names))
        expect(typing).to_be_empty()
        expect(ana.lines).to_have_count(len(names))
        assert log.bounding_box() == before

        ana.box.type("h")
        others.hear("bo", type="typing", user="ana")
