"""The fixtures as another project uses them: a small project of its own, run by its own pytest."""

import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local_azure.pytest_plugin import running
from local_azure.webpubsub import EventHandler, SettingsError

ROOT = Path(__file__).resolve().parents[2]

CONFTEST = """
import pytest

pytest_plugins = ["local_azure.pytest_plugin"]
"""

SYNC_TEST = """
from azure.messaging.webpubsubservice import WebPubSubServiceClient

def test_a_blocking_client_reaches_the_service(web_pubsub):
    client = WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, "chat")
    client.send_to_all("hi", content_type="text/plain")
    assert not client.user_exists("ana")
    assert web_pubsub.connection_string.startswith(f"Endpoint={web_pubsub.endpoint};AccessKey=")
"""

ASYNC_TEST = """
import aiohttp
import pytest
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient

seen = set()

@pytest.mark.asyncio
@pytest.mark.parametrize("run", [1, 2])
async def test_each_test_has_a_service_to_itself(web_pubsub, run):
    async with WebPubSubServiceClient.from_connection_string(web_pubsub.connection_string, "chat") as client:
        assert not await client.user_exists("ana")
        url = (await client.get_client_access_token(user_id="ana"))["url"]
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            await client.send_to_user("ana", "hi", content_type="text/plain")
            assert await socket.receive_str(timeout=5) == "hi"
"""

OVERRIDE_TEST = """
import urllib.error, urllib.request
import pytest
from local_azure.webpubsub import Settings, HubSettings

@pytest.fixture
def web_pubsub_settings():
    return Settings(access_key="a key of our own, 32 bytes at least", hubs={"chat": HubSettings()})

def test_the_settings_are_ours(web_pubsub):
    assert "AccessKey=a key of our own, 32 bytes at least;" in web_pubsub.connection_string
"""


def run_project(folder: Path, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a project that has these files and finds local_azure on its path."""
    for name, source in files.items():
        (folder / f"{name}.py").write_text(source)
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_sync_and_async_tests_of_another_project_get_a_service_each(tmp_path: Path) -> None:
    files = {"test_sync": SYNC_TEST, "test_async": ASYNC_TEST, "test_override": OVERRIDE_TEST}

    ran = run_project(tmp_path, conftest=CONFTEST, **files)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 passed" in ran.stdout


def test_a_project_without_a_need_for_the_service_does_not_load_it(tmp_path: Path) -> None:
    quiet = (
        "import sys\n\ndef test_nothing():\n    assert not {'aiohttp', 'local_azure.webpubsub'} & set(sys.modules)\n"
    )

    ran = run_project(tmp_path, "-p", "no:asyncio", conftest=CONFTEST, test_quiet=quiet)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_event_handlers_can_be_set_while_the_service_runs() -> None:
    with running() as service:
        service.set_event_handlers("chat", [EventHandler("http://localhost:1/{event}", event_pattern="*")])

        assert service.call(lambda: threading.current_thread().name) == "web-pubsub"


def test_what_fails_in_the_services_thread_is_raised_in_the_callers() -> None:
    with running() as service, pytest.raises(SettingsError, match="absolute"):
        service.call(lambda: EventHandler("/not/absolute"))


def test_what_keeps_the_service_from_starting_is_raised() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(OSError, match="attempting to bind"), running(port=port):
            pytest.fail("the port is taken")


def test_the_service_ends_with_the_block() -> None:
    with running() as service:
        address = urlsplit(service.endpoint)
        socket.create_connection((address.hostname, address.port)).close()

    assert "web-pubsub" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))
