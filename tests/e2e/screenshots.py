"""Pictures of the page with a lively conversation: `python -m tests.e2e.screenshots [folder]`.

The product runs as a person starts it; four people talk through it. Desktop and phone, light and dark, and the first
screen; the folder is `screenshots/` unless another is named.
"""

import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from chat.room_log.append_plan import plan_append
from chat.room_log.model import Head, Message, NewMessage, Request, SetReaction
from chat.room_log.rows import encode_change, encode_entry, encode_head, encode_index, entry_key
from tests.e2e.conftest import CHROMIUM_OPTIONS, ROOT, Chat, Entity, chromium_path
from tests.e2e.people import Person, actions_of

Scheme = Literal["light", "dark"]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
ROOMS = {
    ("desktop", "light"): "kitchen",
    ("desktop", "dark"): "garden",
    ("phone", "light"): "harbour",
    ("phone", "dark"): "studio",
}
CAKE = "Perfect. Three o'clock then, I bring the cake 🍰"
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@contextmanager
def running_chat() -> Iterator[Chat]:
    """Run the product with a data folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        chat = Chat(Path(folder))
        chat.start()
        try:
            yield chat
        finally:
            chat.stop()


def new_page(browser: Browser, size: str, scheme: Scheme) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        device_scale_factor=1.5,
        has_touch=size == "phone",
        is_mobile=size == "phone",
        locale="en-GB",
    )
    context.set_default_timeout(15_000)
    return context.new_page()


def store_past(chat: Chat, room: str) -> None:
    """Store what was said in the room before, with the times of then."""
    now = round(time.time() * 1000)
    head, messages, rows = Head(), dict[str, Message](), dict[str, Entity]()

    def append(minutes_ago: int, request: Request) -> str:
        nonlocal head
        plan = plan_append("lobby", head, messages, [request], now - minutes_ago * 60_000)
        head = plan.head
        messages.update(plan.created | plan.changed)
        for entry in plan.entries:
            rows[entry_key(entry.seq)] = encode_entry(room, entry, messages[entry.message_id])
            rows[entry.id] = encode_index(room, entry)
        for message in plan.changed.values():
            rows[entry_key(message.seq)] |= encode_change(room, message)
        return request.id

    def say(minutes_ago: int, user: str, text: str, answers: str | None = None, **reactions: str) -> str:
        said = append(minutes_ago, NewMessage(uuid.uuid4().hex, user, text, answers=answers))
        for reacting, emoji in reactions.items():
            append(minutes_ago, SetReaction(id=uuid.uuid4().hex, user=reacting, target=said, emoji=emoji))
        return said

    say(25 * 60, "cy", "The release notes are on the wiki, please have a look before Thursday.")
    say(25 * 60 - 6, "dee", "Done. Two typos, nothing else 👌", cy="👍")
    say(24, "cy", "Good morning! Who takes the demo today?")
    say(22, "bo", "I can. Staging was quiet all night 🌙", ana="🎉", cy="🎉", dee="👍")
    say(21, "bo", "Yesterday in numbers: https://example.com/latency")
    question = say(19, "ana", "That is lovely. What changed?")
    say(17, "bo", "One call to the service for a message, whatever the size of the room.", question)
    say(9, "dee", "And one write to storage before it?")
    say(8, "ana", "Yes. What was acknowledged is stored, and every screen ends with the same log.")
    say(7, "ana", "I will put that into the architecture page.")
    chat.store_log([encode_head(room, head), *rows.values()])


def talk(ana: Person, bo: Person, cy: Person) -> None:
    """Let three people talk on."""
    ana.expect_line("I will put that into the architecture page.")
    cy.say(CAKE)
    for person, emoji in ((bo, "🎉"), (ana, "❤️")):
        actions_of(person, CAKE).get_by_role("button", name=emoji).click()
        expect(person.expect_line(CAKE).locator(".reactions button", has_text=emoji)).to_be_visible()
    ana.say("Two pieces for me, please")
    bo.expect_line("Two pieces for me, please")
    expect(ana.page.locator(".pending, .sent")).to_have_count(0)


def picture(chat: Chat, browser: Browser, size: str, scheme: Scheme, folder: Path) -> None:
    """Take the first screen and the conversation as `ana` sees it."""
    page = new_page(browser, size, scheme)
    room = ROOMS[size, scheme]
    chat.forget_places()
    store_past(chat, room)
    page.goto(chat.url)
    expect(page.get_by_label("Your name")).to_be_focused()
    page.screenshot(path=folder / f"welcome-{size}-{scheme}.png")
    ana = Person(page, chat, "ana").enter("lobby").enter_room("design").enter_room(room)
    others = [Person(new_page(browser, "desktop", "light"), chat, name).enter(room) for name in ("bo", "cy", "dee")]
    bo, cy, dee = others
    ana.expect_here("bo", "cy", "dee")
    talk(ana, bo, cy)
    dee.enter_room("design")
    dee.say("Anybody here?")
    expect(ana.page.locator("#my-rooms .badge")).to_have_count(1)
    bo.box.press_sequentially("Same")
    expect(page.locator("#typing")).to_contain_text("is typing")
    page.mouse.move(5, 5)
    page.screenshot(path=folder / f"chat-{size}-{scheme}.png")
    show_states(ana, lambda state: page.screenshot(path=folder / f"{state}-{size}-{scheme}.png"), size)
    for person in (ana, *others):
        person.page.context.close()


def show_states(ana: Person, take: Callable[[str], object], size: str) -> None:
    """Bring the page into each of its further states; `take` makes the picture of a state by its name."""
    page = ana.page
    side = page.locator("#panel")
    if size == "phone":
        page.get_by_role("button", name="Rooms", exact=True).click()
        expect(page.locator("#rooms")).to_be_visible()
        take("rooms")
        page.keyboard.press("Escape")
    bar = actions_of(ana, CAKE)
    take("actions")
    bar.get_by_role("button", name="More emoji").click()
    expect(page.locator("#emoji-picker")).to_be_visible()
    expect(page.locator("#emoji-picker .emoji-grid button").first).to_be_visible()
    take("emoji")
    page.keyboard.press("Escape")
    ana.box.fill("@")
    expect(page.get_by_role("option").first).to_be_visible()
    take("mention")
    ana.box.fill("")
    page.get_by_role("button", name="Search messages").click()
    side.get_by_role("searchbox").fill("wiki")
    expect(side.locator("mark").first).to_be_visible()
    take("search")
    side.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Room settings").click()
    expect(side.get_by_role("heading", name="Room", exact=True)).to_be_visible()
    take("room")
    side.get_by_role("button", name="Close").click()
    ana.log.focus()
    page.keyboard.press("?")
    expect(side.get_by_role("heading", name="Keys")).to_be_visible()
    take("keys")
    side.get_by_role("button", name="Close").click()
    for name, state in (("New room", "new-room"), ("Settings", "settings")):
        if size == "phone":
            page.get_by_role("button", name="Rooms", exact=True).click()
        page.get_by_role("button", name=name, exact=True).click()
        expect(side).to_be_visible()
        take(state)
        side.get_by_role("button", name="Close").click()
    page.context.set_offline(True)
    ana.say("Written without a network")
    expect(ana.status).to_contain_text("offline")
    take("offline")


def main(folder: Path) -> None:
    """Take all pictures; raises when the page does not do what the pictures should show."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=15_000)
    with ExitStack() as stack:
        driver = stack.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
        chat = stack.enter_context(running_chat())
        for size in SIZES:
            for scheme in SCHEMES:
                picture(chat, browser, size, scheme, folder)
        browser.close()
    for file in sorted(folder.glob("*.png")):
        print(f"{file} {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots")
