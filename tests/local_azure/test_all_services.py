"""`python -m local_azure`: the services together, with an app that handles an event and stores something."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import aiohttp
import pytest
from azure.messaging.webpubsubservice import WebPubSubServiceClient

from tests.local_azure.webpubsub.open_page import open_page_at
from tests.local_azure.webpubsub.small_app import JSON, WAIT_SECONDS

APP = """
import os

import azure.functions as func
from azure.data.tables.aio import TableClient

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="eventhandler", methods=["POST", "OPTIONS"])
async def handle_event(req: func.HttpRequest) -> func.HttpResponse:
    if req.method == "OPTIONS":
        return func.HttpResponse(headers={"WebHook-Allowed-Origin": "*"})
    name = "x-ms-client-request-id"
    cause = {name: req.headers[name]}
    async with TableClient.from_connection_string(os.environ["AzureWebJobsStorage"], "messages") as table:
        await table.create_table(headers=cause)
        await table.upsert_entity({"PartitionKey": "p", "RowKey": "r"}, headers=cause)
    return func.HttpResponse(status_code=204)
"""
HANDLER = {"UrlTemplate": "http://localhost:7071/api/eventhandler", "EventPattern": "*"}
SETTINGS = {"WebPubSub": {"Hubs": {"chat": {"EventHandlers": [HANDLER]}}}}


@dataclass(frozen=True)
class Command:
    """The running command: what reaches its Web PubSub, and what it prints from now on."""

    connection_string: str
    printed: IO[str]

    @property
    def service(self) -> WebPubSubServiceClient:
        """A client of its Web PubSub."""
        return WebPubSubServiceClient.from_connection_string(self.connection_string, "chat")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """Run the command for the app."""
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "function_app.py").write_text(APP)
    (tmp_path / "webpubsub.json").write_text(json.dumps(SETTINGS))
    ports = ["--port", "0", "--webpubsub-port", "0", "--tables-port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "local_azure", "--app", str(tmp_path), *ports], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        printed = next(line for line in process.stdout if line.startswith("Connection "))
        assert any(line.startswith("Ready") for line in process.stdout)
        yield Command(printed.removeprefix("Connection ").strip(), process.stdout)
    finally:
        process.terminate()
        process.communicate(timeout=20)


async def test_the_storage_calls_of_the_app_are_in_the_trace_of_the_event_that_caused_them(command: Command) -> None:
    endpoint = command.connection_string.removeprefix("Endpoint=").partition(";")[0]
    url = command.service.get_client_access_token(user_id="ana")["url"]
    async with (
        aiohttp.ClientSession() as session,
        open_page_at(session, endpoint) as page,
        session.ws_connect(url, protocols=[JSON]) as socket,
    ):
        assert (await socket.receive_json(timeout=WAIT_SECONDS))["event"] == "connected"
        await socket.send_json({"type": "event", "event": "message", "dataType": "text", "data": "hello", "ackId": 1})
        assert (await socket.receive_json(timeout=WAIT_SECONDS))["success"] is True

        trace = await page.details(await page.first("frame-out", "ack 1"))

    steps = [step for step in trace["steps"] if step["title"] != "validate"]
    assert [(step["title"], step["status"], step["depth"]) for step in steps] == [
        ("event message", "", 0),
        ("user.message", "204", 1),
        ("create_table messages", "201", 2),
        ("merge messages", "204", 2),
        ("ack 1", "", 1),
    ]


async def test_the_settings_file_of_web_pubsub_is_read_again_when_it_changes(command: Command, tmp_path: Path) -> None:
    url = command.service.get_client_access_token(user_id="ana")["url"]
    changed = {"WebPubSub": {"Hubs": {"chat": {"EventHandlers": [HANDLER | {"EventPattern": "other"}]}}}}
    event = {"type": "event", "event": "message", "dataType": "text", "data": "hello"}
    async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=[JSON]) as socket:
        assert (await socket.receive_json(timeout=WAIT_SECONDS))["event"] == "connected"
        await socket.send_json(event | {"ackId": 1})
        assert (await socket.receive_json(timeout=WAIT_SECONDS))["success"] is True

        (tmp_path / "webpubsub.json").write_text(json.dumps(changed))
        assert await asyncio.to_thread(
            lambda: any("event handlers were read again" in line for line in command.printed)
        )
        await socket.send_json(event | {"ackId": 2})
        assert (await socket.receive_json(timeout=WAIT_SECONDS))["success"] is False
