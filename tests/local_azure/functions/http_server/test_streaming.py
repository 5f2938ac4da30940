"""Apps with a web extension: bodies arrive and leave in pieces, and a client that leaves ends the answer."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from local_azure import functions
from local_azure.functions.instances.load_balancer import serve_balanced
from local_azure.functions.listener import listen, port_of, url_of
from local_azure.functions.options import Instance
from tests.local_azure.functions.apps import Serve

APP = Path(__file__).parents[1] / "official" / "streaming"
EXTENSION = "azurefunctions.extensions.http.fastapi"


@asynccontextmanager
async def client_of(*, is_balanced: bool = False) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve the app, behind a load balancer or not, and yield a client of it."""
    front, back = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    place, url = Instance(1, url_of(front), port_of(front)), url_of(front if is_balanced else back)
    async with (
        functions.serve(APP, listener=back, instance=place),
        serve_balanced(front, lambda: [url_of(back)], url_of(back)),
        aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(20)) as client,
    ):
        yield client


@pytest.mark.parametrize("is_balanced", [False, True], ids=["directly", "through the load balancer"])
async def test_h105_h108_pieces_arrive_as_they_are_made_and_a_client_that_leaves_ends_the_generator(
    *, is_balanced: bool
) -> None:
    async with client_of(is_balanced=is_balanced) as client:
        async with client.get("/api/wait") as answer:
            assert await answer.content.readany() == b"first"
            assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            assert "Content-Length" not in answer.headers
            # The generator waits for an event that nobody has set; now its client leaves.
            answer.close()
        async with client.get("/api/ended") as ended:
            assert await ended.json() == "ended"

        async with client.get("/api/wait") as answer:
            assert await answer.content.readany() == b"first"
            await client.get("/api/release")
            assert await answer.content.read() == b"second"


async def test_h109_an_error_in_the_middle_of_an_answer_leaves_it_incomplete(caplog: pytest.LogCaptureFixture) -> None:
    async with client_of() as client, client.get("/api/break") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()

    assert "RuntimeError: in the middle" in caplog.text


async def test_h106_a_body_arrives_in_pieces_of_any_number_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000000")

    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 100_000

    async with client_of() as client:
        async with client.post("/api/count", data=pieces(10)) as answer:
            assert (answer.status, await answer.text()) == (200, "1000000")
        async with client.post("/api/count", data=pieces(11)) as answer:
            assert answer.status == 413
        async with client.post("/api/count", data=b"x" * 1_000_001) as answer:
            assert answer.status == 413


@pytest.mark.parametrize("head", [b"X-Own: \xff\xfe", b"X-Own: caf\xc3\xa9", b"Cookie: a=\xe9"])
async def test_a_header_of_any_bytes_reaches_the_function(head: bytes) -> None:
    async with functions.serve(APP) as host:
        reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
        writer.write(b"GET /api/seen/x%20%ff?q=%ff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + head + b"\r\n\r\n")
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert head.partition(b": ")[0].lower() in answer


async def test_h104_an_app_that_streams_does_not_make_the_next_one_stream(serve: Serve) -> None:
    async with client_of() as client, client.get("/api/returns/dict") as answer:
        assert await answer.json() == {"a": [1, None]}

    async with serve(
        "@app.route()\ndef f(req: func.HttpRequest) -> func.HttpResponse: return func.HttpResponse('x')"
    ) as app:
        assert (await app.get("/api/f")).body == b"x"
    assert EXTENSION not in sys.modules


@pytest.mark.parametrize(
    "function",
    ["def f(req: func.HttpRequest): ...", "def f(req) -> func.HttpResponse: ...", "def f(req: dict): ..."],
)
async def test_h110_the_classic_types_fail_the_whole_app_when_it_streams(serve: Serve, function: str) -> None:
    source = f"from {EXTENSION} import Request\n@app.route()\n{function}\n@app.route()\ndef g(req: Request): ..."

    async with serve(source) as app:
        assert "cannot load the f function" in str(app.host.app.failure)
        assert (await app.get("/api/g")).status == 404


async def test_cors_and_custom_headers_are_on_streamed_answers(serve: Serve) -> None:
    source = f"from {EXTENSION} import Request, Response\n@app.route()\nasync def f(req: Request): return Response('x')"
    host_json = {"extensions": {"http": {"customHeaders": {"X-Frame-Options": "DENY"}}}}

    async with serve(source, host_json=host_json, cors=functions.Cors(("http://a.example",))) as app:
        answer = await app.get("/api/f", ("Origin", "http://a.example"))

    assert (answer["x-frame-options"], answer["access-control-allow-origin"]) == ("DENY", "http://a.example")
    assert answer.body == b"x"
