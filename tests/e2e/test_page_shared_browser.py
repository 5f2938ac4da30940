"""Two people at one browser: nothing of the one is seen by the other, and signing out removes what was kept."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.accessibility import violations
from tests.e2e.conftest import Chat
from tests.e2e.people import Person, Wire, a_room, begin_background_work, until, write_history

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
    context.clock.install()
    yield context
    context.close()


@pytest.fixture
def room() -> str:
    return a_room()


def kept(page: Page, text: str) -> list[str]:
    """Return what the browser keeps that has the text in it."""
    found: list[str] = page.evaluate(KEPT, text)
    return found


def keep_rooms(page: Page, text: str) -> None:
    """Let the page keep its rooms, and wait until the database has one with the text in it."""
    begin_background_work(page)
    until(page, lambda: write_history(page) and any('"entries"' in one for one in kept(page, text)))


def test_people_at_one_browser_see_nothing_of_each_other_and_signing_out_leaves_nothing_in_any_tab_of_the_user(
    chat: Chat, shared: BrowserContext, room: str
) -> None:
    missing, first, second, other = (shared.new_page() for _ in range(4))
    ana = Person(missing, chat, "ana").enter(room)
    ana.say("the plan is secret")
    ana.expect_line("the plan is secret")
    ana.box.fill("half a secret")
    keep_rooms(missing, "the plan is secret")
    missing.goto("about:blank")

    # In further tabs she finds what she kept.
    wire = Wire(first)
    ana = Person(first, chat, "ana").enter(room)
    expect(ana.box).to_have_value("half a secret")
    Person(second, chat, "ana").enter(room)

    # bo comes to the open room, in a tab of his own: the same browser, another name.
    bo = Person(other, chat, "bo").enter()
    expect(bo.box).to_have_value("")
    expect(other.locator("#my-rooms").get_by_role("link")).to_have_count(1)
    bo.enter_room(room)
    expect(bo.box).to_have_value("")
    bo.box.fill("a draft of bo")

    # Signing out asks before something is lost.
    keep_rooms(first, '{"user":"ana"')
    keep_rooms(other, '{"user":"bo"')
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

    # Every tab of ana is left, also one that missed it, and nothing of hers is kept.
    first.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Sign out and lose it").click()
    missing.goto(chat.url)
    for page in (first, second, missing):
        expect(page.get_by_label("Your name")).to_be_visible()
        expect(page.get_by_label("Your name")).to_have_value("bo")  # who is still there
    for text in ('{"user":"ana"', "user.ana", "user=ana", "half a secret", "not sent", "unfinished"):
        assert kept(first, text) == []

    # Another one's tab goes on as if nothing had happened, and what is kept for him stays.
    assert kept(first, "a draft of bo")
    assert kept(first, '{"user":"bo"')
    expect(bo.box).to_have_value("a draft of bo")
    bo.box.press("Enter")
    bo.expect_line("a draft of bo")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("Your name")).to_have_value("")
    for page in (first, other):
        for text in ("bo", "ana", "secret"):
            assert kept(page, text) == []

    # Where the platform knows ana, she has her rooms and nothing else; signing out also ends its session.
    wire.refuses_with = None
    session = first.request.get(f"{chat.url}/session").json()
    signed_in = {"auth": "easyauth", "user": "ana", "name": "Ana", "signIn": "/?sign-in", "signOut": "/?signed-out"}
    first.route("**/session", lambda route: route.fulfill(json=session | signed_in))
    first.route("**/negotiate", lambda route: route.fulfill(response=route.fetch(post_data=json.dumps({"id": "ana"}))))
    first.goto(chat.url)
    ana.expect_joined("lobby")
    expect(first.locator("#my-rooms")).to_contain_text(room)  # the server keeps the rooms of a user
    ana.enter_room(room)
    expect(ana.box).to_have_value("")
    ana.expect_line("the plan is secret")
    assert "not sent yet" not in ana.texts()
    ana.box.fill("half a secret")
    first.unroute("**/session")
    first.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Sign out and lose it").click()
    expect(first).to_have_url(re.compile(r"\?signed-out$"))
    assert kept(first, "ana") == []


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
    expect(ana.expect_line("hello")).not_to_have_class(re.compile("pending"))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    assert errors == [], errors
