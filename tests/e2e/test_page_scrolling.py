"""New and older messages do not move what is being read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Frame, Person, Wire, a_line, a_room, publish, service_of, set_hidden, until

NewPerson = Callable[[], Page]


@pytest.fixture
def room() -> str:
    return a_room()


def lines_of_an_hour(room: str, count: int) -> list[Frame]:
    """Return lines of two people, the last of them said just now."""
    start = datetime.now(UTC) - timedelta(hours=1)
    step = timedelta(hours=1) / count
    return [a_line(room, f"user{n // 3 % 2}", f"message {n}", n + 1, start + step * n) for n in range(count)]


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


def test_the_log_scrolls_to_new_messages_at_its_end(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)

    publish(service_of(chat), room, *lines_of_an_hour(room, 30))

    expect(ana.page.locator(".message", has_text="message 29")).to_be_in_viewport()
    assert ana.distance_to_end() < 2
    expect(ana.page.locator("#new-messages")).to_be_hidden()


def test_who_reads_further_up_is_not_moved_and_told_what_is_new(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    publish(service_of(chat), room, *lines_of_an_hour(room, 40))
    expect(ana.page.locator(".message", has_text="message 39")).to_be_in_viewport()
    ana.log.hover()
    ana.page.mouse.wheel(0, -700)
    until(ana.page, lambda: ana.distance_to_end() > 690)  # the wheel has done its 700 pixels
    text = first_visible(ana.page)
    before = top_of(ana.page, text)

    publish(service_of(chat), room, a_line(room, "bo", "new one", 41), a_line(room, "bo", "new two", 42))
    pill = ana.page.locator("#new-messages")
    expect(pill).to_have_text("2 new messages")
    assert abs(top_of(ana.page, text) - before) < 2

    pill.click()
    expect(ana.page.locator(".message", has_text="new two")).to_be_in_viewport()
    expect(pill).to_be_hidden()


def test_a_line_marks_what_came_while_the_tab_was_hidden(chat: Chat, new_person: NewPerson, room: str) -> None:
    ana, bo = (Person(new_person(), chat, name).enter(room) for name in ("ana", "bo"))
    bo.say("seen")
    ana.expect_line("seen")
    set_hidden(ana.page, hidden=True)
    bo.say("not seen")
    expect(ana.page).to_have_title("(1) " + room + " · Chat")

    set_hidden(ana.page, hidden=False)

    rows = ana.page.locator("#log li:is(.message, .unread)")
    expect(rows.nth(1)).to_have_text("New")
    expect(ana.page).to_have_title(room + " · Chat")


def test_older_pages_load_above_without_moving_what_is_read(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    past = lines_of_an_hour(room, 130)
    wire.answer = stored_history(room, past)
    ana = Person(page, chat, "ana").enter(room)
    expect(page.locator(".message", has_text="message 129")).to_be_in_viewport()
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


def stored_history(room: str, lines: list[Frame], page_length: int = 50) -> Callable[[Frame], list[Frame] | None]:
    """Return answers to `join` and `history` as a server would give that remembers these lines."""
    sequence = iter(range(1000, 2000))

    def answer(frame: Frame) -> list[Frame] | None:
        data = frame.get("data")
        if not isinstance(data, dict) or data.get("room") != room or frame["event"] not in ("join", "history"):
            return [] if frame["type"] == "sequenceAck" else None
        end = int(data.get("before", len(lines) + 1)) - 1
        start = max(0, end - page_length)
        page = {"room": room, "messages": lines[start:end], "before": start + 1 if start else None, "complete": True}
        page |= {"head": len(lines), "first": 1}
        joined = {"type": "joined", "users": ["ana"], "count": 1, "admin": False, "user": "ana", "read": 0, "unread": 0}
        answered = page | (joined if frame["event"] == "join" else {"type": "history"})
        envelope = {"type": "message", "from": "server", "dataType": "json", "sequenceId": next(sequence)}
        return [envelope | {"data": answered}, {"type": "ack", "ackId": frame["ackId"], "success": True}]

    return answer


def test_of_five_thousand_messages_the_document_holds_less_than_five_hundred(
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
    assert page.locator(".message").count() < 500
