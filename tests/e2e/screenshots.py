"""Pictures of the page with a lively conversation: `python -m tests.e2e.screenshots [folder]`.

The product runs as a person starts it; four people talk through it. Desktop and phone, light and dark, and the first
screen; the folder is `screenshots/` unless another is named.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.conftest import CHROMIUM_OPTIONS, ROOT, Chat, chromium_path
from tests.e2e.people import Person, a_line, publish, service_of

Scheme = Literal["light", "dark"]
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
ROOMS = {
    ("desktop", "light"): "kitchen",
    ("desktop", "dark"): "garden",
    ("phone", "light"): "harbour",
    ("phone", "dark"): "studio",
}
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


def talk(chat: Chat, room: str, ana: Person, bo: Person, cy: Person) -> None:
    """Publish messages of three people, some of them with earlier times."""
    now = datetime.now(UTC)

    def earlier(sender: str, text: str, minutes: int, **more: object) -> dict[str, object]:
        return a_line(room, sender, text, now - timedelta(minutes=minutes), **more)

    question = earlier("ana", "That is lovely. What changed?", 19)
    publish(
        service_of(chat),
        room,
        earlier("cy", "The release notes are on the wiki, please have a look before Thursday.", 25 * 60),
        earlier("dee", "Done. Two typos, nothing else 👌", 25 * 60 - 6, reactions={"👍": ["cy"]}),
        earlier("cy", "Good morning! Who takes the demo today?", 24),
        earlier("bo", "I can. Staging was quiet all night 🌙", 22, reactions={"🎉": ["ana", "cy"], "👍": ["dee"]}),
        earlier("bo", "Yesterday in numbers: https://example.com/latency", 21),
        question,
        earlier(
            "bo",
            "One call to the service for a message, whatever the size of the room.",
            17,
            replyTo={"id": question["id"], "from": "ana", "message": question["message"]},
        ),
        earlier("dee", "So we answer before storage is even asked?", 9),
        earlier("ana", "Yes. A slow disk costs us history for a moment, never the conversation.", 8),
        earlier("ana", "I will put that into the architecture page.", 7),
    )
    ana.expect_line("I will put that into the architecture page.")
    cy.say("Perfect. Three o'clock then, I bring the cake 🍰")
    for person, emoji in ((bo, "🎉"), (ana, "❤️")):
        person.expect_line("Perfect. Three o'clock then, I bring the cake 🍰").hover()
        person.page.get_by_role("group", name="Message actions").get_by_role("button", name=emoji).click()
    ana.say("Two pieces for me, please")
    bo.expect_line("Two pieces for me, please")
    expect(ana.page.locator(".pending, .sent")).to_have_count(0)


def picture(chat: Chat, browser: Browser, size: str, scheme: Scheme, folder: Path) -> None:
    """Take the first screen and the conversation as `ana` sees it."""
    page = new_page(browser, size, scheme)
    room = ROOMS[size, scheme]
    page.goto(chat.url)
    expect(page.get_by_label("Your name")).to_be_focused()
    page.screenshot(path=folder / f"welcome-{size}-{scheme}.png")
    ana = Person(page, chat, "ana").enter("lobby").enter_room("design").enter_room(room)
    others = [Person(new_page(browser, "desktop", "light"), chat, name).enter(room) for name in ("bo", "cy", "dee")]
    bo, cy, dee = others
    ana.expect_here("bo", "cy", "dee")
    talk(chat, room, ana, bo, cy)
    dee.enter_room("design")
    dee.say("Anybody here?")
    expect(ana.page.locator("#my-rooms .badge")).to_have_count(1)
    bo.box.press_sequentially("Same")
    expect(page.locator("#typing")).to_contain_text("is typing")
    page.mouse.move(5, 5)
    page.screenshot(path=folder / f"chat-{size}-{scheme}.png")
    if size == "phone":
        page.get_by_role("button", name="Rooms").click()
        page.screenshot(path=folder / f"rooms-{size}-{scheme}.png")
    for person in (ana, *others):
        person.page.context.close()


def main(folder: Path) -> None:
    """Take all pictures; raises when the page does not do what the pictures should show."""
    folder.mkdir(parents=True, exist_ok=True)
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
