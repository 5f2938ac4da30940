"""A page that says more than the limits let through: nothing is lost, nothing is out of order, and the user is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Person, a_room

NewPerson = Callable[[], Page]


@pytest.fixture
def limited_chat(tmp_path: Path) -> Iterator[Chat]:
    """A chat in which three messages may be said at once, and two in a second."""
    running = Chat(tmp_path, rate_limits="message=120/3")
    running.start()
    yield running
    running.stop()


def test_messages_over_the_limit_wait_and_say_so_and_arrive_in_order(limited_chat: Chat, new_person: NewPerson) -> None:
    room = a_room()
    ana, bo = (Person(new_person(), limited_chat, name).enter(room) for name in ("ana", "bo"))
    texts = [f"line {number}" for number in range(12)]

    for text in texts:
        ana.say(text)

    expect(ana.page.get_by_text("Too many at once").first).to_be_visible()
    expect(bo.page.locator(".message .text")).to_have_text(texts, timeout=30_000)
    expect(ana.page.locator(".message:not(.pending) .text")).to_have_text(texts)
    expect(ana.page.locator(".failed-note")).to_have_count(0)
