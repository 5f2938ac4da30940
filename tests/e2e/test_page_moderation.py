"""Moderation at the page: commands that are typed, acts as quiet lines, and the rules of the room at the composer."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room, actions_of

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def answer_with(person: Person, text: str, command: str) -> None:
    """Type a command about a message, as a reply to it."""
    actions_of(person, text).get_by_role("button", name="Reply").click()
    person.say(command)


def acts(person: Person, count: int) -> list[str]:
    """Wait for so many acts in the log, and return them without the marks around names."""
    lines = person.page.locator(".timeline-note.act")
    expect(lines).to_have_count(count)
    return [re.sub("[\u2068\u2069]", "", text) for text in lines.all_inner_texts()]


def test_moderators_act_by_commands_that_are_quiet_lines_and_rules_at_the_composer(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter()
    ana.say(f"/create public {room}")
    ana.expect_joined(room)
    bo = Person(new_person(), chat, "bo").enter(room)
    ana.expect_here("bo")
    rule = bo.page.locator("#rule")
    expect(rule).to_be_hidden()

    # A pinned message is marked for everybody.
    bo.say("the rules of this room")
    answer_with(ana, "the rules of this room", "/pin")
    pinned = bo.page.locator(".message.pinned", has_text="the rules of this room")
    expect(pinned.locator(".note")).to_have_text("pinned")

    # The composer says what holds.
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

    assert acts(bo, 6) == [
        "ana pinned a message",
        "ana muted bo for 10 minutes",
        "ana unmuted bo",
        "ana set slow mode: 30 seconds",
        "ana closed the room: only its moderators can write",
        "ana opened the room again",
    ]
    assert "too loud" not in bo.page.locator("#log").inner_text()

    # All of it holds after a reload.
    bo.page.reload()
    expect(rule).to_have_text("Slow mode: one message in 30 seconds.")
    expect(pinned).to_have_count(1)
    answer_with(ana, "the rules of this room", "/unpin")
    expect(pinned).to_have_count(0)

    # Who is banned does not get back in, and reads why not.
    ana.say("/ban bo 1d spam")
    assert acts(ana, 8)[-1] == "ana banned bo for 1 day"
    expect(bo.page.locator("#log")).to_contain_text("You are banned from")  # the page has left the room
    bo.page.evaluate("room => { location.hash = 'lobby'; location.hash = room }", room)
    expect(bo.page.locator(".timeline-note.error").first).to_contain_text("You are banned from this room")
    ana.say("are we alone")
    ana.expect_line("are we alone")
    expect(bo.page.locator("#log")).not_to_contain_text("are we alone")

    # The menu has these commands, and its last one can be seen.
    ana.box.fill("/un")
    options = ana.page.locator("#command-menu li")
    for command in ("/unmute bo", "/unban bo", "/unpin"):
        expect(options.get_by_text(command, exact=True)).to_be_visible()
    ana.box.fill("/")
    expect(options.first).to_contain_text("/help")
    ana.box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(options.last).to_be_in_viewport()
