"""How messages look and what can be done with them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_line, a_room, publish, service_of

NewPerson = Callable[[], Page]
NASTY = [
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>",
    "\u202egpj.exe\u202c and \u2066\u2067nested\u2069",
    "wide" * 1000,
    "👩‍👩‍👧‍👦🏳️‍🌈👍🏽" * 20,
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334a\u0301\u0302\u0303lgo",
    "&lt;b&gt; {{7*7}} ${7*7} \\u003cb\\u003e",
]


@pytest.fixture
def room() -> str:
    return a_room()


def overflow(page: Page) -> int:
    """Return by how many pixels anything sticks out sideways, of the window or of a message."""
    sideways: int = page.evaluate("""() => Math.max(document.documentElement.scrollWidth - innerWidth,
      ...[...document.querySelectorAll('#log, .bubble, .text')].flatMap(node => {
        const {left, right} = node.getBoundingClientRect();
        return [-left, right - innerWidth, node.scrollWidth - node.clientWidth];
      }))""")
    return sideways


@pytest.mark.parametrize("text", NASTY, ids=["markup", "direction", "long word", "emoji", "marks", "entities"])
def test_any_text_shows_as_text_and_breaks_no_layout(chat: Chat, new_person: NewPerson, room: str, text: str) -> None:
    page = new_person()
    page.set_viewport_size({"width": 320, "height": 640})
    ana = Person(page, chat, "ana").enter(room)

    ana.say(text)

    expect(page.locator(".message:not(.pending) .text")).to_have_text(text, use_inner_text=False)
    assert page.locator(".text").evaluate("node => node.childElementCount") == 0
    assert "owned" not in page.title()
    assert overflow(page) <= 0
    expect(ana.box).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("name", ["<b>bo</b>", "<שלום>"])
def test_a_name_of_markup_or_of_another_direction_is_a_name(
    chat: Chat, new_person: NewPerson, room: str, name: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    Person(new_person(), chat, name).enter(room).say("hi")

    expect(ana.page.locator("#log b")).to_have_text(name)
    expect(ana.page.locator(".presence").last).to_contain_text(name)
    expect(ana.page.locator("#people-list b")).to_have_count(0)


def test_addresses_are_links_that_open_without_a_reference_to_the_page(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)

    ana.say("see https://a.example/x?y=1, javascript:alert(1)")

    link = ana.page.locator(".text a")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://a.example/x?y=1")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener.*noreferrer"))


def test_everybody_reads_one_order_whatever_order_messages_came_in(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    now = datetime.now(UTC)
    texts = ["third", "first", "fourth", "second"]
    at = {"first": 1, "second": 2, "third": 3, "fourth": 4}
    lines = [a_line(room, "bo", text, at[text], now + timedelta(seconds=at[text])) for text in texts]

    publish(service_of(chat), room, *lines, *lines)

    ana.expect_line("second")
    assert ana.texts() == ["first", "second", "third", "fourth"]


def test_messages_are_grouped_by_author_and_day_and_tell_their_time(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    now = datetime.now(UTC)
    said = [("bo", "old", 24 * 60), ("bo", "one", 9), ("bo", "two", 8), ("bo", "three", 1), ("cy", "four", 0)]
    lines = [
        a_line(room, who, text, seq, now - timedelta(minutes=ago)) for seq, (who, text, ago) in enumerate(said, start=1)
    ]

    publish(service_of(chat), room, *lines)

    ana.expect_line("four")
    grouped = ana.lines.evaluate_all("lines => lines.map(line => line.classList.contains('grouped'))")
    assert grouped == [False, False, True, False, False]
    expect(ana.page.locator(".day")).to_have_text(["Yesterday", "Today"])
    time = ana.expect_line("two").locator("time")
    assert datetime.fromisoformat(time.get_attribute("datetime") or "") - now < timedelta(minutes=1)
    expect(time).to_have_css("opacity", "0")
    ana.expect_line("two").hover()
    expect(time).to_have_css("opacity", "1")
    assert str(now.year) in (time.get_attribute("title") or "")


def test_ones_own_messages_stand_on_the_other_side(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.say("mine")
    bo.say("theirs")

    mine = ana.expect_line("mine").locator(".bubble").bounding_box()
    theirs = ana.expect_line("theirs").locator(".bubble").bounding_box()

    assert mine
    assert theirs
    composer = ana.page.locator("#composer").bounding_box()
    assert composer
    assert theirs["x"] - composer["x"] < 100
    assert composer["x"] + composer["width"] - mine["x"] - mine["width"] < 30


def test_one_can_edit_and_delete_ones_own_message_and_nobody_elses(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.say("tpyo")
    bo.expect_line("tpyo").hover()
    tools = bo.page.get_by_role("group", name="Message actions")
    expect(tools.get_by_role("button", name="Reply")).to_be_visible()
    expect(tools.get_by_role("button", name="Edit")).to_be_hidden()
    expect(tools.get_by_role("button", name="Delete")).to_be_hidden()

    ana.expect_line("tpyo")
    ana.box.press("ArrowUp")
    expect(ana.box).to_have_value("tpyo")
    ana.say("typo")
    expect(bo.expect_line("typo")).to_contain_text("edited")
    expect(ana.lines).to_have_count(1)

    ana.expect_line("typo").hover()
    delete = ana.page.get_by_role("button", name="Delete")
    delete.click()
    ana.expect_line("typo")
    delete.click()
    for person in (ana, bo):
        person.expect_line("Message deleted")


def test_a_reply_quotes_one_line(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.box.fill("first line")
    ana.box.press("Shift+Enter")
    ana.box.type("second line")
    ana.box.press("Enter")
    bo.lines.first.hover()
    bo.page.get_by_role("button", name="Reply").click()
    expect(bo.page.locator("#task")).to_contain_text("ana")

    bo.say("answer")

    quote = ana.expect_line("answer").locator(".quote")
    expect(quote.locator("bdi")).to_have_text("first line second line", use_inner_text=False)


def test_a_quote_scrolls_to_its_message_also_far_up_and_with_the_keyboard(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    errors: list[str] = []
    ana.page.on("pageerror", lambda error: errors.append(str(error)))
    start = datetime.now(UTC) - timedelta(hours=1)
    lines = [a_line(room, "bo", f"message {n}", n + 1, start + timedelta(seconds=n)) for n in range(200)]
    publish(service_of(chat), room, *lines)
    ana.expect_line("message 199")
    expect(ana.page.locator(".text", has_text=re.compile("^message 2$"))).to_have_count(0)  # not drawn any more
    quoted = {"id": lines[2]["id"], "from": "bo", "message": "message 2"}
    publish(service_of(chat), room, a_line(room, "cy", "far", 201, replyTo=quoted))
    quoted = {"id": lines[198]["id"], "from": "bo", "message": "message 198"}
    publish(service_of(chat), room, a_line(room, "cy", "near", 202, replyTo=quoted))
    publish(service_of(chat), room, a_line(room, "cy", "lost", 203, replyTo=quoted | {"id": "unknown"}))
    ana.expect_line("lost").locator(".quote").click()
    expect(ana.expect_line("lost")).to_be_in_viewport()

    ana.expect_line("near").locator(".quote").click()
    expect(ana.expect_line("message 198")).to_be_focused()
    expect(ana.expect_line("message 198")).to_have_css("outline-style", "solid")
    publish(service_of(chat), room, a_line(room, "cy", "the end is still followed", 204))
    expect(ana.expect_line("the end is still followed")).to_be_in_viewport()

    ana.expect_line("far").locator(".quote").press("Enter")
    expect(ana.expect_line("message 2")).to_be_focused()
    expect(ana.expect_line("message 2")).to_be_in_viewport(ratio=1)
    publish(service_of(chat), room, a_line(room, "cy", "does not pull away", 205))
    expect(ana.page.locator("#new-messages")).to_have_text("1 new message")
    expect(ana.expect_line("message 2")).to_be_in_viewport(ratio=1)
    assert errors == []


def test_a_reaction_is_counted_for_everyone_and_can_be_removed(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    ana.say("cake?")
    bo.expect_line("cake?").hover()
    bo.page.get_by_role("group", name="Message actions").get_by_role("button", name="🎉").click()

    reaction = ana.lines.first.locator(".reactions button")
    expect(reaction).to_have_text("🎉 1")
    reaction.click()
    for person in (ana, bo):
        expect(person.lines.first.locator(".reactions button")).to_have_text("🎉 2")
    reaction.click()
    expect(bo.lines.first.locator(".reactions button")).to_have_text("🎉 1")
    expect(bo.lines.first.locator(".reactions button")).to_have_attribute("aria-pressed", "true")


def test_the_keyboard_reaches_messages_and_what_can_be_done_with_them(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    for text in ("one", "two"):
        ana.say(text)
        ana.expect_line(text)
    expect(ana.page.locator(".pending, .sent")).to_have_count(0)

    ana.log.focus()
    ana.page.keyboard.press("ArrowUp")
    expect(ana.lines.nth(1)).to_be_focused()
    ana.page.keyboard.press("ArrowUp")
    expect(ana.lines.nth(0)).to_be_focused()
    ana.page.keyboard.press("Enter")
    expect(ana.page.get_by_role("button", name="👍")).to_be_focused()
    ana.page.keyboard.press("ArrowRight")
    ana.page.keyboard.press("Enter")

    expect(ana.lines.nth(0).locator(".reactions button")).to_have_text("❤️ 1")
    ana.page.keyboard.press("Escape")
    expect(ana.lines.nth(0)).to_be_focused()
    ana.page.keyboard.press("Escape")
    expect(ana.box).to_be_focused()
