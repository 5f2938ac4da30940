"""Rooms, who is in them, and what was not read yet."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room

Meet = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def test_two_rooms_do_not_leak_into_each_other(chat: Chat, new_person: Meet, room: str) -> None:
    ana, bo = Person(new_person(), chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(a_room())
    ana.say("for this room only")
    ana.expect_line("for this room only")
    bo.say("elsewhere")
    bo.expect_line("elsewhere")

    assert ana.texts() == ["for this room only"]
    assert bo.texts() == ["elsewhere"]
    expect(ana.page.locator("#people-list li")).to_have_count(1)


def test_who_comes_later_sees_who_is_there_and_what_was_said(chat: Chat, new_person: Meet, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    ana.say("first")
    ana.expect_line("first")

    bo = Person(new_person(), chat, "bo").enter(room)

    bo.expect_here("ana", "bo")
    bo.expect_line("first")
    ana.expect_here("ana", "bo")


def test_a_person_with_several_tabs_is_in_the_roster_once(chat: Chat, new_person: Meet, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    tabs = [Person(new_person(), chat, "bo").enter(room) for _ in range(2)]
    ana.expect_here("bo")
    expect(ana.page.locator("#people-list li")).to_have_count(2)
    expect(ana.page.locator("#count")).to_have_text("2 here")

    tabs[0].page.goto("about:blank")
    tabs[1].say("still here")
    ana.expect_line("still here")
    expect(ana.page.locator("#people-list li")).to_have_count(2)


def test_a_room_is_created_by_name_and_is_in_the_address(chat: Chat, new_person: Meet) -> None:
    ana = Person(new_person(), chat, "ana").enter()
    name = a_room()

    ana.page.get_by_label("Join or create a room").fill(f"#{name.upper()}")
    ana.page.get_by_label("Join or create a room").press("Enter")

    expect(ana.page).to_have_url(f"{chat.url}/#{name}")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text(name)
    expect(ana.page.get_by_text("Break the silence.")).to_be_visible()
    ana.page.go_back()
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")
    ana.page.reload()
    expect(ana.page.get_by_role("link", name=name)).to_be_visible()


def test_a_name_that_cannot_be_a_room_is_refused_in_words(chat: Chat, new_person: Meet) -> None:
    ana = Person(new_person(), chat, "ana").enter()

    ana.page.get_by_label("Join or create a room").fill("no/such")
    ana.page.get_by_label("Join or create a room").press("Enter")

    expect(ana.page.locator(".error")).to_contain_text("a room is 1 to 32 letters")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")
    expect(ana.page.get_by_role("navigation").get_by_role("link")).to_have_count(1)


def test_commands_enter_and_leave_rooms(chat: Chat, new_person: Meet, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter()

    ana.say(f"/join {room}")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text(room)
    ana.expect_here("ana")
    ana.say("/leave")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")
    expect(ana.page.get_by_role("link", name=room)).to_have_count(0)


def test_messages_elsewhere_are_counted_and_begin_at_a_line_when_one_returns(
    chat: Chat, new_person: Meet, room: str
) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    bo.say("read")
    ana.expect_line("read")
    ana.page.get_by_role("link", name="lobby").click()
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")
    bo.say("one")
    bo.say("two")

    badge = ana.page.get_by_role("link", name=room).locator(".badge")
    expect(badge).to_have_text("2 unread")
    expect(ana.page).to_have_title(re.compile(r"^\(\d+\) "))
    ana.page.get_by_role("link", name=room).click()

    ana.expect_line("two")
    rows = ana.page.locator("#log li:is(.line, .unread)")
    expect(rows.nth(1)).to_have_text("New")
    expect(rows).to_have_count(4)
    expect(badge).to_have_count(0)
    ana.say("answer")
    expect(ana.page.locator(".unread")).to_have_count(0)


def test_what_was_said_while_one_was_away_is_marked_after_a_reload(chat: Chat, new_person: Meet, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    bo.say("read")
    ana.expect_line("read")
    session = ana.page.evaluate("({...sessionStorage})")
    ana.page.goto("about:blank")
    bo.say("unread")
    bo.expect_line("unread")

    ana.page.add_init_script(f"Object.assign(sessionStorage, {session})")
    ana.page.goto(f"{chat.url}/#{room}")

    ana.expect_line("unread")
    expect(ana.page.locator("#log li:is(.line, .unread)").nth(1)).to_have_text("New")


def test_the_invite_link_leads_into_the_room(chat: Chat, new_person: Meet, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    ana.page.get_by_role("button", name="Invite").click()

    expect(ana.page.locator(".notice")).to_contain_text("Copied")
    assert ana.page.evaluate("navigator.clipboard.readText()") == f"{chat.url}/#{room}"


def test_comings_and_goings_in_a_row_are_one_line(chat: Chat, new_person: Meet, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    others = [Person(new_person(), chat, name).enter(room) for name in ("bo", "cy", "dee", "eve")]

    others[0].page.goto("about:blank")

    presence = ana.page.locator(".presence")
    expect(presence).to_have_text(re.compile("cy.*dee.*eve.* joined · .*bo.* left"))
    expect(presence).to_have_count(1)
