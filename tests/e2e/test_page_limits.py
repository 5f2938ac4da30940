"""What a page does not let through: what is too much waits its turn, files are refused, and the user is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_room, begin_background_work, until

NewPerson = Callable[[], Page]
GIVE_FILE = """(type) => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], "picture.png", { type: "image/png" }));
  const carried = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
  const event = type === "paste" ? new ClipboardEvent(type, carried) : new DragEvent(type, carried);
  return !document.getElementById("message-box").dispatchEvent(event);
}"""


@pytest.fixture
def limited_chat(tmp_path: Path) -> Iterator[Chat]:
    """A chat in which three messages may be said at once, and two in a second."""
    running = Chat(tmp_path, rate_limits="message=120/3")
    running.start()
    yield running
    running.stop()


def test_messages_over_the_limit_wait_and_say_so_and_arrive_in_order_and_a_file_is_refused_in_words(
    limited_chat: Chat, new_person: NewPerson
) -> None:
    room, page = a_room(), new_person()
    page.clock.install()
    ana = Person(page, limited_chat, "ana").enter(room)
    texts = [f"line {number}" for number in range(7)]
    with Crowd(limited_chat, room, "bo") as crowd:
        for text in texts:
            ana.say(text)

        expect(ana.page.get_by_text("Too many at once").first).to_be_visible()
        numbers = [crowd.hear("bo", message=text)["seq"] for text in texts]
        assert numbers == list(range(1, len(texts) + 1))
    expect(ana.page.locator(".message:not(.pending) .text")).to_have_text(texts)
    expect(ana.page.locator(".failed-note")).to_have_count(0)

    # A file that is dropped or pasted is refused until something is typed.
    begin_background_work(page)
    problem = ana.page.locator("#composer-problem")
    until(ana.page, lambda: bool(ana.page.evaluate(GIVE_FILE, "dragover")))  # once the page is ready for it
    for kind in ("drop", "paste"):
        assert ana.page.evaluate(GIVE_FILE, kind)
        expect(problem).to_contain_text("Files cannot be sent here")
        ana.box.press_sequentially("x")
        expect(problem).to_be_hidden()
