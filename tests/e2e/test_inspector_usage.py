"""The inspector's panel about usage in a real Chromium: its numbers, and what axe-core finds."""

import re

from playwright.sync_api import Browser, expect

from tests.e2e.accessibility import violations_in_both_schemes
from tests.e2e.test_inspector import WAIT_SECONDS, running
from tests.local_azure.webpubsub.small_app import storing_app

expect.set_options(timeout=WAIT_SECONDS * 1000)


def test_the_panel_says_what_each_message_took_and_follows_the_run(browser: Browser) -> None:
    with running(storing_app) as app:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(app.url)
        page.get_by_role("link", name="Usage").click()
        usage = page.get_by_role("region", name="Usage")
        expect(usage.get_by_text("No client has sent anything yet.")).to_be_visible()
        usage.get_by_text("The prices").click()

        ana, _bo = app.person("ana"), app.person("bo")
        app.ask(ana, "x" * 3000)

        row = usage.get_by_role("row").filter(has=page.get_by_role("rowheader", name="event message", exact=True))
        # Two deliveries and the event are two messages each, the ack is one: times, messages, frames, events and so on.
        billed = re.compile(r"^4\.\d+ . 7$")
        expect(row.get_by_role("cell")).to_have_text(["1", billed, "3", "1", "1", "1", "7.44"])
        expect(usage.get_by_text("examples of 2025-05, never read from Azure")).to_be_visible()
        expect(usage.get_by_text("for one unit and day")).to_be_visible()  # opened before, and still open
        assert violations_in_both_schemes(page) == []

        page.set_viewport_size({"width": 390, "height": 844})
        assert violations_in_both_schemes(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page.route("**/inspector/meter", lambda route: route.abort())
        expect(usage.get_by_role("status")).to_contain_text("The usage cannot be read: ")
        page.unroute("**/inspector/meter")
        expect(usage.get_by_role("status")).to_be_hidden()
        page.get_by_role("link", name="Flow").click()
        expect(usage).to_be_hidden()
        context.close()
