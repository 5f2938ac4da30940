"""Messages and reminders are kept when the process ends, however it ends; seen in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat


def enter(page: Page, chat: Chat, name: str, room: str) -> Page:
    """Enter a room under a name and wait until it is joined."""
    page.goto(f"{chat.url}/#{room}")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join the chat").click()
    expect(page.get_by_role("log")).to_have_attribute("data-membership", "joined")
    return page


def say(page: Page, text: str) -> None:
    composer = page.get_by_label("Message", exact=True)
    composer.fill(text)
    composer.press("Enter")


def test_after_a_full_restart_the_history_is_still_there(own_chat: Chat, new_person: Callable[[], Page]) -> None:
    own_chat.start()
    ana, bo = enter(new_person(), own_chat, "ana", "garden"), enter(new_person(), own_chat, "bo", "garden")
    say(ana, "the tomatoes are ripe")
    say(bo, "and the basil")
    for page in (ana, bo):
        expect(page.get_by_role("log")).to_contain_text("the tomatoes are ripe")
        expect(page.get_by_role("log")).to_contain_text("and the basil")
    assert own_chat.stop() == 0
    # The app was still notified that ana and bo were disconnected: the service stops before the Functions host.
    ended = [line for line in own_chat.output().splitlines() if "connection ended" in line]
    assert all(any(f'"user":"{name}"' in line for line in ended) for name in ("ana", "bo")), own_chat.output()
    assert "not delivered" not in own_chat.output()

    own_chat.start()
    cy = enter(new_person(), own_chat, "cy", "garden")
    expect(cy.get_by_role("log")).to_contain_text("the tomatoes are ripe")
    expect(cy.get_by_role("log")).to_contain_text("and the basil")


def test_a_reminder_set_before_a_kill_is_sent_once_after_the_restart(
    own_chat: Chat, new_person: Callable[[], Page]
) -> None:
    own_chat.start()
    ana = enter(new_person(), own_chat, "ana", "kitchen")
    say(ana, "/remind 4s the tea is ready")
    expect(ana.get_by_role("log")).to_contain_text("the tea is ready")  # the notice that it was set
    own_chat.kill()

    own_chat.start()
    bo = enter(new_person(), own_chat, "bo", "kitchen")
    said = bo.get_by_role("log").get_by_text("the tea is ready")
    expect(said).to_have_count(1, timeout=20_000)
    own_chat.kill()

    own_chat.start()
    cy = enter(new_person(), own_chat, "cy", "kitchen")
    expect(cy.get_by_role("log").get_by_text("the tea is ready")).to_have_count(1)
