"""Faults of a running chat, of its service and its storage, and of the ports: each returns what the doctor finds."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from chat.settings import Settings, parse_connection_string
from doctor.connection import ask_address, check_identity, check_token, judge_address, judge_clock, key_bearer
from doctor.deployed import ask_app, check_auth, check_detail, hub_names
from doctor.findings import Finding
from doctor.folder.functions import Index, check_indexed
from doctor.hub import check_client_url, check_name
from doctor.ports import chat_ports, check_port
from doctor.storage import check_durable, check_tables
from local_azure import functions
from tests.chat.local_chat import HUB, ROOT, LocalChat
from tests.chat.stub_server import a_server
from tests.doctor.fronts import a_front, closed_address, forward

SECONDS = 10.0
OURSELVES = f"(process {os.getpid()})"
LiveFault = Callable[[LocalChat, Path], Awaitable[Finding]]


@asynccontextmanager
async def an_app(chat: LocalChat, folder: Path = ROOT, **settings: str) -> AsyncIterator[str]:
    """Yield the address of one more host of the app, with some settings changed."""
    async with functions.serve(folder, settings=dict(chat.settings) | settings) as host:
        yield host.url


@asynccontextmanager
async def with_clock(target: str, seconds: float) -> AsyncIterator[str]:
    """Yield the address of a front whose clock differs by that many seconds."""

    async def answer(request: web.Request) -> web.Response:
        given = await forward(http, target, request)
        given.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
        return given

    async with aiohttp.ClientSession() as http, a_server(answer) as url:
        yield url


def with_details(details: Mapping[str, Any]) -> Callable[[web.Request], Awaitable[web.Response | None]]:
    """Return what answers for `/readyz/details`."""

    async def intercept(request: web.Request) -> web.Response | None:
        return web.json_response(details, status=503) if request.path == "/readyz/details" else None

    return intercept


def connection_with_key(chat: LocalChat, key: str) -> Any:
    endpoint = chat.service.connection_string.partition(";")[0]
    return parse_connection_string(f"{endpoint};AccessKey={key};Version=1.0;")


# --- the service -----------------------------------------------------------------


async def a_server_that_is_no_service(chat: LocalChat, folder: Path) -> Finding:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    async with a_server(answer) as url:
        return judge_address(url, await asyncio.to_thread(ask_address, url, SECONDS))


async def a_host_that_nobody_knows(chat: LocalChat, folder: Path) -> Finding:
    url = "https://no-such-service.invalid"
    return judge_address(url, await asyncio.to_thread(ask_address, url, SECONDS))


async def another_key(chat: LocalChat, folder: Path) -> Finding:
    connection = connection_with_key(chat, "another-key-" * 4)
    return await asyncio.to_thread(check_token, connection.endpoint, HUB, key_bearer(connection), SECONDS)


async def a_role_that_is_missing(chat: LocalChat, folder: Path) -> Finding:
    connection = parse_connection_string(chat.service.connection_string)
    chat.service.faults.add("fail rest 403 operation=connection_exists count=1")
    return await asyncio.to_thread(check_token, connection.endpoint, HUB, key_bearer(connection), SECONDS)


async def no_identity_library(chat: LocalChat, folder: Path) -> Finding:
    return check_identity(None, is_installed=False)[0]


async def a_service_clock_that_is_slow(chat: LocalChat, folder: Path) -> Finding:
    async with with_clock(chat.service.endpoint, -400) as url:
        answer = await asyncio.to_thread(ask_address, url, SECONDS)
    assert not isinstance(answer, Exception)
    return judge_clock("clock.service", "the service", answer.date, time.time())


# --- the app ---------------------------------------------------------------------


async def an_app_clock_that_is_fast(chat: LocalChat, folder: Path) -> Finding:
    async with with_clock(chat.url, 400) as url:
        app = await asyncio.to_thread(ask_app, url, None, SECONDS)
    return judge_clock("clock.app", "the app", app.date, time.time())


async def nobody_may_connect(chat: LocalChat, folder: Path) -> Finding:
    async with an_app(chat, ChatAuth=" ") as url:
        return check_auth(await asyncio.to_thread(ask_app, url, None, SECONDS))


async def another_app(chat: LocalChat, folder: Path) -> Finding:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with a_server(answer) as url:
        return check_auth(await asyncio.to_thread(ask_app, url, None, SECONDS))


async def a_hub_of_another_name(chat: LocalChat, folder: Path) -> Finding:
    async with an_app(chat, WebPubSubHub="Other") as url:
        app = await asyncio.to_thread(ask_app, url, None, SECONDS)
    return check_name({"the option --hub": HUB, **hub_names(app)})


async def another_service(chat: LocalChat, folder: Path) -> Finding:
    app = await asyncio.to_thread(ask_app, chat.url, None, SECONDS)
    return check_client_url(app.client_url, closed_address())


async def a_host_of_another_app(chat: LocalChat, folder: Path) -> Finding:
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n\n"
        '@app.route(route="negotiate")\n'
        "def negotiate(req: func.HttpRequest) -> str:\n"
        '    return "hello"\n'
    )
    async with an_app(chat, folder) as url:
        ours = Index(["negotiate", "session"])
        return await asyncio.to_thread(check_indexed, lambda: ours, url, None, SECONDS)


async def a_host_without_durable_functions(chat: LocalChat, folder: Path) -> Finding:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    async with a_server(answer) as url:
        return await asyncio.to_thread(check_durable, url, SECONDS)


async def durable_functions_that_the_app_misses(chat: LocalChat, folder: Path) -> Finding:
    wrong = {"name": "durable", "status": "wrong", "detail": "no answer in 2 s", "ms": 2000.0}
    async with a_front(chat.url, with_details({"status": "not ready", "checks": [wrong]})) as url:
        return check_detail("storage.durable", "durable", await asyncio.to_thread(ask_app, url, None, SECONDS))


# --- storage ---------------------------------------------------------------------


def storage_with(fault: str) -> LiveFault:
    """Return a fault of local_azure's storage."""

    async def find(chat: LocalChat, folder: Path) -> Finding:
        chat.storage.faults.add(fault)
        try:
            return await asyncio.to_thread(check_tables, Settings(chat.settings), SECONDS)
        finally:
            chat.storage.faults.clear()

    return find


