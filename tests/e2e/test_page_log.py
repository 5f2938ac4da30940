"""The page shows the room's log: what is missing, what is on its way, what is unread, and who is there."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Frame, Person, Wire, a_room, come_online, react, until

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def go_offline(person: Person, wire: Wire) -> None:
    """End the connection for good, and refuse every other one."""
    wire.refuses_with = 1008
    wire.cut(code=1008)
    expect(person.status).to_contain_text("Reconnecting")


def go_online(person: Person, wire: Wire) -> None:
    wire.refuses_with = None
    come_online(person.page)
    person.expect_live()


def is_since(frame: Frame) -> bool:
    return bool(frame.get("data", {}).get("type") == "since")


def test_a_lost_frame_is_marked_where_it_is_and_filled(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    bo.say("one")
    ana.expect_line("one")
    wire.keeps = lambda frame: frame.get("data", {}).get("message") == "two"
    bo.say("two")
    until(page, lambda: len(wire.kept) == 1)
    wire.kept.clear()
    wire.keeps = is_since
    bo.say("three")

    rows = page.locator("#log li:is(.message, .gap)")
    expect(rows.nth(1)).to_contain_text("1 message is not loaded.")
    expect(rows).to_have_count(3)
    wire.release()
    ana.expect_line("two")
    assert ana.texts() == ["one", "two", "three"]
    expect(page.locator(".gap")).to_have_count(0)


def test_a_lost_frame_that_nothing_follows_is_fetched_when_the_roster_tells_the_head(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    wire.keeps = lambda frame: frame.get("data", {}).get("message") == "lost"
    bo.say("lost")
    until(page, lambda: len(wire.kept) == 1)
    wire.kept.clear()
    wire.keeps = lambda frame: False

    bo.page.goto("about:blank")  # somebody leaves: the page asks who is there

    ana.expect_line("lost")
    assert wire.events("since")


def test_a_long_absence_is_marked_until_every_message_is_there(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    ana.say("before")
    ana.expect_line("before")
    go_offline(ana, wire)
    with Crowd(chat, room, *(f"user{n}" for n in range(4))) as crowd:
        crowd.say(f"missed {n}" for n in range(1500))

    go_online(ana, wire)
    expect(page.locator(".message", has_text=re.compile("missed")).last).to_be_in_viewport()
    assert len(wire.received("since")) == 1

    gap = page.locator(".gap")
    rows = page.locator("#log li:is(.message, .gap)")
    until(page, lambda: ana.scroll_to_top() and "before" in rows.first.inner_text())
    expect(gap).to_contain_text("messages are not loaded")
    expect(rows.nth(1)).to_have_class(re.compile("gap"))
    wire.keeps = lambda frame: is_since(frame) and frame["data"]["after"] == 1
    load = "[...document.querySelectorAll('.gap button')].map(button => button.click()).length"
    until(page, lambda: ana.scroll_to_top() and page.evaluate(load) == 1)
    until(page, lambda: len(wire.kept) == 1)  # all but the last page is there
    until(page, lambda: ana.scroll_to_top() and gap.count() == 1)
    wire.release()

    until(page, lambda: ana.scroll_to_top() and "before" in rows.first.inner_text() and gap.count() == 0)
    said = ana.all_texts()
    assert len(said) == 1501
    assert said[0] == "before"
    assert sorted(said[1:], key=lambda text: int(text.split()[1])) == [f"missed {n}" for n in range(1500)]


def test_an_edit_and_a_reaction_made_offline_arrive_after_the_reconnect(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    ana.say("tpyo")
    bo.say("cake?")
    ana.expect_line("cake?")
    ana.expect_line("tpyo")
    go_offline(ana, wire)

    ana.box.press("ArrowUp")
    ana.say("typo")
    expect(ana.expect_line("typo")).to_contain_text("Sending the edit…")
    react(ana, "cake?", "🎉")
    expect(page.locator(".reactions button")).to_have_class("sending")
    page.reload()
    expect(ana.status).to_contain_text("Reconnecting")
    go_online(ana, wire)

    bo.expect_line("typo")
    for person in (ana, bo):
        expect(person.page.locator(".reactions button")).to_have_text("🎉 1")
        expect(person.expect_line("typo")).to_contain_text("edited")
    expect(page.locator(".reactions button")).not_to_have_class("sending")
    expect(page.locator(".error")).to_have_count(0)


def test_a_change_that_is_refused_is_undone_and_says_why(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(room)
    ana.say("short lived")
    bo.expect_line("short lived")
    ana.expect_line("short lived")
    go_offline(ana, wire)
    ana.box.press("ArrowUp")
    ana.say("edited too late")
    other = Person(new_person(), chat, "ana").enter(room)
    other.expect_line("short lived").hover()
    delete = other.page.get_by_role("button", name="Delete")
    delete.click()
    delete.click()
    bo.expect_line("Message deleted")

    go_online(ana, wire)

    failed = ana.expect_line("Message deleted").locator(".failed-note")
    expect(failed).to_contain_text("This message is not there any more.")
    failed.get_by_role("button", name="Discard").click()
    expect(failed).to_have_count(0)


def test_unread_messages_are_exact_on_a_second_device_and_read_on_both(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    first = Person(new_person(), chat, "ana").enter(room)
    with Crowd(chat, room, "bo", "cy") as crowd:
        crowd.say(["read"])
        first.expect_line("read")
        first.enter_room("lobby")
        crowd.say(f"unread {n}" for n in range(130))

        second = Person(new_person(), chat, "ana").enter("lobby")
        badges = [device.page.get_by_role("link", name=room).locator(".badge") for device in (first, second)]
        for badge in badges:
            expect(badge).to_have_text("130 unread")
        crowd.say(["one more"])
        for badge in badges:
            expect(badge).to_have_text("131 unread")

        first.enter_room(room)
        first.page.locator("#new-messages").click()
        for badge in badges:
            expect(badge).to_have_count(0)


def test_rooms_are_the_same_on_all_devices(chat: Chat, new_person: NewPerson, room: str) -> None:
    first = Person(new_person(), chat, "ana").enter(room)

    second = Person(new_person(), chat, "ana").enter("lobby")
    link = second.page.locator("#my-rooms").get_by_role("link", name=room)
    expect(link).to_be_visible()

    first.say("/leave")
    expect(first.page.get_by_role("heading", level=1)).to_have_text("lobby")
    come_back(second.page)
    expect(link).to_have_count(0)


def come_back(page: Page) -> None:
    """Tell the page that its tab is visible again."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_people_beyond_the_first_hundred_are_counted(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    with Crowd(chat, room, *(f"user{n:03}" for n in range(119))):
        ana = Person(page, chat, "ana").enter(room)

        expect(page.locator("#people-count")).to_have_text("120 here")
        expect(page.get_by_role("complementary")).to_contain_text(re.compile(r"and \d+ more"))
        bo = Person(new_person(), chat, "bo").enter(room)
        expect(page.locator("#people-count")).to_have_text("121 here")
        bo.page.goto("about:blank")
        expect(page.locator("#people-count")).to_have_text("120 here")
        ana.enter_room(a_room())
        expect(page.get_by_role("complementary")).not_to_contain_text("more")


def test_the_beginning_of_a_room_is_named(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as crowd:
        crowd.say(f"message {n}" for n in range(120))
    ana.page.reload()
    ana.expect_line("message 119")
    expect(ana.page.get_by_text("This is where")).to_have_count(0)

    start = ana.page.get_by_text(f"This is where #{room} began.")
    until(ana.page, lambda: ana.scroll_to_top() and start.is_visible())
    ana.expect_line("message 0")
