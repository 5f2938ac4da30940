"""A load balancer: one address for several instances, which get the requests in turn.

As in the cloud, the next request of a user may reach another instance. A request is sent to one instance only: when
that one ends before it has answered, the answer is 502, because the function may have run.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from local_azure.functions.http_server.requests import path_and_query, wait_until_gone
from local_azure.log_lines import http_logger

# Azure's load balancer gives a function this long for its answer.
ANSWER_SECONDS = 230.0
CONNECT_SECONDS = 30.0
# A longer body is sent on as it arrives.
READ_AT_ONCE_BYTES = 64 * 1024
MAX_HEADER_BYTES = 64 * 1024
# Headers that belong to a connection, not to the request.
HOP_BY_HOP = frozenset(
    {"connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
AUTOMATIC_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
ENDED = "The instance ended before it answered.\n"
TOO_LATE = f"The instance did not answer within {ANSWER_SECONDS:.0f} seconds.\n"

log = logging.getLogger("local_azure.functions.instances")

Targets = Callable[[], Sequence[str]]


class LoadBalancer:
    """Sends each request on to an instance; `targets` returns the URLs of the instances that can be used now.

    Durable work and administration have one owner, at the URL `first`.
    """

    def __init__(self, targets: Targets, first: str, session: aiohttp.ClientSession) -> None:
        self._targets = targets
        self._first = first
        self._session = session
        self._count = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer of an instance, or 502."""
        try:
            body = await _read_body(request)
        except (web.RequestPayloadError, ConnectionError):
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        target = self._choose(request.path)
        try:
            async with self._session.request(
                request.method,
                _url_at(target, request),
                headers=_request_headers(request),
                data=body,
                allow_redirects=False,
            ) as answer:
                if answer.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    return await _send_on(answer, request)
                return web.Response(
                    status=answer.status, headers=_without_hop_by_hop(answer.headers), body=await answer.read()
                )
        except TimeoutError:
            return _bad_gateway(target, TOO_LATE)
        except (aiohttp.ClientError, OSError):
            return _bad_gateway(target, ENDED)

    def _choose(self, path: str) -> str:
        if path.lower().startswith(("/runtime/", "/admin/")):
            return self._first
        targets = self._targets()
        self._count += 1
        return targets[self._count % len(targets)]


@asynccontextmanager
async def serve_balanced(listener: socket.socket, targets: Targets, first: str) -> AsyncIterator[None]:
    """Run a load balancer at the listener for as long as the context lasts."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS),
        skip_auto_headers=AUTOMATIC_HEADERS,
        auto_decompress=False,
        max_line_size=MAX_HEADER_BYTES,
        max_field_size=MAX_HEADER_BYTES,
    )
    # aiohttp repeats a GET by itself when a connection that was used before ends without an answer.
    session._retry_connection = False
    async with session:
        balancer = LoadBalancer(targets, first, session)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", balancer.handle)
        runner = web.AppRunner(
            application, access_log=None, logger=http_logger("functions.instances"), auto_decompress=False
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield
        finally:
            await runner.cleanup()


async def _send_on(answer: aiohttp.ClientResponse, request: web.BaseRequest) -> web.StreamResponse:
    """Send a streamed answer on as it arrives; when the client leaves, so does this, and the instance notices."""
    response = web.StreamResponse(status=answer.status, headers=_without_hop_by_hop(answer.headers))
    copying = asyncio.create_task(_copy(answer, request, response))
    leaving = asyncio.create_task(wait_until_gone(request))
    try:
        await asyncio.wait({copying, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        copying.cancel()
        leaving.cancel()
        await asyncio.gather(copying, leaving, return_exceptions=True)
        answer.close()
    if (copying.cancelled() or copying.exception() is not None) and request.transport is not None:
        # Without the end of its body the client knows that the answer is not whole.
        request.transport.close()
    return response


async def _copy(answer: aiohttp.ClientResponse, request: web.BaseRequest, response: web.StreamResponse) -> None:
    await response.prepare(request)
    async for piece in answer.content.iter_any():
        await response.write(piece)
    await response.write_eof()


async def _read_body(request: web.BaseRequest) -> bytes | aiohttp.StreamReader | None:
    """Return a short body, the stream of any other one, None when there is none."""
    if not request.can_read_body:
        return None
    length = request.content_length
    return await request.read() if length is not None and length <= READ_AT_ONCE_BYTES else request.content


def _url_at(target: str, request: web.BaseRequest) -> URL:
    path, query = path_and_query(request)
    return URL(f"{target}/{path.removeprefix('/')}{'?' if query else ''}{query}", encoded=True)


def _request_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    """Return the headers for the instance; the caller's address is added as Azure's front ends do."""
    headers = _without_hop_by_hop(request.headers)
    headers.add("X-Forwarded-For", request.remote or "unknown")
    return headers


def _without_hop_by_hop(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP)


def _bad_gateway(target: str, why: str) -> web.Response:
    log.warning("no answer from an instance", extra={"instance": target, "reason": why.strip()})
    return web.Response(status=HTTPStatus.BAD_GATEWAY, text=why)
