"""Messages and reminders are kept when the process ends, however it ends; seen in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person


def test_after_a_kill_and_a_full_restart_the_history_is_still_there_and_a_reminder_was_sent_once(
    own_chat: Chat, new_person: Callable[[], Page]
) -> None:
    own_chat.start()
    with Crowd(own_chat, "garden", "ana", "bo") as crowd:
        crowd.say(["the tomatoes are ripe", "and the basil"])
        for name in ("ana", "bo"):
            crowd.hear(name, message="the tomatoes are ripe")
            crowd.hear(name, message="and the basil")
        crowd.send("ana", "message", message="/remind 3s the tea is ready")
        crowd.hear("ana", event="notice")
        own_chat.kill()

    own_chat.start()
    printed = len(own_chat.output())
    with Crowd(own_chat, "garden", "ana", "bo") as crowd:
        reminder = {"from": "reminder"}
        if not any(reminder.items() <= line.items() for line in crowd.hear("bo", type="joined")["messages"]):
            crowd.hear("bo", **reminder)
        assert own_chat.stop() == 0
    # The app was still notified that ana and bo were disconnected: the service stops before the Functions host.
    output = own_chat.output()[printed:]
    ended = [line for line in output.splitlines() if "connection ended" in line]
    assert all(any(f'"user":"{name}"' in line for line in ended) for name in ("ana", "bo")), output
    assert "not delivered" not in output

    own_chat.start()
    cy = Person(new_person(), own_chat, "cy").enter("garden")
    cy.expect_line("the tomatoes are ripe")
    cy.expect_line("and the basil")
    expect(cy.log.get_by_text("the tea is ready")).to_have_count(1)
