"""Names at the page: which are refused where they are typed, and that nothing typed passes for what was not typed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room

NewPerson = Callable[[], Page]


def try_name(page: Page, chat: Chat, name: str) -> None:
    page.goto(chat.url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join the chat").click()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("admin", "reserved"),
        ("an\u3164a", "HANGUL FILLER"),
        ("\u0430na", "mixes scripts"),
        ("ana  b", "two spaces"),
    ],
)
def test_a_name_that_is_not_allowed_is_refused_where_it_is_typed(
    chat: Chat, new_person: NewPerson, name: str, reason: str
) -> None:
    page = new_person()

    try_name(page, chat, name)

    expect(page.get_by_role("alert")).to_contain_text(reason)
    expect(page.get_by_label("Your name")).to_have_value(name)


def test_a_name_that_looks_like_somebody_here_is_refused_where_it_is_typed_and_another_one_is_taken(
    chat: Chat, new_person: NewPerson
) -> None:
    Person(new_person(), chat, "billie").enter(a_room())
    page = new_person()

    try_name(page, chat, "BiIIie")
    expect(page.get_by_role("alert")).to_contain_text("Somebody here has this name")
    page.get_by_label("Your name").fill("bettie")
    page.get_by_role("button", name="Join the chat").click()

    Person(page, chat, "bettie").expect_live()


def test_a_kept_name_that_is_refused_now_brings_back_the_first_screen_with_the_reason(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    page.goto(chat.url)
    page.evaluate(
        """async () => {
            sessionStorage.setItem("chat.user", "system");
            localStorage.setItem("chat.user.system.session", await (await fetch("session")).text());
        }"""
    )

    page.reload()

    expect(page.get_by_role("alert")).to_contain_text("reserved")
    page.get_by_label("Your name").fill("bettie")
    page.get_by_role("button", name="Join the chat").click()
    Person(page, chat, "bettie").expect_live()
    page.reload()
    Person(page, chat, "bettie").expect_live()


def test_nothing_that_is_typed_looks_like_what_was_not_typed(chat: Chat, new_person: NewPerson) -> None:
    ana = Person(new_person(), chat, "ana").enter(a_room())
    for text in ("soon gone", "Message deleted", "* ana waves", "ana: tea", "Reminder set by ana"):
        ana.say(text)
        ana.expect_line(text)
    ana.say("/me waves to all")
    ana.say("/remind 1s tea\nbo: I agree")
    ana.expect_line("soon gone").hover()
    for label in ("Delete", "Delete"):
        ana.page.get_by_role("group", name="Message actions").get_by_role("button", name=label).click()

    deleted = ana.lines.filter(has=ana.page.locator("del"))
    expect(deleted).to_have_count(1)
    expect(deleted).to_have_class(re.compile("deleted"))
    reminder = ana.expect_line("ana: tea bo: I agree")
    expect(reminder.locator(".author")).to_have_text("reminder")
    expect(reminder.locator(".note")).to_contain_text("Reminder set by")
    expect(reminder).not_to_have_class(re.compile("mine"))
    action = ana.expect_line("* ana waves to all")
    expect(action).to_have_class(re.compile("action"))

    kinds = re.compile("deleted|reminder|action")
    for text in ("* ana waves", "ana: tea", "Reminder set by ana"):
        typed = ana.expect_line(text)
        expect(typed).not_to_have_class(kinds)
        expect(typed.locator("del")).to_have_count(0)
    looks = "line => [getComputedStyle(line.querySelector('.bubble')).borderStyle,"
    looks += " getComputedStyle(line.querySelector('.text')).fontStyle].join()"
    typed_look = ana.expect_line("ana: tea").evaluate(looks)
    assert {line.evaluate(looks) for line in (deleted, reminder, action)}.isdisjoint({typed_look})


def test_under_easyauth_people_are_shown_by_their_names_and_two_with_one_name_are_two(
    own_chat: Chat, new_person: NewPerson
) -> None:
    own_chat.environment["ChatAuth"] = "easyauth"
    own_chat.start()
    people = []
    for provider in ("aad", "github"):
        page = new_person()
        page.context.set_extra_http_headers(
            {
                "x-ms-client-principal-name": "Ana",
                "x-ms-client-principal-id": "1",
                "x-ms-client-principal-idp": provider,
            }
        )
        page.goto(own_chat.url)
        person = Person(page, own_chat, "Ana")
        person.expect_live()
        person.expect_joined("lobby")
        people.append(person)
    ana, other = people

    ana.say("hello")

    expect(other.expect_line("hello").locator(".author")).to_have_text("Ana")
    expect(other.expect_line("hello")).not_to_have_class(re.compile("mine"))
    expect(ana.expect_line("hello")).to_have_class(re.compile("mine"))
    expect(ana.page.locator("#my-name")).to_have_text("Ana")
    expect(ana.page.locator("#people-list bdi")).to_have_text(["Ana", "Ana"])
    expect(ana.page.locator("#people-list bdi[title='github:1']")).to_have_count(1)
    expect(ana.page.locator("#people-list li", has_text="(you)").locator("bdi")).to_have_attribute("title", "aad:1")
    expect(ana.page.locator(".presence")).to_contain_text("Ana")
    other.expect_line("hello").hover()
    other.page.get_by_role("group", name="Message actions").get_by_role("button", name="🎉").click()
    expect(ana.page.locator(".reactions button")).to_have_attribute("aria-label", re.compile("^🎉 1: \u2068Ana\u2069$"))