async def storage_with_another_key(chat: LocalChat, folder: Path) -> Finding:
    parts = dict(part.partition("=")[::2] for part in chat.storage.connection_string.rstrip(";").split(";"))
    text = ";".join(f"{name}={value}" for name, value in (parts | {"AccountKey": "YW5vdGhlcg=="}).items())
    return await asyncio.to_thread(check_tables, Settings(dict(chat.settings) | {"AzureWebJobsStorage": text}), SECONDS)


async def storage_that_is_not_set(chat: LocalChat, folder: Path) -> Finding:
    return check_tables(Settings(dict(chat.settings) | {"AzureWebJobsStorage": ""}), SECONDS)


# --- ports -----------------------------------------------------------------------


def a_foreign_program_at(check: str) -> LiveFault:
    """Return a fault: a web server that is none of ours has the port of a check."""

    async def find(chat: LocalChat, folder: Path) -> Finding:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(status=418, text=json.dumps({"hello": "you"}))

        async with a_server(answer) as url:
            number = int(url.rpartition(":")[2])
            (port,) = (each for each in chat_ports(number, number, number) if each.check == check)
            return await asyncio.to_thread(check_port, port)

    return find


# In the order: the check, what it must say, and the fault.
LIVE_FAULTS: dict[str, tuple[str, str, LiveFault]] = {
    "a server that is no service": ("connection.address", "no Web PubSub service", a_server_that_is_no_service),
    "a host that nobody knows": ("connection.address", "not known", a_host_that_nobody_knows),
    "another key": ("connection.token", "401", another_key),
    "a role that is missing": ("connection.token", "403", a_role_that_is_missing),
    "azure-identity that is missing": ("connection.identity", "azure-identity", no_identity_library),
    "a service whose clock is slow": ("clock.service", " s ahead", a_service_clock_that_is_slow),
    "an app whose clock is fast": ("clock.app", " s behind", an_app_clock_that_is_fast),
    "an app where nobody may connect": ("settings.auth", "nobody may connect", nobody_may_connect),
    "an address of another app": ("settings.auth", "no answer of the chat", another_app),
    "a hub of another name": ("hub.name", "Other in the app, the client's URL", a_hub_of_another_name),
    "another service": ("hub.endpoint", "sends clients to ws://127.0.0.1", another_service),
    "a host of another app": ("functions.indexed", "it lacks session", a_host_of_another_app),
    "no durable functions": ("storage.durable", "404", a_host_without_durable_functions),
    "durable functions without an answer": ("storage.durable", "2 s", durable_functions_that_the_app_misses),
    "storage that takes no rows": (
        "storage.tables",
        "403 AuthorizationPermissionMismatch",
        storage_with("fail storage 403 code=AuthorizationPermissionMismatch operation=merge for=60s"),
    ),
    "storage that gives no rows": ("storage.tables", "500", storage_with("fail storage 500 operation=get for=60s")),
    "storage that keeps rows": ("storage.tables", "403", storage_with("fail storage 403 operation=delete for=60s")),
    "storage with another key": ("storage.tables", "403", storage_with_another_key),
    "storage that is not set": ("storage.tables", "AzureWebJobsStorage", storage_that_is_not_set),
    "a foreign program at the app's port": ("ports.functions", OURSELVES, a_foreign_program_at("ports.functions")),
    "a foreign program at the service's port": ("ports.webpubsub", OURSELVES, a_foreign_program_at("ports.webpubsub")),
    "a foreign program at the tables' port": ("ports.tables", OURSELVES, a_foreign_program_at("ports.tables")),
}
