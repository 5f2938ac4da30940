"""One request: what comes back, how it fails, and that no redirect, proxy or slow server changes that."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiohttp import web

from doctor.http import MAX_BODY_BYTES, Failure, NoAnswer, Response, send_request
from tests.chat.stub_server import a_server, cut
from tests.doctor.fronts import a_socket_server, closed_address, dripping


async def get(url: str, **options: Any) -> Response:
    return await asyncio.to_thread(partial(send_request, "GET", url, **options))


def answering(respond: Callable[[web.Request], web.Response]) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return respond(request)

    return a_server(answer)


async def test_an_answer_has_its_status_headers_body_time_and_date() -> None:
    def respond(request: web.Request) -> web.Response:
        answer = web.json_response({"said": request.headers["X-Word"]}, status=418)
        answer.headers.add("X-Line", "one")
        answer.headers.add("X-Line", "two")
        return answer

    async with answering(respond) as url:
        answer = await get(f"{url}/tea", headers={"X-Word": "hello"})

    assert (answer.status, answer.json(), answer.header_lines("x-line")) == (418, {"said": "hello"}, ["one", "two"])
    assert (answer.header("x-line"), answer.header("absent"), answer.is_success) == ("one", "", False)
    assert 0 < answer.milliseconds < 10_000
    assert answer.date is not None
    assert abs(answer.date.timestamp() - time.time()) < 5


async def test_path_and_query_arrive_as_they_were_meant() -> None:
    async with answering(lambda request: web.Response(text=request.path_qs)) as url:
        answer = await get(f"{url}/größe?code=a%2Fb=&x=ü")

    assert answer.body.decode() == "/gr%C3%B6%C3%9Fe?code=a%2Fb=&x=%C3%BC"


async def test_a_redirect_is_an_answer() -> None:
    async with answering(lambda request: web.Response(status=302, headers={"Location": "/other"})) as url:
        answer = await get(url)

    assert (answer.status, answer.header("location")) == (302, "/other")


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, closed_address())
    async with answering(lambda request: web.Response(text="direct")) as url:
        assert (await get(url)).body == b"direct"


async def test_a_body_without_end_is_cut() -> None:
    async with answering(lambda request: web.Response(body=b"x" * (MAX_BODY_BYTES + 5))) as url:
        assert len((await get(url)).body) == MAX_BODY_BYTES


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_none(body: bytes) -> None:
    async with answering(lambda request: web.Response(body=body, headers={"Date": "yesterday"})) as url:
        answer = await get(url)

    assert answer.json() is None
    assert answer.date is None


async def test_nothing_listens_there() -> None:
    with pytest.raises(NoAnswer) as problem:
        await get(closed_address())

    assert problem.value.failure is Failure.REFUSED


async def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(NoAnswer) as problem:
        await get("http://chat.invalid/")

    assert problem.value.failure is Failure.UNKNOWN_HOST


async def test_a_connection_that_is_cut() -> None:
    async with answering(cut) as url:
        with pytest.raises(NoAnswer) as problem:
            await get(url)

    assert problem.value.failure is Failure.BROKEN


async def test_a_server_without_a_certificate() -> None:
    async with answering(lambda request: web.Response()) as url:
        with pytest.raises(NoAnswer) as problem:
            await get(url.replace("http", "https", 1), timeout=5)

    assert problem.value.failure is Failure.BROKEN


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"], ids=["head", "body"])
async def test_a_server_that_sends_slowly_without_end_is_cut_at_the_timeout(head: bytes) -> None:
    async with a_socket_server(dripping(head)) as url:
        with pytest.raises(NoAnswer) as problem:
            await get(url, timeout=0.3)

    assert problem.value.failure is Failure.TIMEOUT


async def test_a_wrong_address_is_named_without_its_query() -> None:
    for url in ("ftp://chat.example/?code=s3cret", "chat.example?code=s3cret", "http://?code=s3cret"):
        with pytest.raises(ValueError, match="address") as problem:
            send_request("GET", url)
        assert "s3cret" not in str(problem.value)
