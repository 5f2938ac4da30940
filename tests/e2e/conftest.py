"""The whole product as a person uses it: `dev.py run` in its own process, and pages in a real Chromium."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import EdmType, TableClient, TableServiceClient
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from local_azure.tables.settings import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.system_parts import miss

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
START_SECONDS = 60
# Crowds say hundreds of messages at once, and every test makes rooms; everything else is limited as for people.
FAST_SENDERS = "message=60000/60000, create=60000/60000"
MAX_OPERATIONS = 100  # in one transaction of Table storage
TIMES = ("at", "editedAt", "deletedAt")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",  # without it a process draws like a GPU: a seventh more CPU time for the same pictures
]


Entity = dict[str, Any]


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def storage_connection(tables_port: int) -> str:
    """Return the connection string of the embedded storage on a port of this machine."""
    account = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY}"
    endpoint = f"TableEndpoint=http://127.0.0.1:{tables_port}/{DEVELOPMENT_ACCOUNT}"
    return f"DefaultEndpointsProtocol=http;{account};{endpoint};"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests after all others: asynchronous tests would meet the event loop that drives the browser."""
    items.sort(key=lambda item: HERE in item.path.parents)


class Process:
    """One of our servers as a child process, started with a command line and stopped as a person would stop it."""

    def __init__(self, command: list[str], ready_url: str, log: Path, **settings: str) -> None:
        self.command = command
        # The service remembers the connections of pages that a test has killed, as those of a user.
        self.environment = {"ChatUserConnections": "200"} | os.environ | settings
        self.ready_url = ready_url
        self.log = log
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return when it answers; raises AssertionError with its output when it does not."""
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.ready_url):
            assert self._child.poll() is None, f"it ended at once:\n{self.output()}"
            assert time.monotonic() < deadline, f"it does not answer:\n{self.output()}"
            time.sleep(0.02)

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does, and return the exit code."""
        assert self._child is not None
        self._child.send_signal(signal.SIGINT)
        return self._child.wait(timeout=20)

    def kill(self) -> None:
        """Kill it, so that it cannot close its connections; return when nothing answers at its address any more.

        Its own child processes notice its end a little later, and would be taken for the next start.
        """
        assert self._child is not None
        self._child.kill()
        self._child.wait(timeout=20)
        deadline = time.monotonic() + START_SECONDS
        while _answers(self.ready_url):
            assert time.monotonic() < deadline, f"it still answers:\n{self.output()}"
            time.sleep(0.02)

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def output(self) -> str:
        """Return what it printed so far."""
        return self.log.read_text(errors="replace")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Chat(Process):
    """`dev.py run` on free ports with a data folder of its own."""

    def __init__(self, folder: Path, rate_limits: str = FAST_SENDERS) -> None:
        self.port, self.webpubsub_port, self.tables_port = free_port(), free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        self.embedding_port = free_port()  # of a site that may embed the chat, where a test makes it
        self.webpubsub_url = f"http://localhost:{self.webpubsub_port}"
        command = [sys.executable, "dev.py", "run", "--port", str(self.port)]
        command += ["--webpubsub-port", str(self.webpubsub_port), "--tables-port", str(self.tables_port)]
        command += ["--data", str(folder / "data")]
        settings = {"ChatRateLimits": rate_limits, "ChatEmbedOrigins": f"http://127.0.0.1:{self.embedding_port}"}
        super().__init__(command, f"{self.url}/", folder / "run.log", **settings)

    def forget_places(self) -> None:
        """Delete the rooms that are kept for users: a user of one test is in no room of another test."""
        with TableClient.from_connection_string(self._storage, "ChatUsers") as users:
            try:
                for row in list(users.list_entities()):
                    users.delete_entity(row)
            except ResourceNotFoundError:
                return  # nobody has joined a room yet

    def store_log(self, rows: Iterable[Entity]) -> None:
        """Store the rows of one room's log."""
        with TableServiceClient.from_connection_string(self._storage) as storage:
            rooms = storage.create_table_if_not_exists("ChatRooms")
            # The SDK takes an integer for one of 32 bits unless its type is named.
            typed = (
                {key: (value, EdmType.INT64) if key in TIMES else value for key, value in row.items()} for row in rows
            )
            while batch := list(islice(typed, MAX_OPERATIONS)):
                rooms.submit_transaction([("create", row) for row in batch])

    @property
    def _storage(self) -> str:
        return storage_connection(self.tables_port)


@pytest.fixture(scope="session")
def running_chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """Run one chat for all tests of this worker; a test that stops it makes its own."""
    running = Chat(tmp_path_factory.mktemp("chat"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def chat(running_chat: Chat) -> Chat:
    """Return the running chat, whose users are in no room."""
    running_chat.forget_places()
    return running_chat


@pytest.fixture
def own_chat(tmp_path: Path) -> Iterator[Chat]:
    """A chat that is not running yet and belongs to one test."""
    own = Chat(tmp_path)
    yield own
    if own.running:
        own.stop()


def chromium_path() -> str:
    """Return the browser of this machine; there must be one."""
    wanted = os.environ.get("CHROMIUM")
    found = (
        wanted or shutil.which("chromium-headless-shell") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if not found:
        miss("Chromium: apt install chromium-headless-shell, or set CHROMIUM to its path")
    return found


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Drive browsers until the end of the run; the driver's event loop runs all the time."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    started = playwright_driver.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
    # A service worker would answer in place of the routes of a test. A test of the worker asks for "allow".
    started.new_context = partial(started.new_context, service_workers="block")  # type: ignore[method-assign]
    yield started
    started.close()


@pytest.fixture
def new_person(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Make pages of people who share nothing: each has a browser context of its own."""
    contexts: list[BrowserContext] = []

    def new() -> Page:
        context = browser.new_context()
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()
