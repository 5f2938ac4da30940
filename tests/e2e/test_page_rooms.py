"""Rooms, who is in them, and what was not read yet."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, Wire, a_room, come_online, until

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def test_who_enters_a_room_sees_its_people_and_its_history_and_nothing_of_another_room(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    other_room = a_room()
    with Crowd(chat, room, "ana") as here, Crowd(chat, other_room, "bo") as elsewhere:
        here.say(["first"])
        elsewhere.say(["elsewhere"])
        cy = Person(new_person(), chat, "cy").enter(room)
        cy.expect_line("first")
        cy.expect_here("ana", "cy")
        expect(cy.page.locator("#people-list li")).to_have_count(2)
        cy.say("for this room only")
        cy.expect_line("for this room only")
        assert cy.texts() == ["first", "for this room only"]

        cy.enter_room(other_room)
        cy.expect_line("elsewhere")
        cy.expect_here("bo", "cy")
        expect(cy.page.locator("#people-list li")).to_have_count(2)
        here.say(["not for the other one"])
        elsewhere.say(["again elsewhere"])
        cy.expect_line("again elsewhere")
        assert cy.texts() == ["elsewhere", "again elsewhere"]


def test_who_comes_and_goes_is_in_the_roster_once_and_in_one_line_of_the_log(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    people, presence = ana.page.locator("#people-list li"), ana.page.locator(".presence")
    with Crowd(chat, room, "bo") as tab, Crowd(chat, room, "bo") as other_tab:
        ana.expect_here("ana", "bo")
        expect(people).to_have_count(2)
        expect(ana.page.locator("#people-count")).to_have_text("2 here")

        tab.leave("bo")
        other_tab.say(["still here"])
        ana.expect_line("still here")
        expect(people).to_have_count(2)
        expect(presence).to_have_count(1)

        with Crowd(chat, room, "cy", "dee", "eve"):
            ana.expect_here("cy", "dee", "eve")
            other_tab.leave("bo")
            expect(presence.last).to_have_text(re.compile("(?=.*cy)(?=.*dee)(?=.*eve).* joined · .*bo.* left"))
            expect(presence).to_have_count(2)  # one before what bo said, one after it
            expect(people).to_have_count(4)


def test_a_room_that_cannot_be_entered_is_told_in_words_and_what_was_typed_stays(
    chat: Chat, new_person: NewPerson
) -> None:
    ana = Person(new_person(), chat, "ana").enter()
    box, problem = ana.page.get_by_label("Join or create a room"), ana.page.locator("#room-problem")

    problems = {"no such": "no spaces", "größe": "cannot be in a name", "": "a name", "~a1": "no such room"}
    for typed, told in problems.items():
        box.fill(typed)
        box.press("Enter")
        expect(problem).to_contain_text(told)
        expect(box).to_have_value(typed)
        expect(box).to_be_focused()
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")
    expect(ana.page.get_by_role("navigation").get_by_role("link")).to_have_count(1)
    expect(ana.page.locator(".timeline-note.error")).to_have_count(0)

    ana.page.evaluate("location.hash = 'no/such'")
    expect(ana.page.locator(".timeline-note.error")).to_contain_text("A room is 1 to 32 letters")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")


def test_rooms_are_entered_and_left_by_the_list_and_by_commands_and_the_address_names_the_room(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter()
    heading, in_list = ana.page.get_by_role("heading", level=1), ana.page.get_by_role("link", name=room)
    expect(ana.page.get_by_role("button", name="Leave")).to_have_count(0)  # the lobby cannot be left

    ana.page.get_by_label("Join or create a room").fill(f"#{room.upper()}")
    ana.page.get_by_label("Join or create a room").press("Enter")
    expect(ana.page).to_have_url(f"{chat.url}/#{room}")
    expect(heading).to_have_text(room)
    expect(ana.page.get_by_text("Break the silence.")).to_be_visible()
    ana.page.go_back()
    expect(heading).to_have_text("lobby")
    ana.page.reload()
    expect(in_list).to_be_visible()

    in_list.click()
    ana.expect_joined(room)
    ana.page.get_by_role("button", name=f"Leave {room}").click()
    ana.expect_joined("lobby")
    expect(in_list).to_have_count(0)
    expect(ana.box).to_be_focused()

    ana.say(f"/join {room}")
    ana.expect_joined(room)
    ana.say("/leave")
    expect(heading).to_have_text("lobby")
    expect(in_list).to_have_count(0)


def test_what_was_said_elsewhere_is_counted_and_marked_by_a_line_also_after_a_reload(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    with Crowd(chat, room, "bo") as bo:
        ana = Person(new_person(), chat, "ana").enter(room)
        bo.say(["read"])
        ana.expect_line("read")
        link = ana.page.get_by_role("link", name=room)
        badge, rows = link.locator(".badge"), ana.page.locator("#log li:is(.message, .unread)")
        ana.enter_room("lobby")

        link.focus()
        bo.say(["one"])
        expect(badge).to_have_text("1 unread")
        expect(link).to_be_focused()
        bo.say(["two"])
        expect(badge).to_have_text("2 unread")
        expect(ana.page).to_have_title(re.compile(r"^\(\d+\) "))
        link.click()

        ana.expect_line("two")
        expect(rows.nth(1)).to_have_text("New")
        expect(rows).to_have_count(4)
        expect(badge).to_have_count(0)
        ana.say("answer")
        expect(ana.page.locator(".unread")).to_have_count(0)
        expect(ana.expect_line("answer")).not_to_have_class(re.compile("pending|sent"))

        session = ana.page.evaluate("({...sessionStorage})")
        ana.page.goto("about:blank")
        bo.say(["unread"])
        ana.page.add_init_script(f"Object.assign(sessionStorage, {session})")
        ana.page.goto(f"{chat.url}/#{room}")

        ana.expect_line("unread")
        expect(rows.nth(4)).to_have_text("New")
        expect(rows).to_have_count(6)


def test_the_rooms_of_others_are_offered_when_the_drawer_opens(chat: Chat, new_person: NewPerson) -> None:
    page, room = new_person(), f"open{a_room()}"
    page.set_viewport_size({"width": 390, "height": 844})
    listed = page.locator("#other-rooms").get_by_role("link", name=room)

    with Crowd(chat, room, "bo"):
        ana = Person(page, chat, "ana").enter()
        expect(page.get_by_text("Also open")).to_be_hidden()
        until_listed(page, chat, room)
        page.get_by_role("button", name="Rooms").click()
        expect(page.get_by_text("Also open")).to_be_visible()
        expect(listed).to_contain_text("1 here")
        expect(page.locator("#other-rooms").get_by_role("link", name="lobby")).to_have_count(0)
        listed.click()

        ana.expect_joined(room)
        page.get_by_role("button", name="Rooms").click()
        expect(page.locator("#my-rooms").get_by_role("link", name=room)).to_be_visible()
        expect(listed).to_have_count(0)
        ana.expect_here("ana", "bo")


def until_listed(page: Page, chat: Chat, room: str) -> None:
    """Wait until the server lists the room: it learns of rooms a little later than people enter them."""
    until(page, lambda: room in page.request.get(f"{chat.url}/rooms").text())


def test_the_rooms_of_others_are_at_most_eight_and_hidden_when_the_server_names_none(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    page.clock.install()
    answers: list[dict[str, object] | None] = [{"rooms": [{"room": f"room{n}", "count": n} for n in range(30, 0, -1)]}]

    def tell(route: Route) -> None:
        if answers[-1] is None:
            route.abort()
        else:
            route.fulfill(json=answers[-1])

    page.route("**/rooms", tell)
    Person(page, chat, "ana").enter()
    others = page.locator("#other-rooms")
    expect(others.get_by_role("link")).to_have_count(8)
    expect(others.get_by_role("link").first).to_have_text("room3030 here")

    nothing: list[dict[str, object] | None] = [{"rooms": []}, {"error": {"code": "x", "message": "no"}}, None]
    for answer in nothing:
        answers.append(answer)
        page.clock.fast_forward(61_000)
        expect(page.get_by_text("Also open")).to_be_hidden()
        answers.append(answers[0])
        page.clock.fast_forward(61_000)
        expect(page.get_by_text("Also open")).to_be_visible()


def test_a_room_is_joined_though_it_was_left_or_the_connection_ended(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter("lobby")

    # Who leaves the lobby while in it joins it again.
    joins = len(wire.received("joined"))
    ana.say("/leave")
    until(page, lambda: len(wire.received("joined")) > joins)
    ana.say("still here")
    ana.expect_line("still here")
    expect(page.locator(".pending, .sent, .failed")).to_have_count(0)

    # The connection ends before the answer to the join.
    wire.answer = lambda frame: [] if frame.get("event") == "join" else None
    page.evaluate("room => { location.hash = room }", room)
    expect(page.get_by_role("heading", level=1)).to_have_text(room)
    expect(page.locator("#my-rooms li")).to_have_count(2)
    wire.answer = lambda frame: None
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")
    come_online(page)
    ana.expect_joined(room)
    ana.say("made it")
    ana.expect_line("made it")

    # The room is entered while the socket is being recovered.
    other_room = a_room()
    with Crowd(chat, other_room, "bo") as bo:
        page.evaluate("() => { Math.random = () => 60 }")  # long waits, so that only the button ends them
        wire.refuses_with = 4002
        wire.cut()
        expect(ana.status).to_contain_text("Reconnecting")
        page.evaluate("room => { location.hash = room }", other_room)
        wire.refuses_with = None
        page.get_by_role("button", name="Try now").click()
        ana.expect_here("ana", "bo")
        bo.say(["welcome"])
        ana.expect_line("welcome")
        assert "awps_reconnection_token=" in wire.urls[-1]


def test_the_address_of_the_room_is_copied_or_shown_to_be_copied_by_hand(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ana = Person(page, chat, "ana").enter(room)
    page.get_by_role("button", name="Room settings").click()
    copy, address = page.get_by_role("button", name="Copy the address"), page.get_by_label("Address of the room")

    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('denied')) }")
    copy.click()
    expect(address).to_have_value(f"{chat.url}/#{room}")
    expect(address).to_be_focused()
    expect(page.locator("#panel")).not_to_contain_text("Copied")
    assert ana.texts() == []

    page.evaluate("delete navigator.clipboard.writeText")
    copy.click()
    expect(page.locator("#panel")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{chat.url}/#{room}"
