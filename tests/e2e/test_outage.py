"""The Web PubSub service ends during a conversation and starts again; each service is a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.processes import Processes, run_processes


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with run_processes(tmp_path) as started:
        yield started


def enter(page: Page, url: str, name: str) -> Page:
    """Open the page, give a name, and wait until the lobby is joined."""
    page.goto(url)
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join the chat").click()
    expect(page.get_by_role("log")).to_have_attribute("data-membership", "joined")
    return page


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_label("Message", exact=True).press("Enter")


def test_the_page_shows_an_outage_of_the_service_and_reconnects_after_it(
    processes: Processes, new_person: Callable[[], Page]
) -> None:
    ana, bo = enter(new_person(), processes.url, "ana"), enter(new_person(), processes.url, "bo")
    say(ana, "before the outage")
    expect(bo.get_by_role("log")).to_contain_text("before the outage")

    processes.webpubsub.kill()
    for page in (ana, bo):
        expect(page.get_by_role("status")).to_contain_text("Reconnecting")
    say(ana, "said while it was gone")

    processes.webpubsub.start()
    for page in (ana, bo):
        expect(page.get_by_role("status")).to_contain_text("Live", timeout=45_000)
    expect(bo.get_by_role("log")).to_contain_text("said while it was gone")
    say(bo, "after the outage")
    expect(ana.get_by_role("log")).to_contain_text("after the outage")
    assert ana.get_by_text("said while it was gone").count() == 1


def test_all_processes_stop_at_ctrl_c_with_exit_code_0_and_no_traceback(processes: Processes) -> None:
    for process in processes.all:
        assert process.stop() == 0
        assert "Traceback" not in process.output()
