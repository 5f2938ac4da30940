"""The first screen, themes, sizes from a small phone to a desktop, accessibility, and what the page may load."""

import json
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from tests.e2e.accessibility import violations_in_both_schemes
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, Wire, a_room, actions_of, answer, react, until

NewPerson = Callable[[], Page]
MAX_FIRST_LOAD_BYTES = 10 * 1024
# All that reading and writing need, and the actions of the message under the pointer. Panels, search, markup, emoji,
# menus and what moderators do are loaded when somebody needs them.
MAX_PAGE_BYTES = 80 * 1024
MAX_PAGE_SCRIPTS = 36  # each is a request, and is packed alone

PHONE: ViewportSize = {"width": 390, "height": 844}
PHONE_ON_ITS_SIDE: ViewportSize = {"width": 844, "height": 500}
MOVING = """() => [...document.querySelectorAll('*')].filter(node => ['', '::before', '::after'].some(part => {
  const style = getComputedStyle(node, part);
  return style.animationName !== 'none' || style.scrollBehavior !== 'auto' || parseFloat(style.transitionDuration);
})).map(node => node.outerHTML.slice(0, 60))"""


@pytest.fixture
def room() -> str:
    return a_room()


def test_axe_finds_nothing_while_something_is_missing_or_on_its_way(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.emulate_media(reduced_motion="reduce")
    wire = Wire(page)
    ana = Person(page, chat, "ana").enter(room)
    ana.say("tpyo")
    expect(ana.expect_line("tpyo")).not_to_have_class(re.compile("pending|sent"))
    with Crowd(chat, room, "bo") as crowd:
        wire.keeps = lambda frame: frame.get("data", {}).get("message") == "lost"
        crowd.say(["lost"])
        until(page, lambda: len(wire.kept) == 1)
        wire.keeps = lambda frame: frame.get("data", {}).get("type") == "since"
        crowd.say(["cake?"])
        expect(page.locator(".gap")).to_be_visible()
    wire.refuses_with = 1008
    wire.cut(code=1008)
    expect(ana.status).to_contain_text("Reconnecting")
    react(ana, "cake?", "🎉")
    ana.box.press("ArrowUp")
    ana.say("typo")
    expect(ana.expect_line("typo")).to_contain_text("The edit waits for a connection")

    assert violations_in_both_schemes(page) == []


@pytest.mark.parametrize(("touch", "widths"), [(False, (768, 320)), (True, (1280, 768, 390))])
def test_everything_fits_and_can_be_pressed_at_every_width(
    chat: Chat, browser: Browser, room: str, touch: bool, widths: tuple[int, ...]
) -> None:
    context = browser.new_context(viewport={"width": widths[0], "height": 640}, has_touch=touch, is_mobile=touch)
    page = context.new_page()
    ana = Person(page, chat, "ana").enter(room)
    ana.say("a line")
    react(ana, "a line", "🎉")
    answer(ana, "a line", "another")
    expect(page.locator(".reactions button")).to_be_visible()
    expect(page.locator(".message .quote")).to_have_count(2)

    for width in widths:
        page.set_viewport_size({"width": width, "height": 640})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        actions_of(ana, "another")
        small = page.evaluate(
            """dense => [...document.querySelectorAll('button, input, textarea, nav a')]
          .filter(node => node.checkVisibility({visibilityProperty: true}))
          .filter(node => !(dense && node.matches('.message button')))
          .map(node => [node.outerHTML.slice(0, 60), node.offsetWidth, node.offsetHeight])
          .filter(([, width, height]) => width < 44 || height < 44)""",
            width >= 761 and not touch,
        )
        assert small == [], width
        tools = page.locator("#message-actions").bounding_box()
        assert tools
        assert tools["x"] >= 0
        assert tools["x"] + tools["width"] <= width
    context.close()


def test_nothing_is_covered_by_a_notch_or_moves_for_who_wants_it_still_and_rooms_and_people_are_drawers_on_a_phone(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    page.emulate_media(reduced_motion="reduce")  # a drawer is in its place at once
    insets = {"top": 47, "right": 31, "bottom": 34, "left": 29}
    page.context.new_cdp_session(page).send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    page.goto(chat.url)
    for size in (PHONE, PHONE_ON_ITS_SIDE):
        page.set_viewport_size(size)
        expect(page.get_by_label("Your name")).to_be_focused()
        expect_all_within(page, insets)

    ana, people = Person(page, chat, "ana").enter(room), page.locator("#people-list")
    ana.say("hello")
    answer(ana, "hello", "yes")
    page.locator("#people-count").click()
    expect(people).to_be_visible()
    expect_all_within(page, insets)
    page.keyboard.press("Escape")
    expect(people).to_be_hidden()
    page.mouse.move(0, 0)  # away from the message, whose actions would stand over it
    expect_all_within(page, insets)

    page.set_viewport_size(PHONE)
    rooms = page.get_by_role("navigation")
    expect(rooms).to_be_hidden()
    expect_all_within(page, insets)
    assert page.evaluate(MOVING) == []
    page.get_by_role("button", name="Rooms").click()
    expect(rooms).to_be_visible()
    expect_all_within(page, insets)
    assert page.evaluate("document.getAnimations().length") == 0
    assert page.evaluate(MOVING) == []
    page.get_by_role("link", name="lobby").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("lobby")
    expect(rooms).to_be_hidden()
    page.locator("#people-count").click()
    expect(people).to_be_visible()
    expect_all_within(page, insets)
    page.keyboard.press("Escape")
    expect(people).to_be_hidden()
    expect(ana.box).to_be_visible()
    expect(page.locator("meta[name=viewport]")).to_have_attribute("content", re.compile("viewport-fit=cover"))


def expect_all_within(page: Page, insets: dict[str, int]) -> None:
    """Wait until nothing is outside of the safe area."""
    with suppress(AssertionError):
        until(page, lambda: outside(page, insets) == [], seconds=5)
    assert outside(page, insets) == []


def outside(page: Page, insets: dict[str, int]) -> list[str]:
    """Return what one can read or press that is not wholly within the safe area, of the window or of an open drawer."""
    found: list[str] = page.evaluate(
        """({top, right, bottom, left}) => [...document.querySelectorAll('button, input, textarea, a, h1, h2, bdi, p')]
          .filter(node => node.checkVisibility() && node.getBoundingClientRect().width > 1)
          .filter(node => node.closest(':popover-open') || !document.querySelector(':popover-open'))
          .filter(node => {
            const box = node.getBoundingClientRect();
            const [width, height] = [innerWidth - right, innerHeight - bottom];
            return box.top < top || box.left < left || box.right > width || box.bottom > height;
          })
          .map(node => node.outerHTML.slice(0, 60))""",
        insets,
    )
    return found


def test_a_name_is_refused_where_it_is_typed_or_remembered_for_the_tab_with_the_theme_and_offered_to_the_next(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    page.goto(chat.url)
    page.mouse.move(300, 300)
    expect(page.get_by_role("group", name="Message actions")).to_be_hidden()
    page.get_by_label("Your name").fill("system")
    page.get_by_role("button", name="Join the chat").click()
    expect(page.get_by_role("alert")).to_contain_text("reserved")
    page.get_by_label("Your name").fill("  ana  ")
    page.get_by_label("Your name").press("Enter")
    expect(page.locator("#my-name")).to_have_text("ana")

    # Its theme is the system's until one chooses.
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(background)
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) != dark
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    assert page.evaluate(background) == dark
    page.reload()
    ana = Person(page, chat, "ana")
    ana.expect_live()
    expect(page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert page.evaluate(background) == dark

    # On a desktop nothing moves when the list of people opens.
    ana.expect_joined("lobby")
    people = page.locator("#people")
    places = [ana.log.bounding_box(), people.bounding_box()]
    page.locator("#people-count").click()
    assert people.evaluate("people => people.matches(':popover-open')")
    assert [ana.log.bounding_box(), people.bounding_box()] == places
    page.keyboard.press("Escape")

    second = page.context.new_page()
    second.goto(chat.url)
    expect(second.get_by_label("Your name")).to_have_value("ana")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your name")).to_be_visible()


def test_a_signed_in_user_joins_without_the_first_screen_and_others_may_sign_in(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    sign_in = {"auth": "easyauth", "signIn": "/.auth/login/aad", "signOut": "/.auth/logout", "lobby": "lobby"}
    limits = {"messageBytes": 4096, "userIdLength": 64, "roomLength": 32}
    page.route("**/session", lambda route: route.fulfill(json={**sign_in, "user": None, "limits": limits}))
    page.goto(chat.url)
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", "/.auth/login/aad")
    expect(page.get_by_label("Your name")).to_be_hidden()

    page.unroute("**/session")
    page.route(
        "**/session", lambda route: route.fulfill(json={**sign_in, "user": "aad:1", "name": "ana", "limits": limits})
    )
    with page.expect_request("**/negotiate") as asked:
        page.reload()
    expect(page.locator("#my-name")).to_have_text("ana")
    assert json.loads(str(asked.value.post_data)) == {}


def test_a_page_that_finds_no_server_tries_again_by_itself(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.add_init_script("Math.random = () => -0.9")  # waits a twentieth as long
    asked: list[str] = []

    def come_back(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        elif len(asked) == 2:
            route.fulfill(json={"auth": None, "signIn": None})
        else:
            route.fallback()

    page.route("**/session", come_back)
    page.goto(chat.url)
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.get_by_role("alert")).to_contain_text("Trying again")

    expect(page.get_by_label("Your name")).to_be_focused()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(asked) == 3


def test_the_page_loads_nothing_from_elsewhere_and_violates_no_rule_of_its_policy(
    chat: Chat, browser: Browser, room: str
) -> None:
    context = browser.new_context(service_workers="allow")  # the browser complains of one that is blocked
    page = context.new_page()
    requested: set[str] = set()
    complaints: list[str] = []
    page.on("request", lambda request: requested.add(request.url.split("/")[2]))
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    ana = Person(page, chat, "ana").enter(room)
    ana.say("hello")
    ana.expect_line("hello")

    assert requested == {chat.url.split("/")[2]}
    assert complaints == []
    policy = page.request.get(chat.url).headers["content-security-policy"]
    assert "unsafe" not in policy
    context.close()


def transferred(page: Page) -> dict[str, int]:
    """Return the bytes of each file of the page as it was transferred, by its path.

    What comes after the page can be used begins with `background.js`.
    """
    sizes: dict[str, int] = page.evaluate("""() => Object.fromEntries(
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .sort((one, other) => one.startTime - other.startTime)
        .map(({name, encodedBodySize}) => [new URL(name).pathname, encodedBodySize])
        .filter((_, index, all) => !all.slice(0, index + 1).some(([path]) => path.endsWith('/background.js')))
        .filter(([path]) => /(\\/|\\.html|\\.css|\\.js|\\.svg)$/.test(path)))""")
    return sizes


def test_the_first_load_is_small_as_it_is_transferred(chat: Chat, new_person: NewPerson) -> None:
    page = new_person()
    page.goto(chat.url)
    expect(page.get_by_label("Your name")).to_be_focused()
    page.wait_for_load_state("networkidle")

    sizes = transferred(page)
    print(f"the page's first load is {sum(sizes.values())} bytes: {sizes}")
    assert {"/", "/style.css", "/app.js", "/view/sign-in.js", "/icon.svg"} <= set(sizes)
    assert page.request.get(f"{chat.url}/app.js").headers["content-encoding"] == "gzip"
    assert sum(sizes.values()) <= MAX_FIRST_LOAD_BYTES, sizes


def test_the_chat_itself_is_loaded_when_somebody_joins_and_is_not_large(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    page = new_person()
    Person(page, chat, "ana").enter(room)

    sizes = transferred(page)
    scripts = {path for path in sizes if path.endswith(".js")}
    print(f"the page with the chat is {sum(sizes.values())} bytes with {len(scripts)} scripts: {sizes}")
    assert {"/view/chat-page.js", "/client/chat.js"} <= scripts
    assert sum(sizes.values()) <= MAX_PAGE_BYTES, sizes
    assert len(scripts) <= MAX_PAGE_SCRIPTS, sorted(scripts)
