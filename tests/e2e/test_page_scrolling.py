"""New and older messages do not move what is being read."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Frame, Person, Wire, a_line, a_room, publish, service_of, set_hidden, until

NewPerson = Callable[[], Page]
SEQUENCE = count(1000)  # numbers of a server's frames grow as long as the page has one connection
NOTE_WHAT_IS_TOLD = """() => {
  window.told = [];
  const note = changes => changes.forEach(change => window.told.push(...[...change.addedNodes, change.target]
    .filter(node => change.type === 'characterData' || node !== change.target).map(node => node.textContent)));
  const live = [...document.querySelectorAll('[aria-live=polite], [role=alert], [role=status], [role=log]')]
    .filter(region => region.ariaLive !== 'off' && !region.matches('#status *'));
  for (const region of live)
    new MutationObserver(note).observe(region, {childList: true, subtree: true, characterData: true});
}"""


@pytest.fixture
def room() -> str:
    return a_room()


def lines_of_an_hour(room: str, number: int) -> list[Frame]:
    """Return lines of two people, the last of them said just now."""
    start = datetime.now(UTC) - timedelta(hours=1)
    step = timedelta(hours=1) / number
    return [a_line(room, f"user{n // 3 % 2}", f"message {n}", n + 1, start + step * n) for n in range(number)]


def top_of(page: Page, text: str) -> float:
    box = page.locator(".message", has_text=text).first.bounding_box()
    assert box
    return box["y"]


def first_visible(page: Page) -> str:
    return str(
        page.evaluate("""() => {
          const top = document.getElementById('log').getBoundingClientRect().top;
          return [...document.querySelectorAll('.message')].find(line => line.getBoundingClientRect().top >= top)
            .querySelector('.text').textContent;
        }""")
    )


def off_a_third(person: Person, line: Locator) -> float:
    """Return by how many pixels a line stands off a third of the log's height."""
    log, box = person.log.bounding_box(), line.bounding_box()
    assert log
    assert box
    return abs(box["y"] - log["y"] - log["height"] / 3)


def stored_history(
    room: str, lines: list[Frame], page_length: int = 50, read: int | None = None
) -> Callable[[Frame], list[Frame] | None]:
    """Return answers to `join` and `history` of a server that remembers these lines, read up to a number, or all."""

    def answer(frame: Frame) -> list[Frame] | None:
        data = frame.get("data")
        if not isinstance(data, dict) or data.get("room") != room or frame["event"] not in ("join", "history"):
            return [] if frame["type"] == "sequenceAck" else None
        end = int(data.get("before", len(lines) + 1)) - 1
        start = max(0, end - page_length)
        page = {"room": room, "messages": lines[start:end], "before": start + 1 if start else None, "complete": True}
        page |= {"head": len(lines), "first": 1}
        place = len(lines) if read is None else read
        joined = {"type": "joined", "users": ["ana"], "count": 1, "admin": False, "user": "ana"}
        joined |= {"read": place, "unread": len(lines) - place}
        answered = page | (joined if frame["event"] == "join" else {"type": "history"})
        envelope = {"type": "message", "from": "server", "dataType": "json", "sequenceId": next(SEQUENCE)}
        return [envelope | {"data": answered}, {"type": "ack", "ackId": frame["ackId"], "success": True}]

    return answer


