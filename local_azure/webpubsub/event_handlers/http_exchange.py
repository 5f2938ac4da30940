"""One HTTP request and its response over aiohttp's connections, without aiohttp's objects for both.

An event is sent for every message of a client, and those objects cost twice the CPU time of the exchange itself. The
pool of connections, TLS and the parser are aiohttp's.
"""

import asyncio
from functools import lru_cache

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from local_azure.webpubsub.events import HandlerResponse

MAX_CONNECTIONS = 1000
# A response header carries the connection state. 64 KiB is the limit of .NET, which the official emulator uses.
MAX_HEADER_BYTES = 64 * 1024
MAX_TARGETS = 1000

# An event has the documented headers and no others.
_NO_AUTOMATIC_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)  # the caller's timeout covers all attempts


class ResponseTooLong(Exception):
    """The response has a longer body than was allowed."""


class HttpExchange:
    """Sends requests as they are: no redirects, no cookies, no retries; call `close` when the service ends."""

    def __init__(self, max_body_bytes: int) -> None:
        """Needs a running event loop; a response's body may have `max_body_bytes`."""
        self._max_body_bytes = max_body_bytes
        connector = aiohttp.TCPConnector(limit=MAX_CONNECTIONS)
        self._session = aiohttp.ClientSession(connector=connector, skip_auto_headers=_NO_AUTOMATIC_HEADERS)
        self._connector = connector
        self._target = lru_cache(MAX_TARGETS)(self._make_target)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._session.closed

    async def close(self) -> None:
        """Close idle connections."""
        await self._session.close()

    async def send(self, method: str, url: URL, headers: CIMultiDict[str], body: bytes | None) -> HandlerResponse:
        """Return the response; without a body no Content-Length is sent.

        Raises `ResponseTooLong`, `ValueError` for what cannot be sent, and `ClientError`, `HttpProcessingError` or
        `OSError` when no response came.
        """
        target = self._target(url)
        request = _encode(method, url, target, headers, body)
        connection = await self._connector.connect(target, traces=[], timeout=_NO_TIMEOUT)
        try:
            response = await self._exchange(connection, url, request)
        except BaseException:
            connection.close()
            raise
        connection.release()
        return response

    async def _exchange(self, connection: aiohttp.connector.Connection, url: URL, request: bytes) -> HandlerResponse:
        protocol = connection.protocol
        if protocol is None or protocol.transport is None:
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(read_until_eof=True, max_field_size=MAX_HEADER_BYTES)
        protocol.transport.write(request)
        message, content = await protocol.read()
        while 100 <= message.code < 200 and message.code != 101:  # interim responses
            message, content = await protocol.read()
        return HandlerResponse(url, message.code, message.headers, await self._read(content))

    async def _read(self, content: aiohttp.StreamReader) -> bytes:
        if content.is_eof():  # most answers come with their head in one piece
            whole = content.read_nowait()
            if len(whole) > self._max_body_bytes:
                raise ResponseTooLong
            return whole
        body = bytearray()
        async for chunk in content.iter_any():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise ResponseTooLong
        return bytes(body)

    def _make_target(self, url: URL) -> aiohttp.ClientRequest:
        """Return what aiohttp needs to find a connection; its headers are `Host`, and the URL's credentials."""
        if url.scheme not in ("http", "https"):
            raise ValueError("the URL is not one of HTTP")
        return aiohttp.ClientRequest(
            "GET",
            url,
            skip_auto_headers=_NO_AUTOMATIC_HEADERS,
            loop=asyncio.get_running_loop(),
            session=self._session,
        )


def _encode(
    method: str, url: URL, target: aiohttp.ClientRequest, headers: CIMultiDict[str], body: bytes | None
) -> bytes:
    """Return the bytes of the request; raises `ValueError` when a header has a line break."""
    fields = [*target.headers.items(), *headers.items()]
    if body is not None:
        fields.append(("Content-Length", str(len(body))))
    lines = "\r\n".join(map(": ".join, fields))
    breaks = len(fields) - 1
    if lines.count("\n") != breaks or lines.count("\r") != breaks or "\0" in lines:
        raise ValueError("a header has a line break or a null character")
    return f"{method} {url.raw_path_qs} HTTP/1.1\r\n{lines}\r\n\r\n".encode() + (body or b"")
