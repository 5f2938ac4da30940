"""Private rooms and direct conversations, as people use them at the page."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person

NewPerson = Callable[[], Page]


def notice(person: Person, text: str | re.Pattern[str]) -> None:
    expect(person.page.locator(".timeline-note.notice").filter(has_text=text).last).to_be_visible()


def create(person: Person, title: str) -> str:
    """Create a private room; return its name."""
    person.say(f"/create private {title}")
    person.expect_joined(title)
    return str(person.page.evaluate("location.hash.slice(1)"))


def rooms(person: Person) -> list[str]:
    return person.page.locator("#my-rooms bdi").all_inner_texts()


def test_a_private_room_is_shown_by_its_title_to_who_accepts_the_invitation_and_is_gone_for_who_is_removed(
    chat: Chat, new_person: NewPerson
) -> None:
    ana, bo = Person(new_person(), chat, "ana p").enter(), Person(new_person(), chat, "bo p").enter()
    name = create(ana, "Team plans")
    assert re.fullmatch(r"~[a-z2-7]{24}", name)

    ana.say("/invite bo p")
    notice(ana, "bo p is invited")
    notice(bo, "invites you to")
    bo.page.get_by_role("button", name="Accept Team plans").click()
    bo.expect_joined("Team plans")
    expect(bo.page).to_have_title("Team plans · Chat")
    ana.say("welcome")
    bo.expect_line("welcome")
    assert rooms(bo).count("Team plans") == 1
    assert name not in bo.page.locator("#rooms").inner_text()

    ana.say("/remove bo p")
    bo.expect_joined("lobby")
    notice(bo, "You are no member any more of")
    assert "Team plans" not in rooms(bo)
    bo.page.evaluate("room => { location.hash = room }", name)
    expect(bo.page.locator(".timeline-note.error")).to_contain_text("There is no such room")
    bo.expect_joined("lobby")

    # A direct conversation has the name of the other one.
    ana.say("/direct bo p")
    ana.expect_joined("bo p")
    notice(bo, "wants to talk with you")
    ana.say("hello")
    link = bo.page.locator("#my-rooms a", has_text="ana p")
    expect(link.locator(".badge")).to_contain_text("1")
    link.click()
    bo.expect_joined("ana p")
    bo.expect_line("hello")


def test_a_link_lets_somebody_in_until_it_ends_and_its_secret_does_not_stay_in_the_address(
    chat: Chat, new_person: NewPerson
) -> None:
    ana = Person(new_person(), chat, "ana q").enter()
    create(ana, "Linked plans")
    ana.page.get_by_role("button", name="Room settings").click()
    ana.page.get_by_role("button", name="Copy an invitation link").click()
    expect(ana.page.locator("#panel")).to_contain_text("Whoever opens it until")
    address = ana.page.get_by_label("Invitation link").input_value()
    page = new_person()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers}"))

    page.goto(address)

    expect(page.get_by_label("Your name")).to_be_visible()
    expect(page).not_to_have_url(re.compile("join"))
    page.get_by_label("Your name").fill("bo q")
    page.get_by_role("button", name="Join the chat").click()
    bo = Person(page, chat, "bo q")
    bo.expect_joined("Linked plans")
    expect(page).not_to_have_url(re.compile("join"))
    assert not [request for request in asked if address.rpartition(".")[2] in request]
    page.reload()
    bo.expect_joined("Linked plans")

    ana.page.get_by_role("button", name="End all links").click()
    ana.page.get_by_role("group").get_by_role("button", name="End all links").click()
    expect(ana.page.locator("#panel")).to_contain_text("All links have ended.")
    expect(ana.page.get_by_role("button", name="End all links")).to_have_count(0)

    # Another one, and the one that has ended, are told in words: in a page that is open, and where it is typed.
    cy = Person(new_person(), chat, "cy q").enter()
    cy.page.evaluate("location.hash = 'join=~abcdefghabcdefghabcdefgh.notasecretnotasecretnota'")
    expect(cy.page.locator(".timeline-note.error")).to_contain_text("This invitation is not valid")
    cy.expect_joined("lobby")
    expect(cy.page).not_to_have_url(re.compile("join"))
    cy.page.get_by_role("button", name="New room").click()
    cy.page.get_by_label("Join a room").check()
    cy.page.get_by_label("Name or link of the room").fill(address)
    cy.page.get_by_role("button", name="Join", exact=True).last.click()
    expect(cy.page.get_by_label("Name or link of the room")).to_have_accessible_description(re.compile("not valid"))