def test_the_log_follows_its_end_and_moves_nobody_who_reads_further_up(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    service = service_of(chat)
    publish(service, room, *lines_of_an_hour(room, 40))
    expect(ana.page.locator(".message", has_text="message 39")).to_be_in_viewport()
    until(ana.page, lambda: ana.distance_to_end() < 2)
    pill = ana.page.locator("#new-messages")
    expect(pill).to_be_hidden()

    # The end can be reached at once when it is not in view.
    ana.log.hover()
    ana.page.mouse.wheel(0, -700)
    until(ana.page, lambda: ana.distance_to_end() > 690)  # the wheel has done its 700 pixels
    expect(pill).to_have_text("Jump to latest")
    pill.click()
    expect(ana.page.locator(".message", has_text="message 39")).to_be_in_viewport()
    expect(pill).to_be_hidden()

    # Who reads further up is told what is new, and not moved.
    ana.log.hover()
    ana.page.mouse.wheel(0, -700)
    until(ana.page, lambda: ana.distance_to_end() > 690)
    text = first_visible(ana.page)
    before = top_of(ana.page, text)
    publish(service, room, a_line(room, "bo", "new one", 41), a_line(room, "bo", "new two", 42))
    expect(pill).to_have_text("2 new messages")
    assert abs(top_of(ana.page, text) - before) < 2
    pill.click()
    expect(ana.page.locator(".message", has_text="new two")).to_be_in_viewport()
    expect(pill).to_be_hidden()

    # A line marks what came while the tab was hidden.
    room = a_room()
    ana.enter_room(room)
    publish(service, room, a_line(room, "bo", "seen", 1))
    ana.expect_line("seen")
    set_hidden(ana.page, hidden=True)
    publish(service, room, a_line(room, "bo", "not seen", 2))
    expect(ana.page).to_have_title("(1) " + room + " · Chat")
    set_hidden(ana.page, hidden=False)
    rows = ana.page.locator("#log li:is(.message, .unread)")
    expect(rows.nth(1)).to_have_text("New")
    expect(ana.page).to_have_title(room + " · Chat")


def test_a_selection_stays_where_it_is_while_lines_arrive(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    lines = lines_of_an_hour(room, 230)
    publish(service_of(chat), room, *lines[:30])
    line = ana.page.locator(".message", has_text="message 29")
    expect(line).to_be_in_viewport()
    line.locator(".text").select_text()
    before = top_of(ana.page, "message 29")

    publish(service_of(chat), room, *lines[30:])

    expect(ana.page.locator("#new-messages")).to_contain_text("new messages")
    until(ana.page, lambda: ana.page.locator(".message").count() > 60)
    assert abs(top_of(ana.page, "message 29") - before) < 2
    assert ana.page.evaluate("getSelection().toString()").strip() == "message 29"
    ana.page.locator("#new-messages").click()
    expect(ana.page.locator(".message", has_text="message 229")).to_be_in_viewport()
    assert ana.page.evaluate("getSelection().toString()").strip() == "message 29"

    ana.box.click()
    publish(service_of(chat), room, a_line(room, "bo", "followed again", 231))
    expect(ana.page.locator(".message", has_text="followed again")).to_be_in_viewport()


def test_older_pages_load_above_without_moving_what_is_read_and_only_what_is_new_is_told(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    wire.answer = stored_history(room, lines_of_an_hour(room, 130))
    ana = Person(page, chat, "ana").enter(room)
    expect(page.locator(".message", has_text="message 129")).to_be_in_viewport()
    page.evaluate(NOTE_WHAT_IS_TOLD)
    seen: set[str] = set()
    for _ in range(60):
        text = first_visible(page)
        before = top_of(page, text)
        seen.add(text)
        ana.log.evaluate("log => { log.scrollTop -= 300 }")
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if "message 0" in seen or first_visible(page) == "message 0":
            break
        moved = page.locator(".message", has_text=text).first.bounding_box()
        assert moved
        assert abs(moved["y"] - before - 300) < 2 or first_visible(page) == text
    expect(page.locator(".message", has_text="message 0").first).to_be_attached()
    texts = ana.texts()
    assert texts == sorted(texts, key=lambda text: int(text.split()[1]))
    assert len(texts) == len(set(texts))
    assert len(wire.events("history")) == 2
    assert page.evaluate("told") == []

    new = a_line(room, "bo", "news", 131)
    wire.tell(new, new, a_line(room, "ana", "my own", 132))
    until(page, lambda: len(page.evaluate("told")) == 1)
    changed = {"type": "edited", "room": room, "id": new["id"], "seq": 133, "version": 133, "messageSeq": 131}
    wire.tell(changed | {"message": "news, edited", "by": "bo", "at": new["sentAt"]})
    page.locator("#new-messages").click()
    expect(ana.page.locator(".message", has_text="news, edited")).to_be_in_viewport()
    expect(ana.page.locator(".message", has_text="my own")).to_be_in_viewport()
    told = page.evaluate("told")
    assert [text.strip("\u2068").replace("\u2069", "") for text in told] == ["bo: news"]


def test_of_five_thousand_messages_a_part_is_drawn_and_an_opened_room_shows_its_first_unread_line(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter()
    wire.answer = stored_history(room, lines_of_an_hour(room, 5000), page_length=5000)
    opened = page.evaluate(
        """room => new Promise(done => {
          const start = performance.now();
          location.hash = room;
          const look = () => [...document.querySelectorAll('.text')].at(-1)?.textContent === 'message 4999'
            ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(look);
          look();
        })""",
        room,
    )
    again = page.evaluate(
        """async room => {
          location.hash = 'lobby';
          await new Promise(done => setTimeout(done, 100));
          const start = performance.now();
          location.hash = room;
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          return performance.now() - start;
        }""",
        room,
    )
    expect(page.locator(".message", has_text="message 4999")).to_be_in_viewport()
    keys = page.evaluate(
        """async () => {
          const box = document.querySelector('textarea'), took = [];
          for (const letter of 'the quick brown fox jumps') {
            const start = performance.now();
            document.execCommand('insertText', false, letter);
            await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
            took.push(performance.now() - start);
          }
          return took.sort((a, b) => a - b);
        }"""
    )
    ana.box.focus()
    print(
        json.dumps(
            {"opened_ms": opened, "again_ms": again, "key_median_ms": keys[len(keys) // 2], "key_max_ms": keys[-1]}
        )
    )
    assert page.locator(".message").count() < 200

    # The room was left: its older part was forgotten, and is loaded again.
    first = page.locator(".message", has=page.locator(".text", has_text=re.compile("^message 0$")))
    until(page, lambda: ana.scroll_to_top() and first.count() == 1)
    page.locator("#new-messages").click()
    expect(page.locator(".message", has_text="message 4999")).to_be_in_viewport()
    ana.log.focus()
    page.keyboard.press("Home")
    expect(first).to_be_focused()
    expect(first).to_be_in_viewport(ratio=1)
    assert page.locator(".message").count() < 200

    ana.log.evaluate("log => { log.scrollTop = log.scrollHeight / 2 }")
    until(page, lambda: 1500 < int(ana.texts()[0].split()[1]) < 3500)
    middle = [int(text.split()[1]) for text in ana.texts()]
    assert middle == list(range(middle[0], middle[-1] + 1))
    text = first_visible(page)
    before = top_of(page, text)
    wire.tell(a_line(room, "bo", "new one", 5001))
    expect(page.locator("#new-messages")).to_have_text("1 new message")
    assert abs(top_of(page, text) - before) < 2
    assert page.locator(".message").count() < 250

    page.locator("#new-messages").click()
    expect(page.locator(".message", has_text="new one")).to_be_in_viewport()
    until(page, lambda: ana.distance_to_end() < 2)
    expect(page.locator("#new-messages")).to_be_hidden()

    # A room that was read up to a line opens with its first unread line a third down.
    room = a_room()
    wire.answer = stored_history(room, lines_of_an_hour(room, 400), page_length=400, read=100)
    ana.enter_room(room)
    unread = page.locator(".unread")
    expect(unread).to_be_in_viewport()
    until(page, lambda: off_a_third(ana, unread) < 2)
    expect(page.locator(".message", has_text="message 99")).to_be_in_viewport()
    expect(page.locator("#new-messages")).to_contain_text("new messages")
