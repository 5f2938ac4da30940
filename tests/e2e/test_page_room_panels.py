"""Rooms that people manage at the page: panels to create a room, invite to it, moderate it and leave it."""

import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_room, actions_of, expect_accessible

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def button(person: Person, name: str) -> Locator:
    return person.page.get_by_role("button", name=name, exact=True)


def panel(person: Person) -> Locator:
    return person.page.locator("#panel")


def open_room_panel(person: Person) -> None:
    button(person, "Room settings").click()
    expect(panel(person).get_by_role("heading", name="Room", exact=True)).to_be_focused()


def open_person(person: Person, name: str) -> None:
    """Open the panel about somebody in the list of people, which stands beside the room."""
    if panel(person).is_visible():
        person.page.keyboard.press("Escape")
    person.page.locator(f"#people-list button[value='{name}']").click()
    expect(panel(person).locator(".person-name")).to_have_text(name)


def create_private(person: Person, title: str) -> None:
    button(person, "New room").click()
    person.page.get_by_label("Private room").check()
    person.page.get_by_label("Title of the room").fill(title)
    button(person, "Create").click()
    person.expect_joined(title)


def own_room(chat: Chat, new_person: NewPerson, room: str) -> tuple[Person, Person]:
    """Let ana create a public room in its panel, and bo enter it."""
    ana = Person(new_person(), chat, "ana").enter()
    button(ana, "New room").click()
    ana.page.get_by_label("Name of the room").fill(room)
    button(ana, "Create").click()
    ana.expect_joined(room)
    bo = Person(new_person(), chat, "bo").enter(room)
    ana.expect_here("bo")
    return ana, bo


def test_a_private_room_from_its_creation_to_the_removal_of_a_member(chat: Chat, new_person: NewPerson) -> None:
    ana, bo = (Person(new_person(), chat, name).enter() for name in ("ana", "bo"))
    ana.expect_here("bo")
    create_private(ana, "Team plans")
    expect(ana.box).to_be_focused()
    expect(ana.page.get_by_role("link", name="private Team plans")).to_be_visible()

    open_room_panel(ana)
    ana.page.get_by_role("group", name="Notify me of").get_by_label("Only mentions of me").check()
    expect(panel(ana)).not_to_contain_text("object")
    for decision in ("Decline", "Accept"):
        ana.page.get_by_label("Invite by name").fill("b")
        ana.page.get_by_role("option", name="bo", exact=True).click()
        button(ana, "Invite").click()
        expect(panel(ana)).to_contain_text("\u2068bo\u2069 is invited.")
        button(bo, f"{decision} Team plans").click()
        expect(bo.page.locator("#invitations")).to_be_hidden()
    bo.expect_joined("Team plans")
    expect(panel(ana)).to_contain_text("Members and roles (2)")

    open_room_panel(bo)
    expect(panel(bo).get_by_role("heading", name="Moderation")).to_be_hidden()
    ana.page.get_by_role("button", name="Members and roles").click()
    ana.page.get_by_label("Role of bo").select_option("moderator")
    expect(panel(ana)).to_contain_text("is moderator now")
    expect(panel(bo).get_by_role("heading", name="Moderation")).to_be_visible()
    expect(panel(bo)).to_contain_text("You are its moderator.")

    panel(ana).get_by_role("button", name="bo").click()
    button(ana, "Remove from the room").click()
    ana.page.keyboard.press("Escape")
    expect(button(ana, "Remove from the room")).to_be_focused()
    button(ana, "Remove from the room").click()
    button(ana, "Remove bo").click()
    expect(panel(ana)).to_contain_text("is no member any more")
    bo.expect_joined("lobby")
    expect(bo.page.locator("#my-rooms")).not_to_contain_text("Team plans")


def choose(person: Person, text: str, action: str) -> None:
    """Let somebody choose an action of the menu at a message."""
    actions = actions_of(person, text)
    actions.get_by_role("button", name="More actions").click()
    actions.get_by_role("button", name=action, exact=True).click()


