"""The Web PubSub service ends during a conversation and starts again; each service is a process of its own."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Process, free_port, storage_connection


@dataclass
class Processes:
    """The embedded Web PubSub service, Table storage and the Functions host, each its own process."""

    webpubsub: Process
    tables: Process
    functions: Process
    url: str

    @property
    def all(self) -> tuple[Process, ...]:
        """All of them, in the order in which they are stopped."""
        return self.functions, self.tables, self.webpubsub


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    webpubsub_port, tables_port, functions_port = free_port(), free_port(), free_port()
    endpoint, url = f"http://localhost:{webpubsub_port}", f"http://localhost:{functions_port}"
    handler = "WebPubSub__Hubs__Sample_ChatApp__EventHandlers__0__UrlTemplate"
    monkeypatch.setenv(handler, f"{url}/eventhandler/{{event}}")
    key = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
    monkeypatch.setenv("WebPubSubConnectionString", f"Endpoint={endpoint};AccessKey={key};Version=1.0;")
    monkeypatch.setenv("AzureWebJobsStorage", storage_connection(tables_port))
    webpubsub = [sys.executable, "-m", "local_azure.webpubsub", "--settings", "webpubsub.json"]
    tables = [sys.executable, "-m", "local_azure.tables", "--port", str(tables_port)]
    functions = [sys.executable, "-m", "local_azure.functions", ".", "--port", str(functions_port)]
    started = Processes(
        Process([*webpubsub, "--port", str(webpubsub_port)], f"{endpoint}/api/health", tmp_path / "webpubsub.log"),
        Process(tables, f"http://127.0.0.1:{tables_port}/", tmp_path / "tables.log"),
        Process(functions, f"{url}/", tmp_path / "functions.log"),
        url,
    )
    for process in reversed(started.all):
        process.start()
    yield started
    for process in started.all:
        if process.running:
            process.stop()


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
