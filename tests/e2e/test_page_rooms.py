"""Rooms, who is in them, and what was not read yet."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, Wire, a_room, until

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def test_a_room_shows_no_message_of_another(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = Person(new_person(), chat, "ana").enter(room), Person(new_person(), chat, "bo").enter(a_room())
    ana.say("for this room only")
    ana.expect_line("for this room only")
    bo.say("elsewhere")
    bo.expect_line("elsewhere")

    assert ana.texts() == ["for this room only"]
    assert bo.texts() == ["elsewhere"]
    expect(ana.page.locator("#people-list li")).to_have_count(1)


def test_who_joins_later_sees_the_roster_and_the_history(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    ana.say("first")
    ana.expect_line("first")

    bo = Person(new_person(), chat, "bo").enter(room)

    bo.expect_here("ana", "bo")
    bo.expect_line("first")
    ana.expect_here("ana", "bo")


def test_a_person_with_several_tabs_is_in_the_roster_once(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    tabs = [Person(new_person(), chat, "bo").enter(room) for _ in range(2)]
    ana.expect_here("bo")
    expect(ana.page.locator("#people-list li")).to_have_count(2)
    expect(ana.page.locator("#people-count")).to_have_text("2 here")

    tabs[0].page.goto("about:blank")
    tabs[1].say("still here")
    ana.expect_line("still here")
    expect(ana.page.locator("#people-list li")).to_have_count(2)


def test_a_room_is_created_by_name_and_is_in_the_address(chat: Chat, new_person: NewPerson) -> None:
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


def test_a_room_that_cannot_be_joined_is_told_at_the_box_and_what_was_typed_stays(
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


def test_a_room_that_is_not_in_the_address_is_told_in_words(chat: Chat, new_person: NewPerson) -> None:
    ana = Person(new_person(), chat, "ana").enter()

    ana.page.evaluate("location.hash = 'no/such'")

    expect(ana.page.locator(".timeline-note.error")).to_contain_text("A room is 1 to 32 letters")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")


def test_one_control_in_the_list_leaves_a_room_but_not_the_lobby(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter()
    expect(ana.page.get_by_role("button", name="Leave")).to_have_count(0)
    ana.enter_room(room)

    ana.page.get_by_role("button", name=f"Leave {room}").click()

    ana.expect_joined("lobby")
    expect(ana.page.get_by_role("link", name=room)).to_have_count(0)
    expect(ana.box).to_be_focused()


def test_commands_enter_and_leave_rooms(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter()

    ana.say(f"/join {room}")
    ana.expect_joined(room)
    ana.say("/leave")
    expect(ana.page.get_by_role("heading", level=1)).to_have_text("lobby")
    expect(ana.page.get_by_role("link", name=room)).to_have_count(0)


def test_messages_in_another_room_are_counted_and_marked_by_a_line(
    chat: Chat, new_person: NewPerson, room: str
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
    rows = ana.page.locator("#log li:is(.message, .unread)")
    expect(rows.nth(1)).to_have_text("New")
    expect(rows).to_have_count(4)
    expect(badge).to_have_count(0)
    ana.say("answer")
    expect(ana.page.locator(".unread")).to_have_count(0)


def test_what_was_said_while_one_was_away_is_marked_after_a_reload(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
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
    expect(ana.page.locator("#log li:is(.message, .unread)").nth(1)).to_have_text("New")


def test_the_rooms_of_others_are_offered_when_the_drawer_opens(chat: Chat, new_person: NewPerson) -> None:
    page, room = new_person(), f"open{a_room()}"
    page.set_viewport_size({"width": 390, "height": 844})
    ana = Person(page, chat, "ana").enter()
    expect(page.get_by_text("Also open")).to_be_hidden()
    bo = Person(new_person(), chat, "bo").enter(room)
    listed = page.locator("#other-rooms").get_by_role("link", name=room)

    until_listed(page, chat, room)
    page.get_by_role("button", name="Rooms").click()
    expect(page.get_by_text("Also open")).to_be_visible()
    expect(listed).to_contain_text("1 here")
    expect(page.locator("#other-rooms").get_by_role("link", name="lobby")).to_have_count(0)
    listed.click()

    bo.expect_here("ana")
    page.get_by_role("button", name="Rooms").click()
    expect(page.locator("#my-rooms").get_by_role("link", name=room)).to_be_visible()
    expect(listed).to_have_count(0)
    ana.expect_here("bo")


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


def test_who_leaves_the_lobby_while_in_it_joins_it_again(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter("lobby")
    joins = len(wire.received("joined"))

    ana.say("/leave")
    until(page, lambda: len(wire.received("joined")) > joins)
    ana.say("still here")

    ana.expect_line("still here")
    expect(ana.page.locator(".pending, .sent, .failed")).to_have_count(0)


def test_a_room_entered_while_the_socket_is_being_recovered_is_joined(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.add_init_script("Math.random = () => 60")  # long waits, so that only the button ends them
    wire = Wire(page)
    ana, bo = Person(page, chat, "ana").enter(), Person(new_person(), chat, "bo").enter(room)
    wire.refuses_with = 4002
    wire.cut()
    expect(ana.status).to_contain_text("Reconnecting")

    page.evaluate("room => { location.hash = room }", room)
    wire.refuses_with = None
    page.get_by_role("button", name="Try now").click()

    ana.expect_here("ana", "bo")
    bo.say("welcome")
    ana.expect_line("welcome")
    assert "awps_reconnection_token=" in wire.urls[-1]


def test_a_room_is_kept_when_the_connection_ends_before_it_was_joined(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    wire.answer = lambda frame: [] if frame.get("event") == "join" else None
    page.evaluate("room => { location.hash = room }", room)
    expect(page.get_by_role("heading", level=1)).to_have_text(room)
    expect(page.locator("#my-rooms li")).to_have_count(2)

    wire.answer = lambda frame: None
    wire.cut(code=1008)

    ana.expect_joined(room)
    ana.say("made it")
    ana.expect_line("made it")


def test_an_address_that_cannot_be_copied_is_shown_to_be_copied_by_hand(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('denied'))")
    ana = Person(page, chat, "ana").enter(room)
    page.get_by_role("button", name="Room settings").click()

    page.get_by_role("button", name="Copy the address").click()

    expect(page.get_by_label("Address of the room")).to_have_value(f"{chat.url}/#{room}")
    expect(page.get_by_label("Address of the room")).to_be_focused()
    expect(page.locator("#panel")).not_to_contain_text("Copied")
    assert ana.texts() == []


def test_the_keyboards_place_in_the_list_of_rooms_is_kept_when_a_badge_appears(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.enter_room("lobby")
    link = ana.page.get_by_role("link", name=room)
    link.focus()

    bo.say("hello")

    expect(link.locator(".badge")).to_have_text("1 unread")
    expect(link).to_be_focused()


def test_the_address_of_the_room_is_copied(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    ana.page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    ana.page.get_by_role("button", name="Room settings").click()
    ana.page.get_by_role("button", name="Copy the address").click()

    expect(ana.page.locator("#panel")).to_contain_text("Copied")
    assert ana.page.evaluate("navigator.clipboard.readText()") == f"{chat.url}/#{room}"


def test_consecutive_joins_and_leaves_are_one_line(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    others = [Person(new_person(), chat, name).enter(room) for name in ("bo", "cy", "dee", "eve")]

    others[0].page.goto("about:blank")

    presence = ana.page.locator(".presence")
    expect(presence).to_have_text(re.compile("cy.*dee.*eve.* joined · .*bo.* left"))
    expect(presence).to_have_count(1)
