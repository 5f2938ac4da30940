"""Who may connect: nobody who looks like somebody here, and nobody with too many connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from chat.identity import User
from chat.names import user_key
from chat.presence.admission import admission_groups
from chat.settings import Settings
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.chat.conftest import event_headers
from tests.chat.instances import FORWARDED
from tests.chat.local_chat import JSON, Frame, LocalChat, run_chat, until

ALIKE = ("Ana", "ana.", "ANA", "\uff41\uff4e\uff41", "\u0391\u039d\u0391", "a-na", "ana \u2714")
CONNECT = b'{"claims": {"sub": ["ana"]}, "query": {}, "headers": {}, "subprotocols": ["json.webpubsub.azure.v1"]}'


async def negotiate(chat: LocalChat, user: str, *, status: int = 200) -> Frame:
    async with chat.http.get(f"{chat.url}/negotiate", params={"id": user}) as response:
        assert response.status == status, await response.text()
        return dict(await response.json())


def test_in_open_mode_names_that_look_alike_share_a_group_and_ids_of_principals_do_not() -> None:
    open_mode, easyauth = Settings({"ChatAuth": "open"}), Settings({"ChatAuth": "easyauth"})

    for name in ALIKE:
        groups = admission_groups(User(name, name), open_mode)
        assert f"name.{user_key('ana')}" in groups or name == "\u0391\u039d\u0391"
        assert len(groups) <= 2
    one, other = (admission_groups(User(user, "Ana"), easyauth) for user in ("aad:1", "github:1"))
    assert set(one).isdisjoint(other)


@pytest.mark.parametrize("name", ["Ana", "ana.", "\uff41\uff4e\uff41", "a-na", "ana \u2714"])
async def test_a_name_that_looks_like_somebody_here_is_refused_until_that_user_leaves(
    chat: LocalChat, name: str
) -> None:
    ana = await chat.open("ana")

    refused = await negotiate(chat, name, status=409)

    assert refused["error"]["code"] == "name_taken"
    assert name in refused["error"]["message"]
    await ana.close()

    async def is_free() -> bool:
        async with chat.http.get(f"{chat.url}/negotiate", params={"id": name}) as response:
            return response.status == 200

    await until(is_free)
    assert (await chat.open(name)).is_rich


async def test_a_name_in_capitals_of_another_script_is_refused_while_its_latin_twin_is_here(chat: LocalChat) -> None:
    await chat.open("ANA")

    assert (await negotiate(chat, "\u0391\u039d\u0391", status=409))["error"]["code"] == "name_taken"


async def test_a_second_tab_with_the_same_name_is_the_same_user(chat: LocalChat) -> None:
    first, second = await chat.open("ana"), await chat.open("ana")

    await first.ask("message", "hello")

    assert (await second.next(message="hello"))["user"] == "ana"


async def test_a_url_that_was_negotiated_before_admits_nobody_who_looks_like_somebody_here(chat: LocalChat) -> None:
    url = (await negotiate(chat, "Ana"))["url"]
    await chat.open("ana")

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await chat.dial(url, subprotocol=JSON)
    assert await chat.roster("lobby") == ["ana"]


async def test_a_plain_client_holds_its_name_too(chat: LocalChat) -> None:
    await chat.open("ana", subprotocol=None)

    assert (await negotiate(chat, "Ana", status=409))["error"]["code"] == "name_taken"


async def test_a_user_has_at_most_so_many_connections() -> None:
    async with run_chat(ChatUserConnections="2") as chat:
        spare = (await negotiate(chat, "ana"))["url"]
        tabs = [await chat.open("ana") for _ in range(2)]

        refused = await negotiate(chat, "ana", status=429)

        assert refused["error"]["code"] == "too_many_connections"
        assert "2 connections" in refused["error"]["message"]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await chat.dial(spare, subprotocol=JSON)
        await chat.open("bo")
        await tabs[0].close()

        async def is_free() -> bool:
            async with chat.http.get(f"{chat.url}/negotiate", params={"id": "ana"}) as response:
                return response.status == 200

        await until(is_free)


@asynccontextmanager
async def meeting_at_connect(chat: LocalChat, count: int) -> AsyncIterator[None]:
    """Hold the app's answers to `connect` until so many have asked: none of them can see another one."""
    answered, all_answered = 0, asyncio.Event()

    async def forward(request: web.Request) -> web.Response:
        nonlocal answered
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        body = await request.read()
        async with chat.http.request(
            request.method, f"{chat.url}{request.rel_url}", headers=headers, data=body
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() in FORWARDED}
            kept |= {name: value for name, value in answer.headers.items() if name.startswith("WebHook-")}
            response = web.Response(status=answer.status, headers=kept, body=await answer.read())
        if request.headers.get("ce-eventName") == "connect":
            answered += 1
            if answered == count:
                all_answered.set()
            await all_answered.wait()
        return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    chat.deliver("connect", "connected", "disconnected", url=f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield
    finally:
        chat.deliver("connect", "connected", "disconnected")
        await runner.cleanup()


async def users_here(chat: LocalChat) -> list[str]:
    return await chat.roster("lobby")


async def test_of_two_who_look_alike_and_come_at_the_same_moment_one_stays(chat: LocalChat) -> None:
    names = ["ana", "Ana"]
    urls = [(await negotiate(chat, name))["url"] for name in names]
    async with meeting_at_connect(chat, 2):
        tabs = await asyncio.gather(*(chat.dial(url, subprotocol=JSON) for url in urls))
        ids = {tab.connection_id: name for tab, name in zip(tabs, names, strict=True)}
        stays = ids[min(ids)]

        async def is_settled() -> bool:
            return await users_here(chat) == [stays]

        await until(is_settled)

    assert (await negotiate(chat, stays))["url"]
    other = next(name for name in names if name != stays)
    assert (await negotiate(chat, other, status=409))["error"]["code"] == "name_taken"


async def test_connections_that_come_at_the_same_moment_are_never_more_than_the_limit() -> None:
    async with run_chat(ChatUserConnections="2") as chat:
        urls = [(await negotiate(chat, "ana"))["url"] for _ in range(4)]
        async with meeting_at_connect(chat, 4):
            await asyncio.gather(*(chat.dial(url, subprotocol=JSON) for url in urls))

            await until(lambda: len(list(chat.service.hubs.connections())) <= 2)


async def test_while_the_service_does_not_say_who_is_here_nobody_connects() -> None:
    unreachable = f"Endpoint=http://127.0.0.1:9;AccessKey={DEFAULT_ACCESS_KEY};Version=1.0;"
    async with run_chat(WebPubSubConnectionString=unreachable) as chat:
        headers = event_headers("sys", "connect", key=DEFAULT_ACCESS_KEY) | {"Content-Type": "application/json"}
        async with chat.http.post(f"{chat.url}/eventhandler", headers=headers, data=CONNECT) as response:
            assert response.status == 503
            assert (await response.json())["error"]["code"] == "service_unavailable"