def test_a_moderators_panels_mute_close_slow_down_find_what_is_reported_pin_and_hand_over_a_public_room(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana, bo = own_room(chat, new_person, room)
    rule = bo.page.locator("#rule")
    with Crowd(chat, room, "cy") as cy:
        cy.say(["buy my things", "the rules of this room"])

    open_person(ana, "bo")
    ana.page.get_by_label("Mute for how long").select_option("for 1 hour")
    ana.page.get_by_label("Reason (optional)").fill("too loud")
    button(ana, "Mute").click()
    expect(panel(ana)).to_contain_text("\u2068bo\u2069 is muted for 1 hour.")
    expect(rule).to_contain_text("You are muted here for")
    open_room_panel(ana)
    expect(panel(ana)).to_contain_text("“too loud”")
    button(ana, "Unmute bo").click()
    expect(rule).to_be_hidden()
    button(ana, "Close the room").click()
    expect(rule).to_contain_text("This room is closed")
    button(ana, "Open the room").click()
    ana.page.get_by_label("Slow mode").select_option("once in 30 seconds")
    expect(rule).to_have_text("Slow mode: one message in 30 seconds.")
    ana.page.get_by_role("button", name="What moderators did").click()
    expect(panel(ana).locator(".acts li")).to_have_count(6)
    expect(panel(ana).locator(".acts li").first).to_contain_text("set slow mode")
    expect_accessible(ana.page)

    choose(bo, "buy my things", "Report")
    panel(bo).get_by_role("button", name="Report", exact=True).click()
    expect(bo.page.get_by_label("What is wrong with it?")).to_have_accessible_description(re.compile("Say what"))
    bo.page.get_by_label("What is wrong with it?").fill("advertising")
    expect_accessible(bo.page)
    bo.page.get_by_label("What is wrong with it?").press("Enter")
    expect(panel(bo)).to_be_hidden()
    expect(bo.page.locator("#announcement")).to_contain_text("The message is reported")

    choose(ana, "the rules of this room", "Pin")
    open_room_panel(ana)
    expect(panel(ana).locator(".pinned-messages")).to_contain_text("the rules of this room")
    expect_accessible(ana.page)
    ana.page.get_by_role("button", name="Reported messages (1)").click()
    queue = panel(ana).locator(".reports")
    expect(queue).to_contain_text("buy my things")
    expect(queue).to_contain_text("advertising")
    expect_accessible(ana.page)
    panel(ana).get_by_role("button", name="Delete", exact=True).click()
    button(ana, "Delete the message").click()
    expect(panel(ana)).to_contain_text("Nothing is reported.")
    expect(panel(ana)).to_contain_text("The message is deleted.")
    expect(bo.page.locator(".message.deleted")).to_have_count(1)

    open_room_panel(bo)
    expect(panel(bo).locator(".pinned-messages").get_by_role("button")).to_have_count(1)
    panel(bo).get_by_role("button", name="the rules of this room").click()
    expect(bo.expect_line("the rules of this room")).to_be_focused()
    button(ana, "Back to the room").click()
    ana.page.get_by_role("button", name="Unpin the rules of this room").click()
    expect(panel(bo).locator(".pinned-messages")).to_be_hidden()

    open_person(ana, "bo")
    button(ana, "Hand the room over").click()
    button(ana, "Make bo the owner").click()
    expect(panel(ana)).to_contain_text("owner of this room")
    expect(button(ana, "Ban")).to_be_hidden()
    open_person(bo, "ana")
    button(bo, "Ban").click()
    button(bo, "Ban ana").click()
    ana.expect_joined("lobby")
    open_room_panel(bo)
    button(bo, "Unban ana").click()
    expect(panel(bo)).to_contain_text("Banned: nobody")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()


def test_panels_open_and_close_and_a_room_is_made_and_left_by_keyboard_alone(chat: Chat, new_person: NewPerson) -> None:
    with Crowd(chat, "lobby", "zoltan"):
        ana = Person(new_person(), chat, "ana").enter()
        ana.expect_here("zoltan")
        page, keys = ana.page, ana.page.keyboard
        shortcuts = page.get_by_role("complementary", name="Keys")
        ana.box.press("?")
        expect(shortcuts).to_have_count(0)
        ana.box.fill("")
        ana.log.focus()
        keys.press("?")
        expect(shortcuts.get_by_role("heading", name="Keys")).to_be_focused()
        keys.press("Escape")
        expect(shortcuts).to_be_hidden()
        expect(ana.log).to_be_focused()
        keys.press("?")
        shortcuts.get_by_role("button", name="Close").click()
        expect(shortcuts).to_be_hidden()

        tab_to(page, button(ana, "New room"))
        keys.press("Enter")
        expect(panel(ana).get_by_role("heading", name="New room")).to_be_focused()
        tab_to(page, page.get_by_label("Public room"))
        keys.press("ArrowDown")
        tab_to(page, page.get_by_label("Title of the room"))
        keys.press("Enter")
        expect(page.get_by_label("Title of the room")).to_have_accessible_description(
            re.compile("Give the room a title")
        )
        keys.type("By hand")
        keys.press("Enter")
        ana.expect_joined("By hand")
        expect(panel(ana)).to_be_hidden()  # with that the focus goes to the box
        expect(ana.box).to_be_focused()

        tab_to(page, button(ana, "Room settings"))
        keys.press("Enter")
        tab_to(page, page.get_by_label("Invite by name"))
        keys.type("z")
        keys.press("ArrowDown")
        keys.press("Enter")
        expect(page.get_by_label("Invite by name")).to_have_value("zoltan")
        keys.press("Enter")
        expect(panel(ana)).to_contain_text("is invited.")
        keys.press("Escape")
        expect(panel(ana)).to_be_hidden()
        expect(button(ana, "Room settings")).to_be_focused()
        keys.press("Enter")
        tab_to(page, button(ana, "Give up the membership"))
        keys.press("Enter")
        expect(panel(ana).get_by_role("group").get_by_role("button", name="Give up the membership")).to_be_focused()
        keys.press("Enter")
        ana.expect_joined("lobby")
        expect(panel(ana)).to_be_hidden()


def test_what_is_wrong_with_a_room_is_said_at_its_field(chat: Chat, new_person: NewPerson, room: str) -> None:
    with Crowd(chat, "lobby", "ana", "bo") as others:
        others.send("ana", "create", room=room, kind="public")
        cy = Person(new_person(), chat, "cy").enter()
        cy.expect_here("ana", "bo")
        button(cy, "New room").click()
        name = cy.page.get_by_label("Name of the room")

        expect_accessible(cy.page)
        name.fill("Team plans")
        expect(name).to_have_accessible_description(re.compile("no spaces"))
        name.fill(room)
        expect(name).not_to_have_accessible_description(re.compile("no spaces"))
        button(cy, "Create").click()

        expect(name).to_have_accessible_description(re.compile("name is there already"))
        expect(name).to_be_focused()
        expect(name).to_have_attribute("aria-invalid", "true")
        expect_accessible(cy.page)
        cy.page.get_by_label("Join a room").check()
        cy.page.get_by_label("Name or link of the room").fill(f"{chat.url}/#{room}")
        cy.page.get_by_label("Name or link of the room").press("Enter")
        cy.expect_joined(room)
        expect(panel(cy)).to_be_hidden()

        button(cy, "New room").click()
        cy.page.get_by_label("Direct message").check()
        cy.page.get_by_label("Name of the person").fill("b")
        expect(cy.page.get_by_role("option", name="bo", exact=True)).to_be_visible()
        cy.page.get_by_label("Name of the person").fill("bo")
        panel(cy).get_by_role("button", name="Message").hover()
        cy.page.mouse.down()
        expect(cy.page.get_by_label("Name of the person")).not_to_be_focused()
        expect(cy.page.get_by_role("option", name="bo", exact=True)).to_be_visible()
        cy.page.mouse.up()
        cy.expect_joined("bo")


def test_on_a_phone_people_and_rooms_are_managed_in_drawers(chat: Chat, browser: Browser) -> None:
    viewport: Any = {"width": 390, "height": 844}
    with (
        closing(browser.new_context(viewport=viewport, has_touch=True, is_mobile=True)) as context,
        Crowd(chat, "lobby", "ana"),
    ):
        bo = Person(context.new_page(), chat, "bo").enter()
        bo.expect_live()
        bo.page.locator("#people-count").tap()
        bo.page.locator("#people-list button[value='ana']").tap()
        expect(bo.page.locator("#people")).to_be_hidden()
        expect_accessible(bo.page)
        button(bo, "Message").tap()
        bo.expect_joined("ana")
        expect(panel(bo)).to_be_hidden()
        open_room_panel(bo)
        expect_accessible(bo.page)
        button(bo, "Close").tap()
        button(bo, "Rooms").tap()
        button(bo, "New room").tap()
        expect(bo.page.get_by_role("navigation")).to_be_hidden()
        bo.page.get_by_label("Direct message").check()
        bo.page.get_by_label("Name of the person").fill("an")
        expect(bo.page.get_by_role("option", name="ana", exact=True)).to_be_visible()
        expect_accessible(bo.page)
        bo.page.get_by_label("Private room").check()
        bo.page.get_by_label("Title of the room").fill("On the phone")
        button(bo, "Create").tap()
        bo.expect_joined("On the phone")
        open_room_panel(bo)
        button(bo, "Copy an invitation link").tap()
        expect(bo.page.get_by_label("Invitation link")).to_be_visible()
        assert bo.page.evaluate("document.documentElement.scrollWidth") <= 390
        expect_accessible(bo.page)
        bo.page.get_by_role("button", name="Members and roles").tap()
        expect(panel(bo).locator(".members li")).to_have_count(1)
        expect_accessible(bo.page)
