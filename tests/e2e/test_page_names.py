"""Names at the page: which are refused where they are typed, and that nothing typed passes for what was not typed."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_room, actions_of

NewPerson = Callable[[], Page]


REFUSED_NAMES = {
    "admin": "reserved",
    "an\u3164a": "HANGUL FILLER",
    "\u0430na": "mixes scripts",
    "ana  b": "two spaces",
    "BiIIie": "Somebody here has this name",
}


def test_a_name_that_is_refused_is_told_where_it_is_typed_or_kept_and_another_one_is_taken(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    bettie = Person(page, chat, "bettie")
    box, join = page.get_by_label("Your name"), page.get_by_role("button", name="Join the chat")
    with Crowd(chat, a_room(), "billie"):
        page.goto(chat.url)
        for name, reason in REFUSED_NAMES.items():
            box.fill(name)
            join.click()
            expect(page.get_by_role("alert")).to_contain_text(reason)
            expect(box).to_have_value(name)
        box.fill("bettie")
        join.click()
        bettie.expect_live()

    # A kept name that is refused now brings back the first screen with the reason.
    page.evaluate(
        """async () => {
            sessionStorage.setItem("chat.user", "system");
            localStorage.setItem("chat.user.system.session", await (await fetch("session")).text());
        }"""
    )
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("reserved")
    box.fill("bettie")
    join.click()
    bettie.expect_live()
    page.reload()
    bettie.expect_live()


def test_nothing_that_is_typed_looks_like_what_was_not_typed(chat: Chat, new_person: NewPerson) -> None:
    ana = Person(new_person(), chat, "ana").enter(a_room())
    for text in ("soon gone", "Message deleted", "* ana waves", "ana: tea", "Reminder set by ana"):
        ana.say(text)
        ana.expect_line(text)
    ana.say("/me waves to all")
    ana.say("/remind 1s tea\nbo: I agree")
    actions = actions_of(ana, "soon gone")
    for label in ("Delete", "Delete"):
        actions.get_by_role("button", name=label).click()

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
    page = new_person()
    page.context.set_extra_http_headers(principal("aad"))
    page.goto(own_chat.url)
    ana = Person(page, own_chat, "Ana")
    ana.expect_live()
    ana.expect_joined("lobby")

    with Crowd(own_chat, "lobby", "Ana", headers=principal("github")) as other:
        other.say(["hello from the other one"])
        ana.say("hello")
        hers, others = ana.expect_line("hello"), ana.expect_line("hello from the other one")
        expect(hers).to_have_class(re.compile("mine"))
        expect(hers).not_to_have_class(re.compile("pending|sent"))
        expect(others).not_to_have_class(re.compile("mine"))
        expect(others.locator(".author")).to_have_text("Ana")
        expect(page.locator("#my-name")).to_have_text("Ana")
        expect(page.locator("#people-list bdi")).to_have_text(["Ana", "Ana"])
        expect(page.locator("#people-list bdi[title='github:1']")).to_have_count(1)
        expect(page.locator("#people-list li", has_text="(you)").locator("bdi")).to_have_attribute("title", "aad:1")
        expect(page.locator(".presence")).to_contain_text("Ana")

        other.send("Ana", "react", id=hers.get_attribute("id"), emoji="🎉", on=True)
        reaction = page.locator(".reactions button")
        expect(reaction).to_have_attribute("aria-label", re.compile("^🎉 1: \u2068Ana\u2069$"))
        expect(reaction).to_have_attribute("aria-pressed", "false")


def principal(provider: str) -> dict[str, str]:
    """Return the headers by which a proxy tells the app that Ana has signed in at a provider."""
    return {
        "x-ms-client-principal-name": "Ana",
        "x-ms-client-principal-id": "1",
        "x-ms-client-principal-idp": provider,
    }
