"""Search, jumps to messages of any age, their addresses, and the way back."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from chat.message_ids import derived_id
from chat.room_log.model import Entry, Head, Kind, Message
from chat.room_log.rows import encode_entry, encode_head, encode_index
from tests.e2e.conftest import Chat, Entity
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, Wire, a_room, actions_of, expect_accessible, until

NewPerson = Callable[[], Page]
OLD_LENGTH = 1500  # so much that what lies between its ends is not loaded by itself
FOUND = "[data-found]"


def old_rows(room: str) -> Iterator[Entity]:
    """Yield the rows of a room in which bo and cy have talked for two months."""
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    at = 0
    for seq in range(1, OLD_LENGTH + 1):
        user, identity = ("bo", "cy")[seq % 2], derived_id("bo", room, str(seq))
        at = round((begin + timedelta(hours=seq)).timestamp() * 1000)
        text = f"Old café number {seq}" if seq % 100 == 0 else f"line {seq}"
        message = Message(id=identity, seq=seq, version=seq, sender=user, text=text, sent_at=at, count=seq)
        entry = Entry(seq, Kind.MESSAGE, identity, user, at, seq, identity, seq)
        yield encode_entry(room, entry, message)
        yield encode_index(room, entry)
    yield encode_head(room, Head(OLD_LENGTH, OLD_LENGTH, at))


@pytest.fixture(scope="module")
def old_room(running_chat: Chat) -> str:
    """A room with a long past."""
    room = a_room()
    running_chat.store_log(old_rows(room))
    return room


def line(person: Person, text: str) -> Locator:
    return person.lines.filter(has=person.page.locator(".text", has_text=re.compile(f"^{re.escape(text)}$")))


def expect_shown(person: Person, text: str) -> None:
    """Wait until a message stands in the view, marked and with the focus."""
    expect(line(person, text)).to_be_in_viewport(ratio=1)
    expect(line(person, text)).to_be_focused()


def search(person: Person, text: str) -> Locator:
    """Open the search by its button, search for a text, and return the results."""
    person.page.get_by_role("button", name="Search messages").click()
    person.page.get_by_role("searchbox").fill(text)
    return person.page.locator("#search-results button")


def test_a_search_by_keyboard_opens_a_result_in_its_place_and_leads_back_and_what_is_gone_is_said_to_be(
    chat: Chat, new_person: NewPerson, old_room: str
) -> None:
    page = new_person()
    ana = Person(page, chat, "ana").enter(old_room)
    ana.expect_line(f"Old café number {OLD_LENGTH}")

    page.keyboard.press("Control+k")
    box = page.get_by_role("searchbox", name="Search messages")
    expect(box).to_be_focused()
    page.keyboard.type("CAFE old 2")
    results = page.locator("#search-results button")
    expect(results).to_have_count(1)
    expect(results.locator("mark")).to_have_text(["Old", "café", "2"])
    expect(results).to_contain_text("bo")
    expect(page.get_by_role("status").filter(has_text="1 message")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(results).to_be_focused()
    page.keyboard.press("Enter")

    expect_shown(ana, "Old café number 200")
    expect(line(ana, "Old café number 200")).to_have_attribute("data-found", "")
    expect(page.locator("#announcement")).to_contain_text("A message of bo")
    expect(line(ana, "line 199")).to_be_in_viewport()
    expect(line(ana, "line 201")).to_be_in_viewport()
    expect(page).to_have_url(f"{chat.url}/#{old_room}/200")
    expect(page.get_by_role("button", name="Jump to latest")).to_be_visible()

    page.get_by_role("button", name="← Back").click()
    until(page, lambda: ana.distance_to_end() < 5)
    expect(line(ana, f"Old café number {OLD_LENGTH}")).to_be_in_viewport()
    expect(page).to_have_url(f"{chat.url}/#{old_room}")
    expect(page.get_by_role("button", name="← Back")).to_be_hidden()
    page.go_forward()
    expect_shown(ana, "Old café number 200")
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Search")).to_be_hidden()

    page.evaluate("room => { location.hash = `${room}/999999` }", old_room)
    gone = page.get_by_role("status").filter(has_text="not there any more")
    expect(gone).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(gone).to_be_hidden()
    ana.expect_joined(old_room)


def test_an_address_opens_its_message_and_what_lies_around_a_quote_leads_to_what_it_answers_and_an_address_is_passed_on(
    chat: Chat, new_person: NewPerson, old_room: str
) -> None:
    page = new_person()
    ana = Person(page, chat, "ana")
    page.goto(f"{chat.url}/#{old_room}/130")
    page.get_by_label("Your name").fill("ana")
    page.get_by_role("button", name="Join the chat").click()

    expect_shown(ana, "line 130")
    start = page.get_by_text(re.compile("This is where .* began."))
    until(page, lambda: ana.scroll_to_top() and start.is_visible())
    expect(line(ana, "line 1")).to_be_in_viewport()

    actions_of(ana, "line 3").get_by_role("button", name="Reply").click()
    ana.say("answer to 3")
    expect(ana.expect_line("answer to 3")).not_to_have_class(re.compile("pending|sent"))
    actions_of(ana, "answer to 3").get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".notice")).to_contain_text(f"/#{old_room}/{OLD_LENGTH + 1}")
    page.evaluate("room => { location.hash = room }", old_room)
    page.reload()
    ana.expect_live()
    ana.expect_line("answer to 3").locator(".quote").click()
    expect_shown(ana, "line 3")
    page.get_by_role("button", name="← Back").click()
    expect(line(ana, "answer to 3")).to_be_in_viewport()

    page.go_forward()
    expect_shown(ana, "line 3")
    gap = page.locator(".gap")

    def scroll_on() -> bool:
        # Who comes to the gap waits there until it is filled.
        ana.log.evaluate("""log => {
          const gap = log.querySelector(".gap");
          const isSeen = gap && gap.getBoundingClientRect().top < log.getBoundingClientRect().bottom;
          if (!isSeen) log.scrollTop += log.clientHeight * 0.8;
        }""")
        return line(ana, "line 160").count() > 0 and line(ana, "line 160").is_visible()

    expect(gap).to_contain_text("messages are not loaded")
    until(page, scroll_on)
    # The end of the log may be drawn too, with what was answered.
    numbered = re.compile(r"(?:line|Old café number) (\d+)")
    numbers = [int(found[1]) for found in map(numbered.fullmatch, ana.texts()) if found]
    shown = [number for number in numbers if number < 400]
    assert shown == list(range(shown[0], shown[-1] + 1))


def test_a_result_of_another_room_opens_it_back_leads_to_the_first_one_and_what_is_unread_there_stays_so(
    chat: Chat, new_person: NewPerson, old_room: str
) -> None:
    page, room = new_person(), a_room()
    ana = Person(page, chat, "ana").enter(old_room)
    with Crowd(chat, room, "bo") as crowd:
        crowd.say([f"said {number}" for number in range(60)] + ["a new café"])
        ana.enter_room(room)
        ana.expect_line("a new café")

        results = search(ana, "café")
        expect(results).to_have_count(1)
        page.get_by_label("All my rooms").check()
        expect(results.first).to_contain_text("a new café")
        until(page, lambda: results.count() == 16)
        expect(results.nth(1)).to_contain_text(f"in {old_room}")
        page.get_by_text("By person or date").click()
        page.get_by_label("From").fill("bo")
        page.get_by_label("Since").fill("2026-01-15")
        page.get_by_label("Until").fill("2026-02-01")
        expect(results).to_have_count(4)
        results.filter(has_text="number 500").click()

        ana.expect_joined(old_room)
        expect_shown(ana, "Old café number 500")
        expect(results).to_have_count(4)
        page.go_back()
        ana.expect_joined(room)
        expect(line(ana, "a new café")).to_be_in_viewport()

        ana.enter_room(old_room)
        crowd.say(["unread"])
        badge = page.get_by_role("link", name=room).locator(".badge")
        expect(badge).to_contain_text("1")
        for field in ("From", "Since", "Until"):
            page.get_by_label(field).fill("")
        page.get_by_role("searchbox").fill("said 3")
        results.filter(has_text=re.compile(r"said 3$")).click()
        expect_shown(ana, "said 3")
        expect(badge).to_contain_text("1")


def test_on_a_phone_a_result_closes_the_search_and_axe_finds_nothing_in_any_state(
    chat: Chat, new_person: NewPerson, old_room: str
) -> None:
    page = new_person()
    page.set_viewport_size({"width": 390, "height": 844})
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(old_room)
    panel = page.get_by_role("complementary", name="Search")

    results = search(ana, "nothingofthekind")
    expect(panel).to_contain_text("Nothing found")
    page.get_by_text("By person or date").click()
    expect_accessible(page)
    wire.answer = lambda frame: [] if frame.get("event") == "search" else None
    page.get_by_role("searchbox").fill("café")
    expect(panel).to_contain_text("Searching…")
    wire.answer = lambda frame: None
    page.get_by_role("searchbox").fill("café 7")
    expect(results).to_have_count(1)
    expect_accessible(page)
    results.click()

    expect(panel).to_be_hidden()
    expect_shown(ana, "Old café number 700")
    expect_accessible(page)
    page.get_by_role("button", name="Search messages").click()
    expect(page.get_by_role("searchbox")).to_have_value("café 7")
    expect(results).to_have_count(1)
