"""Calls by hand: one session, no hidden second try, and whether a request was sent."""

import asyncio
import gc
import socket

import pytest
from aiohttp import web

from chat.http_client import HttpClient, call_with_retries
from chat.http_connections import CallFailed
from chat.http_messages import HttpAnswer
from tests.chat.stub_server import a_server, cut


async def open_connection(client: HttpClient, address: str) -> None:
    """Make a first call, whose connection stays; a busy machine may not take a connection within the client's limit."""
    while True:
        try:
            await client.call("GET", address, {}, None, 5)
        except CallFailed as problem:
            if problem.was_sent:
                raise
        else:
            return


async def test_a_call_is_answered_with_status_headers_and_body() -> None:
    async def answer(request: web.Request) -> web.Response:
        seen = f"{request.method} {request.raw_path} {request.headers['X-A']} {await request.text()}"
        return web.Response(status=418, text=seen, headers={"X-B": "b"})

    async with a_server(answer) as address:
        client = HttpClient(address)
        found = await client.call("PUT", f"{address}/a%27%28'(?$x=1%2B1", {"X-A": "é"}, b"body", 5)

    assert (found.status, found.headers["x-b"]) == (418, "b")
    assert found.body.decode() == "PUT /a%27%28'(?$x=1%2B1 é body"


async def test_a_call_names_the_chat_and_wants_its_answer_uncompressed() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.headers['User-Agent']} {request.headers['Accept-Encoding']}")

    async with a_server(answer) as address:
        assert (await HttpClient(address).call("GET", address, {}, None, 5)).body == b"chat identity"


async def test_a_redirection_is_an_answer() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"})

    async with a_server(answer) as address:
        assert (await HttpClient(address).call("GET", address, {}, None, 5)).status == 302


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST", "PATCH"])
async def test_nothing_is_sent_again_on_a_connection_that_was_lost(method: str) -> None:
    calls: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        calls.append(request.method)
        return web.Response() if len(calls) == 1 else cut(request)

    async with a_server(answer) as address:
        client = HttpClient(address)
        await open_connection(client, address)
        with pytest.raises(CallFailed, match="connection was lost") as failure:
            await client.call(method, address, {}, None, 5)

    assert failure.value.was_sent
    assert calls == ["GET", method]


async def test_an_answer_that_ends_too_early_is_a_lost_connection() -> None:
    async def answer(request: web.Request) -> web.Response:
        response = web.StreamResponse(headers={"Content-Length": "10"})
        await response.prepare(request)
        await response.write(b"half")
        return cut(request)

    async with a_server(answer) as address:
        with pytest.raises(CallFailed, match="connection was lost") as failure:
            await HttpClient(address).call("POST", address, {}, b"", 5)

    assert failure.value.was_sent


async def test_a_host_that_does_not_exist_cannot_have_been_sent_to() -> None:
    with pytest.raises(CallFailed, match="cannot be reached") as failure:
        await HttpClient("http://nobody.invalid").call("POST", "http://nobody.invalid/", {}, b"", 5)

    assert not failure.value.was_sent
    assert "gaierror" in repr(failure.value)


async def test_a_connection_that_is_not_made_in_time_cannot_have_been_sent_to() -> None:
    """The listener's queue is full, so nobody answers who connects."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        waiting = []
        for _ in range(3):
            queued = socket.socket()
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
            waiting.append(queued)
        started = loop.time()
        with pytest.raises(CallFailed, match="cannot be reached") as failure:
            await HttpClient(address).call("POST", address, {}, b"", 0.4)
        for queued in waiting:
            queued.close()

    assert not failure.value.was_sent
    assert loop.time() - started < 0.4


def open_connections() -> list[asyncio.Transport]:
    return [each for each in gc.get_objects() if isinstance(each, asyncio.Transport) and not each.is_closing()]


def test_connections_are_closed_with_the_event_loop() -> None:
    opened: list[asyncio.Transport] = []

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async def call_once() -> None:
        async with a_server(answer) as address:
            before = open_connections()
            await HttpClient(address).call("GET", address, {}, None, 5)
            opened.extend(each for each in open_connections() if each not in before)
            assert opened

    asyncio.run(call_once())

    assert [each.get_extra_info("socket").fileno() for each in opened] == [-1] * len(opened)


async def test_a_call_to_another_service_than_the_client_s_is_refused() -> None:
    for url in ("http://127.0.0.1:90/", "https://127.0.0.1:9/", "http://127.0.0.1:9.example/"):
        with pytest.raises(ValueError, match="not below"):
            await HttpClient("http://127.0.0.1:9").call("GET", url, {}, None, 5)


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {request.raw_path}")

    async with a_server(answer) as address:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("no_proxy", "")
        client = HttpClient("http://chat.example:8080")
        found = await client.call("POST", "http://chat.example:8080/a%27", {}, b"", 5)
        await client.close()

    assert found.body == b"POST http://chat.example:8080/a%27"


async def test_a_client_that_was_closed_opens_new_connections() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with a_server(answer) as address:
        client = HttpClient(address)
        await open_connection(client, address)
        await client.close()

        assert (await client.call("GET", address, {}, None, 5)).status == 200


@pytest.mark.parametrize(("try_seconds", "longest"), [(2.0, 2.0), (9.0, 5.0)])
async def test_no_try_may_take_longer_than_its_own_limit_and_that_of_the_call(
    try_seconds: float, longest: float
) -> None:
    limits: list[float] = []

    async def send(seconds: float) -> HttpAnswer:
        limits.append(seconds)
        raise CallFailed("no answer in time", was_sent=True)

    with pytest.raises(CallFailed):
        await call_with_retries(send, ((0, 0), (0, 0)), 5.0, try_seconds)

    assert len(limits) == 3
    assert limits[0] == max(limits) == longest
