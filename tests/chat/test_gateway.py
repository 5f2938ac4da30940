"""What we ask of the service, through the official SDK, with the embedded service at the other end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from chat.correlation import CAUSE, REQUEST_ID, Cause
from chat.errors import NotConfigured, ServiceUnavailable
from chat.gateway import ConnectionClosed, Gateway, Gateways, Member
from chat.settings import Settings
from chat.trace_context import new_trace
from local_azure import webpubsub
from local_azure.webpubsub import DEFAULT_ACCESS_KEY
from tests.chat.local_chat import until

KEY = f"AccessKey={DEFAULT_ACCESS_KEY}"


@asynccontextmanager
async def a_server(answer: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A server on a free port that answers as the test says; yields its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def service() -> AsyncIterator[webpubsub.Service]:
    async with webpubsub.serve() as running:
        yield running


@pytest.fixture
async def connected(service: webpubsub.Service) -> Gateway:
    return await Gateways().get(Settings({"WebPubSubConnectionString": service.connection_string}))


async def test_a_client_that_connects_with_the_url_can_be_put_into_groups_sent_to_and_listed(
    connected: Gateway,
) -> None:
    url = await connected.client_url("ana", ["room.lobby"], minutes=1)
    async with ClientSession() as http, http.ws_connect(url, protocols=["json.webpubsub.azure.v1"]) as socket:
        connection = (await socket.receive_json())["connectionId"]
        assert await connected.members("room.lobby", 10) == [Member(connection, "ana")]

        await connected.join(connection, ["room.design", "rich.design"])
        await connected.publish("rich.design", {"text": "hé"})
        assert (await socket.receive_json())["data"] == {"text": "hé"}

        await connected.leave(connection, ["room.design", "rich.design"])
        assert await connected.members("room.design", 10) == []

        await connected.publish("room.lobby", {"n": 1}, excluded=connection)
        await connected.publish("room.lobby", {"n": 2})
        assert (await socket.receive_json())["data"] == {"n": 2}


async def test_all_connections_of_a_user_are_removed_from_the_groups_and_nobody_elses(connected: Gateway) -> None:
    groups = ["room.design", "rich.design"]
    names = ["ana", "ana", "bo"]
    urls = [await connected.client_url(name, groups, minutes=1) for name in names]
    async with ClientSession() as http, AsyncExitStack() as sockets:
        for url in urls:
            socket = await sockets.enter_async_context(http.ws_connect(url, protocols=["json.webpubsub.azure.v1"]))
            await socket.receive_json()
        assert len(await connected.members("room.design", 10)) == 3

        await connected.remove_user("ana", groups)

        for group in groups:
            assert [member.user_id for member in await connected.members(group, 10)] == ["bo"]


async def test_a_user_without_connections_can_be_removed(connected: Gateway) -> None:
    await connected.remove_user("a/b é", ["room.design", "rich.design"])

    assert await connected.members("room.design", 10) == []


async def test_one_client_is_kept_for_each_service_and_hub(service: webpubsub.Service) -> None:
    settings = Settings({"WebPubSubConnectionString": service.connection_string})

    gateways = Gateways()

    first, second = await gateways.get(settings), await gateways.get(settings)
    other = await gateways.get(
        Settings({"WebPubSubConnectionString": service.connection_string, "WebPubSubHub": "other"})
    )

    assert first is second
    assert other is not first


async def test_an_unknown_service_is_named_as_a_missing_setting() -> None:
    with pytest.raises(NotConfigured, match="WebPubSubConnectionString"):
        await Gateways().get(Settings({}))


async def test_a_service_that_cannot_be_reached_is_a_refusal() -> None:
    nobody = await Gateways().get(Settings({"WebPubSubConnectionString": f"Endpoint=http://127.0.0.1:9;{KEY}"}))

    with pytest.raises(ServiceUnavailable, match="did not take the message"):
        await nobody.publish("room.lobby", {})


async def test_a_service_that_does_not_answer_in_time_is_a_refusal() -> None:
    given_up = asyncio.Event()

    async def late(_: web.Request) -> web.Response:
        await given_up.wait()
        return web.Response(status=202)

    async with a_server(late) as address:
        silent = await Gateways().get(Settings({"WebPubSubConnectionString": f"Endpoint={address};{KEY}"}))
        silent.call_seconds = 0.05
        with pytest.raises(ServiceUnavailable):
            await silent.publish("room.lobby", {})
        given_up.set()


async def test_every_call_has_a_request_id_of_its_own_or_of_the_event_that_causes_it() -> None:
    seen: list[str] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers[REQUEST_ID])
        return web.Response(status=202)

    async with a_server(note) as address:
        traced = await Gateways().get(Settings({"WebPubSubConnectionString": f"Endpoint={address};{KEY}"}))
        for cause in (None, None, Cause("the-event", new_trace(1))):
            CAUSE.set(cause)
            await traced.publish("room.lobby", {})

    assert len(set(seen)) == 3
    assert seen[2] == "the-event"


@pytest.mark.parametrize(("limit", "expected"), [(10, 7), (5, 5), (1, 1)])
async def test_members_are_read_page_by_page_up_to_the_limit(limit: int, expected: int) -> None:
    """The service of this test gives three at a time, whatever it is asked for."""
    pages: list[int] = []

    async def page(request: web.Request) -> web.Response:
        first = int(request.query.get("from", "0"))
        pages.append(first)
        found = [{"connectionId": f"c{n}", "userId": f"u{n}"} for n in range(first, min(first + 3, 7))]
        following = f"http://{request.host}{request.path}?from={first + 3}" if first + 3 < 7 else None
        return web.json_response({"value": found, "nextLink": following})

    async with a_server(page) as address:
        large = await Gateways().get(Settings({"WebPubSubConnectionString": f"Endpoint={address};{KEY}"}))
        members = await large.members("room.lobby", limit)

    assert members == [Member(f"c{n}", f"u{n}") for n in range(expected)]
    assert pages == list(range(0, expected, 3))


async def test_pages_that_never_end_are_read_only_up_to_the_limit() -> None:
    async def page(request: web.Request) -> web.Response:
        content = {"value": [{"connectionId": "c", "userId": "u"}], "nextLink": str(request.url)}
        return web.json_response(content)

    async with a_server(page) as address:
        endless = await Gateways().get(Settings({"WebPubSubConnectionString": f"Endpoint={address};{KEY}"}))

        assert len(await endless.members("room.lobby", 20)) == 20


async def test_a_connection_that_has_ended_can_join_nothing_and_does_not_exist(connected: Gateway) -> None:
    url = await connected.client_url("ana", [], minutes=1)
    async with ClientSession() as http, http.ws_connect(url, protocols=["json.webpubsub.azure.v1"]) as socket:
        connection = (await socket.receive_json())["connectionId"]
        assert await connected.exists(connection)

    async def has_ended() -> bool:
        return not await connected.exists(connection)

    await until(has_ended)
    with pytest.raises(ConnectionClosed):
        await connected.join(connection, ["room.design", "rich.design"])


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def proxy(request: web.Request) -> web.Response:
        asked.append(request.host)
        return web.Response(status=202)

    async with a_server(proxy) as address:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        behind = await Gateways().get(Settings({"WebPubSubConnectionString": f"Endpoint=http://chat.test;{KEY}"}))
        await behind.publish("room.lobby", {})

    assert asked == ["chat.test"]
