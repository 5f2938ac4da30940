"""The load balancer changes nothing of a request and its answer, except that it adds who called."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from local_azure import functions
from local_azure.functions.http_server.access_keys import AccessKeys
from local_azure.functions.instances.load_balancer import serve_balanced
from local_azure.functions.listener import listen, port_of, url_of
from local_azure.functions.options import Instance
from tests.local_azure.functions.apps import Answer, WriteApp, send

ECHO = """
import base64

@app.route(route="{*path}", methods=["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def echo(req):
    seen = {
        "method": req.method, "url": req.url, "params": dict(req.params), "route": dict(req.route_params),
        "headers": dict(req.headers), "body": base64.b64encode(req.get_body()).decode(),
    }
    answer = func.HttpResponse(json.dumps(seen), status_code=int(req.params.get("status", 200)))
    answer.headers["X-Answer"] = "one"
    answer.headers.add("Set-Cookie", "a=1")
    answer.headers.add("Set-Cookie", "b=2")
    return answer
"""


@asynccontextmanager
async def balanced(app_root: Path, keys: AccessKeys | None = None) -> AsyncIterator[tuple[str, str]]:
    """Serve the app behind a load balancer; yields the URL of the app and that of the balancer."""
    front, back = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    place = Instance(1, url_of(front), port_of(front))
    own_url = url_of(back)
    async with (
        functions.serve(app_root, listener=back, instance=place, keys=keys),
        serve_balanced(front, lambda: [own_url], own_url),
    ):
        yield own_url, url_of(front)


def comparable(answer: Answer) -> tuple[int, list[tuple[str, str]], object]:
    """Return the answer without what differs: times, the caller that is added, and a stated length of nothing."""
    headers = [(name.lower(), value) for name, value in answer.headers if name not in ("Date", "Content-Length")]
    if not answer.body.startswith(b"{"):
        return answer.status, sorted(headers), answer.body
    seen = answer.json()
    added = [("x-forwarded-for", "127.0.0.1"), ("content-length", "0")]
    seen["headers"] = {name: value for name, value in seen["headers"].items() if (name, value) not in added}
    return answer.status, sorted(headers), seen


@pytest.mark.parametrize(
    ("method", "target", "headers", "body"),
    [
        ("GET", "/api/a/b?x=1&x=2&y=%20%2F&empty=", (("X-Twice", "1"), ("X-Twice", "2")), None),
        ("GET", "/api/a%2Fb/%C3%A4/%zz/../c;d=1/~@:!$&'()*+,=", (), None),
        ("GET", "//api/x?http://other/?", (), None),
        ("POST", "/api/x", (("Content-Type", "text/plain; charset=utf-8"),), "äöü".encode()),
        ("POST", "/api/x", (("Content-Encoding", "gzip"), ("Accept-Encoding", "br")), b"\x1f\x8b not gzip"),
        ("POST", "/api/x", (), b""),
        ("PUT", "/api/x", (), b"z" * 300_000),
        ("DELETE", "/api/x", (("Cookie", "a=b; c=d"), ("Authorization", "Bearer x")), None),
        ("OPTIONS", "/api/x", (("WebHook-Request-Origin", "localhost"),), None),
        ("PATCH", "/api/x?status=404", (), b"{}"),
        ("GET", "/api/x?status=204", (), None),
        ("GET", "/api/x?status=302", (), None),
        ("HEAD", "/api/x", (), None),
        ("GET", "/elsewhere", (), None),
        ("GET", "/", (), None),
    ],
)
async def test_an_app_sees_and_answers_the_same_request(
    write_app: WriteApp, method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes | None
) -> None:
    async with balanced(write_app(ECHO)) as (own_url, url):
        given = (("Host", "chat.example:7071"), *headers)
        direct = await asyncio.to_thread(send, own_url, method, target, given, body)
        through = await asyncio.to_thread(send, url, method, target, given, body)

    assert comparable(through) == comparable(direct)


async def test_a_chunked_body_stays_chunked(write_app: WriteApp, caplog: pytest.LogCaptureFixture) -> None:
    async with balanced(write_app(ECHO)) as (_, url):
        answer = await asyncio.to_thread(send, url, "POST", "/api/x", (), None, [b"one", b"two"])

    assert answer.json()["body"] == "b25ldHdv"
    assert "A chunked request body of 6 bytes was accepted" in caplog.text


async def test_the_caller_is_added_to_those_who_forwarded_the_request_before(write_app: WriteApp) -> None:
    async with balanced(write_app(ECHO)) as (_, url):
        answer = await asyncio.to_thread(send, url, "GET", "/api/x", (("X-Forwarded-For", "203.0.113.9"),))

    assert answer.json()["headers"]["x-forwarded-for"] == "203.0.113.9,127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        (("127.0.0.1",), 200),
        (("203.0.113.9", "127.0.0.1"), 200),
        (("203.0.113.9",), 401),
        (("127.0.0.1", "203.0.113.9"), 401),
        (("127.0.0.1, 203.0.113.9",), 401),
        (("unknown",), 401),
        ((), 401),
    ],
)
async def test_a_caller_elsewhere_needs_a_key_for_durable_urls_also_behind_the_balancer(
    write_app: WriteApp, forwarded: tuple[str, ...], status: int
) -> None:
    """The balancer itself is on this machine, so its own address says nothing."""
    source = """
    import azure.durable_functions as df
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context")
    def flow(context): return None
    """
    keys = AccessKeys("master-key", "host-key", "system-key")
    async with balanced(write_app(source), keys=keys) as (own_url, _):
        headers = tuple(("X-Forwarded-For", value) for value in forwarded)
        answer = await asyncio.to_thread(send, own_url, "GET", "/runtime/webhooks/durabletask/instances", headers)

    assert answer.status == status


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_a_request_on_a_connection_that_ends_is_not_sent_again(method: str) -> None:
    """aiohttp's client would repeat a GET or PUT by itself when it used the connection before."""
    received: list[bytes] = []

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                received.append(request)
                if len(received) > 1:
                    break
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except asyncio.IncompleteReadError:
            pass
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    front = listen("127.0.0.1", 0)
    async with server, serve_balanced(front, lambda: [target], target), aiohttp.ClientSession() as client:
        statuses = []
        for _ in range(2):
            async with client.request(method, url_of(front)) as response:
                statuses.append(response.status)

    assert statuses == [200, 502]
    assert len(received) == 2
