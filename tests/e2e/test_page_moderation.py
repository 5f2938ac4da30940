"""Moderation at the page: commands that are typed, acts as quiet lines, and the rules of the room at the composer."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def own_room(chat: Chat, new_person: NewPerson, room: str) -> tuple[Person, Person]:
    """Let ana create a room of her own, and bo enter it."""
    ana = Person(new_person(), chat, "ana").enter()
    ana.say(f"/create public {room}")
    ana.expect_joined(room)
    bo = Person(new_person(), chat, "bo").enter(room)
    ana.expect_here("bo")
    return ana, bo


def acts(person: Person, count: int) -> list[str]:
    """Wait for so many acts in the log, and return them without the marks around names."""
    lines = person.page.locator(".timeline-note.act")
    expect(lines).to_have_count(count)
    return [re.sub("[\u2068\u2069]", "", text) for text in lines.all_inner_texts()]


def test_acts_are_quiet_lines_and_the_composer_says_what_holds(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = own_room(chat, new_person, room)
    rule = bo.page.locator("#rule")
    expect(rule).to_be_hidden()

    ana.say("/mute bo 10m too loud")
    expect(rule).to_have_text("You are muted here for 10 minutes.")
    bo.say("can anybody hear me")
    expect(bo.page.locator(".failed-note")).to_contain_text("You are muted in this room for another 10 minutes")
    bo.page.get_by_role("button", name="Discard").click()
    ana.say("/unmute bo")
    expect(rule).to_be_hidden()
    ana.say("/slow 30s")
    expect(rule).to_have_text("Slow mode: one message in 30 seconds.")
    ana.say("/close")
    expect(rule).to_have_text("This room is closed: only its moderators can write.")
    expect(ana.page.locator("#rule")).to_be_hidden()
    ana.say("/open")
    expect(rule).to_have_text("Slow mode: one message in 30 seconds.")

    assert acts(bo, 5) == [
        "ana muted bo for 10 minutes",
        "ana unmuted bo",
        "ana set slow mode: 30 seconds",
        "ana closed the room: only its moderators can write",
        "ana opened the room again",
    ]
    assert "too loud" not in bo.page.locator("#log").inner_text()
    bo.page.reload()
    expect(rule).to_have_text("Slow mode: one message in 30 seconds.")


def test_a_pinned_message_is_marked_for_everybody_and_after_a_reload(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana, bo = own_room(chat, new_person, room)
    bo.say("the rules of this room")
    line = ana.expect_line("the rules of this room")
    line.hover()
    ana.page.get_by_role("button", name="Reply").click()

    ana.say("/pin")

    pinned = bo.page.locator(".message.pinned", has_text="the rules of this room")
    expect(pinned.locator(".note")).to_have_text("pinned")
    assert acts(bo, 1) == ["ana pinned a message"]
    bo.page.reload()
    expect(pinned).to_have_count(1)
    line.hover()
    ana.page.get_by_role("button", name="Reply").click()
    ana.say("/unpin")
    expect(pinned).to_have_count(0)


def test_who_is_banned_does_not_get_back_in_and_reads_why_not(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = own_room(chat, new_person, room)

    ana.say("/ban bo 1d spam")

    assert acts(ana, 1) == ["ana banned bo for 1 day"]
    bo.page.evaluate("room => { location.hash = 'lobby'; location.hash = room }", room)
    expect(bo.page.locator(".timeline-note.error").first).to_contain_text("You are banned from this room")
    ana.say("are we alone")
    ana.expect_line("are we alone")
    expect(bo.page.locator("#log")).not_to_contain_text("are we alone")


def test_the_menu_of_commands_has_those_of_moderators(chat: Chat, new_person: NewPerson) -> None:
    ana = Person(new_person(), chat, "ana").enter()

    ana.box.fill("/un")

    options = ana.page.locator("#command-menu li").all_inner_texts()
    assert {"/unmute bo", "/unban bo", "/unpin"} <= set(options)

    ana.box.fill("/")
    ana.box.press("ArrowUp")

    last = ana.page.locator("#command-menu li").last
    expect(last).to_have_attribute("aria-selected", "true")
    expect(last).to_be_in_viewport()
