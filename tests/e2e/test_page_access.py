"""The page for those who read it otherwise: what axe-core finds, and the system's own colours."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.accessibility import violations_in_both_schemes
from tests.e2e.conftest import Chat
from tests.e2e.crowd import Crowd
from tests.e2e.people import Person, a_room, answer, react

NewPerson = Callable[[], Page]


def test_axe_finds_nothing_at_all_on_any_screen_in_light_and_in_dark_colours(chat: Chat, new_person: NewPerson) -> None:
    page, room = new_person(), a_room()
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{chat.url}/#{room}")
    expect(page.get_by_label("Your name")).to_be_focused()
    assert violations_in_both_schemes(page) == []

    ana = Person(page, chat, "ana").enter(room)
    with Crowd(chat, room, "bo") as crowd:
        crowd.say(["hello https://a.example"])
        react(ana, "hello https://a.example", "🎉")
        answer(ana, "hello https://a.example", "hi")
        ana.say("/who")
        expect(page.locator(".notice")).to_be_visible()
        ana.say("/nonsense")
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Join or create a room").fill("no such room")
        page.get_by_label("Join or create a room").press("Enter")
        expect(page.locator("#room-problem")).to_be_visible()
        ana.box.fill("/")
        expect(page.get_by_role("listbox")).to_be_visible()
        assert violations_in_both_schemes(page) == []

        ana.box.fill("")
        ana.log.focus()
        page.keyboard.press("?")
        expect(page.get_by_role("complementary", name="Keys")).to_be_visible()
        assert violations_in_both_schemes(page) == []

        page.set_viewport_size({"width": 390, "height": 844})
        assert violations_in_both_schemes(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("complementary", name="Keys")).to_be_hidden()
        page.get_by_role("button", name="Rooms", exact=True).click()
        expect(page.get_by_role("navigation", name="Rooms")).to_be_visible()
        assert violations_in_both_schemes(page) == []
        page.keyboard.press("Escape")
        page.locator("#people-count").click()
        expect(page.locator("#people-list")).to_be_visible()
        assert violations_in_both_schemes(page) == []


def test_what_a_colour_tells_has_a_line_in_the_systems_own_colours_and_each_text_has_its_own_direction(
    chat: Chat, new_person: NewPerson
) -> None:
    page = new_person()
    page.emulate_media(forced_colors="active")
    ana = Person(page, chat, "ana").enter(a_room())
    ana.say("hello")
    expect(ana.expect_line("hello").locator(".bubble")).to_have_css("border-top-width", "1px")
    expect(page.locator("#my-rooms [aria-current=page]")).to_have_css("outline-style", "solid")
    expect(page.locator("#send-button")).to_have_css("border-top-width", "1px")
    ana.box.focus()
    expect(ana.box).to_have_css("outline-style", "solid")

    from_right_to_left = "\u0634\u0627\u064a\u061f"
    ana.box.fill(from_right_to_left)
    expect(ana.box).to_have_css("direction", "rtl")
    ana.say(from_right_to_left)
    expect(ana.expect_line(from_right_to_left).locator(".text")).to_have_css("direction", "rtl")
    expect(page.locator("html")).to_have_css("direction", "ltr")
