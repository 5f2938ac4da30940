"""The settings file is read again while the service runs."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from local_azure.webpubsub import Service
from local_azure.webpubsub.__main__ import load_settings
from local_azure.webpubsub.settings_file import followed_settings
from tests.local_azure.webpubsub.harness import HUB, WAIT_SECONDS, Client, Harness, until

IDS = itertools.count(1)


def write(file: Path, **handler: object) -> None:
    """Write the settings of a hub with one event handler."""
    write_text(file, json.dumps({"WebPubSub": {"Hubs": {HUB: {"EventHandlers": [handler]}}}}))


def write_text(file: Path, text: str) -> None:
    """Write the file all at once."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


@pytest.fixture
async def file(service: Service, tmp_path: Path) -> AsyncIterator[Path]:
    """Return the path of a settings file that the service follows; it is empty settings."""
    path = tmp_path / "webpubsub.json"
    path.write_text("{}")
    async with followed_settings(path, partial(load_settings, path), service, poll_seconds=0.005):
        yield path


async def ask_until(client: Client, *, succeeds: bool) -> None:
    """Send events until they succeed, or fail."""
    async with asyncio.timeout(WAIT_SECONDS):
        while (await client.request("event", next(IDS), event="move", data=1))["success"] is not succeeds:
            pass


async def test_handlers_change_with_the_file(harness: Harness, service: Service, file: Path) -> None:
    first, second = await harness.application(), await harness.application()
    ana = await harness.connect(service, "ana")

    write(file, UrlTemplate=f"{first.url}/{{event}}", EventPattern="*")
    await ask_until(ana, succeeds=True)
    write(file, UrlTemplate=f"{second.url}/{{event}}", EventPattern="move")
    async with asyncio.timeout(WAIT_SECONDS):
        while not second.of("move"):
            await ask_until(ana, succeeds=True)
    write(file, UrlTemplate=f"{second.url}/{{event}}", EventPattern="other")
    await ask_until(ana, succeeds=False)

    assert first.of("move")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ('{"WebPubSub": {"Hubs": {"chat": {"Unknown": 1}}}}', "WebPubSub:Hubs:chat:Unknown"),
        (
            '{"WebPubSub": {"Hubs": {"chat": {"EventHandlers": [{"UrlTemplate": "http://a.example/", "Auth": '
            '{"Type": "ManagedIdentity", "ManagedIdentity": {"Resource": "x"}}}]}}}}',
            "this service has no identity",
        ),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(
    harness: Harness, service: Service, file: Path, caplog: pytest.LogCaptureFixture, text: str, reason: str
) -> None:
    application = await harness.application()
    write(file, UrlTemplate=f"{application.url}/{{event}}", EventPattern="*")
    ana = await harness.connect(service, "ana")
    await ask_until(ana, succeeds=True)

    write_text(file, text)
    await until(lambda: [record for record in caplog.records if reason in getattr(record, "reason", "")])
    await ask_until(ana, succeeds=True)
    write(file, UrlTemplate=f"{application.url}/{{event}}", EventPattern="other")

    await ask_until(ana, succeeds=False)
