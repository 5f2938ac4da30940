"""What people read when something fails: words for people, said once."""

from collections.abc import Callable, Iterable

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Chat
from tests.e2e.people import Frame, Person, Wire, a_room, until

NewPerson = Callable[[], Page]


def refuse(frame: Frame, name: str) -> Iterable[Frame] | None:
    """Return the service's answer to an event of this name that it could not deliver to the app."""
    if frame.get("event") != name:
        return None
    error = {"name": "InternalServerError", "message": "Internal server error"}
    return [{"type": "ack", "ackId": frame["ackId"], "success": False, "error": error}]


def test_a_signal_of_typing_that_fails_says_nothing_and_a_message_says_so_in_words_once_and_can_be_sent_again(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(a_room())
    wire.answer = lambda frame: refuse(frame, "typing")
    ana.box.press_sequentially("hel")
    until(page, lambda: len(wire.events("typing")) == 1)
    wire.answer = lambda frame: None
    ana.say("first")
    ana.expect_line("first")
    expect(page.locator(".timeline-note.error")).to_have_count(0)
    expect(page.locator("#announcement")).to_be_empty()

    page.evaluate("""() => {
      window.announced = [];
      new MutationObserver(() => announced.push(document.querySelector("#announcement").textContent))
        .observe(document.querySelector("#announcement"), { childList: true });
    }""")
    wire.answer = lambda frame: refuse(frame, "message")
    ana.say("hello")

    note = page.locator(".failed-note")
    expect(note).to_contain_text("Something went wrong here.")
    expect(note).not_to_contain_text("server")
    until(page, lambda: page.evaluate("announced") == ["Something went wrong here. Try again in a moment."])
    wire.answer = lambda frame: None
    note.get_by_role("button", name="Retry").click()
    expect(page.locator(".failed-note")).to_have_count(0)
    ana.expect_line("hello")


def test_the_first_screen_names_no_setting_when_the_chat_is_not_set_up(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.route("**/session", lambda route: route.fulfill(json={"auth": None, "signIn": None}))
    page.goto(chat.url)
    expect(page.get_by_role("alert")).to_have_text("The chat is not ready yet. Trying again…")
    page.unroute("**/session")
    error = {"code": "not_configured", "message": "WebPubSubConnectionString is not set"}
    page.route("**/negotiate", lambda route: route.fulfill(status=503, json={"error": error}))
    page.reload()
    page.get_by_label("Your name").fill("ana")
    page.get_by_role("button", name="Join the chat").click()

    expect(page.get_by_role("alert")).to_have_text("The chat is not ready yet. Try again later.")
