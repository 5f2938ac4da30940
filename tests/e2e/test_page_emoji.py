"""The choice of an emoji: for a reaction and for a message, with the keyboard and with a finger."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import violations, violations_in_both_schemes
from tests.e2e.conftest import ROOT, Chat
from tests.e2e.people import Person, a_room, until

NewPerson = Callable[[], Page]
FEW = 40


def few_of_each_group() -> str:
    """Return the table of emoji with a few of each group: axe-core looks at every button."""
    groups = (ROOT / "static" / "panels" / "emoji.txt").read_text().split("\n@ ")
    few = ["\n".join(group.splitlines()[:FEW]) for group in groups]
    return "\n@ ".join(few)


@pytest.fixture
def room() -> str:
    return a_room()


def focused(page: Page) -> str:
    """Return the label of what has the focus."""
    label: str = page.evaluate("document.activeElement.ariaLabel ?? ''")
    return label


def test_any_emoji_is_found_by_its_name_with_the_keyboard_and_is_offered_again_once_the_table_can_be_loaded(
    chat: Chat, new_person: NewPerson, room: str
) -> None:
    ana = Person(new_person(), chat, "ana").enter(room)
    page, picker = ana.page, ana.page.get_by_role("dialog", name="Emoji")
    page.route("**/emoji.txt", lambda route: route.abort())
    page.get_by_role("button", name="Emoji", exact=True).click()
    expect(ana.log).to_contain_text("The emoji could not be loaded")
    page.unroute("**/emoji.txt")

    ana.say("lunch?")
    line = ana.expect_line("lunch?")
    expect(line).not_to_have_class(re.compile("pending|sent"))
    line.hover()
    page.get_by_role("button", name="More emoji").click()
    search = picker.get_by_role("searchbox", name="Search emoji")
    expect(search).to_be_focused()
    page.keyboard.type("pizza")
    expect(picker.get_by_role("status")).to_contain_text("emoji found")
    assert violations(page, "#emoji-picker") == []
    page.keyboard.press("Enter")
    expect(picker).to_have_count(0)
    expect(line.locator(".reactions button")).to_have_text("🍕 1")

    line.hover()
    page.get_by_role("button", name="More emoji").click()
    expect(picker.get_by_role("group").first).to_contain_text("Recently used")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "pizza"
    page.keyboard.press("ArrowRight")
    assert focused(page) == "grinning face"
    page.keyboard.press("ArrowUp")
    assert focused(page) == "pizza"
    page.keyboard.press("End")
    assert focused(page).startswith("flag")
    expect(picker.get_by_role("button", name=focused(page), exact=True)).to_be_in_viewport()
    assert picker.locator(".emoji-grid button[tabindex='0']").count() == 1
    search.fill("no such thing")
    expect(picker.get_by_role("status")).to_contain_text("No emoji")
    page.keyboard.press("Escape")  # empties the box
    expect(picker.get_by_role("group").first).to_contain_text("Recently used")
    page.keyboard.press("Escape")
    expect(picker).to_have_count(0)
    until(page, lambda: bool(page.evaluate("Boolean(document.activeElement.closest('.message'))")))

    # On this browser the next person has recent ones of their own.
    other = Person(page.context.new_page(), chat, "bo").enter(room)
    other.page.get_by_role("button", name="Emoji", exact=True).click()
    expect(other.page.locator("#emoji-picker [role=group]").first).to_contain_text("Smileys")


def test_on_a_phone_the_emoji_come_from_below_and_are_inserted_at_the_cursor_in_the_chosen_tone(
    chat: Chat, browser: Browser, room: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.route("**/emoji.txt", lambda route: route.fulfill(body=few_of_each_group()))
    ana = Person(context.new_page(), chat, "ana").enter(room)
    page, picker = ana.page, ana.page.locator("#emoji-picker")
    ana.box.fill("well done!")
    ana.box.evaluate("box => box.setSelectionRange(9, 9)")

    page.get_by_role("button", name="Emoji", exact=True).tap()
    expect(picker).to_be_visible()
    box = picker.bounding_box()
    assert box
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 390, 844)
    small = picker.locator("button:visible, input, select").evaluate_all(
        "all => all.filter(one => one.offsetWidth < 44 || one.offsetHeight < 44).map(one => one.outerHTML)"
    )
    assert small == []
    assert violations_in_both_schemes(page, "#emoji-picker") == []

    picker.get_by_role("combobox", name="Skin tone").select_option("3")
    picker.get_by_role("searchbox").fill("clapping")
    picker.get_by_role("button", name="clapping hands").tap()
    expect(ana.box).to_have_value("well done👏🏽!")
    page.get_by_role("button", name="Emoji", exact=True).tap()
    expect(picker.get_by_role("combobox")).to_have_value("3")
    picker.get_by_role("button", name="Close", exact=True).tap()
    expect(picker).to_have_count(0)
    context.close()
