"""The page shows the room's log: what is missing, what is on its way, what is unread, and who is there."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from chat.message_ids import derived_id
from chat.room_log.model import Entry, Head, Kind, Message
from chat.room_log.rows import encode_entry, encode_head, encode_index
from tests.e2e.conftest import Chat, Entity
from tests.e2e.crowd import Crowd
from tests.e2e.people import Frame, Person, Wire, a_line, a_room, actions_of, come_online, react, set_hidden, until

NewPerson = Callable[[], Page]
MISSED = 1150  # so many that what lies between is loaded only when the reader wants it


@pytest.fixture
def room() -> str:
    return a_room()


def go_offline(person: Person, wire: Wire) -> None:
    """End the connection for good, and refuse every other one."""
    wire.refuses_with = 1008
    wire.cut(code=1008)
    expect(person.status).to_contain_text("Reconnecting")


def go_online(person: Person, wire: Wire) -> None:
    wire.refuses_with = None
    come_online(person.page)
    person.expect_live()


def is_since(frame: Frame) -> bool:
    return bool(frame.get("data", {}).get("type") == "since")


def test_a_lost_frame_is_marked_where_it_is_and_filled_and_fetched_also_when_nothing_follows_it(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.clock.install()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as crowd:
        crowd.say(["one"])
        ana.expect_line("one")
        wire.keeps = lambda frame: frame.get("data", {}).get("message") == "two"
        crowd.say(["two"])
        until(page, lambda: len(wire.kept) == 1)
        wire.kept.clear()
        wire.keeps = is_since
        crowd.say(["three"])
        rows = page.locator("#log li:is(.message, .gap)")
        expect(rows.nth(1)).to_contain_text("1 message is not loaded.")
        expect(rows).to_have_count(3)
        wire.release()
        ana.expect_line("two")
        assert ana.texts() == ["one", "two", "three"]
        expect(page.locator(".gap")).to_have_count(0)

        asked = len(wire.events("since"))
        wire.keeps = lambda frame: frame.get("data", {}).get("message") == "lost"
        crowd.say(["lost"])
        until(page, lambda: len(wire.kept) == 1)
        wire.kept.clear()
        wire.keeps = lambda frame: False
        crowd.leave("bo")
        expect(page.locator(".presence").last).to_contain_text("left")
        page.clock.fast_forward(5_000)  # the page asks who is there, and the answer tells the head
        ana.expect_line("lost")
        assert len(wire.events("since")) > asked
        expect(page.locator("#people-list li")).to_have_count(1)


def rows_of_a_log(room: str) -> Iterator[Entity]:
    """Yield the stored rows of a room in which ana spoke first, and bo ever since."""
    at = 0
    for seq in range(1, MISSED + 2):
        user, text = ("ana", "before") if seq == 1 else ("bo", f"missed {seq - 2}")
        identity, at = derived_id(user, room, str(seq)), round(datetime.now(UTC).timestamp() * 1000)
        message = Message(id=identity, seq=seq, version=seq, sender=user, text=text, sent_at=at, count=seq)
        entry = Entry(seq, Kind.MESSAGE, identity, user, at, seq, identity, seq)
        yield encode_entry(room, entry, message)
        yield encode_index(room, entry)
    yield encode_head(room, Head(MISSED + 1, MISSED + 1, at))


def test_a_long_absence_is_marked_until_every_message_is_there(chat: Chat, new_person: NewPerson, room: str) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana")
    before = a_line(room, "ana", "before", 1) | {"id": derived_id("ana", room, "1"), "user": "ana"}

    def join_at_the_beginning(frame: Frame) -> list[Frame] | None:
        """Answer a join of the room as it was when only one message had been said."""
        if frame.get("event") != "join" or frame["data"]["room"] != room:
            return None
        joined = {"type": "joined", "room": room, "users": ["ana"], "count": 1, "admin": False, "user": "ana"}
        joined |= {"messages": [before], "before": None, "complete": True, "head": 1, "first": 1}
        joined |= {"read": 1, "unread": 0}
        answered = {"type": "message", "from": "server", "dataType": "json", "data": joined}
        return [answered, {"type": "ack", "ackId": frame["ackId"], "success": True}]

    wire.answer = join_at_the_beginning
    ana.enter(room)
    ana.expect_line("before")
    go_offline(ana, wire)
    wire.answer = lambda frame: None
    chat.store_log(rows_of_a_log(room))

    go_online(ana, wire)
    expect(page.locator(".message", has_text=re.compile("missed")).last).to_be_in_viewport()
    assert len(wire.received("since")) == 1

    gap = page.locator(".gap")
    rows = page.locator("#log li:is(.message, .gap)")
    # What is loaded meanwhile may take the view away from the top.
    first_two = "rows => rows.slice(0, 2).map(row => row.innerText).join()"
    marked = re.compile("before.*messages are not loaded", re.DOTALL)
    until(page, lambda: ana.scroll_to_top() and bool(marked.search(rows.evaluate_all(first_two))))
    wire.keeps = lambda frame: is_since(frame) and frame["data"]["after"] == 1
    load = "[...document.querySelectorAll('.gap button')].map(button => button.click()).length"
    until(page, lambda: ana.scroll_to_top() and page.evaluate(load) == 1)
    until(page, lambda: len(wire.kept) == 1)  # all but the last page is there
    until(page, lambda: ana.scroll_to_top() and gap.count() == 1)
    wire.release()

    until(page, lambda: ana.scroll_to_top() and "before" in rows.first.inner_text() and gap.count() == 0)
    said = ana.all_texts()
    assert len(said) == MISSED + 1
    assert said[0] == "before"
    assert sorted(said[1:], key=lambda text: int(text.split()[1])) == [f"missed {n}" for n in range(MISSED)]


def test_changes_made_offline_arrive_after_the_reconnect_and_a_refused_one_is_undone_and_says_why(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    with Crowd(chat, room, "bo", "ana") as crowd:  # ana has another tab
        crowd.send("bo", "message", message="cake?")
        ana.expect_line("cake?")
        for text in ("tpyo", "short lived"):
            ana.say(text)
            crowd.hear("bo", message=text)
        ana.expect_line("short lived")
        expect(page.locator(".pending, .sent")).to_have_count(0)
        go_offline(ana, wire)

        ana.box.press("ArrowUp")
        expect(ana.box).to_have_value("short lived")
        ana.say("edited too late")
        expect(ana.expect_line("edited too late")).to_contain_text("The edit waits for a connection")
        actions_of(ana, "tpyo").get_by_role("button", name="Edit").click()
        ana.say("typo")
        expect(ana.expect_line("typo")).to_contain_text("The edit waits for a connection")
        react(ana, "cake?", "🎉")
        reaction = page.locator(".reactions button")
        expect(reaction).to_have_class("sending")
        crowd.send("ana", "delete", id=crowd.hear("ana", message="short lived")["id"])
        page.reload()
        expect(ana.status).to_contain_text("Reconnecting")
        go_online(ana, wire)

        crowd.hear("bo", type="edited", message="typo")
        crowd.hear("bo", type="reaction", emoji="🎉", user="ana", on=True)
        expect(ana.expect_line("typo")).to_contain_text("edited")
        expect(ana.expect_line("typo")).not_to_contain_text("waits")
        expect(reaction).to_have_text("🎉 1")
        expect(reaction).not_to_have_class("sending")
        expect(page.locator(".error")).to_have_count(0)
        note = page.locator(".failed-note")
        expect(note).to_have_count(1)
        failed = ana.expect_line("Message deleted").locator(note)
        expect(failed).to_contain_text("This message is not there any more.")
        failed.get_by_role("button", name="Discard").click()
        expect(note).to_have_count(0)


def test_rooms_and_exact_unread_messages_are_the_same_on_two_devices(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    first = Person(new_person(), chat, "ana").enter(room)
    with Crowd(chat, room, "bo", "cy") as crowd:
        crowd.say(["read"])
        first.expect_line("read")
        first.enter_room("lobby")
        crowd.say(f"unread {n}" for n in range(130))

        second = Person(new_person(), chat, "ana").enter("lobby")
        links = [device.page.locator("#my-rooms").get_by_role("link", name=room) for device in (first, second)]
        badges = [link.locator(".badge") for link in links]
        for badge in badges:
            expect(badge).to_have_text("130 unread")
        crowd.say(["one more"])
        for badge in badges:
            expect(badge).to_have_text("131 unread")

    first.enter_room(room)
    first.page.locator("#new-messages").click()
    first.expect_line("one more")
    for badge in badges:
        expect(badge).to_have_count(0)

    # The beginning of a room is named when it is loaded.
    first.enter_room("lobby")
    second.enter_room(room)
    second.expect_line("one more")
    start = second.page.get_by_text(f"This is where #{room} began.")
    expect(start).to_have_count(0)
    until(second.page, lambda: second.scroll_to_top() and start.is_visible())
    second.expect_line("read")

    expect(links[0]).to_be_visible()
    second.say("/leave")
    expect(second.page.get_by_role("heading", level=1)).to_have_text("lobby")
    set_hidden(first.page, hidden=False)
    expect(links[0]).to_have_count(0)


def test_people_beyond_the_first_hundred_are_counted(chat: Chat, new_person: NewPerson, room: str) -> None:
    """The service names a hundred of them and counts all, as `tests/chat/presence/test_rosters.py` claims."""
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    wire.answer = lambda frame: [] if frame.get("event") == "roster" else None
    users = ["ana", *(f"user{n:03}" for n in range(99))]
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    wire.tell({"type": "roster", "room": room, "users": users, "count": 120, "head": 0, "first": 1, "at": at})

    expect(page.locator("#people-count")).to_have_text("120 here")
    expect(page.get_by_role("complementary")).to_contain_text(re.compile(r"and \d+ more"))
    with Crowd(chat, room, "bo") as crowd:
        expect(page.locator("#people-count")).to_have_text("121 here")
        crowd.leave("bo")
        expect(page.locator("#people-count")).to_have_text("120 here")
    ana.enter_room(a_room())
    expect(page.get_by_role("complementary")).not_to_contain_text("more")
