"""How messages look and what can be done with them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_line, a_room, actions_of, publish, service_of

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


def test_any_text_and_any_name_show_as_text_and_break_no_layout(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    page.set_viewport_size({"width": 320, "height": 640})
    ana = Person(page, chat, "ana").enter(room)
    shown = page.locator(".message:not(.pending) .text")
    for number, text in enumerate(NASTY):
        ana.say(text)
        expect(shown).to_have_count(number + 1)
        expect(shown.last).to_have_text(text, use_inner_text=False)
        assert shown.last.evaluate("node => node.childElementCount") == 0
        assert "owned" not in page.title()
        assert overflow(page) <= 0
        expect(ana.box).to_be_in_viewport(ratio=1)

    for name in ("<b>bo</b>", "<שלום>"):
        with Crowd(chat, room, name) as crowd:
            expect(page.locator(".presence").last).to_contain_text(name)
            crowd.say(["hi"])
            expect(page.locator("#log b").last).to_have_text(name)
            expect(page.locator("#people-list")).to_contain_text(name)
            expect(page.locator("#people-list b")).to_have_count(0)
    assert overflow(page) <= 0

    # An address opens without a reference to the page.
    ana.say("see https://a.example/x?y=1, javascript:alert(1)")
    link = page.locator(".text a")
    expect(link).to_have_count(1)
    expect(link).to_have_attribute("href", "https://a.example/x?y=1")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener.*noreferrer"))


def test_everybody_reads_one_order_grouped_by_author_and_day_with_ones_own_on_the_other_side(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    service = service_of(chat)
    now = datetime.now(UTC)
    texts = ["third", "first", "fourth", "second"]
    at = {"first": 1, "second": 2, "third": 3, "fourth": 4}
    lines = [a_line(room, "bo", text, at[text], now + timedelta(seconds=at[text])) for text in texts]
    publish(service, room, *lines, *lines)
    ana.expect_line("second")
    assert ana.texts() == ["first", "second", "third", "fourth"]

    room = a_room()
    ana.enter_room(room)
    said = [("bo", "old", 24 * 60), ("bo", "one", 9), ("bo", "two", 8), ("ana", "mine", 1), ("cy", "four", 0)]
    said.insert(3, ("bo", "three", 2))
    lines = [
        a_line(room, who, text, seq, now - timedelta(minutes=ago)) for seq, (who, text, ago) in enumerate(said, start=1)
    ]
    publish(service, room, *lines)
    ana.expect_line("four")
    grouped = ana.lines.evaluate_all("lines => lines.map(line => line.classList.contains('grouped'))")
    assert grouped == [False, False, True, False, False, False]
    expect(ana.page.locator(".day")).to_have_text(["Yesterday", "Today"])
    time = ana.expect_line("two").locator("time")
    assert datetime.fromisoformat(time.get_attribute("datetime") or "") - now < timedelta(minutes=1)
    expect(time).to_have_css("opacity", "0")
    ana.expect_line("two").hover()
    expect(time).to_have_css("opacity", "1")
    assert str(now.year) in (time.get_attribute("title") or "")

    mine = ana.expect_line("mine").locator(".bubble").bounding_box()
    theirs = ana.expect_line("three").locator(".bubble").bounding_box()
    composer = ana.page.locator("#composer").bounding_box()
    assert mine
    assert theirs
    assert composer
    assert theirs["x"] - composer["x"] < 100
    assert composer["x"] + composer["width"] - mine["x"] - mine["width"] < 30


def test_one_can_edit_and_delete_ones_own_message_and_reply_and_react_to_everybodys(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    tools = ana.page.get_by_role("group", name="Message actions")
    with Crowd(chat, room, "bo") as crowd:
        crowd.say(["first line\nsecond line"])
        ana.expect_line("first line\nsecond line")
        theirs = crowd.hear("bo", message="first line\nsecond line")["id"]
        actions_of(ana, "first line\nsecond line")
        expect(tools.get_by_role("button", name="Reply")).to_be_visible()
        expect(tools.get_by_role("button", name="Edit")).to_be_hidden()
        expect(tools.get_by_role("button", name="Delete")).to_be_hidden()

        tools.get_by_role("button", name="🎉").click()
        reaction = ana.lines.first.locator(".reactions button")
        expect(reaction).to_have_text("🎉 1")
        expect(reaction).to_have_attribute("aria-pressed", "true")
        crowd.hear("bo", type="reaction", id=theirs, emoji="🎉", on=True)
        crowd.send("bo", "react", id=theirs, emoji="🎉", on=True)
        expect(reaction).to_have_text("🎉 2")
        reaction.click()
        expect(reaction).to_have_text("🎉 1")
        expect(reaction).to_have_attribute("aria-pressed", "false")
        crowd.hear("bo", type="reaction", id=theirs, emoji="🎉", on=False)

        actions_of(ana, "first line\nsecond line").get_by_role("button", name="Reply").click()
        expect(ana.page.locator("#task")).to_contain_text("bo")
        ana.say("tpyo")
        quote = ana.expect_line("tpyo").locator(".quote bdi")
        expect(quote).to_have_text("first line second line", use_inner_text=False)
        mine = crowd.hear("bo", message="tpyo")
        assert mine["replyTo"]["id"] == theirs
        crowd.send("bo", "message", message="answer", replyTo=mine["id"])
        expect(ana.expect_line("answer").locator(".quote bdi")).to_have_text("tpyo", use_inner_text=False)

        expect(ana.page.locator(".pending, .sent")).to_have_count(0)
        ana.box.press("ArrowUp")
        expect(ana.box).to_have_value("tpyo")
        ana.say("typo")
        expect(ana.expect_line("typo")).to_contain_text("edited")
        expect(ana.lines).to_have_count(3)
        crowd.hear("bo", type="edited", id=mine["id"], message="typo")
        crowd.send("bo", "edit", id=theirs, message="one line")
        expect(ana.expect_line("one line")).to_contain_text("edited")

        delete = actions_of(ana, "typo").get_by_role("button", name="Delete")
        delete.click()
        ana.expect_line("typo")
        delete.click()
        ana.expect_line("Message deleted")
        crowd.hear("bo", type="deleted", id=mine["id"])
        crowd.send("bo", "delete", id=theirs)
        expect(ana.lines.locator(".text", has_text="Message deleted")).to_have_count(2)


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
