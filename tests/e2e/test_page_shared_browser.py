"""Two people at one browser: nothing of the one is seen by the other, and signing out removes what was kept."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.people import Person, Wire, a_room, until

# Everything that the browser keeps for a user: what is in Web Storage, and the rooms in the database.
KEPT = """async user => {
  const keys = [...Object.keys(localStorage), ...Object.keys(sessionStorage)];
  const texts = keys.map(key => `${key}=${localStorage[key] ?? sessionStorage[key]}`);
  if (!(await indexedDB.databases()).length) return texts.filter(text => text.includes(user));
  const opening = indexedDB.open('chat');
  const database = await new Promise(resolve => { opening.onsuccess = () => resolve(opening.result); });
  const rooms = database.transaction('rooms').objectStore('rooms').getAll();
  const found = await new Promise(resolve => { rooms.onsuccess = () => resolve(rooms.result); });
  database.close();
  return [...texts, ...found.map(room => JSON.stringify(room))].filter(text => text.includes(user));
}"""


@pytest.fixture
def shared(browser: Browser) -> Iterator[BrowserContext]:
    """The browser that two people share."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def room() -> str:
    return a_room()


def kept(page: Page, text: str) -> list[str]:
    """Return what the browser keeps that has the text in it."""
    found: list[str] = page.evaluate(KEPT, text)
    return found


def wait_for_kept_room(page: Page, text: str) -> None:
    """Wait until the database has a room with the text in it."""
    until(page, lambda: any('"entries"' in one for one in kept(page, text)))


def test_the_next_person_at_a_browser_sees_nothing_of_the_one_before(
    chat: Chat, shared: BrowserContext, room: str
) -> None:
    page = shared.new_page()
    ana = Person(page, chat, "ana").enter(room)
    ana.say("the plan is secret")
    ana.expect_line("the plan is secret")
    ana.box.fill("half a secret")
    wait_for_kept_room(page, "the plan is secret")
    page.close()

    # bo comes to the open room, in a tab of his own: the same browser, another name.
    bo = Person(shared.new_page(), chat, "bo").enter()
    expect(bo.box).to_have_value("")
    expect(bo.page.locator("#my-rooms").get_by_role("link")).to_have_count(1)
    bo.enter_room(room)
    expect(bo.box).to_have_value("")
    bo.page.get_by_role("button", name="Sign out").click()
    expect(bo.page.get_by_label("Your name")).to_have_value("")
    wait_for_kept_room(bo.page, "the plan is secret")  # ana has not signed out

    back = Person(bo.page, chat, "ana").enter(room)
    expect(back.box).to_have_value("half a secret")


def test_signing_out_asks_before_something_is_lost_and_leaves_nothing_in_any_tab_of_the_user(
    chat: Chat, shared: BrowserContext, room: str
) -> None:
    first, second, other = shared.new_page(), shared.new_page(), shared.new_page()
    wire = Wire(first)
    ana = Person(first, chat, "ana").enter(room)
    ana.say("the plan is secret")
    ana.expect_line("the plan is secret")
    Person(second, chat, "ana").enter(room)
    bo = Person(other, chat, "bo").enter()
    bo.box.fill("a draft of bo")
    wait_for_kept_room(first, '"user":"ana"')
    wire.refuses_with = 1008
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")
    ana.say("not sent yet")
    ana.box.fill("unfinished")

    first.get_by_role("button", name="Sign out").click()
    question = first.get_by_role("dialog")
    expect(question).to_contain_text("1 message or change that was not sent and 1 unfinished message")
    assert violations(first) == []
    question.get_by_role("button", name="Stay").click()
    expect(question).to_have_count(0)
    ana.expect_line("not sent yet")

    first.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Sign out and lose it").click()
    for page in (first, second):
        expect(page.get_by_label("Your name")).to_be_visible()
        expect(page.get_by_label("Your name")).to_have_value("bo")  # who is still there
    for text in ("ana", "secret", "not sent", "unfinished"):
        assert kept(first, text) == []

    # Another one's tab goes on as if nothing had happened.
    expect(bo.box).to_have_value("a draft of bo")
    bo.box.press("Enter")
    bo.expect_line("a draft of bo")
    back = Person(first, chat, "ana")
    wire.refuses_with = None
    back.enter()
    expect(first.locator("#my-rooms")).to_contain_text(room)  # the server keeps the rooms of a user
    back.enter_room(room)
    expect(back.box).to_have_value("")
    assert "not sent yet" not in back.texts()


def test_a_tab_that_missed_the_sign_out_is_signed_out_when_it_is_opened_again(
    chat: Chat, shared: BrowserContext
) -> None:
    first, second = shared.new_page(), shared.new_page()
    Person(first, chat, "ana").enter()
    Person(second, chat, "ana").enter()
    second.goto("about:blank")
    first.get_by_role("button", name="Sign out").click()
    expect(first.get_by_label("Your name")).to_be_visible()

    second.goto(chat.url)
    expect(second.get_by_label("Your name")).to_be_visible()


def test_where_the_platform_knows_the_user_signing_out_clears_the_same_and_ends_its_session(
    chat: Chat, shared: BrowserContext, room: str
) -> None:
    page = shared.new_page()
    session = page.request.get(f"{chat.url}/session").json()
    signed_in = {"auth": "easyauth", "user": "ana", "name": "Ana", "signIn": "/?sign-in", "signOut": "/?signed-out"}
    page.route("**/session", lambda route: route.fulfill(json=session | signed_in))
    page.route("**/negotiate", lambda route: route.fulfill(response=route.fetch(post_data=json.dumps({"id": "ana"}))))
    page.goto(f"{chat.url}/#{room}")
    ana = Person(page, chat, "ana")
    ana.expect_joined(room)
    ana.box.fill("half a secret")
    page.unroute("**/session")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign out and lose it").click()

    expect(page).to_have_url(re.compile(r"\?signed-out$"))
    assert kept(page, "ana") == []


def test_a_browser_that_allows_no_storage_can_chat_all_the_same(chat: Chat, shared: BrowserContext, room: str) -> None:
    page = shared.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script("""
      const denied = { get() { throw new DOMException("denied", "SecurityError"); }, configurable: true };
      for (const name of ["localStorage", "sessionStorage", "indexedDB"]) Object.defineProperty(window, name, denied);
    """)
    ana = Person(page, chat, "ana").enter(room)
    ana.say("hello")
    ana.expect_line("hello")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    assert errors == [], errors


def test_a_file_is_refused_in_words_where_it_is_dropped_or_pasted(
    chat: Chat, shared: BrowserContext, room: str
) -> None:
    page = shared.new_page()
    ana = Person(page, chat, "ana").enter(room)
    give_file = """(type) => {
      const data = new DataTransfer();
      data.items.add(new File(["x"], "picture.png", { type: "image/png" }));
      const carried = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
      const event = type === "paste" ? new ClipboardEvent(type, carried) : new DragEvent(type, carried);
      return !document.getElementById("message-box").dispatchEvent(event);
    }"""
    problem = page.locator("#composer-problem")
    until(page, lambda: page.evaluate(give_file, "dragover"))  # once the page is ready for it
    for kind in ("drop", "paste"):
        assert page.evaluate(give_file, kind)
        expect(problem).to_contain_text("Files cannot be sent here")
        ana.box.press_sequentially("x")
        expect(problem).to_be_hidden()
