"""Requests as the Functions host makes them, and events as the service signs them."""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import azure.functions as func
import pytest
import pytest_asyncio

from chat.times import timestamp
from chat.webhook.trust import signature
from local_azure.functions.worker.invocation_context import Context, TraceContext
from tests.chat.local_chat import LocalChat, run_chat

KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH"
CONNECTION = "0123456789abcdef0123456789abcdef"
SIGNATURE = "sha256=9b8d99ad717398afdbe39ac5f264fbe3319393a992e34ed72200a3f6b26307b3"

Request = Callable[..., func.HttpRequest]


def request_to(
    url: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    route: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    """Return a request as the host hands it to a function: parameters with an empty value are dropped."""
    address = f"http://localhost:7071{url}"
    return func.HttpRequest(
        method,
        address,
        headers=dict(headers or {}),
        params=dict(parse_qsl(urlsplit(address).query)),
        route_params=dict(route or {}),
        body=body,
    )


def invocation(function: str, traceparent: str = "") -> func.Context:
    """Return what a function of this name is told of its call."""
    context = Context("00000000-0000-0000-0000-000000000001", function, "", TraceContext(traceparent))
    return cast(func.Context, context)


def event_headers(kind: str, name: str, *, key: str = KEY, connection: str = CONNECTION, **more: str) -> dict[str, str]:
    """Return the headers of an event as the service writes them; `more` names further `ce-` attributes."""
    return {
        "ce-specversion": "1.0",
        "ce-awpsversion": "1.0",
        "ce-type": f"azure.webpubsub.{kind}.{name}",
        "ce-source": f"/hubs/sample_chatapp/client/{connection}",
        "ce-id": "1",
        "ce-time": timestamp(round(time.time() * 1000)),
        "ce-hub": "sample_chatapp",
        "ce-eventName": name,
        "ce-connectionId": connection,
        "ce-signature": signature(connection, key),
    } | {f"ce-{attribute}": value for attribute, value in more.items()}


def event_request(kind: str, name: str, content: Any = None, **more: str) -> func.HttpRequest:
    """Return an event's request: text is sent as text, anything else as JSON."""
    text = isinstance(content, str)
    headers = event_headers(kind, name, **more)
    headers["Content-Type"] = "text/plain; charset=utf-8" if text else "application/json"
    body = content.encode() if text else json.dumps(content if content is not None else {}).encode()
    return request_to(f"/eventhandler/{name}", "POST", headers=headers, body=body)


@pytest.fixture
def open_chat(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A configured app where anyone names themselves; its service cannot be reached."""
    for name, value in {
        "WebPubSubConnectionString": f"Endpoint=http://127.0.0.1:9;AccessKey={KEY};Version=1.0;",
        "WebPubSubHub": "Sample_ChatApp",
        "ChatAuth": "open",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
async def chat() -> AsyncIterator[LocalChat]:
    """The whole chat on free ports, without stored messages."""
    async with run_chat() as running:
        yield running


in_module_loop = pytest.mark.asyncio(loop_scope="module")
"""The mark of the tests that take `shared_chat`: it runs on the event loop of their module."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chat_of_module() -> AsyncIterator[LocalChat]:
    """One whole chat for the tests of a module."""
    async with run_chat() as running:
        yield running


@pytest.fixture
def shared_chat(chat_of_module: LocalChat) -> LocalChat:
    """The module's chat, for tests to which it does not matter what was stored before.

    The app remembers whose a connection is, so the unannounced connection of another test is not used again.
    """
    chat_of_module.unannounced = ""
    return chat_of_module
