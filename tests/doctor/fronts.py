"""What may stand in front of an app: a server that answers some requests itself and passes on the others."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress

import aiohttp
from aiohttp import web

from doctor.findings import Finding
from tests.chat.stub_server import a_server

Intercept = Callable[[web.Request], Awaitable[web.Response | None]]
HOP_HEADERS = ("Host", "Content-Length", "Transfer-Encoding", "Content-Encoding", "Date", "Server", "Connection")


@asynccontextmanager
async def a_front(target: str, intercept: Intercept) -> AsyncIterator[str]:
    """Yield the address of a server before `target`; what `intercept` answers does not reach it."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:

        async def answer(request: web.Request) -> web.Response:
            return await intercept(request) or await forward(http, target, request)

        async with a_server(answer) as url:
            yield url


async def forward(
    http: aiohttp.ClientSession, target: str, request: web.Request, changed: Mapping[str, str] | None = None
) -> web.Response:
    """Return what the target answers to a request, in which some headers are changed."""
    url = target + request.path_qs
    headers = {name: value for name, value in request.headers.items() if name not in HOP_HEADERS} | dict(changed or {})
    async with http.request(
        request.method, url, headers=headers, data=await request.read(), allow_redirects=False
    ) as answer:
        kept = {name: value for name, value in answer.headers.items() if name not in HOP_HEADERS}
        return web.Response(status=answer.status, body=await answer.read(), headers=kept)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def a_socket_server(serve: Serve) -> AsyncIterator[str]:
    """Yield the address of a server that does with each connection what it wants."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(ConnectionError):  # the client may go away
            await serve(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def dripping(head: bytes = b"") -> Serve:
    """Return what sends `head` and then one byte after the other, each in time, until the client goes away."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        end = asyncio.ensure_future(reader.read())
        while not end.done():
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait([end], timeout=0.01)
        await end

    return serve


def closed_address() -> str:
    """Return an address of this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    """Return the findings by their checks, each of which is there once."""
    named = {finding.check: finding for finding in findings}
    assert len(named) == len(findings)
    return named


def verdicts(findings: list[Finding]) -> dict[str, str]:
    """Return the verdict of each check."""
    return {check: str(finding.verdict) for check, finding in by_check(findings).items()}
